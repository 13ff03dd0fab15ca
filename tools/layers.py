#!/usr/bin/env python3
"""Who may include whom, as docs/architecture.md draws it, checked over every #include of the tree.

    tools/layers.py              check this tree; one line `file:line: what is wrong` for each finding
    tools/layers.py --picture    print the rooms inside kernel/ and abi/, lowest first, and what each includes of the others
    tools/layers.py --self-test  check small trees that each break one rule, and that the finding is made
"""

import pathlib
import re
import sys
import tempfile

# Longest prefix first: a file belongs to the first room whose path it is under.
ROOMS = ["arch/contract", "arch/armv7", "arch/backend", "arch/walked", "arch/softtlb", "arch/arm", "arch/model",
         "base", "mm", "kernel", "abi", "interleave", "explorer", "user", "tests", "tools"]
BACK_ENDS = ("arch/walked", "arch/softtlb")  # cmake/back_ends.cmake

# What a room may include of the tree, beside itself. "<arch>" is the facade, "<mmu>" the back end's fast path.
MAY_INCLUDE = {
    "base": {"<arch>"},
    "arch/contract": {"base"},
    "arch/armv7": {"arch/contract", "base"},
    "arch/backend": {"arch/armv7", "arch/contract", "base", "<arch>", "<mmu>"},
    "arch/walked": {"arch/backend", "arch/armv7", "arch/contract", "base", "<arch>", "<mmu>"},
    "arch/softtlb": {"arch/backend", "arch/armv7", "arch/contract", "base", "<arch>", "<mmu>"},
    "arch/arm": {"arch/armv7", "arch/contract", "base", "<arch>", "<mmu>"},
    "arch/model": {"arch/contract", "base", "<arch>", "<mmu>"},
    "mm": {"arch/contract", "base", "<arch>"},
    "kernel": {"mm", "arch/contract", "base", "<arch>"},  # and COMPOSITION_ROOT
    "abi": {"kernel", "mm", "arch/contract", "base", "<arch>"},
    "interleave": {"kernel", "mm", "arch/model", "arch/contract", "base", "<arch>"},
    "explorer": {"interleave", "arch/model"},
    "user": set(),
    "tests": set(ROOMS) | {"<arch>"},
    "tools": set(),
}

# The files of kernel/ that put the system together: they alone may include abi/.
COMPOSITION_ROOT = {"kernel/main.cpp", "kernel/start_init.cpp"}

# The rooms inside kernel/ and abi/, lowest first, each with the rooms beside it that it may include: all stand above it in
# this list, so there is no cycle of rooms. An entry may be a single file. The last entry of each stands for the files right in
# that folder. An edge that no include needs any more is a finding, too.
INNER_ROOMS = {
    "kernel": {
        "kernel/upcalls.hpp": set(),  # what the others ask of abi/
        "kernel/sched": {"kernel/upcalls.hpp"},
        "kernel/debug": {"kernel/sched"},
        "kernel/futex": {"kernel/upcalls.hpp", "kernel/sched", "kernel/debug"},
        "kernel": {"kernel/upcalls.hpp", "kernel/sched", "kernel/debug", "kernel/futex"},
    },
    "abi": {
        "abi/arguments": set(),
        "abi/task": set(),
        "abi/cred": {"abi/task"},
        "abi/signal": {"abi/arguments", "abi/task", "abi/cred"},
        "abi/time": {"abi/arguments", "abi/task", "abi/cred", "abi/signal"},
        "abi/block": {"abi/task"},
        "abi/fs": {"abi/arguments", "abi/task", "abi/cred", "abi/signal", "abi/time", "abi/block"},
        "abi/tty": {"abi/task", "abi/signal", "abi/fs"},
        "abi/virtio": {"abi/block", "abi/fs"},
        "abi/ipc": {"abi/arguments", "abi/task", "abi/cred", "abi/signal", "abi/time", "abi/fs"},
        "abi/memory": {"abi/task", "abi/cred", "abi/signal", "abi/block", "abi/fs"},
        "abi/sched": {"abi/arguments", "abi/task", "abi/cred"},
        "abi/system": {"abi/task", "abi/cred", "abi/virtio", "abi/sched"},
        "abi/process": {"abi/arguments", "abi/task", "abi/cred", "abi/signal", "abi/time", "abi/fs", "abi/tty",
                        "abi/ipc", "abi/memory", "abi/system"},
        "abi/procfs": {"abi/task", "abi/cred", "abi/signal", "abi/time", "abi/block", "abi/fs", "abi/tty", "abi/ipc",
                       "abi/memory", "abi/sched", "abi/system", "abi/process"},
        "abi/syscall": {"abi/arguments", "abi/task", "abi/cred", "abi/signal", "abi/time", "abi/fs", "abi/ipc",
                        "abi/memory", "abi/sched", "abi/system", "abi/process"},
        "abi": {"abi/arguments", "abi/task", "abi/cred", "abi/signal", "abi/time", "abi/block", "abi/fs", "abi/tty", "abi/virtio",
                "abi/ipc", "abi/memory", "abi/sched", "abi/process", "abi/procfs"},
    },
}

HOSTED_ROOMS = {"arch/model", "interleave", "explorer", "tests", "tools", "user"}
UAPI_ROOMS = {"kernel", "abi", "mm", "interleave", "user", "tests"}
BOOST_FILE = "base/intrusive.hpp"

# The headers that need no operating system under them.
FREESTANDING = {
    "algorithm", "array", "atomic", "bit", "cfloat", "climits", "compare", "concepts", "cstdarg", "cstddef", "cstdint",
    "cstring", "functional", "initializer_list", "iterator", "limits", "new", "numbers", "optional", "ranges", "span",
    "source_location", "stdarg.h", "stddef.h", "stdint.h", "string_view", "tuple", "type_traits", "utility", "variant",
}

# What the host compiles: cmake/host_tests.cmake.
HOST_SOURCES = ("base/", "mm/", "kernel/sched/", "kernel/futex/", "kernel/debug/describe_pte.cpp", "kernel/debug/tlb_check.cpp", "kernel/debug/trace_text.cpp",
                "arch/backend/", *(f"{each}/" for each in BACK_ENDS), "arch/model/", "interleave/", "tests/host/", "tests/contract/")
FACADES = {"arm": "arch/arm", "model": "arch/model"}

MACHINE_TEST = re.compile(r"\b(__arm__|__ARM_ARCH\w*|__aarch64__|__x86_64__|__i386__|__STDC_HOSTED__)\b")
INCLUDE = re.compile(r'^\s*#\s*include\s*(["<])([^">]+)[">]')
SUFFIXES = {".h", ".hpp", ".c", ".cpp", ".S", ".def", ".inc"}
GENERATED = {"user/scenarios/catalogue.inc"}  # by the build


def without_comments(text):
    """The text with comments blanked, line structure kept. String literals are left alone."""
    token = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)

    def blank(match):
        found = match.group(0)
        return re.sub(r"[^\n]", " ", found) if found[0] == "/" else found

    return token.sub(blank, text)


class Tree:
    def __init__(self, root):
        self.root = pathlib.Path(root)
        self.findings = []
        self.includes = {}  # file -> [(line, "<" or '"', name)]
        self.inner_edges = set()  # (room, room) of INNER_ROOMS, as found
        for room in ROOMS:
            for path in sorted((self.root / room).rglob("*")):
                if path.suffix in SUFFIXES and path.is_file():
                    self.read(path.relative_to(self.root).as_posix())

    def read(self, file):
        lines = without_comments((self.root / file).read_text(encoding="utf-8")).splitlines()
        self.includes[file] = []
        for number, line in enumerate(lines, 1):
            if found := INCLUDE.match(line):
                self.includes[file].append((number, found.group(1), found.group(2)))
            elif (found := MACHINE_TEST.search(line)) and not file.startswith("arch/"):
                self.complain(file, number, f"{found.group(1)}: only arch/ may ask what it is compiled for")

    def complain(self, file, line, what):
        self.findings.append(f"{file}:{line}: {what}")

    def resolve(self, file, quote, name, facade):
        """The file of the tree that an #include means, or None if it lies outside."""
        candidates = [name]
        if quote == '"':
            candidates.append((pathlib.PurePosixPath(file).parent / name).as_posix())
        if name.startswith("arch/") and quote == "<":
            candidates = [f"{facade}/{name}"]
        if room_of(file) == "user":
            candidates.append(f"user/lib/include/{name}")
        return next((c for c in candidates if c in self.includes), None)

    def check_edges(self):
        for file, includes in self.includes.items():
            for line, quote, name in includes:
                self.check_edge(file, line, quote, name)

    def check_edge(self, file, line, quote, name):
        room = room_of(file)
        if quote == "<" and name.startswith("arch/"):
            if "<arch>" not in MAY_INCLUDE[room]:
                self.complain(file, line, f"{room} may not include the facade <{name}>")
            return
        if quote == "<" and name.startswith("mmu/"):
            if "<mmu>" not in MAY_INCLUDE[room]:
                self.complain(file, line, f"{room} may not include the back end's <{name}>")
            for back_end in BACK_ENDS:
                if f"{back_end}/{name}" not in self.includes:
                    self.complain(file, line, f"{back_end}/{name} is missing")
            return
        target = self.resolve(file, quote, name, FACADES["arm"])
        if target:
            other = room_of(target)
            if other == "tests" and room != "tests":
                self.complain(file, line, f"nothing outside tests may include {target}")
            elif other == room:
                self.check_inner_edge(file, line, target)
            elif other not in MAY_INCLUDE[room] and not (other == "abi" and file in COMPOSITION_ROOT):
                self.complain(file, line, f"{room} may not include {other} ({target})")
        elif quote == '"':
            if name not in GENERATED:
                self.complain(file, line, f'"{name}" is no file of this tree')
        elif name.split("/")[0] in ("linux", "asm", "asm-generic"):
            if room not in UAPI_ROOMS:
                self.complain(file, line, f"{room} may not include Linux's <{name}>")
        elif name.startswith("boost/"):
            if file != BOOST_FILE:
                self.complain(file, line, f"<{name}>: Boost is reached through {BOOST_FILE} only")
        elif room not in HOSTED_ROOMS and name not in FREESTANDING:
            self.complain(file, line, f"<{name}> needs an operating system; {room} runs without one")

    def check_inner_edge(self, file, line, target):
        room, other = inner_room_of(file), inner_room_of(target)
        if room == other:
            return
        self.inner_edges.add((room, other))
        if room and other and other not in INNER_ROOMS[room_of(file)][room]:
            self.complain(file, line, f"{room} may not include {other} ({target})")

    def check_inner_rooms(self):
        """Every folder of kernel/ and abi/ is a room of the picture."""
        for file in self.includes:
            if inner_room_of(file) is None:
                self.complain(file, 1, f"{file.rsplit('/', 1)[0]} is no room of INNER_ROOMS")

    def unused_edges(self):
        return [f"tools/layers.py:1: no file of {room} includes {other} any more: the picture is wrong"
                for rooms in INNER_ROOMS.values() for room, others in rooms.items()
                for other in sorted(others) if (room, other) not in self.inner_edges]

    def check_cycles(self, facade):
        done, path = set(), []

        def visit(file):
            if file in path:
                ring = path[path.index(file):] + [file]
                self.complain(file, 1, "includes itself: " + " -> ".join(ring))
                return
            if file in done:
                return
            path.append(file)
            for _, quote, name in self.includes[file]:
                if target := self.resolve(file, quote, name, facade):
                    visit(target)
            path.pop()
            done.add(file)

        for file in self.includes:
            visit(file)

    def check_facade(self):
        """Each facade header that a machine's sources reach stands in that machine's folder."""
        for machine, facade in FACADES.items():
            missing = {}
            for file in self.reachable(machine, facade):
                for line, quote, name in self.includes[file]:
                    if quote == "<" and name.startswith("arch/") and f"{facade}/{name}" not in self.includes:
                        missing.setdefault((file, line), f"<{name}> is reached here, but {facade}/{name} is missing")
            for (file, line), what in missing.items():
                self.complain(file, line, what)

    def reachable(self, machine, facade):
        def compiled(file):
            if not file.endswith(".cpp"):
                return False
            if machine == "model":
                return file.startswith(HOST_SOURCES) and not file.startswith("tests/contract/kernel")
            return room_of(file) in ("mm", "kernel", "abi", "arch/backend", *BACK_ENDS, "arch/arm")

        todo = [file for file in self.includes if compiled(file)]
        seen = set(todo)
        while todo:
            file = todo.pop()
            for _, quote, name in self.includes[file]:
                target = self.resolve(file, quote, name, facade)
                if target and target not in seen:
                    seen.add(target)
                    todo.append(target)
        return sorted(seen)

    def check(self):
        self.check_edges()
        self.check_inner_rooms()
        for facade in FACADES.values():
            self.check_cycles(facade)
        self.check_facade()
        return list(dict.fromkeys(self.findings))


def room_of(file):
    return next(room for room in ROOMS if file.startswith(room + "/"))


def inner_room_of(file):
    """The room of INNER_ROOMS that a file belongs to; "" in a room that has none inside; None: it should have one."""
    outer = room_of(file)
    if outer not in INNER_ROOMS:
        return ""
    folder = file.rsplit("/", 1)[0]
    rooms = INNER_ROOMS[outer]
    if file in rooms:
        return file
    if folder == outer:
        return outer
    return next((room for room in rooms if room != outer and (folder + "/").startswith(room + "/")), None)


def picture_errors(inner_rooms):
    """What is wrong with the list itself: a room may include only rooms that stand above it."""
    errors = []
    for rooms in inner_rooms.values():
        above = set()
        for room, others in rooms.items():
            errors += [f"INNER_ROOMS: {room} may not be said to include {other}" for other in sorted(others - above)]
            above.add(room)
    return errors


# Each broken tree: its files, and a part of the finding that must be made. None: there must be no finding.
BROKEN = [
    ({"mm/a.cpp": '#include "kernel/k.hpp"', "kernel/k.hpp": ""}, "mm/a.cpp:1: mm may not include kernel"),
    ({"arch/model/m.cpp": '#include "arch/armv7/d.hpp"', "arch/armv7/d.hpp": ""}, "may not include arch/armv7"),
    ({"kernel/k.cpp": '\n#include "tests/t.hpp"', "tests/t.hpp": ""}, "kernel/k.cpp:2: nothing outside tests"),
    ({"mm/a.hpp": '#include "mm/b.hpp"', "mm/b.hpp": '#include "mm/a.hpp"'}, "includes itself: mm/"),
    ({"kernel/k.cpp": "#if defined(__arm__)\n#endif"}, "__arm__: only arch/"),
    ({"mm/a.cpp": "#include <vector>"}, "<vector> needs an operating system"),
    ({"mm/a.cpp": "#include <boost/intrusive/list.hpp>"}, "Boost is reached through"),
    ({"mm/a.cpp": '#include "mm/nowhere.hpp"'}, "no file of this tree"),
    ({"mm/a.cpp": "#include <arch/x.hpp>", "arch/arm/arch/x.hpp": ""}, "arch/model/arch/x.hpp is missing"),
    ({"mm/a.cpp": "#include <arch/x.hpp>", "arch/model/arch/x.hpp": ""}, "arch/arm/arch/x.hpp is missing"),
    ({"kernel/k.cpp": "#include <mmu/x.hpp>", "arch/walked/mmu/x.hpp": "", "arch/softtlb/mmu/x.hpp": ""},
     "kernel may not include the back end's <mmu/x.hpp>"),
    ({"arch/arm/a.cpp": "#include <mmu/x.hpp>", "arch/walked/mmu/x.hpp": ""}, "arch/softtlb/mmu/x.hpp is missing"),
    ({"arch/softtlb/s.cpp": '#include "arch/walked/w.hpp"', "arch/walked/w.hpp": ""}, "may not include arch/walked"),
    ({"interleave/i.cpp": '#include "tests/host/t.hpp"', "tests/host/t.hpp": ""}, "nothing outside tests may include"),
    ({"interleave/i.cpp": '#include "abi/init.hpp"', "abi/init.hpp": ""}, "interleave may not include abi"),
    ({"kernel/k.cpp": '#include "interleave/i.hpp"', "interleave/i.hpp": ""}, "kernel may not include interleave"),
    ({"interleave/i.cpp": '#include "explorer/engine/e.hpp"', "explorer/engine/e.hpp": ""}, "interleave may not include explorer"),
    ({"interleave/i.cpp": '#include "arch/model/m.hpp"\n#include <vector>', "arch/model/m.hpp": ""}, None),
    ({"user/init/i.cpp": '#include "base/types.hpp"', "base/types.hpp": ""}, "user may not include base"),
    ({"kernel/k.cpp": '#include "abi/init.hpp"', "abi/init.hpp": ""}, "kernel/k.cpp:1: kernel may not include abi"),
    ({"kernel/main.cpp": '#include "abi/init.hpp"', "abi/init.hpp": ""}, None),
    ({"kernel/sched/s.cpp": '#include "kernel/futex/f.hpp"', "kernel/futex/f.hpp": ""},
     "kernel/sched may not include kernel/futex"),
    ({"kernel/sched/s.cpp": '#include "kernel/smp.hpp"', "kernel/smp.hpp": ""}, "kernel/sched may not include kernel ("),
    ({"kernel/sched/s.cpp": '#include "kernel/upcalls.hpp"', "kernel/upcalls.hpp": ""}, None),
    ({"abi/fs/f.cpp": '#include "abi/process/p.hpp"', "abi/process/p.hpp": ""}, "abi/fs may not include abi/process"),
    ({"abi/process/p.cpp": '#include "abi/fs/f.hpp"', "abi/fs/f.hpp": ""}, None),
    ({"abi/signal/s.cpp": '#include "abi/init.hpp"', "abi/init.hpp": ""}, "abi/signal may not include abi ("),
    ({"abi/attic/a.cpp": ""}, "abi/attic is no room of INNER_ROOMS"),
    ({"mm/attic/a.cpp": '#include "mm/m.hpp"', "mm/m.hpp": ""}, None),
    ({"abi/process/p.cpp": "#include <arch/x.hpp>", "arch/arm/arch/x.hpp": ""}, None),  # not compiled on the host
    ({"mm/a.cpp": "// #include <vector>, __arm__\n#include <cstdint>", "tests/host/t.cpp": "#include <vector>"}, None),
]


def self_test():
    failures = 0
    for files, expected in BROKEN:
        with tempfile.TemporaryDirectory() as root:
            for name, text in files.items():
                path = pathlib.Path(root) / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text + "\n", encoding="utf-8")
            findings = Tree(root).check()
        good = not findings if expected is None else any(expected in finding for finding in findings)
        if not good:
            failures += 1
            print(f"self-test: {list(files)}: expected {expected!r}, found {findings}")
    if not picture_errors({"x": {"x/low": {"x/high"}, "x/high": set()}}):
        failures += 1
        print("self-test: a room that includes one below it in the list is not found")
    return failures


def main():
    if sys.argv[1:] == ["--self-test"]:
        return 1 if self_test() else 0
    if sys.argv[1:] not in ([], ["--picture"]):
        print(__doc__, file=sys.stderr)
        return 64
    tree = Tree(pathlib.Path(__file__).resolve().parent.parent)
    findings = tree.check() + tree.unused_edges() + picture_errors(INNER_ROOMS)
    if sys.argv[1:]:
        for rooms in INNER_ROOMS.values():
            for room in rooms:
                print(f"{room}: {' '.join(other for other in rooms if (room, other) in tree.inner_edges)}")
    print("\n".join(findings), end="\n" if findings else "")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
