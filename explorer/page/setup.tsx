// What runs, and how: the program, the choices, a line to break, and the search.
import { useEffect, useRef, useState } from "preact/hooks";
import { type Piece, SETTINGS, type Setup } from "./address";
import { type BackEnd, type Preset, type Sabotage, type Scenario, sabotages } from "./engine";
import type { Player, Problem } from "./player";
import { scripts } from "./run";
import { compose, decompose, EMPTY, type Field, type Fields, FIELDS, place, VERBS } from "./script";
import { type Report, Search } from "./search";
import { count, VERDICTS } from "./wording";

export interface Catalogue {
  presets: Preset[];
  scenarios: Scenario[];
}

const CHOICES: [string, string, Record<string, string>][] = [
  ["fault_in", "repair after a failed write", {
    fixup: "fixup: always handle_mm_fault", gup: "gup: as in 2009, get_user_pages", gup_dirty: "gup_dirty: and look for dirty",
    fixup_2011: "fixup_2011: the repair of 2011", trap: "trap: the fault may sleep",
  }],
  ["tlb", "when an entry permits more", {
    lazy: "lazy: only this CPU's TLB is told", eager: "eager: all TLBs are told", broken: "broken: no flush reaches another CPU",
  }],
  ["tlbs", "what a TLB does by itself", {
    keep: "keeps what it has", prefetch: "loads entries unasked", evict: "forgets entries unasked", "prefetch,evict": "both",
  }],
  ["fault_around", "fault-around", { "1": "on: a read maps neighbours too", "0": "off" }],
  ["ad_bits", "who sets young and dirty", { software: "the fault handler", hardware: "the machine (softtlb only)" }],
];

// The same setup with another choice; a default is left out.
export function withChoice(setup: Setup, name: string, value: string): Setup {
  const settings = { ...setup.settings, [name]: value };
  if (SETTINGS[name]?.[0] === value) delete settings[name];
  return { ...setup, settings };
}

export function withBackEnd(setup: Setup, backEnd: BackEnd): Setup {
  const settings = { ...setup.settings };
  if (backEnd === "walked") delete settings.ad_bits;
  return { ...setup, backEnd, broken: "", settings };
}

export function Choices({ setup, change }: { setup: Setup; change: (setup: Setup) => void }) {
  return (
    <div class="choices">
      <label>
        <span>back end</span>
        <select value={setup.backEnd} onChange={(event) => change(withBackEnd(setup, event.currentTarget.value as BackEnd))}>
          <option value="walked">walked: the MMU walks tables</option>
          <option value="softtlb">softtlb: the kernel fills a TLB</option>
        </select>
      </label>
      {CHOICES.map(([name, what, values]) => (
        <label key={name}>
          <span>{what} <code>{name}=</code></span>
          <select value={setup.settings[name] ?? SETTINGS[name][0]} disabled={name === "ad_bits" && setup.backEnd !== "softtlb"}
            onChange={(event) => change(withChoice(setup, name, event.currentTarget.value))}>
            {SETTINGS[name].map((value) => <option value={value}>{values[value]}</option>)}
          </select>
        </label>
      ))}
      {setup.settings.tlbs && (
        <label>
          <span>its seed <code>seed=</code></span>
          <input type="number" min="1" max="999999999" value={setup.settings.seed ?? "1"} onChange={(event) => change(withChoice(setup, "seed", String(Math.max(1, Math.floor(Number(event.currentTarget.value)) || 1))))} />
        </label>
      )}
    </div>
  );
}

export function aboutOf({ scenarios, presets }: Catalogue, { program, script }: Setup): string {
  return script ? "" : [...scenarios, ...presets].find((each) => each.name === program)?.about ?? "";
}

export function Programs({ catalogue, setup, change }: { catalogue: Catalogue; setup: Setup; change: (setup: Setup) => void }) {
  const [filter, setFilter] = useState("");
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
  const fits = (each: { name: string; about: string }) => words.every((word) => `${each.name} ${each.about}`.toLowerCase().includes(word));
  const choose = (name: string) => {
    const scenario = catalogue.scenarios.find((each) => each.name === name);
    let chosen: Setup = { ...setup, program: name, script: "", broken: "" };
    for (const word of scenario?.settings.split(" ").filter(Boolean) ?? []) {
      const [key, value] = word.split("=");
      chosen = withChoice(chosen, key, value);
    }
    change(chosen);
  };
  const scenarios = catalogue.scenarios.filter(fits), presets = catalogue.presets.filter(fits);
  const script = setup.script || scripts.get(setup.program);
  return (
    <div class="programs">
      <div class="pick">
        <label><span>look for</span><input type="search" value={filter} placeholder="fork, stale …" onInput={(event) => setFilter(event.currentTarget.value)} /></label>
        <label>
          <span>program ({scenarios.length + presets.length})</span>
          <select value={setup.script ? "" : setup.program} onChange={(event) => event.currentTarget.value && choose(event.currentTarget.value)}>
            <option value="">{setup.script ? "your own" : "choose …"}</option>
            {!setup.script && ![...scenarios, ...presets].some((each) => each.name === setup.program) && <option value={setup.program}>{setup.program}</option>}
            <optgroup label="scenarios of the catalogue">{scenarios.map((each) => <option value={each.name}>{each.name}</option>)}</optgroup>
            <optgroup label="programs of the interleaver">{presets.map((each) => <option value={each.name}>{each.name}</option>)}</optgroup>
          </select>
        </label>
      </div>
      {script ? <pre class="script">{script}</pre> : <p class="small">This program is written in C++ (interleave/programs/); what it does shows at its steps.</p>}
    </div>
  );
}

const TITLES: Record<Field, string> = {
  memory: "memory", before: "before the run", "cpu 0": "CPU 0", "cpu 1": "CPU 1", "cpu 2": "CPU 2", "cpu 3": "CPU 3", after: "afterwards",
};
const HINTS: Record<Field, string> = {
  memory: "a shared\nb private 2", before: "write a 0; fork 1", "cpu 0": "read a\nwrite a 1", "cpu 1": "write a 2", "cpu 2": "", "cpu 3": "", after: "expect a 2",
};

export function Editor({ setup, player, change }: { setup: Setup; player: Player; change: (setup: Setup) => Promise<boolean> }) {
  const current = setup.script || scripts.get(setup.program) || "";
  const [fields, setFields] = useState<Fields>(current ? decompose(current) : EMPTY);
  const [wrong, setWrong] = useState<Problem | null>(null);
  const focused = useRef<Field>("cpu 0");
  const boxes = useRef<Partial<Record<Field, HTMLTextAreaElement | null>>>({});
  useEffect(() => setFields(current ? decompose(current) : EMPTY), [current]);
  const at = wrong?.line ? place(fields, wrong.line, wrong.column) : null;
  const run = async () => {
    setWrong(null);
    const text = compose(fields);
    const ok = await change({ ...setup, program: "", script: text || " : ", broken: "" });
    if (ok) return;
    const problem = player.problem;
    setWrong(problem);
    const where = problem?.line ? place(fields, problem.line, problem.column) : null;
    const box = where && boxes.current[where.field];
    if (!box || !where) return;
    const start = fields[where.field].split("\n").slice(0, where.line - 1).reduce((sum, line) => sum + line.length + 1, 0) + where.column - 1;
    box.focus();
    box.setSelectionRange(start, start + (/^\S*/.exec(fields[where.field].slice(start))?.[0].length ?? 0));
  };
  const insert = (text: string) => {
    const field = focused.current, old = fields[field];
    const verb = field === "memory" ? "" : text;
    if (verb) setFields({ ...fields, [field]: old + (old && !old.endsWith("\n") ? "\n" : "") + verb });
    boxes.current[field]?.focus();
  };
  return (
    <form class="editor" onSubmit={(event) => { event.preventDefault(); run(); }}>
      <p class="small">Each CPU has one verb on a line. A place is a mapping, a page in brackets and a word behind a dot: <code>a</code>, <code>a[1]</code>, <code>a.3</code>. A value is a number, or <code>tid</code>.
        Memory: a name, <code>shared</code> or <code>private</code>, and how many pages. Before the run, <code>fork 1</code> puts CPU 1 in a child, <code>thread 1</code> in the same process.</p>
      <div class="fields">
        {FIELDS.map((field) => (
          <label key={field} class={at?.field === field ? "wrong" : ""}>
            <span>{field.startsWith("cpu") ? <span class="badge" style={`--mine: var(--task-${field[4]})`}>{TITLES[field]}</span> : TITLES[field]}</span>
            <textarea ref={(box) => void (boxes.current[field] = box)} rows={Math.max(3, fields[field].split("\n").length)} spellcheck={false} placeholder={HINTS[field]} value={fields[field]}
              aria-invalid={at?.field === field} onFocus={() => (focused.current = field)}
              onInput={(event) => setFields({ ...fields, [field]: event.currentTarget.value })}
              onKeyDown={(event) => { if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); run(); } }} />
            {at?.field === field && <small class="bad" role="alert">line {at.line}, column {at.column}: {wrong!.what}</small>}
          </label>
        ))}
      </div>
      {wrong && !at && <p class="bad" role="alert">{wrong.what}</p>}
      <p class="tools"><button type="submit" class="strong">run this program</button><span class="soft">Ctrl+Enter</span></p>
      <details class="verbhelp">
        <summary>the verbs (click: into the field where you were)</summary>
        <ul>{VERBS.map(([name, text, what]) => <li><button type="button" class="mono" onClick={() => insert(text)}>{name}</button> {what}</li>)}</ul>
      </details>
    </form>
  );
}

export function Breaking({ setup, change }: { setup: Setup; change: (setup: Setup) => void }) {
  const [table, setTable] = useState<Sabotage[] | null>(null);
  useEffect(() => void sabotages().then(setTable, () => setTable([])), []);
  if (table === null) return <p class="soft">The list is being loaded.</p>;
  if (table.length === 0) return <p class="soft">The modules with a broken line are not there. <code>tools/explorer.sh</code> builds them after the page: reload it in some minutes.</p>;
  const choose = (name: string) => {
    const each = table.find((one) => one.name === name);
    change(each ? { program: each.program, script: "", backEnd: each.back_end, broken: each.name, settings: {} } : { ...setup, broken: "" });
  };
  return (
    <div class="breaking">
      <p class="small">Each of these is one wrong line in the kernel, built as a kernel of its own. It is loaded with a program that can show it. Find the schedule yourself, or let it be found.</p>
      <label><span>break this line</span>
        <select value={setup.broken} onChange={(event) => choose(event.currentTarget.value)}>
          <option value="">nothing: the kernel as it is</option>
          {table.map((each) => <option value={each.name}>{each.name}</option>)}
        </select>
      </label>
    </div>
  );
}

function howShort({ bound, all, more, found }: Report & { kind: "found" }): string {
  const steps = `This one has ${count(found.choices.length, "step")}`;
  const interruptions = bound < 0 ? "" : bound === 0 ? " and no interruption" : ` and ${count(bound, "interruption")}`;
  const among = more === 0 ? "the first that was found" : `the shortest among the first that was found and ${count(more, "schedule")} after it`;
  return `${steps}${interruptions}: ${all ? "there is no shorter one with so few" : among}.`;
}

// The steps of a found schedule.
const pieces = (choices: string): Piece[] => [...choices].map((cpu) => ({ cpu: Number(cpu), count: 1 }));

export function Finding({ setup, catalogue, player }: { setup: Setup; catalogue: Catalogue; player: Player }) {
  const search = useRef(new Search());
  const [report, setReport] = useState<Report | "starting" | "stopped" | null>(null);
  const key = JSON.stringify(setup);
  const [before, setBefore] = useState(key); // an effect runs after a frame: a search may have begun by then
  useEffect(() => () => search.current.stop(), []);
  useEffect(() => {
    if (before !== key) {
      search.current.stop();
      setReport(null);
      setBefore(key);
    }
  }, [key]);
  const running = report === "starting" || (typeof report === "object" && report?.kind === "progress");
  const startOrStop = () => {
    if (running) {
      search.current.stop();
      return setReport("stopped");
    }
    setReport("starting");
    const preset = catalogue.presets.find((each) => each.name === setup.program);
    search.current.start(setup, preset ? preset.preemptions : -1, async (told) => {
      setReport(told);
      if (told.kind !== "found") return;
      await player.load(setup, [], pieces(told.found.choices));
      player.play();
    }).catch((problem) => setReport({ kind: "failed", what: problem.message }));
  };
  useEffect(() => {
    const stop = (event: KeyboardEvent) => {
      if (event.key === "Escape" && running) startOrStop();
    };
    addEventListener("keydown", stop);
    return () => removeEventListener("keydown", stop);
  });
  return (
    <div class="finding">
      <p class="small">The engine tries every schedule beside the page: first those in which no CPU is interrupted, then one interruption, then two. Of those with the fewest on which something is wrong it shows the shortest. It looks for a hang, a CPU that nobody wakes, and broken invariants.</p>
      <p class="tools"><button type="button" id="find" class="strong" onClick={startOrStop}>{running ? "stop the search" : "find it for me"}</button></p>
      <div role="status" class="result">
        {report === "starting" && "The search begins."}
        {report === "stopped" && "You stopped the search."}
        {report && typeof report === "object" && report.kind === "progress" && (
          <>{count(report.runs, "schedule")} tried, the longest has {count(report.longest, "step")}; {report.shortest > 0 && `one with ${count(report.shortest, "step")} goes wrong, a shorter one is looked for; `}now {report.bound < 0 ? "without a bound" : `with ${report.bound === 0 ? "no interruption" : `at most ${count(report.bound, "interruption")}`}`}.<progress /></>
        )}
        {report && typeof report === "object" && report.kind === "nothing" && `Nothing is wrong in ${count(report.runs, "schedule")}: all that were to be tried.`}
        {report && typeof report === "object" && report.kind === "failed" && `The search failed: ${report.what}`}
        {report && typeof report === "object" && report.kind === "found" && (
          <>
            <p><b>Found: {VERDICTS[report.found.verdict]}.</b> {report.found.what}</p>
            <p>{count(report.runs, "schedule")} tried. {howShort(report)} It plays below; the address of this page leads to it.</p>
          </>
        )}
      </div>
    </div>
  );
}
