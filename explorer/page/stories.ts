// Ten stories. `seen` looks at the engine's run and says which of the options has come true: no answer stands here. An option may say
// no more than one run can show. Where the question is about an order of the steps, another order answers nothing.
import type { Piece, Setup } from "./address";
import { heldBy } from "./changes";
import type { State } from "./engine";
import type { Run } from "./run";
import { entryState } from "./wording";

// The id of an option; or why this run cannot answer the question; or null as long as nothing can be said.
export type Seen = string | { notYet: string } | null;
const notYet = (why: string): Seen => ({ notYet: why });

export interface Part {
  setup: Setup;
  steps?: Piece[]; // made before the reader begins
  text: string[];
  ask: string;
  options: { id: string; text: string }[];
  todo: string; // what to try then
  seen: (run: Run) => Seen;
  search?: boolean; // "find it for me" stands beside it
  told: Record<string, string[]>; // what to say of each outcome
}
export interface Story {
  route: string;
  title: string;
  parts: Part[];
}

const own = (script: string, settings: Record<string, string> = {}, more: Partial<Setup> = {}): Setup =>
  ({ program: "", script, backEnd: "walked", broken: "", settings, ...more });
const named = (program: string, settings: Record<string, string> = {}, more: Partial<Setup> = {}): Setup =>
  ({ program, script: "", backEnd: "walked", broken: "", settings, ...more });

const pageOf = ({ world }: State, name: string, space: number) => world.pages.find((page) => page.name === name && page.space === space);
const stateOf = (state: State, name: string, space: number) => entryState(pageOf(state, name, space)?.entry ?? "0");

// How a run ends: "turns", "ends", "broken" or "stuck".
function ending(run: Run): string | null {
  return { running: null, ended: "ends", livelock: "turns", violation: "broken", deadlock: "stuck" }[run.state.verdict];
}
const ENDS = { id: "ends", text: "All CPUs finish." };
const TURNS = { id: "turns", text: "CPU 1 turns: it tries again and again, and nothing changes." };

const STUCK = { id: "stuck", text: "CPU 0 sleeps for ever: nobody wakes it." };
const BROKEN = { id: "broken", text: "The engine stops the run: an invariant is broken." };
export const ENDINGS = [ENDS, TURNS, STUCK, BROKEN]; // what to call an ending that is not among the options

// Whether one CPU had finished before the other one began.
const inTurn = ({ made, state }: Run, first: number, then: number): boolean =>
  state.world.cpus[first].over === true && (!made.includes(then) || made.lastIndexOf(first) < made.indexOf(then));
const tooEarly = (run: Run): boolean => run.made.includes(1) && !inTurn(run, 0, 1);
const CPU_1_TOO_EARLY = notYet("CPU 1 acted before CPU 0 had finished.");

// What an option can be judged by only if CPU 0 has finished before CPU 1 begins.
const afterCpu0 = (seen: (run: Run) => Seen) => (run: Run): Seen => (tooEarly(run) ? CPU_1_TOO_EARLY : seen(run));

// The last steps, as far as their states are kept: who acted, what its step was called, and the state before.
function lately({ made, recent }: Run): { cpu: number; step: string; before: State }[] {
  return recent.slice(0, -1).map((before, i) => {
    const cpu = made[made.length - recent.length + 1 + i];
    return { cpu, step: before.world.cpus[cpu].next ?? "", before };
  });
}

// The word of a page, as its frame has it.
function wordOf(state: State, name: string, space: number): number | null {
  const frame = pageOf(state, name, space)?.frame;
  return state.world.frames.find((each) => each.frame === frame)?.words[0] ?? null;
}
const heldOf = ({ world }: State, cpu: number, name: string) => heldBy(world.cpus[cpu]).find((each) => each.name === name);

const REPORT = "map m shared\nbefore: lock m; fork 1\ncpu 0: await m; unlock m\ncpu 1: lock m; unlock m\nafter: expect m 0";
const OLD = "map a private\nbefore: write a 0; age a\ncpu 0: wake_op a\nafter: expect a 1";
const STALE = "map a shared\nbefore 1: read a\ncpu 0: write a.2 7\ncpu 1: lock_pi a";
const COW = "map a private\nbefore: write a 1; fork 1\ncpu 0: write a 2\ncpu 1: write a 3\nafter: expect a 2\nafter 1: expect a 3";
const UNMAP = "map a private\nbefore: write a 0\nbefore 1: write a 1\ncpu 0: munmap a\ncpu 1: write a 2";
const WAIT = "map a private\nbefore: write a 0\nbefore 1: write a.1 0\ncpu 0: wait a 0\ncpu 1: write a 1; wake a";
const HANDOVER = "map m shared\nbefore: lock m; fork 1\nbefore 1: write m.1 0\ncpu 0: await m; unlock m\ncpu 1: lock m; unlock m\nafter: expect m 0";
const RECLAIM = "map a private\nbefore: write a 5\ncpu 0: wake_op a\ncpu 1: swapout a\nafter: expect a 6";
const WAITERS = 0x80000000;
const BUCKET = "futex bucket";

const CLEAN: Story = {
  route: "clean", title: "Clean: a page that is there, and still not enough",
  parts: [{
    setup: own(REPORT, { fault_in: "gup" }),
    text: [
      "For each page the kernel keeps an *entry*: a frame number and a few bits. Two of them are notes about use. `young` says that somebody has used the page, `dirty` that somebody has written to it. This machine does not set them. It makes an access fault, and the kernel's fault handler sets them.",
      "So there is a trick: the machine is told *less* than the entry permits. As long as `dirty` is missing, it is told that the page is read-only. Then the first write faults, and the kernel learns of it.",
      "Here a parent (CPU 0) and its child (CPU 1) share the page `m`. A lock lies in it, and the parent holds the lock. The child wants it: its compare-and-swap *reads* the word, finds that it is taken, and does not write.",
    ],
    ask: "When CPU 1 has read the word for the first time, in which state is its own entry for `m`?",
    options: [
      { id: "absent", text: "Still absent: a read leaves no trace." },
      { id: "dirty", text: "Dirty, as the parent's: it is the same frame." },
      { id: "clean", text: "Clean: present and young, but without `dirty`. The machine is told read-only." },
    ],
    todo: "Press the button of *CPU 1* (or the key `1`). Its first *load from user memory* faults. Go on until the load is made again and goes through, and watch the second row of the table, `m` of process 1. The sentence above the buttons says what each step did.",
    seen: (run) => {
      const hasRead = lately(run).some(({ cpu, step, before }) => cpu === 1 && step === "load" && stateOf(before, "m", 1) !== "absent");
      return hasRead || run.passed(1, "attempt_failed") || run.over ? stateOf(run.state, "m", 1) : null;
    },
    told: { clean: ["Entries belong to processes, not to frames. The parent's entry for the same frame is dirty; the child's is new, and a read sets `young` only. Nothing is wrong so far."] },
  }, {
    setup: own(REPORT, { fault_in: "gup" }),
    text: [
      "The child asks the kernel for the lock: `FUTEX_LOCK_PI`. The kernel must write a flag into the word itself. It holds a spin lock meanwhile, so it may not sleep, and *page faults are disabled*: if its write faults, the write is given up, and a repair is called before the next attempt.",
      "The repair of 2009, `fault_in=gup`, asks get_user_pages for the page. That looks at the entry: is it present, may it be written? If so, it is content.",
    ],
    ask: "When the kernel writes, the entry will be as you left it in part 1: present, and `write` is set. How does this run end?",
    options: [TURNS, ENDS],
    todo: "Press *run to end* (or the key `End`). Then look at the stations: which of them come again and again?",
    seen: ending,
    told: {
      turns: [
        "The write faults because `dirty` is missing. The repair sees a page that is present and writable, and leaves the entry as it is. So the next attempt faults as well. The kernel names the cause itself: the entry is *clean*.",
        "Nothing is locked and nobody sleeps. The task only turns. The bit that is missing is `dirty`.",
      ],
    },
  }, {
    setup: own(REPORT),
    text: [
      "Now the repair is `fault_in=fixup`. It does not look whether the page is there. It calls the function that the fault handler would have called: handle_mm_fault, for a write.",
    ],
    ask: "The same program, the same choices of who acts. How does it end now?",
    options: [TURNS, ENDS],
    todo: "Press *run to end*, or step CPU 1 and watch the station `made_accessible`.",
    seen: ending,
    told: { ends: ["handle_mm_fault sets `dirty`, the machine is told read-write, and the second attempt writes. To ask whether a page is there is one thing. To make an access possible is another."] },
  }],
};

const OLD_STORY: Story = {
  route: "old", title: "Old: the bit that reclaim takes away",
  parts: [{
    setup: own(OLD, { fault_in: "gup_dirty" }),
    text: [
      "To find out which pages are in use, the kernel *ages* them: it clears `young`, and looks later whether it came back. Because the machine does not set it, the machine must be told of *no page at all*. Otherwise an access would leave no trace.",
      "Page `a` was written, so it is dirty. Then it was aged. Now `FUTEX_WAKE_OP` wants to add 1 to its first word, with page faults disabled.",
      "`fault_in=gup_dirty` is a better repair than the first one: it takes a page only if its entry is present, writable, young *and* dirty. Otherwise it has the fault served.",
    ],
    ask: "Does the call end?",
    options: [{ id: "ends", text: "Yes: the repair sees that `young` is missing." }, { id: "turns", text: "No: it turns." }],
    todo: "Press *run to end*.",
    seen: ending,
    told: { ends: ["The check covers this case, so the fault is served, `young` is set, and the next attempt writes."] },
  }, {
    setup: own(OLD, { fault_in: "gup" }),
    text: ["The same with the repair of 2009, which only asks whether the entry is present and may be written."],
    ask: "And now?",
    options: [{ id: "ends", text: "It ends: after all the entry is dirty." }, { id: "turns", text: "It turns." }],
    todo: "Press *run to end*. Look at the row of `a`: which bit is missing, and what is the machine told?",
    seen: ending,
    told: { turns: ["For the kernel the page is there, with all rights. For the machine there is no page. The missing bit is `young` this time, and the hang looks just like the first one."] },
  }],
};

const STALE_STORY: Story = {
  route: "stale", title: "Stale: no bit is missing",
  parts: [{
    setup: own(STALE, { fault_in: "gup_dirty" }),
    text: [
      "A *TLB* keeps translations that the machine has looked up. Each CPU has its own. Here two threads of one process run on two CPUs. CPU 1 has read the page `a`, so its TLB has a translation that permits reading.",
      "Now CPU 0 writes to the page. That faults, the kernel sets `dirty`, and the entry permits *more* than before. With `tlb=lazy` the kernel tells only the TLB of the CPU that faulted. To interrupt all the others would be expensive, and too few rights do no harm: at worst they fault once more.",
    ],
    ask: "When CPU 0 has finished, what does the TLB of CPU 1 hold?",
    options: [
      { id: "behind", text: "The old translation, read-only." },
      { id: "same", text: "The new one, read-write." },
      { id: "none", text: "Nothing any more." },
    ],
    todo: "Step *CPU 0* until it has finished, and watch the column *TLB 1*.",
    seen: (run) => {
      const held = heldOf(run.state, 1, "a")?.against_truth ?? "none";
      return held === "behind" && run.state.world.cpus[0].over ? "behind" : tooEarly(run) ? CPU_1_TOO_EARLY :
        !run.state.world.cpus[0].over ? null : run.made.includes(1) ? notYet("CPU 1 has acted since CPU 0 finished.") : held;
    },
    told: { behind: ["The translation is *stale*: it was right once, and permits less than the entry does now."] },
  }, {
    setup: own(STALE, { fault_in: "gup_dirty" }),
    text: ["CPU 1 now calls `FUTEX_LOCK_PI`. The kernel's write uses the stale translation and faults, with page faults disabled. The repair `gup_dirty` looks at the entry: present, writable, young, dirty. Every bit is there."],
    ask: "First let CPU 0 finish, then run to the end. What does CPU 1 do?",
    options: [TURNS, ENDS],
    todo: "Step CPU 0 until it has finished. Then press *run to end*.",
    seen: (run) => (ending(run) === "turns" ? "turns" : afterCpu0(ending)(run)),
    told: {
      turns: ["No check of the entry can help here, however thorough: nothing is missing in it. What is wrong is in the TLB of CPU 1, and the repair does not look there."],
    },
  }, {
    setup: own(STALE),
    text: ["`fault_in=fixup` calls handle_mm_fault. It finds nothing to set. Then the fault was *spurious*, and it makes this CPU forget the page."],
    ask: "First let CPU 0 finish, then run to the end. Which station does CPU 1 pass before its write succeeds?",
    options: [
      { id: "spurious", text: "`spurious`: no bit is missing, the TLB was behind." },
      { id: "made_accessible", text: "`made_accessible`: a bit is set." },
      { id: "neither", text: "Neither of them: it turns." },
    ],
    todo: "Step CPU 0 until it has finished, then press *run to end*.",
    seen: afterCpu0((run) => (run.passed(1, "spurious") ? "spurious" : run.passed(1, "made_accessible") ? "made_accessible" :
      ending(run) === "turns" ? "neither" : null)),
    told: { spurious: ["This is the third cause, and the reason why a repair must be the fault handler itself, not a question about the entry."] },
  }],
};

const COW_STORY: Story = {
  route: "copy-on-write", title: "Copy-on-write: who pays for the copy?",
  parts: [{
    setup: own(COW),
    text: [
      "`fork` copies no memory. Parent (CPU 0) and child (CPU 1) get entries for the *same frame*, and `write` is taken from both. Whoever writes first faults and gets a copy.",
    ],
    ask: "One CPU writes, and when it has finished, the other one does. What happens to the second writer?",
    options: [
      { id: "copied", text: "It gets a copy, too." },
      { id: "reused", text: "It keeps the old frame: nobody else has it any more." },
    ],
    todo: "Let one CPU finish, then the other. Watch the frames: their counts, and how many there are.",
    seen: (run) => {
      if (run.state.verdict !== "ended") return null;
      const second = inTurn(run, 0, 1) ? 1 : inTurn(run, 1, 0) ? 0 : null;
      if (second === null) {
        return notYet([0, 1].every((cpu) => run.passed(cpu, "copied")) ?
          "One CPU began before the other one had finished. Both got a copy: each looked while the other one still had the frame. That is allowed, and costs a copy." :
          "One CPU began before the other one had finished.");
      }
      return run.passed(second, "copied") ? "copied" : run.passed(second, "reused") ? "reused" : null;
    },
    told: {
      reused: ["The count of the old frame went down to 1 when the first writer got its copy. So there is nobody to be protected from, and `write` is given back."],
    },
  }, {
    setup: own(COW),
    text: ["Now mix them. The count of a frame may be read by one CPU while the other one is about to change it. If both kept the old frame, one process would see the other's value."],
    ask: "Choose an order in which each CPU acts before the other one has finished. What does each process find in `a` at the end?",
    options: [{ id: "ends", text: "Its own value." }, { id: "broken", text: "One of them finds the other's value, and the engine stops the run." }],
    todo: "Step as you like, or press *at random* with seeds of your choice. The engine checks the values at the end.",
    seen: (run) => (ending(run) === "ends" && (inTurn(run, 0, 1) || inTurn(run, 1, 0)) ? notYet("One CPU had finished before the other one began.") : ending(run)),
    told: { ends: ["One order proves little. “Find it for me” on the explorer's page looks for a bad one: press *explore from here*, then `f`."] },
  }],
};

const SHOOTDOWN: Story = {
  route: "shootdown", title: "The shootdown left out",
  parts: [{
    setup: own(UNMAP),
    text: [
      "Two threads of one process have written to `a`, so both TLBs may write to it. CPU 0 unmaps the page. When rights are *taken away*, a TLB that still permits the access is a danger. So CPU 0 must make all CPUs forget the page, before the frame is given to anybody else: a *shootdown*.",
    ],
    ask: "CPU 0 unmaps the page and finishes, then CPU 1 writes to it. What does CPU 1 get?",
    options: [
      { id: "written", text: "It writes: its TLB still has the page." },
      { id: "refused", text: "The access is refused: SIGSEGV." },
    ],
    todo: "Step *CPU 0* until it has finished, then *CPU 1*. Watch when the column *TLB 1* loses the page.",
    seen: afterCpu0((run) => (run.passed(1, "bad_access") ? "refused" : run.state.world.cpus[1].over ? "written" : null)),
    told: { refused: ["The flush came before the page was free. CPU 1 missed in its TLB, faulted, and found no mapping."] },
  }, {
    setup: own(UNMAP, { tlb: "broken" }),
    text: ["With `tlb=broken` a flush reaches only the CPU that makes it. Everything else is the same kernel."],
    ask: "Again CPU 0 unmaps the page, and CPU 1 writes to it when CPU 0 has finished. When is it noticed that something is wrong?",
    options: [
      { id: "free", text: "When CPU 0 gives the frame back, before CPU 1 has done anything." },
      { id: "write", text: "When CPU 1 writes to the frame, which is free by then." },
      { id: "ends", text: "Never: both CPUs finish." },
    ],
    todo: "Step *CPU 0*, and watch the column *TLB 1*.",
    seen: afterCpu0((run) => ({ ended: "ends", violation: run.made.includes(1) ? "write" : "free" } as Record<string, string>)[run.state.verdict] ?? null),
    told: {
      free: ["A frame that a TLB can still reach may not become free: that is the law, whether or not somebody makes use of it. On a real machine nothing would be seen here. Much later a word would change in a page of somebody else."],
    },
  }],
};

// Whether both CPUs had read the entry for the last time before one of them changed it.
function readFirst(run: Run): boolean {
  const steps = lately(run).map(({ step }) => step);
  return steps.lastIndexOf("read an entry") < steps.findIndex((step) => step === "set flags of an entry" || step === "store an entry");
}
const bits = (run: Run): Seen => (ending(run) === "ends" ? (readFirst(run) ? "both" : notYet("One CPU had changed the entry before the other one read it.")) :
  ending(run) === "broken" ? "one" : null);
const DIRTY_LOST: Story = {
  route: "dirty-lost", title: "Dirty lost: two updates of one entry",
  parts: [{
    setup: named("set dirty against set young without lock"),
    text: [
      "The page is old and clean. CPU 0 wants to set `dirty`, CPU 1 wants to set `young`, at the same time and without a lock. Each reads the entry, and has then decided which flags to add.",
      "It adds them with one *atomic* instruction: an OR with the entry in memory, which no other CPU can divide.",
    ],
    ask: "Let both read the entry, and only then let both add their flags. Which bits are set at the end?",
    options: [
      { id: "one", text: "Only one: the second CPU knows the entry as it was, and its change undoes the other one." },
      { id: "both", text: "Both: what the second CPU has read does not matter, its flag comes to what is there by then." },
    ],
    todo: "Press `0` and `1` in turn, until both have read the entry and their next step is *set flags of an entry*. Go on, and watch the entry at each step.",
    seen: bits,
    told: { both: ["What a CPU had read was out of date when it added its flag, and that did no harm: the OR leaves all other bits as they are. If `dirty` were lost, the kernel would take the page for unchanged and could throw the data away."] },
  }, {
    setup: named("set dirty against set young without lock", {}, { broken: "an access-flag update is a plain store" }),
    search: true,
    text: ["Now one line of the kernel is broken: in place of the atomic instruction it reads the entry once more, adds the flags to what it has read, and stores that. arm64 Linux lost dirty bits in a similar way until 2016, and in a rarer case until 2017."],
    ask: "Let both read the entry, each of them twice, and only then let both store. Which bits are set at the end?",
    options: [
      { id: "both", text: "Both." },
      { id: "one", text: "Only one, and the engine stops the run." },
    ],
    todo: "Press `0` and `1` in turn, until the next step of both is *store an entry*. Then let both go on. Or press *find it for me*.",
    seen: (run) => {
      const seen = bits(run);
      return seen !== null && typeof seen !== "string" ? notYet("Both bits survived, because one CPU had stored before the other one read. That is why such faults live for years: a test has to meet the right order.") : seen;
    },
    told: { one: ["Each stored what it had read, with its own bit added. So the second store wrote over the bit of the first one."] },
  }],
};

const WAKEUP: Story = {
  route: "lost-wake-up", title: "The lost wake-up",
  parts: [{
    setup: own(WAIT),
    text: [
      "`FUTEX_WAIT` says: sleep, if the word is still 0. `FUTEX_WAKE` wakes who sleeps. CPU 0 waits. CPU 1 writes 1 and wakes.",
      "If CPU 1 is first, CPU 0 finds 1 and does not sleep. If CPU 0 is first, it is woken. What about the moment between reading the word and falling asleep?",
    ],
    ask: "Let CPU 0 read the word, then let CPU 1 do everything, then let CPU 0 go on. What happens?",
    options: [{ id: "ends", text: "All CPUs finish." }, STUCK],
    todo: "Step CPU 0 until it holds the lock `futex bucket` and has loaded the word. Then step CPU 1 as far as it goes: what does it wait for? Then press *run to end*.",
    seen: (run) => {
      const between = lately(run).some(({ before: { world: { cpus: [waiting, waking] } } }) =>
        waiting.holds.includes(BUCKET) && waiting.next !== "load" && waking.waits && waking.wants === BUCKET);
      return ending(run) === "ends" && !between ? notYet("CPU 1 did not try to wake CPU 0 between its read and its sleep.") : ending(run);
    },
    told: { ends: ["CPU 0 reads the word *while it holds the lock of the bucket*, and is in the queue before it gives the lock up. CPU 1 needs the same lock to wake. So it comes before the read, or after the sleep, and never in between."] },
  }, {
    setup: named("wait against wake", {}, { broken: "FUTEX_WAIT reads the word before it takes the lock" }),
    search: true,
    text: ["The broken line reads the word *before* the lock is taken. The program is the same in C++."],
    ask: "Find an order in which the wake-up is lost. How does it show?",
    options: [STUCK, BROKEN, { id: "turns", text: "CPU 0 turns: it reads the word again and again." }],
    todo: "Let CPU 0 load the word, and not take the lock. Then let CPU 1 write and wake, until it has finished. Then let CPU 0 go on. Or press *find it for me*.",
    seen: (run) => (ending(run) === "ends" ? notYet("All CPUs finished: no wake-up was lost.") : ending(run)),
    told: { stuck: ["The waker came between the read and the sleep. It found an empty queue and woke nobody. Nobody will come again."] },
  }],
};

const HANDOVER_STORY: Story = {
  route: "pi-hand-over", title: "The hand-over of a PI lock",
  parts: [{
    setup: own(HANDOVER),
    text: [
      "The word of a *PI lock* has the task id of its owner, or 0. The top bit, `FUTEX_WAITERS`, says that somebody waits. A task that finds 0 takes the lock without the kernel.",
      "CPU 0 owns `m` (its task id is 1). CPU 1 wants it, asks the kernel, and sleeps. Then CPU 0 unlocks.",
    ],
    ask: "What does the kernel write into the word when CPU 0 unlocks?",
    options: [
      { id: "free", text: "0: the lock is free, and the woken task takes it." },
      { id: "owner", text: "The id of the task that waits: it owns the lock before it even runs." },
    ],
    todo: "Step *CPU 1* until it sleeps, and look at word 0 of the frame. Then step *CPU 0*, and watch that word.",
    seen: (run) => {
      const [first, second] = run.state.world.cpus;
      const owners = run.recent.map((state) => (wordOf(state, "m", 0) ?? 0) % WAITERS);
      const unlocked = owners.findIndex((owner, i) => i > 0 && owners[i - 1] === first.pid && owner !== first.pid);
      if (unlocked < 0) return null;
      return run.recent[unlocked - 1].world.futexes.length === 0 ? notYet("Nobody was waiting when CPU 0 unlocked.") : owners[unlocked] === second.pid ? "owner" : "free";
    },
    told: {
      owner: ["The lock is *handed over*. If it became free, another task of low priority could take it first, and the task of high priority would wait again. That is what PI is there to prevent."],
    },
  }, {
    setup: own(HANDOVER),
    text: ["The word says more than the owner. In the picture above it was a large number while CPU 1 slept: `FUTEX_WAITERS` is bit 31."],
    ask: "CPU 1 owns the lock now, nobody else waits, and it unlocks. What is in the word at the end?",
    options: [{ id: "zero", text: "0." }, { id: "other", text: "Something else." }],
    todo: "Press *run to end*, or *at random* with some seed.",
    seen: (run) => (ending(run) === null ? null : wordOf(run.state, "m", 0) === 0 ? "zero" : "other"),
    told: { zero: ["`after: expect m 0` is part of the program: the engine checks it at the end of each run, whatever the order."] },
  }],
};

const RECLAIM_STORY: Story = {
  route: "reclaim", title: "Reclaim against a futex call",
  parts: [{
    setup: own(RECLAIM),
    text: [
      "`FUTEX_WAKE_OP` on CPU 0 adds 1 to a word. First it makes sure that the page is there (get_user_pages). Then it takes its lock, disables page faults, reads the word, and writes it.",
      "Between these two CPU 1 takes the page away: it sends it to swap.",
    ],
    ask: "What becomes of the call?",
    options: [
      { id: "nothing", text: "Nothing: while the call runs, the page cannot be taken away." },
      { id: "turns", text: "It turns for ever." },
      { id: "efault", text: "It fails with EFAULT: the page is gone." },
      { id: "again", text: "Its access fails, the page comes back from swap, and the next attempt succeeds." },
    ],
    todo: "Step *CPU 0* until it holds `futex bucket`. Then step *CPU 1* to its end (or hold the key `1`). Then *run to end*.",
    seen: (run) => {
      if (ending(run) === null || ending(run) === "turns") return ending(run);
      if (run.state.world.cpus[0].done.some((done) => done.endsWith(": EFAULT"))) return "efault";
      const passed = run.stations.filter(({ cpu }) => cpu === 0).map(({ name }) => name), failed = passed.lastIndexOf("attempt_failed");
      if (failed >= 0 && passed.includes("swapped_in", failed)) return "again";
      const last = lately(run).filter(({ cpu }) => cpu === 1).pop(); // then it had done what it could
      return last?.before.world.cpus[0].holds.includes(BUCKET) && failed < 0 ? "nothing" : notYet("CPU 1 did not send the page to swap after CPU 0 had looked and before it wrote.");
    },
    told: {
      again: ["The loop is there for exactly this. The kernel cannot hold the page in place, so it tries, lets a failure be repaired, and tries again. What it must be sure of is that the repair makes the *next* attempt possible."],
    },
  }],
};

const REPAIRS: [string, string[]][] = [
  ["gup_dirty", ["It looks for `dirty` as well, so it has the fault served. But you have seen in the story *stale* where it hangs."]],
  ["fixup_2011", ["This was the answer to the report in 2011: call handle_mm_fault, and do not look."]],
  ["trap", ["It does not repair the entry at all: it makes the access once more where faults are allowed. The machine says what is missing."]],
];
const SEED_STORY: Story = {
  route: "report", title: "The report itself",
  parts: [{
    setup: own(REPORT, { fault_in: "gup" }),
    text: [
      "In July 2011 somebody reported that a program which locks a process-shared PI mutex hangs in the kernel, with a CPU at 100 %, on machines where software keeps the dirty bit. The program is the one that you see: a mutex in shared memory, a fork, and a child that contends.",
      "You know the first story. Now look at it as the reporter did, who could not see any of this. The task does not sleep, so no list of waiters has it.",
    ],
    ask: "While the child turns, which locks does it hold at the end of each round?",
    options: [
      { id: "some", text: "The lock of its futex bucket, so others pile up behind it." },
      { id: "none", text: "None: it has given up all of them." },
    ],
    todo: "Choose *run until* `round_again is passed`, press it twice, and look at what CPU 1 holds.",
    seen: (run) => {
      const rounds = run.recent.filter((state) => state.stations.some(({ cpu, name }) => cpu === 1 && name === "round_again"));
      return rounds.length === 0 ? null : rounds[rounds.length - 1].world.cpus[1].holds.length ? "some" : "none";
    },
    told: { none: ["It holds nothing, waits for nothing, and can be interrupted. From outside it looks like a program that is busy."] },
  }, ...REPAIRS.map(([repair, told]): Part => ({
    setup: own(REPORT, { fault_in: repair }),
    text: [`The same report under another repair: \`fault_in=${repair}\`.`],
    ask: "Does the child get its lock?",
    options: [{ id: "ends", text: "Yes." }, { id: "turns", text: "No: it turns." }],
    todo: "Press *run to end*.",
    seen: ending,
    told: { ends: told },
  })), {
    setup: own(REPORT, { fault_in: "gup", ad_bits: "hardware" }, { backEnd: "softtlb" }),
    text: ["The fault was in the kernel for two years before the report came. One reason: on most machines the hardware sets `young` and `dirty` by itself. Here is such a machine (`ad_bits=hardware`), with the repair of 2009."],
    ask: "Does the child get its lock?",
    options: [{ id: "ends", text: "Yes: the machine sets dirty, and the write never fails." }, { id: "turns", text: "No: the kernel is the same, so it turns." }],
    todo: "Press *run to end*, and look for the station `attempt_failed`.",
    seen: ending,
    told: { ends: ["The wrong code is never reached. A test on such a machine passes, and proves nothing about the others."] },
  }],
};

export const stories: Story[] = [
  CLEAN, OLD_STORY, STALE_STORY, COW_STORY, SHOOTDOWN, DIRTY_LOST, WAKEUP, HANDOVER_STORY, RECLAIM_STORY, SEED_STORY,
];
