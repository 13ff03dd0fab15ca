// "Find it for me": a worker that tries schedules (search_worker.ts), and what it says on its way.
import { type Setup, settingsText } from "./address";
import { type Found, sabotages } from "./engine";
import { scripts } from "./run";

export interface Order {
  module: string;
  backEnd: string;
  settings: string;
  program: string;
  bounds: number[]; // of preemptions, one search after the other; −1: none
}
export type Report =
  | { kind: "progress"; bound: number; runs: number; longest: number; shortest: number } // steps of the shortest found, 0: none yet
  | { kind: "found"; bound: number; runs: number; all: boolean; more: number; found: Found } // whether all schedules with this bound were tried, or how many after the first
  | { kind: "nothing"; runs: number }
  | { kind: "failed"; what: string };

// Among the schedules of the fewest preemptions on which something is wrong, the shortest is looked for: as long as there are
// others, and no more than so many after the first.
export const MORE = 2000;

// Few preemptions first: what is found is short, and easy to follow.
export function boundsUpTo(most: number): number[] {
  const last = most < 0 ? 3 : most;
  const bounds = Array.from({ length: last + 1 }, (_, i) => i);
  return most < 0 ? [...bounds, -1] : bounds;
}

export class Search {
  private worker: Worker | null = null;
  private stops = 0; // a search that is stopped before its worker exists begins none
  async start(setup: Setup, most: number, told: (report: Report) => void): Promise<void> {
    this.stop();
    if (typeof Worker === "undefined") throw new Error("this browser has no workers, and a search runs in one.");
    const number = this.stops;
    const broken = setup.broken ? (await sabotages()).find((each) => each.name === setup.broken) : undefined;
    const order: Order = {
      module: broken?.module ?? setup.backEnd, backEnd: setup.backEnd, settings: settingsText(setup),
      program: setup.script || scripts.get(setup.program) || setup.program, bounds: boundsUpTo(most),
    };
    if (number !== this.stops) return;
    const worker = new Worker("search.js");
    this.worker = worker;
    worker.onmessage = (message) => {
      if (this.worker !== worker) return;
      if (message.data.kind !== "progress") this.stop();
      told(message.data);
    };
    worker.onerror = (problem) => {
      if (this.worker !== worker) return;
      this.stop();
      told({ kind: "failed", what: problem.message || "The search cannot be loaded." });
    };
    worker.postMessage(order);
  }
  stop(): void {
    this.stops++;
    this.worker?.terminate();
    this.worker = null;
  }
}
