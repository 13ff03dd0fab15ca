// The page: it reads the address, keeps it, and shows the explorer, a story, or why neither can be shown.
import { render } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { type Address, BadLink, read, type Setup, write } from "./address";
import { lacking, machines } from "./engine";
import { Player } from "./player";
import { scripts } from "./run";
import { aboutOf, Breaking, type Catalogue, Choices, Editor, Finding, Programs } from "./setup";
import { runUntil, seedOf, Stage, useTold, type Wishes } from "./stage";
import { stories } from "./stories";
import { FIRST_GUESS, StoryPage } from "./story";
import { Text } from "./text";

const FIRST: Setup = { program: "original-report", script: "", backEnd: "walked", broken: "", settings: { fault_in: "gup" } };

const KEYS: [string, string][] = [
  ["0 1 2 3", "this CPU makes its step"], ["← →", "one step back, forward again"], ["Home", "back to the start"], ["End", "run to the end"],
  ["r", "run at random"], ["u", "run until"], ["p", "play the steps ahead, or pause"], ["f", "find it for me"], ["e", "the program and the choices"],
  ["l", "light or dark"], ["?", "these keys"], ["Esc", "close, or stop what runs"],
];

function Help({ close }: { close: () => void }) {
  const box = useRef<HTMLDialogElement>(null);
  useEffect(() => box.current?.showModal(), []);
  return (
    <dialog ref={box} onClose={close} aria-labelledby="keys">
      <h2 id="keys">Keys</h2>
      <table class="plain">{KEYS.map(([keys, what]) => <tr><td>{keys.split(" ").map((key) => <><kbd>{key}</kbd> </>)}</td><td>{what}</td></tr>)}</table>
      <p class="small">Tab goes from button to button, as everywhere.</p>
      <form method="dialog"><button class="strong">close</button></form>
    </dialog>
  );
}

const same = (one: Setup, other: Setup) => JSON.stringify(one) === JSON.stringify(other);

function setTheme(dark: boolean): void {
  document.documentElement.classList.toggle("dark", dark);
}

function Header({ help, story }: { help: () => void; story: string }) {
  return (
    <header>
      <h1><a href="#/">Faultline</a> <span>the explorer</span></h1>
      <nav aria-label="places">
        <a href="#/" aria-current={story === "" ? "page" : undefined}>explore</a>
        <details class="menu" onClick={(event) => { if (event.target instanceof HTMLAnchorElement) event.currentTarget.open = false; }}
          onKeyDown={(event) => { if (event.key === "Escape") event.currentTarget.open = false; }}>
          <summary aria-current={story !== "" ? "page" : undefined}>ten stories</summary>
          <ol>{stories.map((each) => <li><a href={`#/story/${each.route}`} aria-current={each.route === story ? "page" : undefined}>{each.title}</a></li>)}</ol>
        </details>
        <button type="button" onClick={help} aria-label="keys">?</button>
        <button type="button" onClick={() => setTheme(!document.documentElement.classList.contains("dark"))} aria-label="switch between light and dark">◐</button>
      </nav>
    </header>
  );
}

function summary(setup: Setup): string {
  const words = [setup.script ? "your own program" : setup.program, setup.backEnd, ...Object.entries(setup.settings).map(([name, value]) => `${name}=${value}`)];
  if (setup.broken) words.push("a broken line");
  return words.join(" · ");
}

function App({ catalogue }: { catalogue: Catalogue }) {
  const player = useRef(new Player()).current;
  useTold(player);
  const [address, setAddress] = useState<Address | null>(null);
  const [bad, setBad] = useState("");
  const [help, setHelp] = useState(false);
  const [wishes, wish] = useState<Wishes>({ seed: "1", until: "entry" });
  const [opened, open] = useState(false);
  const [held, hold] = useState("");
  const ours = useRef(""); // the address that the page itself has written

  const enter = async () => {
    if (location.hash === ours.current && ours.current !== "") return;
    ours.current = location.hash;
    setBad("");
    try {
      const asked = read(location.hash);
      hold(asked.story ? FIRST_GUESS : "");
      const story = stories.find((each) => each.route === asked.story);
      if (asked.story && !story) throw new BadLink(`There is no story “${asked.story}” here.`);
      const part = story?.parts[asked.part];
      if (story && !part) throw new BadLink("This link names a part of a story that does not exist.");
      if (part && asked.setup && !same(asked.setup, part.setup)) throw new BadLink("This link gives a story another program than its own.");
      const setup = asked.setup ?? part?.setup ?? FIRST;
      const steps = asked.setup || asked.steps.length ? asked.steps : part?.steps ?? [];
      const ok = await player.load(setup, steps, asked.after);
      if (!ok) throw new BadLink(player.problem!.what);
      setAddress({ ...asked, setup });
    } catch (problem) {
      setAddress(null);
      setBad(problem instanceof Error ? problem.message : String(problem));
    }
  };
  useEffect(() => {
    enter();
    addEventListener("hashchange", enter);
    return () => removeEventListener("hashchange", enter);
  }, []);

  // The address follows the run: soon after each step, but not at each, because browsers limit how often it may change.
  const run = player.run;
  useEffect(() => {
    if (!address || !run || bad) return;
    const timer = setTimeout(() => keepAddress(address), 200);
    return () => clearTimeout(timer);
  });
  const keepAddress = (now: Address) => {
    const run = player.run!;
    const part = stories.find((each) => each.route === now.story)?.parts[now.part];
    const setup = part && same(part.setup, run.setup) ? null : run.setup; // a story has its own
    const hash = write({ ...now, setup, steps: run.pieces, after: run.after });
    if (hash === location.hash || location.hash !== ours.current) return; // the reader is on the way to another place
    ours.current = hash;
    history.replaceState(null, "", hash);
  };

  // Another program or another choice is a place of its own in the browser's history.
  const change = async (setup: Setup): Promise<boolean> => {
    if (!await player.load(setup)) return false;
    setAddress((old) => ({ story: old?.story ?? "", part: old?.part ?? 0, setup, steps: [], after: [] }));
    const hash = write({ story: address?.story ?? "", part: address?.part ?? 0, setup, steps: [], after: [] });
    ours.current = hash;
    history.pushState(null, "", hash);
    return true;
  };

  useLayoutEffect(() => { // at once: a key may come right behind a step
    const keys: Record<string, () => void> = {
      ArrowLeft: () => player.back(), ArrowRight: () => held || player.forward(), Home: () => player.restart(), End: () => held || player.toEnd(),
      r: () => held || player.atRandom(seedOf(wishes.seed)), u: () => held || runUntil(player, wishes), p: () => held || player.play(), l: () => setTheme(!document.documentElement.classList.contains("dark")),
      "?": () => setHelp(true), Escape: () => { player.stop(); setHelp(false); },
      e: () => { open(true); setTimeout(() => document.querySelector<HTMLElement>("#program select")?.focus()); },
      f: () => { open(true); setTimeout(() => document.querySelector<HTMLElement>("#find")?.click(), 50); },
    };
    for (const cpu of [0, 1, 2, 3]) keys[cpu] = () => held || player.step(cpu);
    const press = (event: KeyboardEvent) => {
      const target = event.target;
      if (!(target instanceof Element) || event.ctrlKey || event.metaKey || event.altKey || !keys[event.key]) return;
      if (event.key !== "Escape" && target.closest("input:not([type=radio]), textarea, dialog")) return;
      if (target.closest("select") && !/^[0-3]$|^Escape$/.test(event.key)) return; // a list keeps its keys, but no choice begins with a digit
      if (event.key.startsWith("Arrow") && target.closest("input, pre, ol.stations, summary")) return;
      if (["Home", "End"].includes(event.key) && target.closest("pre, ol.stations")) return;
      if (!address) return;
      event.preventDefault();
      keys[event.key]();
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  });

  const story = stories.find((each) => each.route === address?.story);
  return (
    <>
      <Header help={() => setHelp(true)} story={story?.route ?? ""} />
      <main>
        {bad && (
          <section class="badlink" role="alert">
            <p class="sentence"><em>This link cannot be followed.</em> <Text text={bad} /></p>
            <p><a href="#/">Begin with the report of 2011</a>{stories[0] && <>, or read <a href={`#/story/${stories[0].route}`}>the first story</a></>}.</p>
          </section>
        )}
        {!bad && !address && <p class="loading">The kernel is being loaded.</p>}
        {!bad && address && run && story && (
          <StoryPage catalogue={catalogue} key={`${story.route} ${address.part}`} story={story} part={address.part} player={player} hold={hold} held={held} wishes={wishes} wish={wish} />
        )}
        {!bad && address && run && !story && (
          <>
            <p class="intro">This is a real kernel's page-fault code, running in your browser. Between two steps it stands still, and <b>you are the schedule</b>: press a CPU's button, and that CPU makes its next access to shared memory.
              {" "}New here? <a href="#/story/clean">Begin with the first story.</a></p>
            <details class="setup" open={opened} onToggle={(event) => open(event.currentTarget.open)}>
              <summary><span>program, choices, break a line, find a schedule:</span> <b>{summary(run.setup)}</b> <small>{aboutOf(catalogue, run.setup)}</small></summary>
              {opened && (
                <div class="panels">
                  <section id="program"><h2>A program</h2><Programs catalogue={catalogue} setup={run.setup} change={change} /><details class="own"><summary>your own, or this one changed</summary><Editor setup={run.setup} player={player} change={change} /></details></section>
                  <section><h2>Choices</h2><Choices setup={run.setup} change={(setup) => change(setup.backEnd === run.setup.backEnd ? setup : { ...setup, broken: "" })} /></section>
                  <section><h2>Break this line</h2><Breaking setup={run.setup} change={change} /></section>
                  <section><h2>Find it for me</h2><Finding setup={run.setup} catalogue={catalogue} player={player} /></section>
                </div>
              )}
            </details>
            {player.problem && <p class="note" role="alert">{player.problem.what}</p>}
            <Stage player={player} wishes={wishes} wish={wish} held={held} />
          </>
        )}
      </main>
      {help && <Help close={() => setHelp(false)} />}
    </>
  );
}

async function begin(): Promise<void> {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  setTheme(dark.matches);
  dark.addEventListener("change", () => setTheme(dark.matches));
  const root = document.getElementById("app")!;
  const say = (what: string) => root.replaceChildren(Object.assign(document.createElement("p"), { className: "loading", textContent: what }));
  const lacks = lacking();
  if (lacks) return say(lacks);
  try {
    const machine = await (await machines("walked", "walked"))();
    const catalogue = { presets: machine.presets(), scenarios: machine.scenarios() };
    for (const each of catalogue.scenarios) scripts.set(each.name, each.script);
    root.replaceChildren();
    render(<App catalogue={catalogue} />, root);
  } catch (problem) {
    say(`The kernel cannot be loaded: ${problem instanceof Error ? problem.message : String(problem)}`);
  }
}

begin();
