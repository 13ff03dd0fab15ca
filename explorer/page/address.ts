// The whole state in the address: #/?program=NAME&fault_in=gup&steps=0*12.1*3.r7*400
//
//     program=NAME or script=TEXT        what runs
//     back_end=, broken=SABOTAGE         which module; the settings of docs/explorer-engine.md, where they are not the default
//     steps=                             pieces with dots between them: CPU*COUNT; rSEED*COUNT (at random); e*COUNT (whoever acts
//                                        goes on). *COUNT is left out for 1. `after=` has steps that lie ahead
import type { BackEnd } from "./engine";

// The settings of the engine; what stands first is the default.
export const SETTINGS: Record<string, string[]> = {
  fault_in: ["fixup", "gup", "gup_dirty", "fixup_2011", "trap"],
  tlb: ["lazy", "eager", "broken"],
  tlbs: ["keep", "prefetch", "evict", "prefetch,evict"],
  fault_around: ["1", "0"],
  ad_bits: ["software", "hardware"],
};
const NUMBERS = ["seed", "livelock_rounds"];

export interface Setup {
  program: string; // the name of a preset or a scenario; "" if `script` has a text
  script: string;
  backEnd: BackEnd;
  broken: string; // the name of a sabotage, or ""
  settings: Record<string, string>; // without those that have their default
}

// A piece of a run: a CPU that acted, or a seed of the engine's run(). A long piece is run in parts of AT_ONCE steps, and each part has
// the next seed.
export const AT_ONCE = 4000; // the engine keeps so many steps until they are asked for
export type Piece = { cpu: number; count: number } | { seed: number; count: number };

export interface Address {
  story: string; // the route of a story, or ""
  part: number;
  setup: Setup | null; // null: the address names none
  steps: Piece[];
  after: Piece[];
}

export class BadLink extends Error {}

// Of a word of a link, as much as a sentence can hold.
export const short = (word: string): string => (word.length > 60 ? `${word.slice(0, 60)}…` : word);

export const MOST_STEPS = 200_000;

export function settingsText(setup: Setup): string {
  return Object.entries(setup.settings).map(([name, value]) => `${name}=${value}`).join(" ");
}

export function piecesText(pieces: Piece[]): string {
  return pieces.map((piece) => {
    const who = "cpu" in piece ? String(piece.cpu) : piece.seed < 0 ? "e" : `r${piece.seed}`;
    return piece.count === 1 ? who : `${who}*${piece.count}`;
  }).join(".");
}

export function readPieces(text: string): Piece[] {
  let all = 0;
  return text === "" ? [] : text.split(".").map((part) => {
    const match = /^(?:([0-3])|r(\d{1,9})|(e))(?:\*(\d{1,6}))?$/.exec(part);
    if (!match) throw new BadLink(`The steps of this link cannot be read at “${part.slice(0, 20)}”.`);
    const count = match[4] === undefined ? 1 : Number(match[4]);
    all += count;
    if (count === 0 || all > MOST_STEPS) throw new BadLink(`The steps of this link are more than ${MOST_STEPS}, or none.`);
    return match[1] !== undefined ? { cpu: Number(match[1]), count } : { seed: match[3] ? -1 : Number(match[2]), count };
  });
}

export const seedOfPart = (seed: number, part: number): number => (seed < 0 ? seed : seed + part);

function goesOn(last: Piece, piece: Piece): boolean {
  if ("cpu" in last) return "cpu" in piece && last.cpu === piece.cpu;
  if ("cpu" in piece) return false;
  return last.seed < 0 ? piece.seed < 0 : last.count % AT_ONCE === 0 && piece.seed === seedOfPart(last.seed, last.count / AT_ONCE);
}

// Adds a piece, or makes the last one longer.
export function add(pieces: Piece[], piece: Piece): void {
  const last = pieces[pieces.length - 1];
  if (last && goesOn(last, piece)) last.count += piece.count;
  else pieces.push({ ...piece });
}

// The first `length` steps.
export function cut(pieces: Piece[], length: number): Piece[] {
  const kept: Piece[] = [];
  for (const piece of pieces) {
    if (length <= 0) break;
    kept.push({ ...piece, count: Math.min(piece.count, length) });
    length -= piece.count;
  }
  return kept;
}

export function write(address: Address): string {
  const words = new URLSearchParams();
  if (address.part > 0) words.set("part", String(address.part + 1));
  const setup = address.setup;
  if (setup) {
    if (setup.script) words.set("script", setup.script);
    else words.set("program", setup.program);
    if (setup.backEnd !== "walked") words.set("back_end", setup.backEnd);
    if (setup.broken) words.set("broken", setup.broken);
    for (const [name, value] of Object.entries(setup.settings)) words.set(name, value);
  }
  if (address.steps.length) words.set("steps", piecesText(address.steps));
  if (address.after.length) words.set("after", piecesText(address.after));
  const text = words.toString().replaceAll("%2C", ",");
  return `#/${address.story ? `story/${address.story}` : ""}${text ? `?${text}` : ""}`;
}

export function read(hash: string): Address {
  const match = /^#?\/?(?:story\/([a-z0-9-]+))?(?:\?(.*))?$/.exec(hash);
  if (!match) throw new BadLink("This link leads to no place here.");
  const words = new URLSearchParams(match[2] ?? "");
  const take = (name: string) => {
    const value = words.get(name);
    words.delete(name);
    return value;
  };
  const part = Number(take("part") ?? "1") - 1;
  const steps = readPieces(take("steps") ?? ""), after = readPieces(take("after") ?? "");
  const program = take("program"), script = take("script"), backEnd = take("back_end") ?? "walked", broken = take("broken") ?? "";
  const together = [...steps, ...after].reduce((sum, piece) => sum + piece.count, 0);
  if (together > MOST_STEPS) throw new BadLink(`The steps of this link are more than ${MOST_STEPS}.`);
  if (backEnd !== "walked" && backEnd !== "softtlb") throw new BadLink(`This link names a back end “${short(backEnd)}”: there are walked and softtlb.`);
  const settings: Record<string, string> = {};
  for (const [name, value] of words) {
    const known = Object.hasOwn(SETTINGS, name) ? SETTINGS[name] : [];
    if (!known.includes(value) && !(NUMBERS.includes(name) && /^[1-9]\d{0,8}$/.test(value)))
      throw new BadLink(`This link says “${short(name)}=${short(value)}”, and there is no such choice.`);
    if (known[0] !== value) settings[name] = value;
  }
  if (!Number.isInteger(part) || part < 0) throw new BadLink("This link names a part of a story that does not exist.");
  const named = program !== null || script !== null;
  if (!named && !match[1] && (match[2] ?? "") !== "") throw new BadLink("This link names no program.");
  return {
    story: match[1] ?? "", part, steps, after,
    setup: named ? { program: program ?? "", script: script ?? "", backEnd, broken, settings } : null,
  };
}
