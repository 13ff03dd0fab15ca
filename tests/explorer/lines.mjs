// A place in the WebAssembly leads to the line of source: at each step of a few programs, the innermost line of mm/ or
// kernel/ on the stack of the CPU that has just stopped says what the step says.
//
//     node lines.mjs walked|softtlb
import fs from "node:fs";
import path from "node:path";
import { BUILT, load } from "./engine.mjs";
import { SourceMap } from "../../explorer/engine/source_map.mjs";

Error.stackTraceLimit = 100;
const back_end = process.argv[2];
const root = path.join(BUILT, "../..");
const map = new SourceMap(JSON.parse(fs.readFileSync(path.join(BUILT, `${back_end}.wasm.map`), "utf8")));

// What a line looks like where a CPU stands before a step.
const LOOKS = {
  "take a lock": /\block\b|Guard|Locked/,
  "load an entry": /ptep_get|load|vmf|entry/,
};

const machine = await load(back_end);
const engine = await machine();
let stack = "";
engine.on_switch(() => (stack = new Error().stack));
engine.open("", "map a private\ncpu 0: write a 1; munmap a\ncpu 1: write a.1 2\n");

let looked = 0, wrong = 0;
for (let state = JSON.parse(engine.state()); state.verdict === "running"; state = JSON.parse(engine.state())) {
  const cpu = state.able[0];
  engine.step(cpu);
  const after = JSON.parse(engine.state());
  const next = after.world.cpus[cpu].next;
  if (after.verdict !== "running" || after.world.cpus[cpu].over || !LOOKS[next]) continue;
  const here = map.frames(stack).find(({ file }) => /^(mm|kernel)\/.*cpp$/.test(file));
  if (!here) continue;
  const line = fs.readFileSync(path.join(root, here.file), "utf8").split("\n")[here.line - 1];
  ++looked;
  if (LOOKS[next].test(line)) continue;
  ++wrong;
  console.log(`${next}: ${here.file}:${here.line}: ${line}`);
}
console.log(`${looked - wrong} of ${looked} steps lead to their line`);
process.exit(wrong === 0 && looked >= 10 ? 0 : 1);
