// A story: text around the live stage. A prediction is asked for before the run may go on, and what the engine then does says
// whether it was right.
import { useEffect, useLayoutEffect, useReducer, useRef, useState } from "preact/hooks";
import { write } from "./address";
import type { Player } from "./player";
import { Stage, useTold, type Wishes } from "./stage";
import { type Catalogue, Finding } from "./setup";
import { ENDINGS, stories, type Story } from "./stories";
import { Text } from "./text";

// Why the reader may not act yet.
export const FIRST_GUESS = "say first what you expect";

let followed = false; // the reader comes from another part: the focus goes to the heading, because its link is gone

export function StoryPage({ catalogue, story, part, player, hold, held, wishes, wish }: {
  catalogue: Catalogue; story: Story; part: number; player: Player; hold: (why: string) => void; held: string; wishes: Wishes; wish: (wishes: Wishes) => void;
}) {
  useTold(player);
  const now = story.parts[part], run = player.run!;
  const [chosen, choose] = useState<string | null>(null);
  const [guess, setGuess] = useState<string | null>(null); // "": would rather not
  const [outcome, setOutcome] = useState<string | null>(null);
  const [, again] = useReducer((count: number, _: void) => count + 1, 0);
  const heading = useRef<HTMLHeadingElement>(null), todo = useRef<HTMLParagraphElement>(null);
  const question = useRef<HTMLFormElement>(null);
  useEffect(() => {
    if (followed) heading.current?.focus();
    followed = false;
  }, []);
  useEffect(() => {
    hold(guess === null ? FIRST_GUESS : "");
    if (guess !== null) todo.current?.focus({ preventScroll: true });
  }, [guess]);
  const askAgain = () => {
    choose(null);
    setGuess(null);
    setOutcome(null);
  };
  useEffect(() => {
    if (held && guess !== null) askAgain(); // a link to the same part was followed
  }, [held]);

  // As long as the question is open, the run stands at its beginning. Steps that a link has lie ahead after it, and not before.
  const open = guess === null;
  const aside = useRef<number[]>([]);
  useLayoutEffect(() => {
    if (!open) {
      run.ahead.push(...aside.current.splice(0));
      again();
      return;
    }
    const start = (now.steps ?? []).reduce((sum, { count }) => sum + count, 0);
    aside.current = [];
    if (run.length > start || run.ahead.length) {
      player.goTo(start).then(() => {
        aside.current = run.ahead.splice(0);
        again();
      });
    }
  }, [open, run]);

  const seen = open ? null : now.seen(run);
  const known = typeof seen === "string" ? seen : null;
  useEffect(() => {
    if (known !== null) setOutcome(known);
  }, [known]);
  const text = (id: string) => [...now.options, ...ENDINGS].find((option) => option.id === id)?.text ?? id;
  const next = part + 1 < story.parts.length ? write({ story: story.route, part: part + 1, setup: null, steps: [], after: [] }) : null;
  const number = stories.indexOf(story), following = stories[number + 1];
  const follow = () => void (followed = true);
  return (
    <>
      <article class="story">
        <p class="small">story {number + 1} of {stories.length}{story.parts.length > 1 && `, part ${part + 1} of ${story.parts.length}`}</p>
        <h2 ref={heading} tabIndex={-1}>{story.title}</h2>
        <div class="told">{now.text.map((paragraph) => <p><Text text={paragraph} /></p>)}</div>
        {open ? (
          <form ref={question} onSubmit={(event) => { event.preventDefault(); if (chosen !== null) setGuess(chosen); }}>
            <fieldset class="predict">
              <legend>Before you press anything</legend>
              <p><Text text={now.ask} /></p>
              {now.options.map((option) => (
                <label key={option.id}>
                  <input type="radio" name="guess" value={option.id} checked={chosen === option.id} onChange={() => choose(option.id)} />
                  <span><Text text={option.text} /></span>
                </label>
              ))}
              <div class="tools">
                <button type="submit" class="strong" disabled={chosen === null}>this is my guess</button>
                <button type="button" class="link" onClick={() => setGuess("")}>I would rather not guess</button>
              </div>
            </fieldset>
          </form>
        ) : (
          <p class="asked"><b>You were asked:</b> <Text text={now.ask} /> {guess !== "" && <><b>{outcome === null ? "You expect:" : "You expected:"}</b> <Text text={text(guess)} /></>}</p>
        )}
        {!open && outcome === null && <p class="do" role="status" tabIndex={-1} ref={todo}><b>Now try it.</b> <Text text={now.todo} /></p>}
        {seen !== null && known === null && typeof seen !== "string" && (
          <p class="asked notyet" role="status"><b>Not this order:</b> <Text text={`${seen.notYet} Go back (\`Home\`) and try again.`} /></p>
        )}
        {outcome !== null && (
          <div class={guess === "" ? "outcome" : guess === outcome ? "outcome right" : "outcome wrong"} role="status">
            <p><b>{guess === "" ? "This is what happened:" : guess === outcome ? "✓ Right:" : "✗ Not so:"}</b> <Text text={text(outcome)} /></p>
            {(now.told[outcome] ?? []).map((paragraph) => <p><Text text={paragraph} /></p>)}
            <p class="tools">
              {next ? <a class="button strong" href={next} onClick={follow}>go on →</a> : following && <a class="button strong" href={`#/story/${following.route}`} onClick={follow}>next story: {following.title} →</a>}
              <button type="button" onClick={() => { askAgain(); setTimeout(() => question.current?.querySelector("input")?.focus()); }}>guess again</button>
              <a class="button" href={write({ story: "", part: 0, setup: run.setup, steps: run.pieces, after: run.after })}>explore from here</a>
              {part > 0 && <a class="button" href={`#/story/${story.route}`} onClick={follow}>begin the story again</a>}
            </p>
          </div>
        )}
        {now.search && !open && <Finding setup={run.setup} catalogue={catalogue} player={player} />}
      </article>
      <Stage player={player} wishes={wishes} wish={wish} held={held} />
    </>
  );
}
