// What things are called: the wording of the page of a trace (tools/trace/page/wording.json), for the explorer.
import type { Cpu, PageOf } from "./engine";
import wording from "../../tools/trace/page/wording.json";

export const BITS = wording.BITS as [number, string][];
export const MISSING = wording.MISSING as Record<string, string>;
export const MEANING = wording.MEANING as Record<string, string>;
const KINDS = wording.KINDS as Record<string, string[]>;

export type Entry = "absent" | "swapped" | "old" | "read-only" | "clean" | "dirty";

export function kindOf(station: string): string {
  return Object.keys(KINDS).find((kind) => KINDS[kind].includes(station)) ?? "other";
}

// What is missing for a write.
export function entryState(entry: string): Entry {
  const bits = parseInt(entry, 16);
  if (bits === 0) return "absent";
  if (!(bits & 1)) return "swapped";
  if (!(bits & 2)) return "old";
  if (!(bits & 8)) return "read-only";
  return bits & 4 ? "dirty" : "clean";
}

export const ENTRY_TOLD: Record<Entry, string> = {
  absent: "no page yet: every access faults",
  swapped: "the page is in swap: every access faults",
  old: "young is missing: the machine is told of no page",
  "read-only": "write is missing: a write faults",
  clean: "dirty is missing: the machine is told read-only",
  dirty: "nothing is missing: reads and writes go through",
};

// The step that a CPU would take, and what it waits for, in the engine's words where they are clear.
const STEPS: Record<string, string> = { begin: "begin its program", load: "load from user memory", store: "store to user memory", sleep: "wake up", spin: "go on after a wait", cond_resched: "let others run if they want (cond_resched)" };
const WAITS: Record<string, string> = { sleep: "until somebody wakes it", spin: "for another CPU" };

export function stepTold({ cpu, next, waits, wants, holds, held_by = [] }: Cpu): string {
  if (!next) return waits ? "for another CPU" : "go on";
  if (!wants) return (waits && WAITS[next]) || (STEPS[next] ?? next);
  const lock = `${holds.includes(wants) && !held_by.includes(cpu) ? "another " : ""}${wants}`; // several have one name
  if (next === "spin") return waits ? `for ${lock}${held_by.length ? `, which CPU ${held_by.join(" and CPU ")} holds` : ""}` : `take ${lock}`;
  return (waits && WAITS[next]) || (STEPS[next] ?? next.replace(/ a (lock|semaphore)\b/, ` ${lock}`));
}

// What is in `now` more often than in `before`: the names of locks, of which several may be alike.
export function added(before: string[], now: string[]): string[] {
  const left = [...before];
  return now.filter((each) => {
    const at = left.indexOf(each);
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
}

// A verb that was done, as in "wake a: 1": what it was, and what it gave.
export function doneTold(done: string): [string, string] {
  const [, verb, result] = /^(.*?)(?:: (.*))?$/.exec(done)!;
  return [verb, result === undefined ? "" : `gave ${result}`];
}

// What a lock guards.
export const LOCKS: Record<string, string> = {
  mmap_lock: "the mappings of a process", page_table_lock: "which page tables there are", pte_lock: "the entries of a page table",
  AddressSpace: "the pages of a file", AnonVma: "which processes map the pages of a mapping", "AnonVma readers": "who goes through an AnonVma",
  "futex bucket": "who waits for a word", futex_exit: "tasks that end", pi_lock: "who owns and who waits for PI locks", wake_lock: "whether a task sleeps",
  RunQueue: "the tasks of a CPU", WaitQueue: "who sleeps here", Zone: "the free frames", KmemCache: "small objects of one size", PerCpuPages: "free frames of a CPU", PerCpuObjects: "free small objects of a CPU", all_caches: "the list of caches",
  LruVec: "which pages reclaim takes first", "LruVec anon": "who puts an anonymous page in reclaim's lists", SwapArea: "the slots of the swap area",
  mmlist: "the processes with pages in swap", shmem_swaplist: "the files with pages in swap", "dirty files": "the files that have to be written back",
  PercpuRwSemaphore: "the state of a semaphore", RwSemaphore: "the state of a semaphore", kernel_lock: "one task in the kernel at a time", TimerBase: "the timers of a CPU",
};

// What station `abort` tells, as in "kind=permission access=user-write …".
export function abortTold(words: string, page: string): string {
  const access = /\baccess=(\S+)/.exec(words)?.[1] ?? "", kind = /\bkind=(\S+)/.exec(words)?.[1] ?? "";
  const what = access.includes("write") ? "write to" : access.includes("read") ? "read of" : "access to";
  const why = { translation: ": the machine has no page there", permission: ": the machine does not permit it" }[kind] ?? "";
  return `The ${what} ${page} faults${why}.`;
}

export const rightsTold = (rights: string): string =>
  rights[1] === "w" ? "read-write" : rights[0] === "r" ? "read-only" : "no access";

export const count = (number: number, one: string, many = `${one}s`): string =>
  `${number.toLocaleString("en-US")} ${number === 1 ? one : many}`;

export const VERDICTS = {
  running: "",
  ended: "ended",
  violation: "an invariant is broken",
  livelock: "it turns and cannot end",
  deadlock: "nobody can act",
} as const;

// What a descriptor permits user mode, in words.
export function machineState(page: PageOf): string {
  const bits = parseInt(page.descriptor, 16);
  if (!(bits & 2)) return "no page";
  const access = ((bits >>> 7) & 4) | ((bits >>> 4) & 3);
  return { 3: "read-write", 7: "read-only", 2: "read-only", 1: "kernel only", 5: "kernel only" }[access] ?? "no access";
}
