// The engine's modules (docs/explorer-engine.md): loading them, and what they tell.

export type BackEnd = "walked" | "softtlb";

export interface Translation {
  page: string;
  name: string;
  space: number;
  asid: number;
  frame: number;
  rights: string;
  against_truth?: "same" | "behind" | "beyond";
}
export interface Slot extends Translation {
  index: number;
  descriptor: string;
}
export interface PageOf {
  space: number;
  page: string;
  name: string;
  entry: string;
  words: string;
  descriptor: string;
  machine: string;
  frame?: number;
}
export interface Cpu {
  cpu: number;
  pid: number;
  space: number;
  task: string;
  next?: string;
  waits?: boolean;
  wants?: string; // the lock that it is about to take, or waits for
  held_by?: number[]; // the CPUs that hold it
  over?: boolean;
  verb: string;
  done: string[];
  holds: string[];
  faults: number;
  tlb: Translation[];
  slots: Slot[];
}
export interface Frame {
  frame: number;
  count: number;
  mapcount: number;
  flags: string;
  words: number[];
}
export interface Vma {
  start: string;
  end: string;
  flags: string;
  name: string;
  inode?: number;
  pgoff?: number;
}
export interface Waiter {
  key: string;
  word?: string;
  inode?: number;
  index?: number;
  offset?: number;
  pid: number;
  pi: boolean;
}
export interface World {
  pages: PageOf[];
  cpus: Cpu[];
  frames: Frame[];
  spaces: { space: number; asid: number; vmas: Vma[] }[];
  futexes: Waiter[];
  report: string[];
}
export interface Passed {
  cpu: number;
  name: string;
  words: string;
}
export type Verdict = "running" | "ended" | "violation" | "livelock" | "deadlock";
export interface State {
  step: number;
  verdict: Verdict;
  text: string;
  able: number[];
  acted: number[];
  stations: Passed[];
  world: World;
}
export interface Wrong {
  line: number;
  column: number;
  what: string;
}
export interface Preset {
  name: string;
  about: string;
  cpus: number;
  preemptions: number;
  random_runs: number;
  long: boolean;
}
export interface Scenario {
  name: string;
  about: string;
  script: string;
  settings: string;
}
export interface Found {
  what: string;
  verdict: Verdict;
  history: string;
  choices: string;
}
export interface Searched {
  runs: number;
  longest: number;
  over: boolean;
  all: boolean;
  found: Found | null;
}
export interface Sabotage {
  name: string;
  file: string;
  line: number;
  old: string;
  new: string;
  program: string;
  back_end: BackEnd;
  module: string;
}

// A module of the engine with one machine in it.
export interface Machine {
  presets(): Preset[];
  scenarios(): Scenario[];
  open(settings: string, program: string): Wrong | null;
  step(cpu: number): Wrong | null;
  replay(cpus: string): Wrong | null; // a digit for each step
  run(seed: number, until: string, most: number): Wrong | null;
  state(): State;
  explore(settings: string, program: string, preemptions: number, runs: number): Wrong | null;
  found(): Searched;
  // Called before each switch of stacks.
  onSwitch(told: (() => void) | undefined): void;
}

type Maker = (options: object) => Promise<Module>;
interface Module {
  onSwitch?: () => void;
  cwrap(name: string, result: "string" | null, types: string[]): (...values: unknown[]) => string;
}

const FUNCTIONS: Record<BackEnd, string> = { walked: "FaultlineWalked", softtlb: "FaultlineSofttlb" };

async function compile(url: string): Promise<WebAssembly.Module> {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${url} is missing (status ${answer.status}).`);
  return WebAssembly.compile(await answer.arrayBuffer());
}

// Runs NAME.js, which defines a function of the name for its back end. `run` differs in a page and in a worker.
export async function load(module: string, backEnd: BackEnd, run: (url: string) => Promise<void>): Promise<() => Promise<Machine>> {
  const base = `engine/${module}`;
  const [compiled] = await Promise.all([compile(`${base}.wasm`), run(`${base}.js`)]);
  const make = (globalThis as unknown as Record<string, Maker>)[FUNCTIONS[backEnd]];
  return () => new Promise<Machine>((resolve, reject) => { // the module's own promise does not know when there is no instance
    make({
      instantiateWasm(imports: WebAssembly.Imports, done: (instance: WebAssembly.Instance, module: WebAssembly.Module) => void) {
        WebAssembly.instantiate(compiled, imports).then((instance) => done(instance, compiled)).catch(reject);
        return {};
      },
      print: () => {},
      printErr: () => {},
    }).then((made) => resolve(wrap(made))).catch(reject);
  });
}

function wrap(module: Module): Machine {
  const call = (name: string, result: "string" | null, ...types: string[]) => module.cwrap(`engine_${name}`, result, types);
  const presets = call("presets", "string"), scenarios = call("scenarios", "string"), state = call("state", "string");
  const error = call("error", "string"), found = call("found", "string");
  const open = call("open", null, "string", "string"), step = call("step", null, "number"), replay = call("replay", null, "string");
  const run = call("run", null, "number", "string", "number");
  const explore = call("explore", null, "string", "string", "number", "number");
  const answered = (): Wrong | null => JSON.parse(error());
  return {
    presets: () => JSON.parse(presets()),
    scenarios: () => JSON.parse(scenarios()),
    open: (settings, program) => (open(settings, program), answered()),
    step: (cpu) => (step(cpu), answered()),
    replay: (cpus) => (replay(cpus), answered()),
    run: (seed, until, most) => (run(seed, until, most), answered()),
    state: () => JSON.parse(state()),
    explore: (settings, program, preemptions, runs) => (explore(settings, program, preemptions, runs), answered()),
    found: () => JSON.parse(found()),
    onSwitch: (told) => (module.onSwitch = told),
  };
}

// What a browser must have. Null: it has all of it.
export function lacking(): string | null {
  if (typeof WebAssembly !== "object" || typeof WebAssembly.instantiate !== "function")
    return "This browser has no WebAssembly, and the kernel's code runs as WebAssembly here. Any browser of the last years has it.";
  if (location.protocol === "file:")
    return "A browser loads no WebAssembly from a file. Serve this folder: tools/explorer.sh does it, or any web server.";
  return null;
}

const loaded = new Map<string, Promise<() => Promise<Machine>>>();

// In the page. Each module is loaded and compiled once.
export function machines(module: string, backEnd: BackEnd): Promise<() => Promise<Machine>> {
  let made = loaded.get(module);
  if (!made) {
    made = load(module, backEnd, (url) => new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = url;
      script.onload = () => resolve();
      script.onerror = () => reject(new Error(`${url} cannot be loaded.`));
      document.head.append(script);
    }));
    made.catch(() => loaded.delete(module));
    loaded.set(module, made);
  }
  return made;
}

let offered: Promise<Sabotage[]> | undefined;
export function sabotages(): Promise<Sabotage[]> {
  offered ??= fetch("engine/sabotages.json").then((answer) => {
    if (answer.ok) return answer.json();
    offered = undefined; // asked for again
    return [];
  });
  return offered;
}
