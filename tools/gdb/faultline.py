"""Faultline's commands for gdb: `fl` and a Tab lists them, `help fl` says what each does.

    gdb-multiarch build/arm/faultline.elf -x tools/gdb/faultline.py -ex 'target remote :1234'

Each command is a file in fl/, and a name in the list below."""

import importlib
import os
import sys

sys.dont_write_bytecode = True  # the source tree stays as it is
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

for module in ("command", "ps", "pt", "pte", "vmas", "futexes", "locks", "why", "trace", "printers", "frames"):
    importlib.import_module("fl." + module)
