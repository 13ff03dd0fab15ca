"""The walker of tools/gdb/armv7-pt.py, whose name no `import` can say, and its command with it."""

import importlib.util
import os

_path = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "armv7-pt.py")
_spec = importlib.util.spec_from_file_location("armv7_pt", _path)
_module = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_module)

Refused, Mmu, PhysicalMemory = _module.Refused, _module.Mmu, _module.PhysicalMemory
parse_address, register, require_stopped_machine = (
    _module.parse_address, _module.register, _module.require_stopped_machine)
