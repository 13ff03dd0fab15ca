"""Inside gdb: the third cause, at the report. CPU 1's TLB has an entry that permits less than the truth."""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from inside import *

go_to("faultline::LivelockDetector::report")
said = holds("fl why", r"is in the retry loop of FUTEX_LOCK_PI on the word at 0x[0-9a-f]{8}, on CPU 1\.$",
             r"^entry    frame 0x[0-9a-f]+ present young dirty write user", r"^machine  CPU 1's TLB permits user mode: read; LESS than the entry permits$",
             r"^cause    stale: ", r"^repair   fault_in=gup_dirty: ")
word = re.search(r"word at (0x[0-9a-f]+)", said).group(1)
frame = re.search(r"frame 0x([0-9a-f]+)", said).group(1)
holds(f"fl pte {word}", r"^law      without a fault, user mode can: read and write$",
      rf"^tlb      CPU 0: 0x{frame}[0-9a-f]{{3}} at 0x{frame}000: privileged rw, user rw, XN.*; agrees with the entry: yes$",
      rf"^tlb      CPU 1: 0x{frame}[0-9a-f]{{3}} at 0x{frame}000: privileged ro, user ro, XN.*; agrees with the entry: NO: it permits less than the entry$")
gdb.execute("thread 1", to_string=True)
refusal = show("fl why " + re.search(r"\[(\d+)\]", said).group(1))
check(re.search(r"runs on CPU 1, whose registers are not the selected ones: `thread 2` selects it\.", refusal), "another CPU's task", refusal)
finish()
