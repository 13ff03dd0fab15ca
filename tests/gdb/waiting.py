"""Inside gdb: tests/gdb/waiting.c. $stop_here is where it stops; there the CPU is in user mode and may not read the kernel."""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from inside import *

from fl.armv7 import register

NAMES = ("plain", "shared", "lock1", "lock2", "plain_tid", "bits_tid", "shared_tid", "owner_tid", "middle_tid", "outer_tid",
         "caught_tid", "swapped", "old", "untouched")
softtlb = gdb.lookup_global_symbol("faultline::softtlb::cpus") is not None
lockdep = gdb.lookup_static_symbol("faultline::lockdep::(anonymous namespace)::watching") is not None
cpus = len(gdb.selected_inferior().threads())

gdb.execute(f"thbreak *{variable('stop_here'):#x}", to_string=True)
gdb.execute("continue", to_string=True)
check(register("cpsr") & 0x1F == 0x10, "the program has stopped, in user mode")
words = bytes(gdb.selected_inferior().read_memory(register("r0"), 4 * len(NAMES)))
is_ = {name: int.from_bytes(words[4 * i : 4 * i + 4], "little") for i, name in enumerate(NAMES)}
main = int(re.search(r"^ +(\d+) +\1 running +\d\* ", show("fl ps"), re.M).group(1))


def row(name, state, policy, prio, waits):
    return rf"^ +{main} +{is_[name + '_tid']} {state} +\d +{policy} +{prio} {name} +{waits}$"


PRIVATE = r"\(private, address space 0x[0-9a-f]{8}\)"
plain, lock1, lock2 = (rf"0x{is_[name]:08x} {PRIVATE}" for name in ("plain", "lock1", "lock2"))
holds("fl ps", row("plain", "interruptible", "other", 120, f"futex {plain}"), row("bits", "interruptible", "other", 120, f"futex {plain}"),
      row("shared", "interruptible", "other", 120, r"futex word 0x0 of page 0 of inode \d+ \(shared\)"),
      row("owner", "interruptible", "other", 89, "sys_pause"),
      row("middle", "interruptible", "fifo", 89, rf"PI futex {lock1}, which owner\[{is_['owner_tid']}\] owns"),
      row("outer", "interruptible", "other", 120, rf"PI futex {lock2}, which middle\[{is_['middle_tid']}\] owns"))
owner, middle, outer = (f"{name}\\[{is_[name + '_tid']}\\]" for name in ("owner", "middle", "outer"))
holds("fl futexes", rf"^  futex {plain}, the word is 0x00000007$\n    plain\[{is_['plain_tid']}\]$\n    bits\[{is_['bits_tid']}\], bitset 0x00000010$",
      rf"^    shared\[{is_['shared_tid']}\]$", rf"^  futex {lock1}, the word is 0x{is_['owner_tid'] | 1 << 31:08x}$",
      rf"^    {middle}, owner {owner}$", rf"^    {outer}, owner {middle}, who waits for {owner}$",
      rf"^{owner} owns the PI lock {lock1}; waiters: {middle}$", r"^5 waiters; [34] of \d+ buckets in use$")
holds("fl locks", r"^kernel lock: " + ("not needed, there is one CPU$" if cpus == 1 else "free$"),
      "^no other lock of those that can be found is held$")
holds(f"fl why {is_['outer_tid']}", rf"^{outer} does not turn: it sleeps \(interruptible\), and waits for PI futex {lock2}, which {middle} owns\.$")
holds(f"fl why {is_['caught_tid']}", r"^caught\[\d+\] does not turn: it sleeps \(interruptible\), and waits for sys_pause\.$",
      r"^Its last access that could not be made was at 0x00000018 \(DFSR 0x[0-9a-f]+\)\.$", r"^mapping  none: nothing is mapped at 0x00000018")

# Pages in swap, in words; old ones.
slots = re.search(rf"^0x{is_['swapped']:08x}-0x{is_['swapped'] + 6 * 4096:08x}     6: swap area 0, slots (.*)$", show("fl pt"), re.M)
check(slots is not None and re.fullmatch(r"\d+-\d+(, \d+-\d+|, \d+)*", slots.group(1)), "fl pt: six pages are in swap", show("fl pt"))
first = slots.group(1).split("-")[0] if slots else "?"
holds(f"fl pte {is_['swapped']:#x}", rf"^entry    .*: swap area 0 slot {first}$", r"^law      without a fault, user mode can: nothing$")
old = holds(f"fl pte {is_['old']:#x}", r"^entry    0x[0-9a-f]+ at 0x[0-9a-f]+: frame 0x[0-9a-f]+ present old dirty write user noexec$")
frame = re.search(r"frame (0x[0-9a-f]+)", old).group(1)
if softtlb:
    check(old.count("not there; the next access asks the entry") == cpus, "no CPU's TLB has an old page", old)
    sp = register("sp")
    stack = holds(f"fl pte {sp:#x}", r"^entry    .*young dirty write user")
    check(stack.count("; in the tables that the hardware walks; agrees with the entry: yes") == 1, "the TLB has the stack", stack)
else:
    check("second level: " in old and "translation fault, second level" in old and "agrees   yes" in old, "an old page is invalid", old)

# The fault on the old page, in the kernel.
go_to("faultline::do_page_fault")
holds("fl why", rf"^waiting\[{main}\] runs on CPU \d, which serves a write at 0x{is_['old']:08x}: translation fault",
      rf"^entry    frame {frame} present old dirty write user noexec$", r"^cause    old: the entry's young bit is missing",
      r"^next     the entry lacks only its marks")
holds("print fault", rf" = Translation: write to 0x{is_['old']:08x} by user code$")
check("vector_dabt" in show("backtrace"), "the abort is in the backtrace")

# While it is served: the mmap lock is held, for reading.
go_to("faultline::handle_mm_fault_locked")
HOLDS = rf"^waiting\[{main}\] holds mmap_lock at 0x[0-9a-f]+ \(lockdep\)$"
holds("fl locks", rf"^mmap_lock of address space 0x[0-9a-f]+ \(tasks {main}, .*\): 1 reader inside$", *([HOLDS] if lockdep else []))
guard = str(gdb.Value(int(gdb.parse_and_eval("&mm")).to_bytes(4, "little"), gdb.lookup_type("faultline::MmapReadGuard")))
check(re.fullmatch(r"mmap_lock of address space 0x[0-9a-f]{8}, held for reading", guard), "a guard prints as what it holds", guard)
vma = re.search(r"start = (0x[0-9a-f]{8}), end = (0x[0-9a-f]{8}), flags = 0x", show("print vma"))
check(vma is not None and int(vma.group(1), 0) <= is_["old"] < int(vma.group(2), 0), "print vma: it is that of the page")

# A page that was never touched.
go_to("faultline::do_page_fault")
holds("fl why", rf"serves a write at 0x{is_['untouched'] + 4096:08x}: translation fault", r"^entry    none$", r"^cause    absent: ",
      r"^next     it has not been touched before: a zeroed page comes$")

# The kernel lock, and that of a bucket.
go_to("faultline::sys_umask")
holds("fl locks", "^kernel lock: not needed, there is one CPU; " if cpus == 1 else rf"^kernel lock: held; waiting\[{main}\] on CPU \d has it$",
      *([r"^CPU \d holds kernel_lock at "] if lockdep and cpus > 1 else []))
go_to("faultline::futex_wake_mark")
bucket = re.search(rf"^bucket (\d+): lock held$\n^  futex {plain}", show("fl futexes"), re.M)
check(bucket is not None, "the bucket's lock is held", show("fl futexes"))
holds("fl locks", rf"^futex bucket {bucket.group(1) if bucket else '?'}: held$", *([r"^CPU \d holds futex bucket at "] if lockdep else []))

# Nothing is mapped there: the program gets a signal.
go_to("*'faultline::do_page_fault' if $r0 == 16")  # in its first instruction the address is there
holds("fl why", r"serves a write at 0x00000010: translation fault", r"^mapping  none: nothing is mapped at 0x00000010, and the program gets SIGSEGV$")
finish()
