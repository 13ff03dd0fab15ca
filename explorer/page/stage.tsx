// The stage: what happened last, the buttons, and everything in view. The explorer and the stories have the same.
import { useEffect, useLayoutEffect, useReducer, useState } from "preact/hooks";
import { heldBy, leadsElsewhere } from "./changes";
import { type Sabotage, type State, sabotages } from "./engine";
import type { Player } from "./player";
import { type Run, scripts } from "./run";
import { Cpus, Frames, Memory, More, Section, Source, Stations } from "./view";
import { added, MEANING, rightsTold, stepTold, VERDICTS } from "./wording";

export function useTold(player: Player): void {
  const [, again] = useReducer((count: number, _: void) => count + 1, 0);
  useLayoutEffect(() => player.subscribe(() => again()), [player]); // not a frame later: a key may come at once
}

// A step that changed nothing in view. It may have found a lock taken, or have taken and given up one that is held in no state
// between two steps.
function nothingSeen(run: Run, cpu: number): string {
  const was = run.before?.world.cpus[cpu], is = run.state.world.cpus[cpu], lock = was?.wants;
  if (!lock || was.next !== "take a lock" || added(was.holds, is.holds).includes(lock)) return "Nothing else in view changed.";
  if (is.waits && is.wants === lock) return `It has to wait${is.held_by?.length ? `: CPU ${is.held_by.join(" and CPU ")} holds it` : ""}.`;
  return "It gives it up in the same step.";
}

// What the TLBs have to do with it, if they have: the engine's own words are those of the check that failed.
function whyBroken({ world }: State): string {
  return world.cpus.flatMap((cpu) => heldBy(cpu).filter((each) => each.against_truth === "beyond").map((each) => (leadsElsewhere(world.pages, each) ?
    `The TLB of CPU ${cpu.cpu} still leads ${each.name} to another frame than the entry, and no flush has reached it.` :
    `The TLB of CPU ${cpu.cpu} still permits ${each.name}, ${rightsTold(each.rights)}: more than the entry does, and no flush has reached it.`))).join(" ");
}

const DEADLOCK = "Each CPU that has not finished waits for what no other will do.";

// The step that a CPU has made last, as it was announced.
function stepBefore(run: Run, cpu: number): string {
  const was = run.before?.world.cpus[cpu];
  return was?.next ? stepTold({ ...was, waits: false }) : "a step";
}

function Sentence({ player }: { player: Player }) {
  const run = player.run!, { state } = run;
  if (run.dead)
    return <p class="sentence"><em>The kernel stopped.</em> {run.dead}</p>;
  const cause = /\b(clean|old|stale|absent|read-only)\b/.exec(state.world.report.find((line) => /cause/.test(line)) ?? "")?.[1];
  switch (state.verdict) {
    case "ended":
      return <p class="sentence good">All CPUs have finished after {state.step} steps, and nothing is wrong.</p>;
    case "livelock":
      return <p class="sentence"><em>It turns and cannot end{cause ? <>: {cause}</> : ""}.</em> {state.text.replace(/^livelock: \S*\[(\d+)\]/, "Task $1")}.</p>;
    case "deadlock":
      return <p class="sentence"><em>Nobody can act.</em> {DEADLOCK}</p>;
    case "violation":
      return <p class="sentence"><em>An invariant is broken.</em> {whyBroken(state)} <span class="soft">{state.text}</span></p>;
  }
  if (run.length === 0) return <p class="sentence">Nothing has happened yet. Which CPU acts first? Press its button.</p>;
  const cpu = run.made[run.length - 1], was = stepBefore(run, cpu);
  const told = player.changes.sentences;
  return (
    <p class="sentence">
      <span class="badge" style={`--mine: var(--task-${cpu})`}>CPU {cpu}</span>: {was}.{" "}
      {told.length ? <span class="news">{told.slice(0, 4).join(" ")}</span> : <span class="soft">{nothingSeen(run, cpu)}</span>}
    </p>
  );
}

// The same for a screen reader, in one text.
function spoken(player: Player): string {
  const run = player.run!;
  if (run.dead) return `The kernel stopped. ${run.dead}`;
  if (run.over) return `Step ${run.state.step}: ${VERDICTS[run.state.verdict]}. ${run.state.verdict === "deadlock" ? DEADLOCK : run.state.text}`;
  if (run.length === 0) return "At the start.";
  const cpu = run.made[run.length - 1];
  return `Step ${run.length}, CPU ${cpu}: ${stepBefore(run, cpu)}. ${player.changes.sentences.join(" ") || nothingSeen(run, cpu)}`;
}

const STATIONS_TO_WAIT_FOR = ["vector", "do_page_fault", "handle_mm_fault", "made_accessible", "spurious", "copied", "tlb_dropped", "entry_stored",
  "attempt_failed", "repair_called", "get_user_pages", "round_again", "sys_enter", "sys_exit", "page_aged", "swapped_out", "contention_begin"];

export const seedOf = (text: string): number => Math.min(999_999_999, Math.max(1, Math.floor(Number(text)) || 1));

export interface Wishes {
  seed: string;
  until: string;
}

export function Controls({ player, wishes, wish, held }: { player: Player; wishes: Wishes; wish: (wishes: Wishes) => void; held: string }) {
  const run = player.run!, over = run.over || Boolean(held);
  return (
    <div class="controls" role="toolbar" aria-label="the run">
      <span class="steps">step <b>{run.length}</b>{run.ahead.length > 0 && <span class="soft"> of {run.length + run.ahead.length}</span>}</span>
      <button type="button" onClick={() => player.restart()} aria-disabled={run.length === 0} title="back to the start (Home)">|◀<span class="wide"> restart</span></button>
      <button type="button" onClick={() => player.back()} aria-disabled={run.length === 0} title="one step back (←)">◀ back</button>
      <button type="button" onClick={() => held || player.forward()} aria-disabled={run.ahead.length === 0 || Boolean(held)} title="one step forward again (→)">forward ▶</button>
      {run.ahead.length > 0 && <button type="button" onClick={() => held || player.play()} aria-disabled={Boolean(held)} title="play the steps ahead (p)">{player.playing ? "❚❚ pause" : "▶▶ play"}</button>}
      <span class="gap" />
      {player.busy ? <button type="button" class="strong" onClick={() => player.stop()}>stop</button> :
        <button type="button" onClick={() => held || player.toEnd()} aria-disabled={over} title="run to the end; whoever acts goes on (End)">run to end</button>}
      <span class="pair">
        <button type="button" onClick={() => held || player.atRandom(seedOf(wishes.seed))} aria-disabled={over} title="run at random to the end (r)">at random</button>
        <label>seed <input type="number" min="1" max="999999999" value={wishes.seed} onInput={(event) => wish({ ...wishes, seed: event.currentTarget.value })} /></label>
      </span>
      <span class="pair">
        <button type="button" onClick={() => held || runUntil(player, wishes)} aria-disabled={over} title="run until something happens (u)">run until</button>
        <select aria-label="until what" value={wishes.until} onChange={(event) => wish({ ...wishes, until: event.currentTarget.value })}>
          <option value="entry">an entry changes</option>
          <optgroup label="a station is passed">{STATIONS_TO_WAIT_FOR.map((name) => <option value={name} title={MEANING[name]}>{name}</option>)}</optgroup>
        </select>
      </span>
    </div>
  );
}

export function runUntil(player: Player, wishes: Wishes): Promise<void> {
  return player.until(wishes.until === "entry" ? { entry: true } : { station: wishes.until });
}

export function Broken({ sabotage }: { sabotage: Sabotage }) {
  return (
    <figure class="broken">
      <figcaption><b>{sabotage.name}</b> <span class="mono soft">{sabotage.file}:{sabotage.line}</span></figcaption>
      <pre><del aria-label="the line of the kernel">{sabotage.old.trimEnd()}</del>{"\n"}<ins aria-label="what stands there instead">{sabotage.new.trimEnd() || "(nothing)"}</ins></pre>
    </figure>
  );
}

export function Stage({ player, wishes, wish, held }: { player: Player; wishes: Wishes; wish: (wishes: Wishes) => void; held: string }) {
  useTold(player);
  const [table, setTable] = useState<Sabotage[]>([]);
  const run = player.run;
  const name = run?.setup.broken;
  useEffect(() => { if (name) sabotages().then(setTable); }, [name]);
  if (!run) return null;
  const broken = table.find((each) => each.name === name);
  const act = (cpu: number) => {
    if (held) document.querySelector<HTMLElement>(".predict input")?.focus();
    else player.step(cpu);
  };
  const seen = { run, changes: player.changes, program: run.setup.script || scripts.get(run.setup.program) || "", act, held };
  return (
    <div class={run.over ? `stage over ${run.state.verdict}` : "stage"}>
      <div class="front">
        <Sentence player={player} />
        <p class="hidden" role="status" aria-live="polite">{spoken(player)}</p>
        {player.note && <p class="note" role="alert">{player.note}</p>}
        {run.over && run.state.world.report.length > 0 && (
          <Section title="What the kernel printed"><pre class="report">{run.state.world.report.join("\n")}</pre></Section>
        )}
        {broken && <Broken sabotage={broken} />}
        <Cpus {...seen} />
        <Controls player={player} wishes={wishes} wish={wish} held={held} />
      </div>
      <div class="quick" role="toolbar" aria-label="steps">
        <button type="button" onClick={() => player.back()} aria-disabled={run.length === 0} aria-label="back">◀</button>
        {run.state.world.cpus.map(({ cpu }) => (
          <button type="button" style={`--mine: var(--task-${cpu})`} onClick={() => act(cpu)} aria-disabled={run.over || !run.state.able.includes(cpu)}>CPU {cpu}</button>
        ))}
        <button type="button" onClick={() => held || player.forward()} aria-disabled={run.ahead.length === 0 || Boolean(held)} aria-label="forward">▶</button>
      </div>
      <div class="board">
        <div class="main">
          <Section title="Pages: what is true, and what each CPU believes"><Memory {...seen} /></Section>
          <Section title="Frames: counts and contents"><Frames {...seen} /></Section>
          <Section title="Mappings, locks, waiters"><More {...seen} /></Section>
        </div>
        <div class="side">
          <Section title="Stations as they pass"><Stations run={run} /></Section>
          <Section title="The source, where a CPU stands"><Source run={run} module={broken?.module ?? run.setup.backEnd} /></Section>
        </div>
      </div>
    </div>
  );
}
