"""Inside gdb, without a machine."""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from inside import *

for command in ("fl ps", "fl pt", "fl pte 0", "fl vmas", "fl futexes", "fl locks", "fl why", "armv7-pt", "armv7-pt 0"):
    refuses(command, r"There is no machine: connect to one first, .*")
finish()
