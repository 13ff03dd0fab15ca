// The native and the WebAssembly build pass the same stations.
//
//     node stations.mjs walked|softtlb OUTPUT    OUTPUT: what the native program `stations` printed
import fs from "node:fs";
import { load } from "./engine.mjs";

const PIECE = 500, MOST_PIECES = 40; // as in stations.cpp

function fnv(text) {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; ++i) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193) >>> 0;
  return hash.toString(16).padStart(8, "0");
}

const [back_end, native] = process.argv.slice(2);
const machine = await load(back_end);
const scripts = new Map(JSON.parse((await machine()).scenarios()).map((each) => [each.name, each.script]));

let runs = 0, different = 0;
for (const line of fs.readFileSync(native, "utf8").split("\n").filter(Boolean)) {
  const [settings, name, seed] = line.split("\t");
  const engine = await machine();
  engine.open(settings, scripts.get(name) ?? name);
  if (engine.error() !== "null") throw new Error(`${line}: ${engine.error()}`);
  let sequence = "";
  const look = () => {
    const state = JSON.parse(engine.state());
    for (const { cpu, name } of state.stations) sequence += `{"cpu":${cpu},"name":"${name}"\n`;
    return state;
  };
  let state = look();
  for (let piece = 0; piece < MOST_PIECES && state.verdict === "running"; ++piece) {
    engine.run(seed < 0 ? -1 : Number(seed) + piece, "", PIECE);
    state = look();
  }
  const here = [settings, name, seed, state.verdict, fnv(sequence)].join("\t");
  ++runs;
  if (here === line) continue;
  ++different;
  console.log(`native: ${line}\nwasm:   ${here}`);
}
console.log(`${runs - different} of ${runs} runs pass the same stations`);
process.exit(different === 0 && runs > 0 ? 0 : 1);
