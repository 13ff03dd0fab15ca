// What is in view at a step: the CPUs and what each would do next, pages with their entries and TLBs, frames, mappings, waiters,
// and the stations that were passed.
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { asleep, type Changes, heldBy, leadsElsewhere, pageKey, tlbKey } from "./changes";
import type { Cpu, PageOf, State, Translation, World } from "./engine";
import type { Run } from "./run";
import { decompose, type Field, meaningOf, verbsBefore } from "./script";
import { depthOfStep, linesOf, type Place, placesOf } from "./source";
import { BITS, count, doneTold, ENTRY_TOLD, entryState, kindOf, LOCKS, machineState, MEANING, MISSING, rightsTold, stepTold } from "./wording";

const hex = (value: number) => `0x${value.toString(16)}`;
const clsx = (...names: (string | false | undefined)[]) => names.filter(Boolean).join(" ");

export interface Seen {
  run: Run;
  changes: Changes;
  program: string; // the script, or "" for a program that is compiled in
  act: (cpu: number) => void;
  held: string; // why the reader may not act yet, or ""
}



const MOST_VERBS = 7;

// The verbs of a CPU: what it did before the run, what it has done, where it is, and what is left.
function Verbs({ cpu, program }: { cpu: Cpu; program: string }) {
  const fields = program ? decompose(program) : null;
  const own = fields?.[`cpu ${cpu.cpu}` as Field].split("\n").filter(Boolean) ?? [];
  const before = fields ? verbsBefore(fields, cpu.cpu) : 0;
  if (!own.length && !cpu.verb && !cpu.done.length) return <div class="verbs" />;
  const rows = cpu.done.map((done, i) => {
    const [text, gave] = doneTold(done);
    return { text, more: i < before ? "(before the run)" : gave, mark: "✓", class: "done" };
  });
  const at = Math.max(0, cpu.done.length - before);
  if (!cpu.over && (cpu.verb || own[at])) rows.push({ text: cpu.verb || own[at], more: meaningOf(cpu.verb || own[at]), mark: "▸", class: "now" });
  for (const text of own.slice(cpu.over ? own.length : at + 1)) rows.push({ text, more: "", mark: "", class: "later" });
  const from = Math.max(0, Math.min(rows.length - MOST_VERBS, at + before - 3));
  return (
    <ol class="verbs" aria-label={`the program of CPU ${cpu.cpu}`}>
      {rows.slice(from, from + MOST_VERBS).map((row) => <li class={row.class} title={meaningOf(row.text)}><span aria-hidden="true">{row.mark}</span>{row.text}{row.more && <small> {row.more}</small>}</li>)}
    </ol>
  );
}

function CpuCard({ cpu, seen, state, last }: { cpu: Cpu; seen: Seen; state: State; last: boolean }) {
  const over = seen.run.over, able = state.able.includes(cpu.cpu) && !over;
  const why = over ? "the run is over" : cpu.over ? "has finished" : cpu.waits ? `waits: ${stepTold(cpu)}` : seen.held ? seen.held : "cannot act now";
  const processes = state.world.spaces.length > 1;
  return (
    <article class={clsx("cpu", able && "able", last && "last")} style={`--mine: var(--task-${cpu.cpu})`} aria-label={`CPU ${cpu.cpu}`}>
      <h3>
        <span class="badge">CPU {cpu.cpu}</span>
        <span class="whose">task {cpu.pid}{cpu.space >= 0 ? (processes ? `, process ${cpu.space}` : "") : ", has left its process"}{asleep(cpu) ? ", asleep" : cpu.task !== "running" && !cpu.over ? ", about to sleep" : ""}</span>
        {last && <span class="acted">acted last</span>}
      </h3>
      <Verbs cpu={cpu} program={seen.program} />
      <button type="button" class="act" data-cpu={cpu.cpu} aria-disabled={!able || Boolean(seen.held)} onClick={() => seen.act(cpu.cpu)}
        aria-keyshortcuts={String(cpu.cpu)}>
        <kbd>{cpu.cpu}</kbd>
        {able && !seen.held ? <span>next: <b>{stepTold({ ...cpu, waits: false })}</b></span> : <span>{why}</span>}
      </button>
      <p class="holds">
        {cpu.holds.length ? <>holds {cpu.holds.map((lock, i) => <span class={clsx("lock", cpu.holds.lastIndexOf(lock) === i && seen.changes.keys.has(`lock ${cpu.cpu} ${lock}`) && "changed")} title={LOCKS[lock] && `guards ${LOCKS[lock]}`}>{lock}</span>)}</> : <span class={clsx("soft", seen.changes.keys.has(`released ${cpu.cpu}`) && "changed")}>holds no lock</span>}
        <span class="soft faults"> · {cpu.faults === 0 ? "no fault" : count(cpu.faults, "fault")} served</span>
      </p>
    </article>
  );
}

export function Cpus(seen: Seen) {
  const { state } = seen.run;
  const last = seen.run.made[seen.run.made.length - 1];
  return (
    <div class={`cpus n${state.world.cpus.length}`}>
      {state.world.cpus.map((cpu) => <CpuCard key={cpu.cpu} cpu={cpu} seen={seen} state={state} last={cpu.cpu === last} />)}
    </div>
  );
}

export function Bits({ entry, before }: { entry: string; before?: string }) {
  const bits = parseInt(entry, 16), had = before === undefined ? bits : parseInt(before, 16), state = entryState(entry);
  if (!(bits & 1)) return null;
  return (
    <ul class="bits">
      {BITS.filter(([bit, name]) => bits & bit || had & bit || ["present", "young", "dirty", "write"].includes(name)).map(([bit, name]) => {
        const on = Boolean(bits & bit), was = Boolean(had & bit);
        return <li class={clsx(on ? "on" : MISSING[state] === name ? "missing" : "off", on && !was && "gained", !on && was && "lost")}>{name}</li>;
      })}
    </ul>
  );
}

function Swatch({ state, word }: { state: string; word?: string }) {
  return <span class={`swatch s-${state.replaceAll(" ", "-")}`}><span>{word ?? state}</span></span>;
}

function TlbCell({ cpu, page, changes }: { cpu: Cpu; page: PageOf; changes: Changes }) {
  const held = heldBy(cpu).filter((each) => each.page === page.page && each.space === page.space);
  const key = held[0] ? tlbKey(cpu.cpu, held[0]) : `tlb ${cpu.cpu} ${page.space} ${page.name}`;
  return (
    <td class={clsx("tlb", changes.keys.has(key) && "changed")} data-label={`TLB ${cpu.cpu}`}>
      {held.length === 0 ? <span class="soft">–<span class="hidden"> nothing</span></span> : held.map((each) => <Held each={each} page={page} />)}
    </td>
  );
}

function Held({ each, page }: { each: Translation; page: PageOf }) {
  return (
    <div>
      <Swatch state={each.against_truth === "behind" ? "behind" : each.against_truth === "beyond" ? "beyond" : rightsTold(each.rights)} word={rightsTold(each.rights)} />
      {each.against_truth === "behind" && <small class="warn">stale: the entry permits more</small>}
      {each.against_truth === "beyond" && <small class="bad">{leadsElsewhere([page], each) ? `leads to frame ${hex(each.frame)}` : "permits more than the entry"}</small>}
    </div>
  );
}

export function Memory({ run, changes }: Seen) {
  const { world } = run.state, several = world.spaces.length > 1;
  const derived = run.setup.backEnd === "walked"; // softtlb derives nothing before a CPU misses
  if (!world.pages.length) return <p class="soft">This program watches no page.</p>;
  return (
    <div class={`room n${world.cpus.length}`}><table class="memory">
      <thead>
        <tr>
          <th scope="col">page</th><th scope="col">the kernel's entry</th>{derived && <th scope="col">what the machine is told</th>}
          {world.cpus.map((cpu) => <th scope="col"><span class="badge" style={`--mine: var(--task-${cpu.cpu})`}>TLB {cpu.cpu}</span></th>)}
        </tr>
      </thead>
      <tbody>
        {world.pages.map((page) => {
          const state = entryState(page.entry), changed = changes.keys.has(pageKey(page));
          const before = run.before?.world.pages.find((each) => pageKey(each) === pageKey(page));
          return (
            <tr key={pageKey(page)}>
              <th scope="row"><b class="mono">{page.name}</b>{several && <small>process {page.space}</small>}{page.name !== page.page && <small class="mono">{page.page}</small>}</th>
              <td class={clsx("entry", changed && "changed")} data-label="entry">
                <Swatch state={state} /> <small>{ENTRY_TOLD[state]}</small>
                {changed && before && entryState(before.entry) !== state && <small class="was">was {entryState(before.entry)}</small>}
                <Bits entry={page.entry} before={before?.entry} />
                <small class="mono words" title={page.words}>{page.entry}: {page.words}</small>
              </td>
              {derived && <td class={clsx("machine", changes.keys.has(`machine ${pageKey(page)}`) && "changed")} data-label="machine">
                <Swatch state={machineState(page)} />
                <small class="mono words">{page.descriptor}: {page.machine}</small>
              </td>}
              {world.cpus.map((cpu) => <TlbCell cpu={cpu} page={page} changes={changes} />)}
            </tr>
          );
        })}
      </tbody>
    </table></div>
  );
}

export function Frames({ run, changes }: Seen) {
  const { frames, pages } = run.state.world;
  return (
    <div class={clsx("frames", changes.keys.has("frames") && "changed")}>
      {frames.length === 0 && <p class="soft">No page of this program has a frame now.</p>}
      {frames.map((frame) => {
        const name = `frame ${frame.frame.toString(16)}`;
        const shows = [...new Set(pages.filter((page) => page.frame === frame.frame).map((page) => page.name))];
        return (
          <article class={clsx("frame", changes.keys.has(name) && "changed")} key={frame.frame}>
            <h3><span class="mono">frame {hex(frame.frame)}</span> {shows.length > 0 && <span class="soft">{shows.join(", ")}</span>}</h3>
            <p class={clsx("counts", changes.keys.has(`${name} count`) && "changed")}>count <b>{frame.count}</b>, mapped <b>{frame.mapcount}</b> {frame.mapcount === 1 ? "time" : "times"}</p>
            <p class={clsx("small flags", changes.keys.has(`${name} flags`) && "changed")}>{frame.flags || "no flags"}</p>
            <ol class="content mono" start={0} aria-label="the first words">
              {frame.words.map((word, i) => <li class={clsx(word === 0 && "zero", changes.keys.has(`${name} ${i}`) && "changed")} title={`word ${i}: ${word}`}>{word > 99999 ? hex(word) : word}</li>)}
            </ol>
          </article>
        );
      })}
    </div>
  );
}

function Mappings({ world, changes }: { world: World; changes: Changes }) {
  return (
    <div>
      <h3>Mappings (VMAs)</h3>
      {world.spaces.map(({ space, asid, vmas }) => (
        <table class="plain">
          <caption>process {space}, ASID {asid}</caption>
          <tbody>
            {vmas.map((vma) => (
              <tr class={clsx(changes.keys.has(`vma ${space} ${vma.start} ${vma.end} ${vma.flags}`) && "changed")}>
                <th scope="row" class="mono">{vma.name !== vma.start && vma.name}</th><td class="mono">{vma.flags}</td><td class="mono">{vma.start}–{vma.end}</td>
                <td>{vma.inode === undefined ? "anonymous" : `file ${vma.inode}, page ${vma.pgoff}`}</td>
              </tr>
            ))}
            {vmas.length === 0 && <tr><td class="soft">nothing is mapped</td></tr>}
          </tbody>
        </table>
      ))}
    </div>
  );
}

function Waiters({ world, changes }: { world: World; changes: Changes }) {
  const locks = world.cpus.flatMap((cpu) => cpu.holds.map((lock) => ({ lock, cpu: cpu.cpu })));
  return (
    <div>
      <h3>Locks held</h3>
      {locks.length ? <ul class="plain">{locks.map(({ lock, cpu }) => <li><span class="lock">{lock}</span> by CPU {cpu}{LOCKS[lock] && <span class="soft">: guards {LOCKS[lock]}</span>}</li>)}</ul> : <p class="soft">none</p>}
      <h3>Waiting for a futex</h3>
      {world.futexes.length ? (
        <ul class="plain">
          {world.futexes.map((each) => (
            <li class={clsx(changes.keys.has(`waiter ${each.pid}`) && "changed")}>
              task {each.pid}, {each.word ? `word ${each.word}` : `file ${each.inode}, page ${each.index}, byte ${each.offset}`}, {each.key}{each.pi ? ", a PI lock" : ""}
            </li>
          ))}
        </ul>
      ) : <p class="soft">nobody</p>}
    </div>
  );
}

export function More(seen: Seen) {
  const { world } = seen.run.state;
  return <div class="columns"><Mappings world={world} changes={seen.changes} /><Waiters world={world} changes={seen.changes} /></div>;
}

// The words of a station, with pages by name and entries by what they lack. The whole text shows when the mouse rests there.
function inShort(words: string, pages: PageOf[]): string {
  const named = words.replace(/\baddress=(0x[0-9a-f]+)/, (whole, address) => pages.find((page) => page.page.slice(0, -3) === address.slice(0, -3))?.name ?? whole);
  return named.replace(/\[(none|swap[^\]]*|frame [^\]]*)\]/g, (_, entry: string) => {
    const has = (word: string) => entry.split(" ").includes(word);
    return entry === "none" ? "absent" : entry.startsWith("swap") ? "swapped" : has("old") ? "old" : has("read-only") ? "read-only" : has("clean") ? "clean" : "dirty";
  }).replace(/ (status|pc|cpsr|continue_at|vm_flags)=0x[0-9a-f]+/g, "");
}

const MOST_SHOWN = 120;

export function Stations({ run }: { run: Run }) {
  const { stations } = run, { step } = run.state, { pages } = run.state.world;
  const list = useRef<HTMLOListElement>(null);
  useEffect(() => {
    if (list.current) list.current.scrollTop = list.current.scrollHeight;
  }, [step, stations.length]);
  if (!stations.length) return <p class="soft">None yet. A station is a place that a fault or a futex call passes.</p>;
  return (
    <ol class="stations" ref={list} tabIndex={0} aria-label="stations">
      {(run.earlier || stations.length > MOST_SHOWN) && <li class="soft">Others were passed before; go back to see them.</li>}
      {stations[0].step === 0 && stations.length <= MOST_SHOWN && !run.earlier && <li class="soft">Before the first step:</li>}
      {stations.slice(-MOST_SHOWN).map((each) => (
        <li class={clsx(kindOf(each.name), each.step === step && step > 0 && "changed")}>
          <span class="number" title={each.step ? undefined : "before the first step"}>{each.step || "–"}</span>
          <span class="badge" style={`--mine: var(--task-${each.cpu})`}>{each.cpu}</span>
          <b class="mono" title={MEANING[each.name]}>{each.name}</b> <span class="words" title={each.words}>{inShort(each.words, pages)}</span>
          {each.step === step && step > 0 && MEANING[each.name] && <small>{MEANING[each.name]}</small>}
        </li>
      ))}
    </ol>
  );
}

const AROUND = 7;

export function Source({ run, module }: { run: Run; module: string }) {
  const last = run.made[run.made.length - 1];
  const [chosen, choose] = useState<number | null>(null);
  const cpu = chosen ?? last;
  const stack = cpu === undefined ? undefined : run.stacks[cpu];
  const [shown, show] = useState<{ places: Place[]; lines: string[]; depth: number } | string>("");
  useEffect(() => choose(null), [run.length]);
  useEffect(() => {
    let stale = false;
    if (stack === undefined) show("The CPU has not stopped anywhere yet.");
    else placesOf(module, stack).then(async (places) => {
      if (stale) return;
      if (!places.length) return show("The CPU is outside the kernel.");
      const depth = depthOfStep(places), lines = await linesOf(module, places[depth].file);
      if (!stale) show({ places, lines, depth });
    }).catch((problem) => { if (!stale) show(`The source cannot be shown: ${problem.message}`); });
    return () => { stale = true; };
  }, [stack, module]);
  const pick = async (wanted: number) => {
    if (typeof shown === "string") return;
    show({ ...shown, lines: await linesOf(module, shown.places[wanted].file), depth: wanted });
  };
  return (
    <div class="source">
      <p class="tools">
        {run.state.world.cpus.map((each) => <button type="button" aria-pressed={each.cpu === cpu} onClick={() => choose(each.cpu)}>CPU {each.cpu}</button>)}
      </p>
      {typeof shown === "string" ? <p class="soft">{shown}</p> : <Lines shown={shown} />}
      {typeof shown !== "string" && shown.places.length > 1 && (
        <p class="small">{shown.places.slice(0, 8).map((place, i) => (
          <>{i === 1 && " called from "}<button type="button" class="link mono" aria-pressed={i === shown.depth} onClick={() => pick(i)}>{place.file}:{place.line}</button></>
        ))}</p>
      )}
      {typeof shown !== "string" && <p class="small soft">In one step of twenty or so the mark is a line off: the tools that make the WebAssembly lose it.</p>}
    </div>
  );
}

function Lines({ shown }: { shown: { places: Place[]; lines: string[]; depth: number } }) {
  const { file, line } = shown.places[shown.depth];
  const from = Math.max(1, line - AROUND), to = Math.min(shown.lines.length, line + AROUND);
  return (
    <>
      <p class="mono where"><b>{file}</b>:{line}</p>
      <pre tabIndex={0}>
        {Array.from({ length: to - from + 1 }, (_, i) => from + i).map((n) => (
          <span class={n === line ? "here" : ""} aria-current={n === line ? "true" : undefined}><i>{n}</i>{shown.lines[n - 1] || " "}</span>
        ))}
      </pre>
    </>
  );
}

export function Section({ title, children, open = true, id }: { title: string; children: ComponentChildren; open?: boolean; id?: string }) {
  return (
    <details class="part" open={open} id={id}>
      <summary><h2>{title}</h2></summary>
      {children}
    </details>
  );
}
