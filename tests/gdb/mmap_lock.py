"""Inside gdb: tasks that wait for the mmap lock, in /bin/storm_map. The machine stops whenever one is to be woken; the first
time that one really sleeps, the commands must name it."""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from inside import *

gdb.execute("hbreak faultline::unpark_one", to_string=True)
for _ in range(100):
    gdb.execute("continue", to_string=True)
    head = gdb.parse_and_eval("queue.sleepers.data_.root_plus_size_.m_header")
    if int(head["next_"]) not in (0, int(head.address)):
        break
parked = re.search(r"list of faultline::Parked = \{(0x[0-9a-f]+)", show("print queue.sleepers")).group(1)
task, sleeper = (gdb.lookup_type(f"faultline::{name}").pointer() for name in ("Task", "Parked"))
pid = int(gdb.Value(int(parked, 16)).cast(sleeper)["task"].cast(task)["pid"])
holds("fl locks", rf"^mmap_lock of address space 0x[0-9a-f]{{8}} \(tasks .*\): .*storm_map\[{pid}\] waits to (read|write)")
holds("fl ps", rf"^ +\d+ +{pid} uninterruptible +\d +other +120 storm_map +mmap_lock of address space 0x[0-9a-f]{{8}}, to (read|write)")
finish()
