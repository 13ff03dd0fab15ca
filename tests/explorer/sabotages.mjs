// Each sabotage that the explorer offers is found by a search in its module within a minute, and the shortest schedule of the first
// thousands happens again step by step. The module without the sabotage goes the same way as far as it can, and nothing is wrong there.
//
//     node sabotages.mjs [WORD]    WORD: only those whose name contains it
import fs from "node:fs";
import path from "node:path";
import { BUILT, load } from "./engine.mjs";

const word = process.argv[2] ?? "";
const AT_A_TIME = 200, MORE = 2000, MOST_SECONDS = 60;
let failed = 0, tried = 0;
for (const sabotage of JSON.parse(fs.readFileSync(path.join(BUILT, "sabotages.json"), "utf8"))) {
  if (!sabotage.name.includes(word)) continue;
  ++tried;
  const machine = await load(sabotage.module);
  const search = await machine();
  const preset = JSON.parse(search.presets()).find((each) => each.name === sabotage.program);
  const start = performance.now();
  const seconds = () => (performance.now() - start) / 1000;
  let answer;
  const goOn = () => {
    search.explore("", sabotage.program, preset.preemptions, AT_A_TIME);
    answer = JSON.parse(search.found());
  };
  do goOn();
  while (!answer.found && !answer.over && seconds() < MOST_SECONDS);
  const { runs } = answer;
  while (answer.found && !answer.over && answer.runs < runs + MORE) goOn();
  const took = seconds().toFixed(1);
  const complain = (what) => {
    ++failed;
    console.log(`${sabotage.name}: ${what}`);
  };
  if (!answer.found) {
    complain(`not found in ${answer.runs} schedules and ${took} s`);
    continue;
  }
  const again = await machine();
  again.open("", sabotage.program);
  again.replay(answer.found.choices);
  again.run(-1, "", 100000);
  const state = JSON.parse(again.state());
  if (state.verdict !== answer.found.verdict || state.text !== answer.found.what)
    complain(`found "${answer.found.what}", but the same steps lead to ${state.verdict} "${state.text}"`);
  const right = await (await load(sabotage.back_end))();
  right.open("", sabotage.program);
  right.replay(answer.found.choices);
  right.run(-1, "", 100000);
  const without = JSON.parse(right.state());
  if (without.verdict !== "ended") complain(`without it the same steps lead to ${without.verdict} "${without.text}"`);
  console.log(`${sabotage.name}: ${answer.runs} schedules, ${took} s: ${answer.found.what}`);
}
console.log(`${tried - failed} of ${tried} sabotages found`);
process.exit(failed === 0 && tried > 0 ? 0 : 1);
