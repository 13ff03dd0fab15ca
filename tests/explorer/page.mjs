// The page of the explorer, in a browser.
//
//     node page.mjs [--all] [WORD]    --all: also what takes long; WORD: only tests whose name contains it
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import zlib from "node:zlib";
import { Browser, hasSabotages, SITE } from "./browser.mjs";
import { load } from "./engine.mjs";

const every = process.argv.includes("--all");
const word = process.argv.slice(2).find((each) => !each.startsWith("--")) ?? "";
const STALE_LINK = "#/?script=map+a+shared%0Abefore+1%3A+read+a%0Acpu+0%3A+write+a.2+7%0Acpu+1%3A+lock_pi+a&fault_in=gup_dirty";
const BROKEN_LINK = "#/?program=broken.unmap&tlb=broken";

const tests = [], long = [];
const test = (name, run, options) => tests.push([name, run, options]); // options: of the window
const longTest = (name, run, options) => long.push([name, run, options]);

test("the original report turns with gup and is named clean, and ends with fixup", async (window) => {
  await window.open("#/?program=original-report&fault_in=gup");
  const hang = await window.toEnd();
  assert.match(hang, /turns and cannot end: clean/);
  assert.match(hang, /FUTEX_LOCK_PI/);
  await window.press("e");
  await window.choose("fault_in=", "fixup");
  await window.at(0);
  assert.match(await window.toEnd(false), /All CPUs have finished/);
});

test("a link leads to the same step; the browser's back leads to the choice before", async (window, browser) => {
  await window.open("#/?program=original-report&fault_in=gup");
  for (const cpu of [1, 1, 0, 1]) await window.step(cpu);
  const link = await window.link(), view = await window.view();
  assert.match(link, /steps=1\*2\.0\.1/);
  const other = await browser.window();
  await other.open(link);
  await other.at(4);
  assert.equal(await other.view(), view);
  await other.page.reload();
  await other.at(4);
  assert.equal(await other.view(), view);
  await other.press("e");
  await other.choose("tlb=", "eager");
  await other.at(0);
  assert.match(await other.link(), /tlb=eager/);
  await other.page.goBack();
  await other.at(4);
  assert.equal(await other.view(), view);
  await other.close();
});

test("back and forward", async (window) => {
  await window.open(STALE_LINK);
  const views = [await window.view()];
  for (const cpu of [0, 1, 0]) {
    await window.step(cpu);
    views.push(await window.view());
  }
  for (const step of [2, 1, 0]) {
    await window.press("ArrowLeft");
    await window.at(step);
    assert.equal(await window.view(), views[step]);
  }
  for (const step of [1, 2, 3]) {
    await window.press("ArrowRight");
    await window.at(step);
    assert.equal(await window.view(), views[step]);
  }
});

async function guess(window, text) {
  await window.page.locator(".predict label", { hasText: text }).first().click();
  await window.page.getByText("this is my guess").click();
  await window.page.locator(".asked").waitFor();
}

// Makes these steps, each a CPU, and then runs to the end.
async function play(window, steps) {
  for (const cpu of steps) await window.step(Number(cpu));
  await window.toEnd();
}

test("the stale story, step by step", async (window) => {
  await window.open("#/story/stale");
  await window.press("0");
  assert.equal(await window.steps(), 0, "a prediction comes first");
  await guess(window, "Nothing any more.");
  while (!(await window.page.locator(".cpu").first().innerText()).includes("has finished")) await window.step(0);
  const tlb = window.page.locator(".memory td.tlb");
  assert.match(await tlb.nth(1).innerText(), /read-only[^]*stale/);
  assert.match(await tlb.nth(0).innerText(), /read-write/);
  await window.page.locator(".outcome.wrong").waitFor();
  await window.page.getByText("go on →").click();
  await window.page.getByText("part 2 of 3").waitFor();
  await guess(window, "CPU 1 turns");
  while (!(await window.page.locator(".cpu").first().innerText()).includes("has finished")) await window.step(0);
  assert.match(await window.toEnd(), /turns and cannot end: stale/);
  await window.page.locator(".outcome.right").waitFor();
  await window.page.getByText("go on →").click();
  await window.page.getByText("part 3 of 3").waitFor();
  await guess(window, "the TLB was behind");
  while (!(await window.page.locator(".cpu").first().innerText()).includes("has finished")) await window.step(0);
  assert.match(await window.toEnd(), /All CPUs have finished/);
  await window.page.locator(".outcome.right").waitFor();
});

// [story, part, what to guess, steps]; then the run goes to its end.
const OTHER_ORDERS = [
  ["reclaim", 1, "cannot be taken away", ""], ["reclaim", 1, "Its access fails", "1"], ["stale", 1, "The new one", "1".repeat(40)],
  ["stale", 2, "CPU 1 turns", "1".repeat(40)], ["stale", 3, "a bit is set", "1".repeat(20)], ["shootdown", 1, "It writes", "11"],
  ["shootdown", 2, "which is free by then", "11"], ["lost-wake-up", 1, "All CPUs finish", ""], ["lost-wake-up", 2, "sleeps for ever", ""],
  ["copy-on-write", 1, "It gets a copy, too", "01"], ["copy-on-write", 2, "Its own value", ""], ["dirty-lost", 1, "Both", ""],
  ["dirty-lost", 2, "Both", ""],
];
const BREAKS_A_LINE = ["lost-wake-up 2", "dirty-lost 2"]; // for which there must be modules
test("a story calls no guess right or wrong in an order that it did not ask about", async (window) => {
  for (const [route, part, text, steps] of OTHER_ORDERS) {
    await window.open(`#/story/${route}${part > 1 ? `?part=${part}` : ""}`);
    if (BREAKS_A_LINE.includes(`${route} ${part}`) && !hasSabotages()) {
      assert.match(await window.page.locator(".badlink").innerText(), /not built yet/);
      continue;
    }
    await guess(window, text);
    for (const cpu of steps) if (await window.page.locator(`.act[data-cpu="${cpu}"][aria-disabled="false"]`).count()) await window.step(cpu);
    await window.toEnd();
    await window.page.locator(".notyet", { hasText: "Not this order" }).waitFor();
    assert.equal(await window.page.locator(".outcome").count(), 0, `${route}, part ${part}: ${text}`);
  }
});

test("after another order a story judges by the one that it asked about, and one may guess again", async (window) => {
  await window.open("#/story/stale?part=2");
  await guess(window, "CPU 1 turns");
  for (let i = 0; i < 40 && await window.page.locator('.act[data-cpu="1"][aria-disabled="false"]').count(); ++i) await window.step(1);
  await window.toEnd();
  await window.page.locator(".notyet").waitFor();
  await window.press("Home");
  await window.at(0);
  await window.page.locator(".notyet").waitFor({ state: "detached" });
  await play(window, "0".repeat(10));
  await window.page.locator(".outcome.right").waitFor();
  await window.page.getByText("guess again").click();
  await window.at(0);
  await window.press("0", "End");
  assert.equal(await window.steps(), 0, "a prediction comes first");
  await guess(window, "All CPUs finish");
  await play(window, "0".repeat(10));
  await window.page.locator(".outcome.wrong").waitFor();
});

test("a link with steps does not go around a story's question", async (window) => {
  for (const words of ["after=0*5", "steps=0*5", "steps=0*5&after=0*2"]) {
    await window.open(`#/story/stale?${words}`);
    await window.at(0);
    await window.press("ArrowRight", "p");
    await window.page.locator(".controls").getByText("forward").click({ force: true });
    await window.page.waitForTimeout(300);
    assert.equal(await window.steps(), 0, words);
    await guess(window, "The old translation");
    await window.press("ArrowRight");
    await window.at(1);
  }
});

test("every option of a story can be chosen with the keyboard, and none is taken before it is confirmed", async (window) => {
  await window.open("#/story/reclaim");
  await window.page.locator(".predict input").first().focus();
  await window.press("Space", "ArrowDown", "ArrowDown");
  assert.equal(await window.page.locator(".predict").count(), 1);
  await window.press("Enter");
  assert.match(await window.page.locator(".asked").innerText(), /EFAULT/);
  await window.open("#/story/old");
  await guess(window, "No: it turns");
  await window.toEnd();
  await window.page.getByText("go on →").focus();
  await window.press("Enter");
  await window.page.getByText("part 2 of 2").waitFor();
  await window.page.waitForFunction(() => document.activeElement?.matches(".story h2"));
});

test("tlb=broken is caught", async (window) => {
  await window.open(BROKEN_LINK);
  assert.match(await window.toEnd(), /An invariant is broken/);
  await window.open("#/?program=broken.unmap");
  assert.match(await window.toEnd(), /All CPUs have finished/);
});

async function find(window) {
  await window.press("f");
  await window.page.locator(".result", { hasText: "Found:" }).waitFor();
  await window.page.locator(".stage.over").waitFor(); // what was found has been played
  return window.sentence();
}

test("find it for me finds a hang, and the link replays it", async (window, browser) => {
  await window.open("#/?program=original-report&fault_in=gup");
  assert.match(await find(window), /turns and cannot end/);
  const other = await browser.window();
  await other.open(await window.link());
  assert.equal(await other.sentence(), await window.sentence());
  await other.close();
});

// On a slow computer the key's click comes before the first frame of the panel that it opens.
const clickFirst = () => {
  const later = window.setTimeout;
  window.setTimeout = (callback, ms, ...others) => later(callback, ms === 50 ? 0 : ms, ...others);
};
test("a search that begins before the panel's first frame goes on", async (window) => {
  await window.open("#/?program=original-report&fault_in=gup");
  assert.match(await find(window), /turns and cannot end/);
}, { before: clickFirst });

test("find it for me finds a race, and the link replays it", async (window, browser) => {
  await window.open("#/?script=map+a+private%0Abefore%3A+write+a+0%0Acpu+0%3A+read+a%3B+write+a+1%0Acpu+1%3A+write+a+2%0Aafter%3A+expect+a+1");
  assert.match(await find(window), /An invariant is broken/);
  const other = await browser.window();
  await other.open(await window.link());
  assert.equal(await other.sentence(), await window.sentence());
  await other.close();
});

test("of what goes wrong the search shows the shortest", async (window) => {
  const script = "map a shared\nmap b private\nbefore: read a\ncpu 0: write b 1; read b\ncpu 1: wake_op a"; // CPU 0 only makes it longer
  await window.open(`#/?script=${encodeURIComponent(script)}&fault_in=gup`);
  assert.match(await find(window), /turns and cannot end/);
  const said = await window.page.locator(".result").innerText();
  const [, steps, interruptions] = /This one has (\d+) steps and (no|\d+) interruption/.exec(said);
  assert.match(said, /there is no shorter one with so few/);
  assert.equal(await window.steps(), Number(steps));
  const engine = await (await load("walked"))();
  do engine.explore("fault_in=gup", script, Number(interruptions) || 0, 1);
  while (!JSON.parse(engine.found()).found);
  assert.ok(Number(steps) < JSON.parse(engine.found()).found.choices.length, "the first is longer");
});

test("with the keyboard only", async (window) => {
  await window.open("#/story/clean");
  for (let i = 0; i < 30 && !(await window.page.evaluate(() => document.activeElement?.matches(".predict input"))); ++i) await window.press("Tab");
  await window.press("Space", "Enter");
  await window.page.locator(".do").waitFor();
  for (let i = 0; i < 60 && !(await window.page.locator(".outcome").count()); ++i) await window.step(1);
  await window.page.locator(".outcome").waitFor();
  await window.page.getByLabel("until what").focus();
  const before = await window.steps();
  await window.press("1");
  await window.at(before + 1); // a digit is a step, whichever list has the focus
  await window.page.evaluate(() => document.activeElement.blur());
  await window.press("?");
  assert.match(await window.page.locator("dialog").innerText(), /this CPU makes its step/);
  await window.press("Escape");
  await window.page.locator("dialog").waitFor({ state: "detached" });
  await window.press("Home");
  await window.at(0);
});

test("400 pixels wide", async (window) => {
  for (const hash of ["#/?program=original-report&steps=1*12", "#/story/stale", "#/?program=stale.two-processes&steps=1*5", "#/?program=nonsense"]) {
    await window.open(hash);
    const [wide, room] = await window.page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
    assert.ok(wide <= room, `${hash}: ${wide} pixels in ${room}`);
  }
  await window.open("#/?program=original-report");
  await window.press("e");
  await window.page.locator(".panels").waitFor();
  assert.ok(await window.page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), "with the panels open");
}, { width: 400, height: 800 });

test("nothing is cut off, however wide the window and however many CPUs", async (window) => {
  for (const program of ["copy-on-write break against read", "stale.two-processes", "pi turns round", "write back against two writes"]) {
    await window.open(`#/?program=${encodeURIComponent(program)}`);
    await window.toEnd();
    for (const width of [1300, 1160, 900, 660, 400]) {
      await window.page.setViewportSize({ width, height: 900 });
      const cut = await window.page.evaluate(() => [...document.querySelectorAll(".board table, .frame, .stations, .source")]
        .filter((each) => each.getBoundingClientRect().right > each.closest(".board > *").getBoundingClientRect().right + 1).map((each) => each.className));
      assert.deepEqual(cut, [], `${program}, ${width} pixels`);
    }
  }
});

test("a step says what it does: the lock that it takes, and whether an access faults", async (window) => {
  await window.open("#/?program=original-report&steps=1");
  const next = window.page.locator('.act[data-cpu="1"]');
  assert.match(await next.innerText(), /load from user memory/);
  await window.step(1);
  assert.match(await window.sentence(), /The read of m faults: the machine has no page there/);
  assert.match(await next.innerText(), /take mmap_lock for reading/);
  await window.step(1);
  assert.match(await window.sentence(), /take mmap_lock for reading\. .*CPU 1 holds mmap_lock/);
});

test("a lock that is held, given up at once, or one of several with its name", async (window) => {
  await window.open("#/?program=write+fault+against+read+fault&steps=1*5.0.1.0*2.1.0.1.0");
  assert.match(await window.page.locator('.act[data-cpu="0"]').innerText(), /waits: for pte_lock, which CPU 1 holds/);
  assert.match(await window.sentence(), /take pte_lock\. It has to wait: CPU 1 holds it/);
  await window.open("#/?program=two+first+writes&steps=1*4");
  assert.match(await window.sentence(), /take PerCpuPages\. It gives it up in the same step/);
  await window.open("#/?program=fork+against+write&steps=1*4.0*24");
  const next = window.page.locator('.act[data-cpu="0"]');
  assert.match(await next.innerText(), /take another pte_lock/);
  await window.step(0);
  assert.match(await window.sentence(), /CPU 0 holds another pte_lock/);
  assert.equal(await window.page.locator(".lock.changed").count(), 1);
});

test("a TLB that leads to another frame is told apart from one that permits more", async (window) => {
  await window.open("#/?program=copy-on-write+break+against+read&tlb=broken&steps=1*3.0*15");
  assert.match(await window.page.locator(".memory").innerText(), /leads to frame 0x/);
  assert.doesNotMatch(await window.page.locator(".memory").innerText(), /permits more/);
  assert.match(await window.toEnd(), /still leads \S+ to another frame than the entry/);
});

test("a program of one's own, and what is wrong in one", async (window) => {
  await window.open();
  await window.press("e");
  await window.page.getByText("your own, or this one changed").click();
  const field = (name) => window.page.locator(".fields label", { hasText: name }).locator("textarea");
  await field("memory").fill("a shared");
  await field("before the run").fill("");
  await field("afterwards").fill("");
  await field("CPU 0").fill("write a 1\nwriet a 2");
  await field("CPU 1").fill("read a");
  await window.page.getByText("run this program").click();
  assert.match(await window.page.locator(".fields .bad").innerText(), /line 2, column 1: There is no such verb/);
  await field("CPU 0").fill("write a 1\nwrite a 2");
  await window.page.getByText("run this program").click();
  await window.page.locator(".verbs", { hasText: "write a 2" }).waitFor();
  assert.equal(await window.page.locator(".fields .bad").count(), 0);
  assert.match(await window.toEnd(false), /All CPUs have finished/);
});

test("bad links are told in a sentence, with a way back", async (window) => {
  const links = {
    "#/?program=nonsense": /no program/, "#/?program=original-report&fault_in=magic": /no such choice/, "#/?program=original-report&steps=7": /cannot be read/,
    "#/?program=original-report&steps=3": /cannot act/, "#/story/nothing": /no story/, "#/story/clean?part=9": /part/, "#/what/is/this": /no place/,
    "#/?script=cpu+0%3A+read+a": /mapping/, "#/?program=original-report&back_end=x86": /back end/, "#/?fault_in=gup": /no program/,
    "#/?program=original-report&toString=1": /no such choice/, "#/?program=original-report&__proto__=1": /no such choice/,
    [`#/?script=${"a".repeat(9000)}`]: /at most 8192 characters/, "#/?program=original-report&steps=e*150000&after=e*150000": /more than 200000/,
    "#/story/report?program=unmap+against+write": /another program/,
    "#/?program=original-report&ad_bits=hardware": /./,
  };
  for (const [link, said] of Object.entries(links)) {
    await window.open(link);
    if (link.includes("ad_bits")) continue; // the engine decides; the page must stand
    assert.match(await window.page.locator(".badlink").innerText(), said, link);
    await window.page.getByText("Begin with the report of 2011").click();
    await window.at(0);
  }
});

// Counts how often the page asks a machine for its state: after each step, and after many that it makes at once.
function countLooks() {
  const instantiate = WebAssembly.instantiate;
  globalThis.looks = 0;
  WebAssembly.instantiate = async (...what) => {
    const { exports } = await instantiate(...what);
    return { exports: { ...exports, engine_state: () => (++globalThis.looks, exports.engine_state()) } };
  };
}

test("back and to the start in a long run does not step through all of it", async (window) => {
  await window.open("#/?program=original-report&fault_in=gup&livelock_rounds=999999999&steps=e*120000");
  await window.at(120_000);
  await window.page.locator(".stations", { hasText: "Others were passed before" }).waitFor();
  const before = await window.page.evaluate(() => globalThis.looks);
  await window.press("ArrowLeft");
  await window.at(119_999);
  await window.press("Home");
  await window.at(0);
  assert.match(await window.page.locator(".steps").innerText(), /of 120000/);
  const looks = await window.page.evaluate(() => globalThis.looks) - before;
  assert.ok(looks > 0 && looks < 1000, `${looks} looks`);
}, { before: countLooks });

// From the second machine on, the browser has no room for one.
const noSecondInstance = () => {
  const make = WebAssembly.instantiate;
  let made = 0;
  WebAssembly.instantiate = (...what) => (++made > 2 ? Promise.reject(new RangeError("Out of memory")) : make(...what));
};
test("a machine that cannot be made is told in a sentence, and the run stays", async (window) => {
  await window.open("#/?program=original-report&fault_in=gup");
  await window.step(0);
  await window.press("Home");
  await window.page.locator(".note", { hasText: "Out of memory" }).waitFor();
  await window.at(1);
}, { before: noSecondInstance });

test("Escape stops a search and closes the menu of stories", async (window) => {
  await window.open("#/?program=storm");
  await window.press("f");
  await window.page.locator(".result", { hasText: "tried" }).waitFor();
  await window.press("Escape");
  await window.page.locator(".result", { hasText: "You stopped the search." }).waitFor();
  const menu = window.page.locator("details.menu");
  await menu.locator("summary").click();
  await window.press("Escape");
  assert.equal(await menu.getAttribute("open"), null);
  await menu.locator("summary").click();
  await menu.locator("a").first().click();
  await window.page.locator(".predict").waitFor();
  assert.equal(await menu.getAttribute("open"), null);
});

test("a browser without WebAssembly is told so", async (window) => {
  await window.open();
  assert.match(await window.page.locator(".loading").innerText(), /no WebAssembly/);
}, { before: () => delete globalThis.WebAssembly });

test("what a step changed is told to a screen reader, and marked", async (window) => {
  await window.open(STALE_LINK);
  for (let i = 0; i < 40 && !(await window.page.locator(".memory .entry.changed").count()); ++i) await window.step(0);
  assert.match(await window.page.locator("[aria-live]").first().innerText(), /clean becomes dirty/);
  assert.match(await window.page.locator(".memory .entry.changed").innerText(), /was clean/);
});

test("softtlb tells of no descriptor: there is none that follows an entry", async (window) => {
  await window.open("#/?program=unmap+against+write&back_end=softtlb");
  for (const cpu of [0, 1, 0, 1, 0, 1, 1]) {
    await window.step(cpu);
    assert.doesNotMatch(await window.sentence(), /The descriptor of/);
  }
});

test("a task is called asleep when it sleeps, and not from when it says that it will", async (window) => {
  await window.open("#/?program=wait+against+wake");
  const card = window.page.locator(".whose").first();
  while (!/ asleep/.test(await card.innerText().then((text) => text.replace("about to sleep", "")))) {
    assert.doesNotMatch(await window.sentence(), /asleep/);
    await window.step(0);
  }
  assert.match(await window.sentence(), /The task of CPU 0 is asleep now/);
  assert.equal(await window.page.locator('.act[data-cpu="0"][aria-disabled="false"]').count(), 0);
});

// What stands in the line at which a CPU is before such a step.
const LINES = {
  "take mmap_lock for reading": /MmapReadGuard/, "take page_table_lock": /page_table_lock/, "store a descriptor": /store_descriptor/,
  "store an entry": /slot->store/, "set flags of an entry": /fetch_set/, "take pte_lock": /pte_lockptr/,
  "invalidate in the own TLB": /tlb_invalidate_mva/, "store to user memory": /futex_cmpxchg_value_locked/,
};
test("the source is shown, and the line of each step marked", async (window) => {
  await window.open("#/?program=original-report&fault_in=fixup&steps=0.1");
  const line = window.page.locator(".source .here"), found = new Set();
  for (let i = 0; i < 32; ++i) {
    await window.step(1);
    const next = await window.page.locator('.act[data-cpu="1"]').innerText();
    for (const [step, text] of Object.entries(LINES)) {
      if (!next.includes(step)) continue;
      await line.filter({ hasText: text }).waitFor();
      found.add(step);
    }
  }
  assert.deepEqual([...found].sort(), Object.keys(LINES).sort());
  await window.page.locator(".source .where", { hasText: /^mm\/gup.cpp/ }).waitFor();
  const [file, number] = (await window.page.locator(".source .where").innerText()).split(":");
  const text = fs.readFileSync(path.join(SITE, "sources", file), "utf8").split("\n")[Number(number) - 1];
  assert.equal((await line.innerText()).replace(/^\d+/, "").trim(), text.trim());
});

test("random and until; the address of a long run stays short", async (window, browser) => {
  await window.open("#/?program=original-report");
  await window.page.locator(".controls input").fill("7");
  await window.press("Tab");
  await window.page.getByText("at random").click();
  await window.page.locator(".stage.over").waitFor();
  const link = await window.link(), view = await window.view();
  assert.match(link, /steps=r7\*\d+$/);
  const other = await browser.window();
  await other.open(link);
  assert.equal(await other.view(), view);
  await other.close();
  await window.press("Home");
  await window.at(0);
  await window.page.getByLabel("until what").selectOption("handle_mm_fault");
  await window.page.getByText("run until", { exact: true }).click();
  await window.page.locator(".stations .changed", { hasText: "handle_mm_fault" }).waitFor();
});

test("at most 400 KB, compressed, from here only", async (window) => {
  await window.open();
  await window.at(0);
  const own = window.asked.filter((url) => url.startsWith(window.address));
  assert.deepEqual(window.asked.filter((url) => !url.startsWith(window.address) && !url.startsWith("data:") && url !== "about:blank"), []);
  const files = own.map((url) => new URL(url).pathname).map((name) => (name === "/" ? "/index.html" : name));
  const bytes = files.reduce((sum, name) => sum + zlib.gzipSync(fs.readFileSync(path.join(SITE, name))).length, 0);
  console.log(`    ${Math.round(bytes / 1024)} KB in ${files.length} files`);
  assert.ok(bytes <= 400 * 1024, `${bytes} bytes`);
});

longTest("loads in under a second, and draws a step in under 50 ms", async (window) => {
  const loads = [];
  for (let i = 0; i < 5; ++i) {
    await window.open();
    await window.at(0);
    loads.push(await window.page.evaluate(() => performance.now()));
  }
  const steps = await window.page.evaluate(async () => {
    const took = [];
    for (let i = 0; i < 40; ++i) {
      const start = performance.now();
      document.body.dispatchEvent(new KeyboardEvent("keydown", { key: "1", bubbles: true }));
      const wanted = i + 1;
      while (Number(document.querySelector(".steps b").textContent) !== wanted) await new Promise((resolve) => setTimeout(resolve));
      document.body.getBoundingClientRect(); // the layout belongs to it
      took.push(performance.now() - start);
    }
    return took.sort((a, b) => a - b);
  });
  console.log(`    loaded in ${Math.round(Math.min(...loads))} ms, a step in ${steps[20].toFixed(1)} ms`);
  assert.ok(Math.min(...loads) < 1000);
  assert.ok(steps[20] < 50);
});

// Keeps, of each machine that the page makes, a reference that does not keep it alive.
function watchMachines() {
  const instantiate = WebAssembly.instantiate;
  globalThis.memories = [];
  WebAssembly.instantiate = async (...what) => {
    const made = await instantiate(...what);
    const memory = Object.values(made.exports).find((each) => each instanceof WebAssembly.Memory);
    globalThis.memories.push(new WeakRef(memory));
    return made;
  };
}

// The bytes of each machine that the page still has.
async function machinesAlive(window) {
  const devtools = await window.page.context().newCDPSession(window.page);
  await devtools.send("HeapProfiler.collectGarbage");
  return window.page.evaluate(() => globalThis.memories.map((each) => each.deref()?.buffer.byteLength).filter(Boolean));
}

longTest("an endless loop stops at a bound, in bounded memory", async (window) => {
  const endless = "#/?program=original-report&fault_in=gup&livelock_rounds=900000000";
  await window.open(`${endless}&steps=e*20000`);
  await window.at(20000);
  const most = Math.max(...await machinesAlive(window));
  await window.open(endless);
  await window.press("End");
  await window.page.getByText("no end is in sight").waitFor();
  const heap = await window.page.evaluate(() => performance.memory.usedJSHeapSize), machines = await machinesAlive(window);
  console.log(`    ${await window.steps()} steps, ${Math.round(heap / 1e6)} MB of objects, machines of ${machines.map((bytes) => (bytes / 1e6).toFixed(1)).join(" and ")} MB`);
  assert.ok(heap < 300e6);
  assert.ok(Math.max(...machines) <= most, `a machine grew to ${Math.max(...machines)} bytes; after 20,000 steps it had ${most}`);
  assert.ok(machines.reduce((sum, bytes) => sum + bytes, 0) < 150e6, `${machines.length} machines`);
  assert.ok((await window.link()).length < 200);
  await window.press("ArrowLeft");
  await window.at(199999);
}, { before: watchMachines });

longTest("going back many times", async (window) => {
  await window.open("#/?program=original-report&fault_in=gup&steps=e*140");
  await window.at(140);
  for (let step = 139; step >= 0; --step) {
    await window.press("ArrowLeft");
    await window.at(step);
  }
});

// What each part asks the reader to do, with CPU*COUNT as in a link; then the run goes to its end. And the option that comes true.
const STORIES = {
  clean: [["1*16", "clean"], ["", "turns"], ["", "ends"]], old: [["", "ends"], ["", "turns"]],
  stale: [["0*10", "behind"], ["0*10", "turns"], ["0*10", "spurious"]], "copy-on-write": [["0*18", "reused"], ["0*5.1*5", "ends"]],
  shootdown: [["0*22", "refused"], ["", "free"]], "dirty-lost": [["0*2.1*2", "both"], ["0*3.1*3", "one"]],
  "lost-wake-up": [["0*7.1*8", "ends"], ["0*2.1*11", "stuck"]], "pi-hand-over": [["1*23", "owner"], ["", "zero"]],
  reclaim: [["0*10.1*46", "again"]], report: [["", "none"], ["", "ends"], ["", "ends"], ["", "ends"], ["", "ends"]],
};
longTest("each story comes to an answer in each of its parts, and judges each option by it", async (window) => {
  for (const [route, parts] of Object.entries(STORIES)) {
    await window.open(`#/story/${route}`);
    for (const [i, [asked, comes]] of parts.entries()) {
      if (parts.length > 1) await window.page.getByText(`part ${i + 1} of ${parts.length}`).waitFor();
      const steps = asked.split(".").filter(Boolean).map((piece) => piece.split("*")).map(([cpu, count]) => cpu.repeat(Number(count))).join("");
      const options = await window.page.locator(".predict input").evaluateAll((inputs) => inputs.map((input) => input.value));
      assert.ok(options.includes(comes), `${route}, part ${i + 1}`);
      for (const [which, option] of options.entries()) {
        if (which > 0) await window.page.getByText("guess again").click();
        await window.page.locator(`.predict input[value="${option}"]`).click();
        await window.page.getByText("this is my guess").click();
        await window.at(0);
        await play(window, steps);
        await window.page.locator(option === comes ? ".outcome.right" : ".outcome.wrong").waitFor();
        assert.equal(await window.page.locator(".notyet").count(), 0, `${route}, part ${i + 1}`);
      }
      assert.ok(await window.page.locator(".outcome p").count() > 2, `${route}, part ${i + 1} says why`);
      console.log(`    ${route} ${i + 1}: ${(await window.page.locator(".outcome p").first().innerText()).replace(/\n/g, " ")}`);
      if (i + 1 < parts.length) await window.page.getByText("go on →").click();
    }
    assert.equal(await window.page.getByText("go on →").count(), 0, `${route} has no more parts`);
  }
});

longTest("a broken line is shown in its place", async (window) => {
  await window.open("#/story/lost-wake-up?part=2");
  await guess(window, "sleeps for ever");
  await window.step(0);
  await window.step(0);
  await window.page.locator(".source .where", { hasText: "kernel/futex/wait.hpp" }).waitFor();
  const shown = await window.page.locator(".source pre").innerText();
  assert.ok(shown.indexOf("futex_get_value_locked") < shown.indexOf("Guard lock(bucket.lock)"), shown);
});

longTest("each sabotage is found within a minute, and its link replays it", async (window, browser) => {
  assert.ok(hasSabotages(), "tools/explorer.sh --build builds them");
  const table = JSON.parse(fs.readFileSync(path.join(SITE, "engine/sabotages.json"), "utf8"));
  assert.ok(table.length >= 12);
  await window.open();
  await window.press("e");
  for (const { name } of table) {
    const start = performance.now();
    await window.page.locator(".breaking select").selectOption(name);
    await window.page.locator(".stage .broken", { hasText: name }).waitFor();
    await window.page.locator("#find").click();
    await window.page.locator(".result", { hasText: "Found:" }).waitFor();
    const took = performance.now() - start;
    await window.page.locator(".stage.over").waitFor();
    assert.match(await window.sentence(), /broken|turns|Nobody can act/, name);
    const other = await browser.window();
    await other.open(await window.link());
    assert.equal(await other.sentence(), await window.sentence(), name);
    await other.close();
    console.log(`    ${name}: ${(took / 1000).toFixed(1)} s`);
    assert.ok(took < 60_000, name);
  }
});

const chosen = [...tests, ...(every ? long : [])].filter(([name]) => name.includes(word));
const browser = await Browser.start();
const failed = [];
for (const [name, run, options] of chosen) {
  const window = await browser.window(options);
  try {
    await run(window, browser);
    assert.deepEqual(window.errors, []);
    console.log(`ok: ${name}`);
  } catch (problem) {
    failed.push(`FAILED: ${name}\n${problem.stack}`);
    console.log(failed.at(-1));
  }
  await window.close();
}
await browser.stop();
if (failed.length > 0) console.log(`\n${failed.join("\n")}\n`); // again, where the end of a log shows it
console.log(`${chosen.length - failed.length} passed, ${failed.length} failed`);
process.exit(failed.length === 0 && chosen.length > 0 ? 0 : 1);
