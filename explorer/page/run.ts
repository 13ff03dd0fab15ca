// A run under the reader's control: steps that were made, steps that lie ahead, and what the engine says now. The engine knows
// no way back: a fresh machine repeats the steps up to there.
import { add, AT_ONCE, BadLink, cut, MOST_STEPS, type Piece, seedOfPart, type Setup, settingsText } from "./address";
import { type Machine, type Passed, type State, machines, sabotages } from "./engine";

export interface PassedAt extends Passed {
  step: number;
}

const DETAILED = 100; // so many steps at the end are repeated one by one, so that each station has its step
const MOST_STATIONS = 400;
const MOST_CHARACTERS = 8192; // of a program: a call puts it on the module's small stack

export class SetupError extends Error {
  constructor(readonly line: number, readonly column: number, what: string) {
    super(what);
  }
}

export interface Until {
  station?: string;
  entry?: boolean; // an entry changes
}

// What stands in the JSON text of the scripts of scenarios, by name; filled at the start.
export const scripts = new Map<string, string>();

export class Run {
  pieces: Piece[] = [];
  made: number[] = []; // the CPUs that acted
  ahead: number[] = []; // steps that were made once, the next one last
  recent: State[] = []; // the states after the last steps, the one now last
  stations: PassedAt[] = []; // the last ones
  earlier = false; // there were others before those
  ever = new Set<string>(); // what was passed since the start: "CPU station"
  dead = ""; // the module stopped: why
  changed: () => void = () => {};
  private machine!: Machine;
  state!: State;
  stacks: (string | undefined)[] = [];

  private constructor(readonly setup: Setup, private readonly make: () => Promise<Machine>) {}

  static async begin(setup: Setup, steps: Piece[] = [], after: Piece[] = []): Promise<Run> {
    let module: string = setup.backEnd;
    if (setup.broken) {
      const table = await sabotages(), broken = table.find((each) => each.name === setup.broken);
      if (!table.length) throw new BadLink("It needs a kernel with a broken line, and those are not built yet. Reload the page in some minutes.");
      if (!broken) throw new BadLink(`There is no sabotage “${setup.broken}” here.`);
      if (broken.back_end !== setup.backEnd) throw new BadLink(`“${setup.broken}” belongs to back end ${broken.back_end}.`);
      module = broken.module;
    }
    const run = new Run(setup, await machines(module, setup.backEnd));
    await run.fresh();
    await run.follow([...steps, ...after]);
    const at = steps.reduce((sum, piece) => sum + piece.count, 0);
    const oneByOne = run.made.length <= DETAILED && steps.every((piece) => "cpu" in piece);
    if (!oneByOne || after.length) await run.goTo(at);
    return run;
  }

  get length(): number {
    return this.made.length;
  }
  get over(): boolean {
    return this.state.verdict !== "running" || this.dead !== "";
  }
  get before(): State | null { // one step ago
    return this.recent[this.recent.length - 2] ?? null;
  }
  // Whether a CPU has passed a station since the start.
  passed(cpu: number, station: string): boolean {
    return this.ever.has(`${cpu} ${station}`);
  }
  get full(): boolean {
    return this.made.length >= MOST_STEPS;
  }
  // The steps ahead as pieces, the next one first.
  get after(): Piece[] {
    const pieces: Piece[] = [];
    for (let i = this.ahead.length - 1; i >= 0; i--) add(pieces, { cpu: this.ahead[i], count: 1 });
    return pieces;
  }

  private async fresh(): Promise<void> {
    const program = this.setup.script || scripts.get(this.setup.program) || this.setup.program;
    if (program.length > MOST_CHARACTERS) throw new SetupError(1, 1, `A program has at most ${MOST_CHARACTERS} characters, and this one has ${program.length}.`);
    this.machine = await this.make();
    const wrong = this.machine.open(settingsText(this.setup), program);
    if (wrong) throw new SetupError(wrong.line, wrong.column, wrong.what);
    this.dead = "";
    this.recent = [];
    this.stations = [];
    this.earlier = false;
    this.ever.clear();
    this.stacks = [];
    this.take(this.machine.state());
  }

  private take(state: State): void {
    // The pages of scripts have names. Others are called by their address.
    for (const each of [...state.world.pages, ...state.world.cpus.flatMap((cpu) => [...cpu.tlb, ...cpu.slots])]) each.name ||= each.page;
    for (const { vmas } of state.world.spaces) for (const vma of vmas) vma.name ||= vma.start;
    this.state = state;
    this.recent.push(state);
    if (this.recent.length > DETAILED) this.recent.shift();
    for (const station of state.stations) {
      this.stations.push({ ...station, step: state.step });
      this.ever.add(`${station.cpu} ${station.name}`);
    }
    if (this.stations.length > MOST_STATIONS) {
      this.stations.splice(0, this.stations.length - MOST_STATIONS);
      this.earlier = true;
    }
  }

  // One step of the machine, and where its CPU stands then. Nothing else changes.
  private move(cpu: number): void {
    let stack: string | undefined;
    this.machine.onSwitch(() => (stack = new Error().stack));
    try {
      const wrong = this.machine.step(cpu);
      if (wrong) throw new BadLink(`Step ${this.made.length + 1} wants CPU ${cpu} to act, and it cannot act there.`);
    } catch (problem) {
      if (problem instanceof BadLink) throw problem;
      this.dead = problem instanceof Error ? problem.message : String(problem);
    }
    this.machine.onSwitch(undefined);
    this.stacks[cpu] = stack;
  }

  private one(cpu: number): void {
    this.move(cpu);
    if (!this.dead) this.take(this.machine.state());
    this.made.push(cpu);
  }

  // Steps that are known, at most AT_ONCE of them, without a look between them.
  private repeat(cpus: number[]): void {
    try {
      const wrong = this.machine.replay(cpus.join(""));
      this.recent = [];
      this.take(this.machine.state());
      this.made.push(...this.state.acted);
      if (wrong) throw new BadLink(`Step ${this.made.length + 1} wants CPU ${cpus[this.state.acted.length]} to act, and it cannot act there.`);
    } catch (problem) {
      if (problem instanceof BadLink) throw problem;
      this.dead = problem instanceof Error ? problem.message : String(problem);
    }
  }

  // Makes the steps of a link.
  private async follow(pieces: Piece[]): Promise<void> {
    for (const piece of pieces) {
      if ("cpu" in piece) {
        for (let left = piece.count; left > 0 && !this.dead;) {
          const now = left > DETAILED ? Math.min(left - DETAILED, AT_ONCE) : 1;
          if (now === 1) this.one(piece.cpu);
          else this.repeat(new Array(now).fill(piece.cpu));
          left -= now;
          if (now > 1) await breath();
        }
        add(this.pieces, piece);
      } else {
        for (let part = 0, left = piece.count; left > 0; part++, left -= AT_ONCE)
          if (await this.many(seedOfPart(piece.seed, part), "", Math.min(left, AT_ONCE)) < AT_ONCE) break;
      }
    }
  }

  // Many steps at once; returns how many.
  private async many(seed: number, until: string, most: number): Promise<number> {
    const from = this.made.length;
    try {
      this.machine.run(seed, until, Math.min(most, MOST_STEPS - from));
    } catch (problem) {
      this.dead = problem instanceof Error ? problem.message : String(problem);
      return 0;
    }
    this.recent = []; // many steps lie between
    this.take(this.machine.state());
    this.made.push(...this.state.acted);
    const count = this.made.length - from;
    if (count > 0) add(this.pieces, { seed, count });
    return count;
  }

  // What follows are the reader's actions. Each ends with changed().

  step(cpu: number): void {
    if (this.over || this.full || !this.state.able.includes(cpu)) return;
    if (this.ahead.length && this.ahead[this.ahead.length - 1] === cpu) this.ahead.pop();
    else this.ahead = [];
    this.one(cpu);
    add(this.pieces, { cpu, count: 1 });
    this.changed();
  }

  async goTo(length: number): Promise<void> {
    length = Math.max(0, Math.min(length, this.made.length));
    const made = this.made, pieces = this.pieces;
    await this.fresh();
    for (let i = made.length - 1; i >= length; i--) this.ahead.push(made[i]);
    this.made = [];
    const quick = Math.max(0, length - DETAILED);
    // Where a CPU stands is known from its last step. So that one is made by itself, even if it is long ago.
    const alone = quick > 0 ? [0, 1, 2, 3].map((cpu) => made.lastIndexOf(cpu, quick - 1)) : [];
    while (this.made.length < quick && !this.dead) {
      const at = this.made.length, next = Math.min(quick, ...alone.filter((each) => each >= at));
      if (next > at) this.repeat(made.slice(at, Math.min(next, at + AT_ONCE)));
      else this.one(made[at]);
      await breath();
    }
    if (quick > 0) { // nobody knows at which step they were passed
      this.earlier = this.stations.length > 0;
      this.stations = [];
    }
    for (let i = quick; i < length && !this.dead; i++) this.one(made[i]);
    this.pieces = cut(pieces, length);
    this.changed();
  }

  back(): Promise<void> {
    return this.goTo(this.made.length - 1);
  }
  forward(): void {
    const cpu = this.ahead[this.ahead.length - 1];
    if (cpu !== undefined) this.step(cpu);
  }

  // Runs on; `stop` is asked between pieces. Seed −1: whoever acts goes on.
  async runOn(seed: number, until: Until, stop: () => boolean): Promise<void> {
    this.ahead = [];
    if (until.entry) {
      const entries = () => this.state.world.pages.map((page) => page.entry).join();
      const first = entries();
      for (let i = 0; !this.over && !this.full && entries() === first && !stop(); i++) {
        const cpu = this.state.able[0];
        this.one(cpu);
        add(this.pieces, { cpu, count: 1 });
        if (i % 500 === 499) await breath();
      }
    } else {
      const station = until.station ?? "";
      for (let part = 0; !this.over && !this.full && !stop(); part++) {
        const count = await this.many(seedOfPart(seed, part), station, AT_ONCE);
        if (count < AT_ONCE) break; // at the end, or at the station
        this.changed();
        await breath();
      }
    }
    if (!this.dead) await this.goTo(this.made.length);
    else this.changed();
  }
}

const breath = () => new Promise((resolve) => setTimeout(resolve));
