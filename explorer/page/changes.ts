// What one step changed: keys, for marking it in the view, and sentences, for those who do not see the marks.
import type { Cpu, PageOf, State, Translation } from "./engine";
import { abortTold, added, doneTold, entryState, machineState, MEANING, rightsTold } from "./wording";

export interface Changes {
  keys: Set<string>;
  sentences: string[];
}

export const pageKey = (page: { space: number; name: string }): string => `page ${page.space} ${page.name}`;
export const tlbKey = (cpu: number, held: Translation): string => `tlb ${cpu} ${held.space} ${held.name}`;

// What a CPU's TLB holds: that of the hardware, or the one that software fills.
export const heldBy = (cpu: Cpu): Translation[] => [...cpu.tlb, ...cpu.slots.filter((slot) => !cpu.tlb.some((each) => each.page === slot.page && each.asid === slot.asid))];

// Whether a translation that is not what truth says is so because of its frame.
export function leadsElsewhere(pages: PageOf[], held: Translation): boolean {
  const page = pages.find((each) => each.page === held.page && each.space === held.space);
  return held.against_truth === "beyond" && page?.frame !== undefined && page.frame !== held.frame;
}

// A task says that it sleeps before it gives its CPU away; until then it goes on, and may find that it need not sleep.
export const asleep = (cpu: Cpu): boolean => cpu.task !== "running" && cpu.next === "sleep" && !cpu.over;

// `derived`: the machine is told by a descriptor that follows the entry. (softtlb has none: each CPU's TLB is filled when it misses.)
export function changesOf(before: State | null, after: State, derived: boolean): Changes {
  const keys = new Set<string>(), sentences: string[] = [];
  if (!before) return { keys, sentences };
  const tell = (key: string, sentence = "") => {
    keys.add(key);
    if (sentence) sentences.push(sentence);
  };
  const several = after.world.spaces.length > 1 || before.world.spaces.length > 1;
  const inSpace = (space: number) => (several && space >= 0 ? ` of process ${space}` : "");

  const nameOf = (words: string) => {
    const address = /\baddress=(0x[0-9a-f]+)/.exec(words)?.[1].slice(0, -3);
    return after.world.pages.find((page) => page.page.slice(0, -3) === address)?.name ?? "a page";
  };
  for (const { name, words } of after.stations)
    if (name === "abort") sentences.push(abortTold(words, nameOf(words)));
  for (const page of after.world.pages) {
    const old = before.world.pages.find((each) => pageKey(each) === pageKey(page));
    const name = `${page.name}${inSpace(page.space)}`;
    if (!old) tell(pageKey(page), `The page ${name} comes into view.`);
    else if (old.entry !== page.entry) {
      const was = entryState(old.entry), is = entryState(page.entry);
      tell(pageKey(page), was === is ? `The entry of ${name} changes and stays ${is}.` : `The entry of ${name}: ${was} becomes ${is}.`);
    }
    if (derived && old && (old.descriptor !== page.descriptor || old.machine !== page.machine)) {
      const was = machineState(old), is = machineState(page);
      tell(`machine ${pageKey(page)}`, was === is ? `The descriptor of ${name} changes and stays ${is}.` : `The descriptor of ${name}: ${was} becomes ${is}.`);
    }
  }
  for (const cpu of after.world.cpus) {
    const old = before.world.cpus[cpu.cpu];
    if (!old) continue;
    const had = heldBy(old), has = heldBy(cpu);
    for (const each of has) {
      const was = had.find((other) => other.page === each.page && other.asid === each.asid);
      const what = `${each.name}${inSpace(each.space)}`;
      if (!was) tell(tlbKey(cpu.cpu, each), `The TLB of CPU ${cpu.cpu} takes ${what}, ${rightsTold(each.rights)}.`);
      else if (was.rights !== each.rights || was.frame !== each.frame)
        tell(tlbKey(cpu.cpu, each), `The TLB of CPU ${cpu.cpu} has ${what} ${rightsTold(each.rights)} now.`);
      else if (was.against_truth !== each.against_truth && each.against_truth === "behind")
        tell(tlbKey(cpu.cpu, each), `The TLB of CPU ${cpu.cpu} is behind for ${what}.`);
      else if (was.against_truth !== each.against_truth && each.against_truth === "beyond")
        tell(tlbKey(cpu.cpu, each), leadsElsewhere(after.world.pages, each) ? `The TLB of CPU ${cpu.cpu} leads ${what} to another frame than the entry.` :
          `The TLB of CPU ${cpu.cpu} permits more for ${what} than the entry does.`);
    }
    for (const each of had)
      if (!has.some((other) => other.page === each.page && other.asid === each.asid))
        tell(tlbKey(cpu.cpu, each), `The TLB of CPU ${cpu.cpu} forgets ${each.name}${inSpace(each.space)}.`);
    for (const lock of added(old.holds, cpu.holds)) tell(`lock ${cpu.cpu} ${lock}`, `CPU ${cpu.cpu} holds ${old.holds.includes(lock) ? "another " : ""}${lock}.`);
    for (const lock of added(cpu.holds, old.holds)) tell(`released ${cpu.cpu}`, `CPU ${cpu.cpu} releases ${cpu.holds.includes(lock) ? "one " : ""}${lock}.`);
    if (asleep(old) !== asleep(cpu)) tell(`task ${cpu.cpu}`, `The task of CPU ${cpu.cpu} is ${asleep(cpu) ? "asleep" : "awake"} now.`);
    if (old.done.length !== cpu.done.length) tell(`done ${cpu.cpu}`, cpu.done.length ? `CPU ${cpu.cpu} has done ${doneTold(cpu.done[cpu.done.length - 1]).filter(Boolean).join(", which ")}.` : "");
    if (!old.over && cpu.over) tell(`over ${cpu.cpu}`, `CPU ${cpu.cpu} has finished.`);
  }
  for (const frame of after.world.frames) {
    const old = before.world.frames.find((each) => each.frame === frame.frame);
    const name = `frame ${frame.frame.toString(16)}`;
    if (!old) {
      tell(name, `Frame 0x${frame.frame.toString(16)} comes into view.`);
      continue;
    }
    if (old.count !== frame.count || old.mapcount !== frame.mapcount)
      tell(`${name} count`, `Frame 0x${frame.frame.toString(16)} has count ${frame.count} and is mapped ${frame.mapcount === 1 ? "once" : `${frame.mapcount} times`}.`);
    if (old.flags !== frame.flags) tell(`${name} flags`, `Frame 0x${frame.frame.toString(16)} is ${frame.flags || "without a flag"} now.`);
    frame.words.forEach((word, i) => {
      if (word !== old.words[i]) tell(`${name} ${i}`, `Word ${i} of frame 0x${frame.frame.toString(16)} becomes ${word}.`);
    });
  }
  for (const { frame } of before.world.frames)
    if (!after.world.frames.some((each) => each.frame === frame)) tell("frames", `Frame 0x${frame.toString(16)} goes out of view.`);
  const waiting = (state: State) => state.world.futexes.map((each) => each.pid);
  const waitedBefore = waiting(before), waitNow = waiting(after);
  for (const pid of waitNow) if (!waitedBefore.includes(pid)) tell(`waiter ${pid}`, `Task ${pid} waits for a futex.`);
  for (const each of after.world.futexes)
    if (each.pi && before.world.futexes.some((other) => other.pid === each.pid && !other.pi)) tell(`waiter ${each.pid}`, `Task ${each.pid} waits for a PI lock now.`);
  for (const pid of waitedBefore) if (!waitNow.includes(pid)) tell("waiters", `Task ${pid} waits no longer.`);
  const vmas = (state: State) => state.world.spaces.map(({ space, vmas }) => vmas.map((vma) => `vma ${space} ${vma.start} ${vma.end} ${vma.flags}`)).flat();
  const had = vmas(before);
  const has = vmas(after);
  for (const vma of has) if (!had.includes(vma)) tell(vma);
  if (has.join() !== had.join()) sentences.push("The mappings change.");
  const passed = [...new Set(after.stations.map((each) => each.name))].filter((name) => name !== "vector" && name !== "abort");
  if (!sentences.length && passed.length) sentences.push(`It passes ${passed.map((name) => (MEANING[name] ? `${name} (${MEANING[name]})` : name)).join(", ")}.`);
  return { keys, sentences };
}
