// A program as the reader edits it: a field for the memory, for what comes before and after, and one for each CPU. The engine reads
// one text (interleave/script.hpp); its errors name a line, which belongs to a field.

export const FIELDS = ["memory", "before", "cpu 0", "cpu 1", "cpu 2", "cpu 3", "after"] as const;
export type Field = (typeof FIELDS)[number];
export type Fields = Record<Field, string>;

export const EMPTY = Object.fromEntries(FIELDS.map((field) => [field, ""])) as Fields;

const filled = (text: string): { text: string; line: number }[] =>
  text.split("\n").map((text, number) => ({ text, line: number + 1 })).filter((each) => each.text.trim() !== "");

interface Line {
  field: Field;
  text: string;
  // Which of the field's lines stand in it, and from which column on.
  parts: { line: number; from: number; shift: number }[];
}

function prefix(field: Field, text: string): string {
  if (new RegExp(`^\\s*${field === "memory" ? "map" : field}\\b`).test(text)) return "";
  if (field === "memory") return "map ";
  return /^\s*\d+\s*:/.test(text) ? `${field} ` : `${field}: `;
}

// The lines of the text that the fields make. A CPU has one line, with a semicolon between its verbs.
function lines(fields: Fields): Line[] {
  return FIELDS.flatMap((field) => {
    const all = filled(fields[field]);
    if (!field.startsWith("cpu"))
      return all.map(({ text, line }) => {
        const before = prefix(field, text);
        return { field, text: before + text, parts: [{ line, from: 1, shift: before.length }] };
      });
    let text = `${field}: `;
    const parts = all.map((each, i) => {
      if (i > 0) text += "; ";
      const shift = text.length;
      text += each.text.replace(/;\s*$/, "");
      return { line: each.line, from: shift + 1, shift };
    });
    return parts.length ? [{ field, text, parts }] : [];
  });
}

export const compose = (fields: Fields): string => lines(fields).map((each) => each.text).join("\n");

// Where in which field a place of the text is.
export function place(fields: Fields, line: number, column: number): { field: Field; line: number; column: number } | null {
  const found = lines(fields)[line - 1];
  if (!found) return null;
  const part = found.parts.findLast((each) => each.from <= column) ?? found.parts[0];
  return { field: found.field, line: part.line, column: Math.max(1, column - part.shift) };
}

export function decompose(text: string): Fields {
  const fields = { ...EMPTY };
  for (const raw of text.split("\n")) {
    const line = raw.replace(/#.*/, "").trim();
    if (line === "") continue;
    const match = /^(map|before|after|cpu (\d))\b\s*(.*)$/.exec(line);
    const field = (match?.[2] !== undefined ? `cpu ${match[2]}` : match?.[1] === "map" ? "memory" : match?.[1] ?? "memory") as Field;
    if (!(field in fields)) continue;
    const rest = (match?.[3] ?? line).replace(/^:\s*/, "");
    const text = match?.[2] !== undefined ? rest.split(/\s*;\s*/).join("\n") : rest;
    fields[field] += (fields[field] ? "\n" : "") + text;
  }
  return fields;
}

// How many verbs a CPU makes before the run.
export function verbsBefore(fields: Fields, cpu: number): number {
  return fields.before.split("\n").filter(Boolean).reduce((sum, line) => {
    const match = /^(?:(\d+)\s*:)?\s*(.*)$/.exec(line)!;
    return Number(match[1] ?? 0) === cpu ? sum + match[2].split(";").filter((verb) => verb.trim()).length : sum;
  }, 0);
}

// What the verb at the beginning of such a line does.
export function meaningOf(verb: string): string {
  const name = /^[a-z_]+/.exec(verb)?.[0];
  return VERBS.find((each) => each[0] === name)?.[2] ?? "";
}

export const VERBS: [string, string, string][] = [
  ["read", "read a", "reads a word"],
  ["write", "write a 1", "writes a word"],
  ["cmpxchg", "cmpxchg a 0 1", "writes if the old value is there"],
  ["mprotect", "mprotect a r", "takes or gives rights: none, r, rw"],
  ["munmap", "munmap a", "takes the mapping away"],
  ["madvise", "madvise a dontneed", "advice: dontneed, free, cold, pageout"],
  ["age", "age a", "clears young, as reclaim does"],
  ["clean", "clean a", "clears dirty, as write-back does"],
  ["swapout", "swapout a", "sends the page to swap"],
  ["fork", "fork", "makes a child that does nothing"],
  ["fork child", "fork child", "forks; this CPU goes on in the child"],
  ["exit", "exit", "leaves the address space"],
  ["wait", "wait a 0", "FUTEX_WAIT if the word has this value"],
  ["wake", "wake a", "FUTEX_WAKE: wakes who waits"],
  ["wake_op", "wake_op a", "FUTEX_WAKE_OP: the kernel adds 1 to the word"],
  ["lock_pi", "lock_pi a", "FUTEX_LOCK_PI: takes the lock, or sleeps"],
  ["unlock_pi", "unlock_pi a", "FUTEX_UNLOCK_PI: hands the lock to who waits"],
  ["lock", "lock a", "a PI mutex: compare-and-swap first, then the kernel"],
  ["unlock", "unlock a", "unlocks it"],
  ["await", "await a", "goes on when somebody waits for the lock"],
];
