// What the reader can do with a run, one action after the other: an action waits for the one before it.
import { MOST_STEPS, type Piece, type Setup } from "./address";
import { type Changes, changesOf } from "./changes";
import { Run, SetupError, type Until } from "./run";

export interface Problem {
  what: string;
  line: number; // of a script; 0: it is not about one
  column: number;
}

export class Player {
  run: Run | null = null;
  problem: Problem | null = null;
  note = ""; // about the last action, if it is not in view
  busy = false;
  playing = false;
  private told = new Set<() => void>();
  private last: Promise<unknown> = Promise.resolve();
  private stopped = false;
  private cached: { run: Run; length: number; changes: Changes } | null = null;

  subscribe(listener: () => void): () => void {
    this.told.add(listener);
    return () => void this.told.delete(listener);
  }
  private tell(): void {
    for (const listener of this.told) listener();
  }

  get changes(): Changes {
    const run = this.run!;
    if (this.cached?.run !== run || this.cached.length !== run.length)
      this.cached = { run, length: run.length, changes: changesOf(run.before, run.state, run.setup.backEnd === "walked") };
    return this.cached.changes;
  }

  private enqueue(action: () => Promise<void> | void): Promise<void> {
    const next = this.last.then(async () => {
      try {
        await action();
      } catch (problem) {
        this.fail(problem);
      }
      this.tell();
    });
    this.last = next;
    return next;
  }

  private fail(problem: unknown): void {
    this.problem = problem instanceof SetupError ? { what: problem.message, line: problem.line, column: problem.column } :
      { what: problem instanceof Error ? problem.message : String(problem), line: 0, column: 0 };
  }

  // Begins another run. If it cannot be begun, the run before stays.
  load(setup: Setup, steps: Piece[] = [], after: Piece[] = []): Promise<boolean> {
    this.stop();
    return new Promise((resolve) => {
      this.enqueue(async () => {
        this.problem = null;
        this.note = "";
        try {
          const run = await Run.begin(setup, steps, after);
          run.changed = () => this.tell();
          this.run = run;
        } catch (problem) {
          this.fail(problem);
        }
        resolve(this.problem === null);
      });
    });
  }

  private many(action: (run: Run) => Promise<void> | void): Promise<void> {
    this.stop();
    return this.enqueue(async () => {
      if (!this.run) return;
      this.note = "";
      this.stopped = false;
      this.busy = true;
      try {
        await action(this.run);
      } finally {
        this.busy = false;
      }
      if (this.run.full && !this.run.over)
        this.note = `${MOST_STEPS.toLocaleString("en-US")} steps are made, and no end is in sight. The page makes no more than that.`;
    });
  }

  step(cpu: number): Promise<void> {
    return this.many((run) => run.step(cpu));
  }
  back(): Promise<void> {
    return this.many((run) => (run.length > 0 ? run.back() : undefined));
  }
  forward(): Promise<void> {
    return this.many((run) => run.forward());
  }
  restart(): Promise<void> {
    return this.many((run) => run.goTo(0));
  }
  goTo(length: number): Promise<void> {
    return this.many((run) => run.goTo(length));
  }
  toEnd(): Promise<void> {
    return this.many((run) => run.runOn(-1, {}, () => this.stopped));
  }
  atRandom(seed: number): Promise<void> {
    return this.many((run) => run.runOn(seed, {}, () => this.stopped));
  }
  until(until: Until): Promise<void> {
    return this.many(async (run) => {
      await run.runOn(-1, until, () => this.stopped);
      const passed = run.stations.some((each) => each.step === run.state.step && each.name === until.station);
      if (run.over && until.station && !passed) this.note = `The run is over, and ${until.station} was not passed.`;
      if (run.over && until.entry) this.note = "The run is over.";
    });
  }
  stop(): void {
    this.stopped = true;
    this.playing = false;
  }

  // Makes the steps that lie ahead, slowly enough to be followed.
  async play(): Promise<void> {
    if (this.playing) {
      this.playing = false;
      return this.tell();
    }
    await this.last;
    const run = this.run;
    if (!run?.ahead.length) return;
    this.playing = true;
    this.tell();
    const pause = Math.min(600, Math.max(40, 12_000 / run.ahead.length));
    while (this.playing && this.run === run && run.ahead.length) {
      await this.enqueue(() => run.forward());
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
    this.playing = false;
    this.tell();
  }
}
