// A story: text around the live stage. A prediction is asked for before the run may go on, and what the engine then does says
// whether it was right.
import { useEffect, useRef, useState } from "preact/hooks";
import { write } from "./address";
import type { Player } from "./player";
import { Stage, useTold, type Wishes } from "./stage";
import { type Catalogue, Finding } from "./setup";
import { stories, type Story } from "./stories";
import { Text } from "./text";

// Why the reader may not act yet.
export const FIRST_GUESS = "say first what you expect";

export function StoryPage({ catalogue, story, part, player, hold, held, wishes, wish }: {
  catalogue: Catalogue; story: Story; part: number; player: Player; hold: (why: string) => void; held: string; wishes: Wishes; wish: (wishes: Wishes) => void;
}) {
  useTold(player);
  const now = story.parts[part], run = player.run!;
  const [guess, setGuess] = useState<string | null>(null); // "": would rather not
  const [outcome, setOutcome] = useState<string | null>(null);
  const todo = useRef<HTMLParagraphElement>(null);
  useEffect(() => {
    hold(guess === null ? FIRST_GUESS : "");
    if (guess !== null) todo.current?.focus({ preventScroll: true });
  }, [guess]);
  const seen = guess === null ? null : now.seen(run);
  useEffect(() => {
    if (seen !== null && outcome === null) setOutcome(seen);
  }, [seen]);
  const text = (id: string) => now.options.find((option) => option.id === id)?.text ?? id;
  const next = part + 1 < story.parts.length ? write({ story: story.route, part: part + 1, setup: null, steps: [], after: [] }) : null;
  const number = stories.indexOf(story), following = stories[number + 1];
  return (
    <>
      <article class="story">
        <p class="small">story {number + 1} of {stories.length}{story.parts.length > 1 && `, part ${part + 1} of ${story.parts.length}`}</p>
        <h2>{story.title}</h2>
        <div class="told">{now.text.map((paragraph) => <p><Text text={paragraph} /></p>)}</div>
        {guess === null ? (
          <fieldset class="predict">
            <legend>Before you press anything</legend>
            <p><Text text={now.ask} /></p>
            {now.options.map((option) => (
              <label>
                <input type="radio" name="guess" value={option.id} onChange={() => setGuess(option.id)} />
                <span><Text text={option.text} /></span>
              </label>
            ))}
            <button type="button" class="link" onClick={() => setGuess("")}>I would rather not guess</button>
          </fieldset>
        ) : (
          <p class="asked"><b>You were asked:</b> <Text text={now.ask} /> {guess !== "" && <><b>{outcome === null ? "You expect:" : "You expected:"}</b> <Text text={text(guess)} /></>}</p>
        )}
        {guess !== null && outcome === null && <p class="do" role="status" tabIndex={-1} ref={todo}><b>Now try it.</b> <Text text={now.todo} /></p>}
        {outcome !== null && (
          <div class={guess === "" ? "outcome" : guess === outcome ? "outcome right" : "outcome wrong"} role="status">
            <p><b>{guess === "" ? "This is what happened:" : guess === outcome ? "✓ Right:" : "✗ Not so:"}</b> <Text text={text(outcome)} /></p>
            {(now.told[outcome] ?? []).map((paragraph) => <p><Text text={paragraph} /></p>)}
            <p class="tools">
              {next ? <a class="button strong" href={next}>go on →</a> : following && <a class="button strong" href={`#/story/${following.route}`}>next story: {following.title} →</a>}
              <a class="button" href={write({ story: "", part: 0, setup: run.setup, steps: run.pieces, after: run.after })}>explore from here</a>
              {part > 0 && <a class="button" href={`#/story/${story.route}`}>begin the story again</a>}
            </p>
          </div>
        )}
        {now.search && guess !== null && <Finding setup={run.setup} catalogue={catalogue} player={player} />}
      </article>
      <Stage player={player} wishes={wishes} wish={wish} held={held} />
    </>
  );
}
