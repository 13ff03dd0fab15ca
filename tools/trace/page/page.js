"use strict";
// The page of one trace, or of two that are compared. Its data (webpage.py):
//   stations  [enumerator, name, group, [[field, type], ...]]
//   runs      records as rows, of which ROW names the columns; what stands behind them are the words
//   functions for each place in the kernel: [function, file, line], the outermost first
const data = JSON.parse(document.getElementById("data").textContent);
const { MEANING, KINDS, BITS, MISSING, TOLD } = data.wording;
const ROW = { ns: 0, cpu: 1, pid: 2, station: 3, where: 4, instructions: 5, space: 6, words: 7 };
const stations = data.stations.map(([id, name, group, fields]) => ({ id, name, group, fields }));
const $ = (id) => document.getElementById(id);

for (const station of stations) {
  station.kind = Object.keys(KINDS).find((kind) => KINDS[kind].includes(station.name)) || "other";
  station.tall = { Vector: 0.72, RoundAgain: 1, RepairCalled: 0.72, SysEnter: 0.55, SysExit: 0.55 }[station.id] || 0.42;
}

// Words in words, as tools/trace/words.py has them.
const hex = (value, digits = 8) => "0x" + value.toString(16).padStart(digits, "0");
const grouped = (value) => value.toLocaleString("en-US");
const signed = (value) => value | 0;
function pteText(value) {
  if (value === 0) return "none";
  if (!(value & 1)) return "swap " + hex(value);
  const off = { young: "old", dirty: "clean", write: "read-only", user: "no-user", noexec: "exec" };
  return `frame ${hex(value >>> 12, 1)} ` + BITS.map(([bit, name]) => (value & bit ? name : off[name])).filter(Boolean).join(" ");
}
function access(descriptor) {
  if (!(descriptor & 2)) return "no page";
  const bits = ((descriptor >>> 7) & 4) | ((descriptor >>> 4) & 3);
  return { 3: "read-write", 7: "read-only", 2: "read-only", 1: "kernel only", 5: "kernel only" }[bits] || "no access";
}
function descriptorText(value) {
  if (!(value & 2)) return "none: every access faults";
  const flags = [[0, "XN"], [11, "nG"], [10, "S"]].filter(([bit]) => (value >>> bit) & 1).map(([, name]) => name);
  return [`small page at ${hex((value & 0xfffff000) >>> 0)}`, access(value), ...flags].join(", ");
}
function wordText(type, value) {
  if (type.includes("|")) return type.split("|")[value] ?? String(value);
  switch (type) {
    case "pte": return pteText(value);
    case "desc": return descriptorText(value);
    case "x": return hex(value);
    case "d": return String(signed(value));
    case "cpus": return "CPUs " + [...Array(8).keys()].filter((cpu) => (value >>> cpu) & 1).join(", ") + ` (${hex(value, 1)})`;
    case "sys": return data.calls[value] || hex(value, 1);
    case "errno": return data.errors[value] || hex(value, 1);
    default: return String(value);
  }
}
function fieldsOf(row) {
  const station = stations[row[ROW.station]];
  if (station.id === "TaskRename") return [];
  return station.fields.map(([name, type], i) => ({ name, type, value: row[ROW.words + i] }));
}
function causeOf(entry) { // what is missing for a write
  if (entry === 0) return "absent";
  if (!(entry & 1)) return "swapped";
  if (!(entry & 2)) return "old";
  if (!(entry & 8)) return "read-only";
  return entry & 4 ? "dirty" : "clean";
}

// One boot.
class Run {
  constructor(run) {
    Object.assign(this, run);
    this.gapAfter = new Map(this.gaps.map(([after, times, length]) => [after, { times, length }]));
    this.at = [];
    let at = 0;
    this.records.forEach((row, i) => {
      if (i > 0) at += 1 + 0.7 * Math.log2(1 + (row[ROW.ns] - this.records[i - 1][ROW.ns]) / 400);
      if (this.gapAfter.has(i - 1)) at += 9;
      this.at.push(at);
    });
    const zero = this.at[this.anchor] || 0;
    this.at = this.at.map((each) => each - zero);
    this.cpus = [...new Set(this.records.map((row) => row[ROW.cpu]))].sort();
    const tasks = new Map();
    for (const row of this.records) if (row[ROW.pid]) tasks.set(row[ROW.pid], (tasks.get(row[ROW.pid]) || 0) + 1);
    this.lanes = [...tasks].sort((a, b) => b[1] - a[1]).slice(0, 6).map(([pid]) => pid).sort((a, b) => a - b);
    this.hiddenTasks = tasks.size - this.lanes.length;
    this.running = this.cpus.map((cpu) => this.whatRan(cpu));
    this.choose(this.pages[0]);
  }
  name(pid) { return pid ? `${this.tasks[pid] || "?"}-${pid}` : "idle"; }
  whatRan(cpu) {
    const found = [];
    this.records.forEach((row, i) => {
      if (row[ROW.cpu] !== cpu) return;
      const station = stations[row[ROW.station]].id;
      const pid = station === "SchedSwitch" ? row[ROW.words + 2] : row[ROW.pid];
      if (!found.length || found[found.length - 1].pid !== pid) found.push({ from: i, pid });
    });
    return found;
  }
  // What the records tell of one page: its entry, what the machine is told, and what each CPU's TLB holds.
  choose(page) {
    this.page = page;
    this.strips = [];
    if (!page) return;
    const [space, number] = page, entry = [], told = [], tlbs = this.cpus.map(() => []);
    const add = (list, from, state, text) => {
      const last = list[list.length - 1];
      if (!last || last.state !== state || last.text !== text) list.push({ from, state, text });
    };
    this.records.forEach((row, i) => {
      const station = stations[row[ROW.station]], fields = fieldsOf(row);
      if (!fields.length || fields[0].name !== "address") return;
      const here = row[ROW.space] === space && fields[0].value >>> 12 === number;
      if (here) {
        const last = fields.filter((field) => field.type === "pte").pop();
        if (last) add(entry, i, causeOf(last.value), causeOf(last.value));
      }
      if (here && station.id === "DescriptorStored") {
        const state = access(fields[2].value);
        if (this.softtlb) add(tlbs[this.cpus.indexOf(row[ROW.cpu])], i, state, state);
        else {
          add(told, i, state, state);
          // What permits nothing is in no TLB (ARM ARM B3.9).
          const behind = access(fields[1].value) !== "no page" && fields[1].value !== fields[2].value;
          tlbs.forEach((list) => add(list, i, behind ? "behind" : "as told", behind ? "may be behind" : "up to date"));
        }
      }
      if (station.id === "TlbDropped" && (row[ROW.space] === space || fields[0].value === 0) &&
          fields[0].value >>> 12 <= number && number < fields[1].value >>> 12)
        this.cpus.forEach((cpu, n) => {
          if ((fields[2].value >>> cpu) & 1) add(tlbs[n], i, this.softtlb ? "no page" : "as told", this.softtlb ? "dropped" : "up to date");
        });
    });
    this.strips.push({ label: "entry", list: entry, tall: 24 });
    if (!this.softtlb) this.strips.push({ label: "machine", list: told, tall: 16 });
    this.cpus.forEach((cpu, n) => this.strips.push({ label: `TLB ${cpu}`, list: tlbs[n], tall: 14 }));
  }
  entryAt(index) {
    if (!this.page) return null;
    for (let i = index; i >= 0; i--) {
      const row = this.records[i];
      if (row[ROW.space] !== this.page[0]) continue;
      const fields = fieldsOf(row);
      if (!fields.length || fields[0].name !== "address" || fields[0].value >>> 12 !== this.page[1]) continue;
      const last = fields.filter((field) => field.type === "pte").pop();
      if (last) return last.value;
    }
    return null;
  }
}
const runs = data.runs.map((run) => new Run(run));

// Elements.
function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}
function bitList(entry, missing, before) {
  const list = make("ul", { class: "bits", "aria-label": "the entry: " + pteText(entry) });
  for (const [bit, name] of BITS) {
    const on = Boolean(entry & bit), gained = before !== undefined && on && !(before & bit);
    list.append(make("li", { class: [on ? "on" : name === missing ? "missing" : "off", gained ? "gained" : ""].join(" ") },
      name, !on && name === missing ? " is missing" : ""));
  }
  return list;
}
function brief(row) { // what a step of the loop has to say
  const station = stations[row[ROW.station]], fields = Object.fromEntries(fieldsOf(row).map((field) => [field.name, field]));
  const text = (name) => wordText(fields[name].type, fields[name].value);
  switch (station.id) {
    case "Abort": return `${text("kind")} fault: ${text("access")}`;
    case "DoPageFault": return fields.pagefault_disabled.value ? "page faults are off: it may not sleep" : "page faults are on: it may sleep";
    case "RepairCalled": return `fault_in=${text("repair")}`;
    case "GupFollowed": return `the entry is ${causeOf(fields.entry.value)}, and that is enough`;
    case "SysEnter": return `${text("id")}: a system call begins`;
    case "MadeAccessible": return `${causeOf(fields.before.value)} becomes ${causeOf(fields.after.value)}`;
    case "EntryStored": return `${causeOf(fields.before.value)} becomes ${causeOf(fields.after.value)}`;
    case "DescriptorStored": return `${access(fields.before.value)} becomes ${access(fields.after.value)}`;
    default: return MEANING[station.name] || "";
  }
}
function showRun(run, number) {
  const box = make("section", { class: "run", "aria-label": run.title || "the trace" });
  if (run.title && runs.length > 1) box.append(make("p", { class: "title" }, run.title));
  const sentence = make("h2", { class: "sentence" });
  run.sentence.split("*").forEach((part, i) => sentence.append(i % 2 ? make("em", {}, part) : part));
  box.append(sentence);
  const story = run.story;
  if (story && story.entry !== null) {
    box.append(bitList(story.entry, MISSING[story.cause]));
    if (story.repaired !== null && story.repaired !== story.entry) {
      box.append(make("p", { class: "told" }, "After the repair:"), bitList(story.repaired, null, story.entry));
    } else if (TOLD[story.cause]) box.append(make("p", { class: "told" }, TOLD[story.cause]));
  }
  if (story && story.round.length) {
    const list = make("ol", { class: "loop", "aria-label": story.outcome === "hangs" ? "one round" : "the call" });
    for (const index of story.round) {
      const station = stations[run.records[index][ROW.station]];
      if (station.kind === "other" && station.id !== "SysEnter") continue;
      list.append(make("li", {}, make("button", { class: station.kind, type: "button", onclick: () => select(number, index, true) },
        make("b", { class: "mono" }, station.name), make("span", {}, brief(run.records[index])))));
    }
    const each = story.instructions ? `, ${grouped(story.instructions)} instructions each` : "";
    const end = {
      hangs: ["turn", `↻ ${grouped(story.turns)} times${each}`],
      failed: ["turn", `✗ the repair gives up: ${story.error}`],
      succeeded: ["done", "✓ and the write succeeds"],
    }[story.outcome];
    if (end) list.append(make("li", {}, make("span", { class: end[0] }, end[1])));
    box.append(list);
  }
  const notes = [];
  if (run.lost) notes.push(`${grouped(run.lost)} records were lost.`);
  if (run.skipped) notes.push(`${grouped(run.skipped)} records are not on this page; FILE.txt has all.`);
  if (notes.length) box.append(make("p", { class: "small" }, notes.join(" ")));
  $("runs").append(box);
}
function showLinux(linux) {
  if (!linux) return;
  const table = make("table", {}, make("tr", {}, ...linux.head.map((text) => make("th", { scope: "col" }, text))));
  for (const row of linux.rows)
    table.append(make("tr", {}, make("th", { scope: "row" }, row[0]), ...row.slice(1).map((text) => make("td", {}, text))));
  $("linux").append(make("h2", {}, linux.title), table, make("p", { class: "small" }, linux.note));
  $("linux").hidden = false;
}

// The timeline.
const canvas = $("canvas"), view = { from: 0, scale: 6 };
let chosen = null; // { run, index }
const gutter = () => (canvas.clientWidth < 560 ? 66 : 96);
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();
const CPU_TALL = 18, CALL_TALL = 13, FAULT_TALL = 7, TEETH_TALL = 30, TASK_TALL = CALL_TALL + FAULT_TALL + TEETH_TALL + 8, IDLE_TALL = 16;
// The colour of palette.css and the pattern of each state.
const STATES = {
  dirty: ["dirty", ""], clean: ["clean", "/"], old: ["old", "-"], "read-only": ["read-only", "."], swapped: ["swapped", "x"],
  absent: ["", ""], "no page": ["", ""], "read-write": ["dirty", ""], "kernel only": ["untold", "x"], "no access": ["untold", "x"],
  behind: ["behind", "/"], "as told": ["untold", "-"],
};
const TASK_COLOURS = 6;
function pattern(context, kind, ink) {
  const tile = document.createElement("canvas");
  tile.width = tile.height = 8;
  const pen = tile.getContext("2d");
  pen.strokeStyle = pen.fillStyle = ink;
  pen.lineWidth = 1.2;
  pen.beginPath();
  if (kind === "/" || kind === "x") { pen.moveTo(-2, 10); pen.lineTo(10, -2); pen.moveTo(-2, 2); pen.lineTo(2, -2); pen.moveTo(6, 10); pen.lineTo(10, 6); }
  if (kind === "x") { pen.moveTo(-2, -2); pen.lineTo(10, 10); }
  if (kind === "-") { pen.moveTo(0, 2); pen.lineTo(8, 2); pen.moveTo(0, 6); pen.lineTo(8, 6); }
  pen.stroke();
  if (kind === ".") { pen.fillRect(1, 1, 2, 2); pen.fillRect(5, 5, 2, 2); }
  return context.createPattern(tile, "repeat");
}
function fillState(context, state, x, y, width, height) {
  const [fill, kind] = STATES[state] || ["", ""];
  if (fill) {
    context.fillStyle = colour(fill);
    context.fillRect(x, y, width, height);
    if (kind) {
      context.fillStyle = pattern(context, kind, "rgba(0,0,0,.35)");
      context.fillRect(x, y, width, height);
    }
  }
  context.strokeStyle = colour("soft");
  context.setLineDash(fill ? [] : [3, 3]);
  context.strokeRect(x + 0.5, y + 0.5, Math.max(width - 1, 0), height - 1);
  context.setLineDash([]);
}
function write(context, text, x, y, room, plate, whole) {
  if (room < 14 || (whole && context.measureText(text).width > room - 6)) return;
  let shown = text;
  while (shown.length > 1 && context.measureText(shown).width > room - 6) shown = shown.slice(0, -1);
  if (shown.length < Math.min(text.length, 3)) return;
  if (plate) {
    context.fillStyle = colour("paper");
    context.fillRect(x + 2, y - 6, context.measureText(shown).width + 4, 12);
  }
  context.fillStyle = colour("ink");
  context.fillText(shown, x + 4, y);
}
function busy(run, pid) { // has it anything to show in view?
  const to = view.from + (canvas.clientWidth - gutter()) / view.scale;
  return run.records.some((row, i) => row[ROW.pid] === pid && run.at[i] >= view.from && run.at[i] <= to);
}
function tall(run) {
  return (runs.length > 1 ? 20 : 0) + run.cpus.length * CPU_TALL + 4 + run.lanes.reduce((sum, pid) => sum + (busy(run, pid) ? TASK_TALL : IDLE_TALL), 0) +
    (run.strips.length ? 20 + run.strips.reduce((sum, strip) => sum + strip.tall + 3, 0) : 0) + 10;
}
let places = []; // of lanes, for clicks: { run, from, to, pid or page }
function draw() {
  const width = canvas.clientWidth, height = runs.reduce((sum, run) => sum + tall(run), 0) + 8, ratio = window.devicePixelRatio || 1;
  canvas.style.height = height + "px";
  canvas.width = width * ratio;
  canvas.height = height * ratio;
  const context = canvas.getContext("2d");
  context.scale(ratio, ratio);
  context.font = '11px "DejaVu Sans", system-ui, sans-serif';
  context.textBaseline = "middle";
  context.lineWidth = 1;
  places = [];
  let y = 4;
  runs.forEach((run, number) => { y = drawRun(context, run, number, y, width); });
}
function drawRun(context, run, number, top, width) {
  const left = gutter(), x = (at) => left + (at - view.from) * view.scale;
  const xOf = (i) => x(run.at[i]), end = (run.at[run.at.length - 1] || 0) + 4;
  const clip = (a, b) => [Math.max(a, left), Math.min(b, width)];
  const label = (text, y) => { context.fillStyle = colour("soft"); write(context, text, 0, y, left); };
  const last = (list, i) => (i + 1 < list.length ? xOf(list[i + 1].from) : x(end));
  let y = top;
  if (runs.length > 1) {
    context.fillStyle = colour("box");
    context.fillRect(0, y, width, 16);
    context.font = 'bold 11px "DejaVu Sans", system-ui, sans-serif';
    write(context, run.title, 0, y + 8, width);
    context.font = '11px "DejaVu Sans", system-ui, sans-serif';
    y += 20;
  }
  const body = y;
  run.cpus.forEach((cpu, n) => {
    label(`CPU ${cpu}`, y + CPU_TALL / 2 - 1);
    run.running[n].forEach(({ from, pid }, i) => {
      const [a, b] = clip(xOf(from), last(run.running[n], i));
      if (b <= a) return;
      context.globalAlpha = pid ? 0.45 : 0.08;
      context.fillStyle = pid ? colour(`task-${pid % TASK_COLOURS}`) : colour("other");
      context.fillRect(a, y, b - a, CPU_TALL - 3);
      context.globalAlpha = 1;
      write(context, run.name(pid), a, y + CPU_TALL / 2 - 1, b - a);
    });
    y += CPU_TALL;
  });
  y += 4;
  for (const pid of run.lanes) {
    if (!busy(run, pid)) {
      label(run.name(pid), y + IDLE_TALL / 2);
      y += IDLE_TALL;
      continue;
    }
    label(run.name(pid), y + CALL_TALL + TEETH_TALL / 2);
    places.push({ number, from: y, to: y + TASK_TALL, mine: (row) => row[ROW.pid] === pid });
    for (const [kind, from, to, name] of run.bars) {
      if (run.records[from][ROW.pid] !== pid) continue;
      const [a, b] = clip(xOf(from) - 1, xOf(to) + 3);
      if (b <= a) continue;
      if (kind === "call") {
        context.fillStyle = colour("line");
        context.fillRect(a, y, Math.max(b - a, 2), CALL_TALL - 2);
        write(context, name, a, y + CALL_TALL / 2 - 1, b - a);
      } else {
        context.globalAlpha = 0.55;
        context.fillStyle = colour("fault");
        context.fillRect(a, y + CALL_TALL, Math.max(b - a, 2), FAULT_TALL - 2);
        context.globalAlpha = 1;
      }
    }
    const bottom = y + CALL_TALL + FAULT_TALL + TEETH_TALL;
    context.strokeStyle = colour("line");
    context.beginPath();
    context.moveTo(left, bottom + 0.5);
    context.lineTo(Math.min(width, x(end)), bottom + 0.5);
    context.stroke();
    run.records.forEach((row, i) => {
      const at = xOf(i);
      if (row[ROW.pid] !== pid || at < left || at > width) return;
      const station = stations[row[ROW.station]], height = station.tall * TEETH_TALL;
      context.fillStyle = colour(station.kind);
      const thick = Math.max(1, Math.min(view.scale * 0.45, station.kind === "again" ? 5 : 3));
      context.fillRect(at - thick / 2, bottom - height, thick, height);
      if (station.kind === "again") {
        context.beginPath();
        context.arc(at, bottom - height, Math.max(2, Math.min(4, view.scale * 0.6)), 0, 7);
        context.fill();
      }
    });
    for (const [after, times, length] of run.gaps) {
      if (run.records[after][ROW.pid] !== pid || after + 1 >= run.at.length) continue;
      const [a, b] = clip(xOf(after) + view.scale * 0.8, xOf(after + 1) - view.scale * 0.8);
      if (b <= a) continue;
      context.fillStyle = pattern(context, "/", colour("soft"));
      context.fillRect(a, y + CALL_TALL, b - a, FAULT_TALL + TEETH_TALL);
      context.strokeStyle = colour("soft");
      context.strokeRect(a + 0.5, y + CALL_TALL + 0.5, b - a - 1, FAULT_TALL + TEETH_TALL - 1);
      write(context, `× ${grouped(times)}`, a, y + CALL_TALL + 14, b - a, true, true);
      write(context, "the same", a, y + CALL_TALL + 27, b - a, true, true);
    }
    y += TASK_TALL;
  }
  if (run.strips.length) {
    context.fillStyle = colour("soft");
    write(context, `page ${hex(run.page[1] * 4096)}`, 0, y + 9, width);
    y += 20;
    places.push({ number, from: y - 18, to: y + run.strips.reduce((sum, strip) => sum + strip.tall + 3, 0), mine: (row) =>
      row[ROW.space] === run.page[0] && row[ROW.words] >>> 12 === run.page[1] });
    for (const strip of run.strips) {
      label(strip.label, y + strip.tall / 2);
      if (!strip.list.length) write(context, "the records do not tell", Math.max(x(run.at[0]), left), y + strip.tall / 2, width);
      strip.list.forEach(({ from, state, text }, i) => {
        const [a, b] = clip(xOf(from), last(strip.list, i));
        if (b <= a) return;
        fillState(context, state, a, y, b - a, strip.tall);
        write(context, text, a, y + strip.tall / 2 + 0.5, b - a, true);
      });
      y += strip.tall + 3;
    }
  }
  if (runs.length > 1 && x(0) >= left && x(0) <= width) { // where both are aligned
    context.strokeStyle = colour("bad");
    context.setLineDash([5, 4]);
    context.beginPath();
    context.moveTo(x(0), body);
    context.lineTo(x(0), y);
    context.stroke();
    context.setLineDash([]);
  }
  if (chosen && chosen.number === number) {
    const at = xOf(chosen.index);
    context.strokeStyle = colour("focus");
    context.lineWidth = 2;
    context.beginPath();
    context.moveTo(at, body - 3);
    context.lineTo(at, y);
    context.stroke();
    context.lineWidth = 1;
  }
  return y + 10;
}
function show(from, to) {
  const room = Math.max(canvas.clientWidth - gutter() - 12, 100);
  view.scale = Math.min(Math.max(room / Math.max(to - from, 1), 0.02), 24);
  view.from = from;
  draw();
}
function showAll() { show(Math.min(...runs.map((run) => run.at[0] || 0)) - 2, Math.max(...runs.map((run) => run.at[run.at.length - 1] || 0)) + 6); }
function showLoop() {
  let to = 60;
  for (const run of runs) {
    if (!run.story) continue;
    const bar = run.bars.filter(([kind, first]) => kind === "call" && first === run.anchor).pop();
    to = Math.max(to, run.at[bar ? bar[2] : run.story.round[run.story.round.length - 1] || run.anchor] + 8);
  }
  show(-4, Math.min(to, (canvas.clientWidth - gutter()) / 3)); // not too narrow to be seen
}
function zoom(factor, around) {
  const centre = around ?? gutter() + (canvas.clientWidth - gutter()) / 2, at = view.from + (centre - gutter()) / view.scale;
  view.scale = Math.min(Math.max(view.scale * factor, 0.02), 40);
  view.from = at - (centre - gutter()) / view.scale;
  draw();
}

// A station is selected.
function select(number, index, scroll) {
  const run = runs[number];
  chosen = { number, index };
  const at = run.at[index], room = (canvas.clientWidth - gutter()) / view.scale;
  if (at < view.from || at > view.from + room) view.from = at - room / 2;
  draw();
  details(run, index);
  if (scroll && canvas.getBoundingClientRect().top > innerHeight - 120) canvas.scrollIntoView({ block: "nearest" });
}
function clear() {
  chosen = null;
  draw();
  $("details").replaceChildren(make("p", { class: "small" }, "Click a station, or press → in the timeline: here is what was known there."));
}
function details(run, index) {
  const row = run.records[index], station = stations[row[ROW.station]], seconds = (row[ROW.ns] / 1e9).toFixed(9);
  const table = make("table"), line = (name, value) => table.append(make("tr", {}, make("th", { scope: "row" }, name), make("td", { class: "mono" }, value)));
  const fields = fieldsOf(row);
  line("who", `${run.name(row[ROW.pid])} on CPU ${row[ROW.cpu]}`);
  line("when", `${seconds} s` + (row[ROW.instructions] ? `, instruction ${grouped(row[ROW.instructions])} of this CPU` : ""));
  for (const { name, type, value } of fields) line(name, wordText(type, value));
  const left = make("div", {}, table), entries = fields.filter((field) => field.type === "pte");
  entries.forEach(({ name, value }, i) => {
    left.append(make("p", { class: "told" }, name === "entry" ? "the entry" : `the entry ${name}`),
      bitList(value, MISSING[causeOf(value)] || null, i ? entries[0].value : undefined));
  });
  const now = run.entryAt(index);
  if (!entries.length && now !== null)
    left.append(make("p", { class: "told" }, `the entry of ${hex(run.page[1] * 4096)} at that time`), bitList(now, MISSING[causeOf(now)] || null));
  const right = make("div"), frames = data.functions[row[ROW.where]] || [], inner = frames[frames.length - 1];
  if (inner) {
    right.append(make("div", { class: "mono" }, make("b", {}, inner[0]), ` ${inner[1]}:${inner[2]}`));
    for (const [name, file, number] of frames.slice(0, -1).reverse()) right.append(make("div", { class: "small" }, `inlined in ${name}, ${file}:${number}`));
    const lines = data.sources[inner[1]], code = make("pre");
    for (let n = inner[2] - 6; lines && n <= inner[2] + 6; n++)
      if (lines[n] !== undefined) code.append(make("span", { class: n === inner[2] ? "here" : "" }, make("i", {}, String(n)), lines[n] || " "));
    if (lines) right.append(code);
  }
  $("details").replaceChildren(make("h2", {}, make("span", { class: "mono" }, station.name), `: ${MEANING[station.name] || ""}`),
    make("div", { class: "columns" }, left, right));
}
function step(direction, wanted) {
  const number = chosen ? chosen.number : 0, run = runs[number];
  let index = chosen ? chosen.index + direction : run.anchor;
  while (run.records[index] && !wanted(run.records[index])) index += direction;
  if (run.records[index]) select(number, index);
}
const anything = () => true;
const landmark = (run) => (run.gaps.length || run.records.some((row) => stations[row[ROW.station]].id === "RoundAgain")
  ? (row) => stations[row[ROW.station]].id === "RoundAgain" : (row) => stations[row[ROW.station]].id === "Vector");

canvas.addEventListener("keydown", (event) => {
  const run = runs[chosen ? chosen.number : 0];
  const keys = {
    ArrowRight: () => step(1, anything), ArrowLeft: () => step(-1, anything), ArrowDown: () => step(1, landmark(run)),
    ArrowUp: () => step(-1, landmark(run)), Home: () => select(chosen ? chosen.number : 0, run.anchor), "+": () => zoom(1.5), "=": () => zoom(1.5),
    "-": () => zoom(1 / 1.5), Enter: () => { if (chosen) $("details").focus(); }, Escape: clear,
    Tab: null,
  };
  if (!keys[event.key] || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  keys[event.key]();
});
$("details").addEventListener("keydown", (event) => { if (event.key === "Escape") canvas.focus(); });
let drag = null;
canvas.addEventListener("pointerdown", (event) => { drag = { x: event.offsetX, from: view.from, moved: false }; canvas.setPointerCapture(event.pointerId); });
canvas.addEventListener("pointermove", (event) => {
  if (!drag || Math.abs(event.offsetX - drag.x) < 4 && !drag.moved) return;
  drag.moved = true;
  view.from = drag.from - (event.offsetX - drag.x) / view.scale;
  draw();
});
canvas.addEventListener("pointerup", (event) => {
  const moved = drag && drag.moved;
  drag = null;
  if (moved) return;
  const place = places.find(({ from, to }) => event.offsetY >= from && event.offsetY < to);
  const number = place ? place.number : 0, at = view.from + (event.offsetX - gutter()) / view.scale;
  let best = null;
  runs[number].records.forEach((row, i) => {
    if (place && !place.mine(row)) return;
    const distance = Math.abs(runs[number].at[i] - at);
    if (best === null || distance < best.distance) best = { i, distance };
  });
  if (best) select(number, best.i);
});
canvas.addEventListener("pointercancel", () => { drag = null; });
canvas.addEventListener("wheel", (event) => {
  if (!event.ctrlKey && Math.abs(event.deltaX) <= Math.abs(event.deltaY)) return; // the page scrolls
  event.preventDefault();
  if (event.ctrlKey) zoom(event.deltaY < 0 ? 1.2 : 1 / 1.2, event.offsetX);
  else { view.from += event.deltaX / view.scale; draw(); }
}, { passive: false });

function legend() {
  const box = $("legend");
  box.replaceChildren();
  const sample = (text, paint) => {
    const small = make("canvas", { width: 22, height: 14, "aria-hidden": "true" });
    paint(small.getContext("2d"));
    box.append(make("span", {}, small, text));
  };
  for (const [kind, text] of [["fault", "the fault's way"], ["entry", "entry, machine, TLB"], ["repair", "the kernel's repair"], ["again", "try again"], ["other", "other"]])
    sample(text, (context) => {
      context.fillStyle = colour(kind);
      context.fillRect(9, kind === "again" ? 0 : 4, 4, 14);
    });
  for (const state of ["absent", "swapped", "old", "read-only", "clean", "dirty"]) sample(state, (context) => fillState(context, state, 0, 0, 22, 14));
}
function setTheme(dark) {
  document.documentElement.classList.toggle("dark", dark);
  legend();
  draw();
}
function begin() {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  if (location.hash === "#dark") document.documentElement.classList.add("dark"); // for pictures
  else document.documentElement.classList.toggle("dark", dark.matches);
  dark.addEventListener("change", () => setTheme(dark.matches));
  $("theme").addEventListener("click", () => setTheme(!document.documentElement.classList.contains("dark")));
  if (runs.length > 1) $("runs").classList.add("two");
  runs.forEach(showRun);
  showLinux(data.linux);
  const names = new Set();
  runs.forEach((run) => run.pages.forEach(([space, page, , pid]) => {
    const name = `${hex(page * 4096)} of ${run.name(pid)}`;
    if (!names.has(name)) $("page").append(make("option", { value: `${space} ${page}` }, name));
    names.add(name);
  }));
  $("page").addEventListener("change", () => {
    const [space, page] = $("page").value.split(" ").map(Number);
    runs.forEach((run) => run.choose(run.pages.find((each) => each[0] === space && each[1] === page) || run.pages.find((each) => each[1] === page)));
    draw();
  });
  $("to-loop").addEventListener("click", showLoop);
  $("to-all").addEventListener("click", showAll);
  $("in").addEventListener("click", () => zoom(1.5));
  $("out").addEventListener("click", () => zoom(1 / 1.5));
  new ResizeObserver(draw).observe(canvas.parentElement);
  legend();
  clear();
  const told = runs.filter((run) => run.story);
  $("to-loop").hidden = !told.length;
  if (!told.some((run) => run.story.outcome === "hangs")) $("to-loop").textContent = "the call";
  if (told.length) showLoop();
  else showAll();
  const story = runs[0].story;
  if (story && story.round.length) { // what the repair saw, or did
    const wanted = story.outcome === "hangs" ? ["GupFollowed", "MadeAccessible", "Spurious", "RepairCalled"] : ["MadeAccessible", "EntryStored", "RepairCalled"];
    const index = wanted.map((id) => story.round.filter((each) => stations[runs[0].records[each][ROW.station]].id === id).pop()).find((each) => each !== undefined);
    select(0, index ?? story.round[0]);
  }
}
begin();
