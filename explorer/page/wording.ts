// What things are called: the wording of the page of a trace (tools/trace/page/wording.json), for the explorer.
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
