"""Inside gdb: the hang of 2011, at the detector's report. What the commands say must be what the kernel prints, before and
after: the test compares those in the shell. Here: that each command says it of the right page."""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from inside import *

refuses("fl ps", r"The MMU is still off: .*")
refuses("armv7-pt", r"The MMU of this CPU is off .*")
go_to("faultline::LivelockDetector::report")

WORD = 0x76FFF000
task = gdb.Value(int(gdb.parse_and_eval("$TPIDRPRW")) & 0xFFFFFFFF).cast(gdb.lookup_type("faultline::Task").pointer())
table = task["mm"]["mm"]["context"]["pgd"]["tables"]["_M_elems"][WORD >> 21].dereference()
native = int(table["entries"]["_M_elems"][WORD >> 12 & 511]["bits_"]["_M_i"])
check(native >> 12 != 0, "gdb reads the entry itself")
holds("fl why", r"^scenario\[3\] is in the retry loop of FUTEX_LOCK_PI on the word at 0x76fff000, on CPU 0\.$",
      r"^ +1000 rounds in which nothing changed", r"^mapping  0x76fff000-0x77000000 rw-s .*, the word is 0x00000002$",
      r"^entry    frame 0x[0-9a-f]+ present young clean write user noexec shared$",
      r"^machine  the descriptor permits user mode: read; as the entry says$", r"^cause    clean: ", r"^repair   fault_in=gup: ",
      r"^cure     handle_mm_fault marks the entry dirty: ")
holds(f"fl pte {WORD:#x}", rf"^entry    0x{native:08x} at 0x", rf": frame 0x{native >> 12:x} present young clean write",
      r"^law      without a fault, user mode can: read$", rf"second level: .* is 0x{native >> 12:05x}e7f: small page$",
      rf"^machine  0x76fff000 is physical 0x{native & ~0xFFF:08x}$", r"^agrees   yes$", "the hardware's TLB cannot be read")
holds(f"armv7-pt {WORD:#x}", r"goes through TTBR0", rf"^0x76fff000 is physical 0x{native & ~0xFFF:08x}$",
      r"privileged ro, user ro, XN, PXN, nG, shareable, write-back write-allocate, domain 0 \(client\)")
holds("armv7-pt user", rf"^0x76fff000-0x77000000 is 0x{native & ~0xFFF:08x}, 1 small page: privileged ro, user ro",
      r"^0xffff0000-0xffff1000 ")
holds("armv7-pt", r"^0x80010000-0x80[0-9a-f]+ is 0x40010000, \d+ small pages: privileged ro, user none, shareable",
      r"^0x80400000-0x88000000 is 0x40400000, \d+ sections: privileged rw, user none, XN")
holds("fl pt", r"^scenario\[3\]: \d+ pages present, 0 not in memory, 3 tables$",
      rf"^0x76fff000-0x77000000     1: present young clean write user noexec shared, frame 0x{native >> 12:x}$")
holds("fl pt 2", rf"^0x76fff000-0x77000000     1: present young dirty write user noexec shared, frame 0x{native >> 12:x}$")
holds("fl vmas", r"^0x76fff000-0x77000000 rw-s ", r"^0x000[0-9a-f]{5}-0x[0-9a-f]+ r-xp /bin/scenario \(inode \d+\), page \d+$",
      r"^0x7e[0-9a-f]+-0x7f000000 rw-p \[stack\], grows down$")
holds("fl ps", r"^ +1 +1 interruptible +0 +other +120 init +do_wait, in sys_wait4$",
      r"^ +3 +3 running +0\* +other +120 scenario$", r"^32\d{3} 32\d{3} interruptible +0 +other +120 kswapd0 +Worker::work_for_ever$",
      r"^ +0 +0 running +0 +other +120 swapper$")
holds("fl locks", r"^kernel lock: not needed, there is one CPU")
holds("backtrace", r"LivelockDetector::round", r"futex_lock_pi \(address=(?:address@entry=)?0x76fff000")
holds("print 'faultline::(anonymous namespace)::tasks'", rf"= tree of faultline::Task = \{{0x[0-9a-f]+, 0x[0-9a-f]+, 0x{int(task):x}\}}")

# The trace: the last records of the loop, and a stop at a station of it.
holds("fl trace 40", r"^ +3 \[000\] +0\.\d{6}: repair_called: address=0x76fff000 repair=gup$",
      r": get_user_pages: address=0x76fff000 entry=\[frame 0x[0-9a-f]+ present young clean write ", r": round_again: address=0x76fff000 ")
holds("fl", r"^fl pte -- ", r"^fl why -- ")
refuses("fl nothing", r"There is no `fl nothing` .*")
refuses("fl break nowhere", r"There is no station 'nowhere': .*")
refuses("fl trace none", r"`fl trace` takes a number of records, not 'none'\.")
show("fl break get_user_pages")
gdb.execute("continue", to_string=True)
check("faultin_and_follow" in gdb.execute("backtrace 3", to_string=True), "the machine stops where get_user_pages follows the entry")
gdb.execute("delete", to_string=True)
go_to("faultline::trace_record")
holds("backtrace", r"^#1 .* trace_from_station \(\)", r" in faultline::trace_call<.* at arch/arm/arch/trace_call.hpp", r"::faultin_and_follow \(", r"get_user_pages \(.*start@entry=0x76fff000", r" in vector_svc \(\)")

# The printers.
def printed(kind, *words):
    return str(gdb.Value(b"".join(word.to_bytes(4, "little") for word in words), gdb.lookup_type("faultline::" + kind)))


for kind, words, text in (
        ("Pte", (native,), f"frame 0x{native >> 12:x} present young clean write user noexec shared"), ("Pte", (0,), "none"),
        ("PteSlot", (native,), f"frame 0x{native >> 12:x} present young clean write user noexec shared"),
        ("UserAddr", (WORD,), "0x76fff000"), ("PhysAddr", (0x40000000,), "0x40000000"), ("Pfn", (0x44081,), "frame 0x44081"),
        ("Result<unsigned int>", (7, 0), "7"), ("Result<unsigned int>", (0, 14), "EFAULT"), ("Result<void>", (0,), "ok"),
        ("VmFlags", (0x73,), "0x73"), ("Relaxed<unsigned int>", (5,), "5"),
        ("Guard<faultline::SpinLock>", (0x80200000,), "faultline::SpinLock at 0x80200000, held"),
        ("IrqLocked<faultline::SpinLock>", (0, 0x80200000), "faultline::SpinLock at 0x80200000, held, interrupts masked")):
    check(printed(kind, *words) == text, f"{kind} prints as {text}", printed(kind, *words))

# In the abort of the next round: gdb gets from the abort handler to the access.
go_to("faultline::do_page_fault")
holds("backtrace", r"handle_abort", r"vector_dabt", r"futex_atomic_cmpxchg_inatomic \(.*address=0x76fff000", r"sys_futex")
gdb.execute("up", to_string=True)
holds("fl why", r"^scenario\[3\] is in the retry loop of FUTEX_LOCK_PI")
check(gdb.selected_frame().name() == "faultline::handle_abort", "the selected frame stays selected")

# In the first instruction of the vector: the loop is seen, too.
go_to("*0xffff0010")
holds("backtrace", r"^#0 +0xffff0010", r"futex_atomic_cmpxchg_inatomic \(.*address=0x76fff000", r"futex_lock_pi_atomic")
holds("fl why", r"^scenario\[3\] is in the retry loop of FUTEX_LOCK_PI")

for command, answer in (
        ("fl pt 99", r"There is no task 99 .*"), ("fl pt x", r"'x' is not the number of a task .*"),
        ("fl pte", r"`fl pte` needs an address .*"), ("fl pte 0x90000000", r"0x90000000 is no user address: .*"),
        ("fl pte nonsense", r"'nonsense' is not an address\."), ("fl pte 0x76fff000 99", r"There is no task 99 .*"),
        ("fl vmas 99", r"There is no task 99 .*"), ("fl why 99", r"There is no task 99 .*"),
        ("fl ps 1", r"`fl ps` takes no argument .*"), ("fl pt 1 2", r"`fl pt` takes one argument at most .*"),
        ("armv7-pt nonsense", r"'nonsense' is not an address\."), ("armv7-pt 0x100000000", r"'0x100000000' is not .*")):
    refuses(command, answer)
holds("fl pte 0x5000", r"^vma      none: an access is SIGSEGV$", r"^entry    .*none", r"^agrees   yes$")

# Without symbols; the walker needs none.
elf = gdb.objfiles()[0].filename
gdb.execute("file", to_string=True)
for command in ("fl ps", "fl pt", "fl pte 0", "fl vmas", "fl futexes", "fl locks", "fl why", "fl trace"):
    refuses(command, r"gdb has no symbols of Faultline: .*")
holds(f"armv7-pt {WORD:#x}", rf"^0x76fff000 is physical 0x{native & ~0xFFF:08x}$")

# A structure that is renamed: the commands cannot rot in silence.
gdb.execute(f"file {gdb.convenience_variable('renamed').string()}", to_string=True)
for command in ("fl ps", "fl pt", "fl pte 0", "fl vmas", "fl futexes", "fl locks", "fl why"):
    refuses(command, r"This kernel has no faultline::\w+::\w+: the tools and the ELF file are not of the same source\.")

# With another kernel's symbols.
gdb.execute(f"file {elf.replace('.elf', '-softtlb.elf')}", to_string=True)
refuses("fl ps", r"The machine runs another kernel than the one whose symbols gdb has: .*")
gdb.execute(f"file {elf}", to_string=True)
show("fl ps")

# While the machine runs.
gdb.execute("continue &", to_string=True)
for command in ("fl ps", "fl why", "armv7-pt"):
    refuses(command, r"The machine is running: stop it first, .*")
finish()
