// The search itself, beside the page: one machine for each bound of preemptions.
import { type BackEnd, load } from "./engine";
import { MORE, type Order, type Report } from "./search";

declare function importScripts(url: string): void;

const AT_A_TIME = 25; // schedules between two reports
const tell = (report: Report) => postMessage(report);

onmessage = async (message: MessageEvent<Order>) => {
  const { module, backEnd, settings, program, bounds } = message.data;
  let all = 0, best: Report | null = null;
  try {
    const make = await load(module, backEnd as BackEnd, async (url) => importScripts(url));
    for (const bound of bounds) {
      const machine = await make();
      let first = 0; // so many schedules were tried when one was found
      for (;;) {
        const wrong = machine.explore(settings, program, bound, AT_A_TIME);
        if (wrong) return tell({ kind: "failed", what: wrong.what });
        const { runs, longest, over, all: tried, found } = machine.found();
        if (found) {
          first ||= runs;
          best = { kind: "found", bound, runs: all + runs, all: tried, more: runs - first, found };
          if (over || runs >= first + MORE) return tell(best);
        }
        tell({ kind: "progress", bound, runs: all + runs, longest, shortest: found?.choices.length ?? 0 });
        if (over) {
          all += runs;
          break;
        }
      }
    }
    tell({ kind: "nothing", runs: all });
  } catch (problem) {
    tell(best ?? { kind: "failed", what: problem instanceof Error ? problem.message : String(problem) });
  }
};
