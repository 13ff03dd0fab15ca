// The line of source at which a CPU stands: from the stack of its last switch, the source map beside the module, and the sources
// beside both. All of it is fetched when it is first asked for.
import { SourceMap } from "../engine/source_map.mjs";
import { sabotages } from "./engine";

(Error as unknown as { stackTraceLimit: number }).stackTraceLimit = 100;

export interface Place {
  file: string;
  line: number;
}

const maps = new Map<string, Promise<SourceMap>>();
const files = new Map<string, Promise<string[]>>();

// Asks for a thing once. What failed is asked for again.
function once<Value>(all: Map<string, Promise<Value>>, key: string, ask: () => Promise<Value>): Promise<Value> {
  let asked = all.get(key);
  if (!asked) {
    asked = ask();
    asked.catch(() => all.delete(key));
    all.set(key, asked);
  }
  return asked;
}

async function fetched(url: string): Promise<Response> {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${url} is missing (status ${answer.status}).`);
  return answer;
}

const MACHINERY = /^(arch\/model|interleave|base|explorer)\//;

// The kernel's lines on a stack, innermost first. What runs the kernel is left out.
export async function placesOf(module: string, stack: string): Promise<Place[]> {
  const map = await once(maps, module, async () => new SourceMap(await (await fetched(`engine/${module}.wasm.map`)).json()));
  return map.frames(stack).filter((place) => /^(mm|kernel|arch)\//.test(place.file) && !MACHINERY.test(place.file));
}

// Which of these places a reader looks for. The innermost are often in a header that wraps the access, as Guard wraps a lock: then
// it is the line that uses it. The headers of the path itself are not such.
const ON_THE_PATH = /^mm\/(memory|cow)\.hpp$|^arch\/(walked|softtlb)\//;
export function depthOfStep(places: Place[]): number {
  return Math.max(0, places.findIndex(({ file }) => file.endsWith(".cpp") || ON_THE_PATH.test(file)));
}

// The lines of a file as a module was built from them: where a line is broken, that file is another one.
export async function linesOf(module: string, file: string): Promise<string[]> {
  const changed = module.startsWith("sabotage_") && (await sabotages()).some((each) => each.module === module && each.file === file);
  const name = changed ? `${module}/${file}` : file;
  return once(files, name, async () => (await (await fetched(`sources/${name}`)).text()).split("\n"));
}
