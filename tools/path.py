#!/usr/bin/env python3
"""What one fault runs through: the files, the functions and the lines of the kernel, as it is built, that one access executes.

    tools/path.py                     a summary of every path, and whether each is within its limits (the test)
    tools/path.py NAME                the files and functions of one path: anonymous, clean or wake_op
    tools/path.py NAME --functions    and how many instructions each function takes

Boots the kernel of build/arm with counted instructions, lets user/programs/one_access.cpp make one access, and looks each
instruction up in the debugging information. A function that the compiler has inlined counts as itself.
"""

import argparse
import collections
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = ROOT / "build" / "arm"

# Vocabulary that a reader knows already: it is not counted.
VOCABULARY = ("base/", "arch/contract/", "arch/arm/arch/")

# What a reader opens to follow one fault from the vector to the entry and back: docs/tour.md. Not more than 600 lines.
SPINE = ["arch/arm/entry.S", "arch/arm/frame.inc", "arch/arm/abort.cpp", "kernel/trap.cpp", "mm/fault.cpp", "mm/memory.cpp",
         "arch/backend/entry.cpp", "arch/backend/descriptor.hpp"]
SPINE_LINES = 600

Path = collections.namedtuple("Path", "name what start end arguments files")

# From the program's access `start` until the program goes on, or the kernel comes to the function `end` for the second
# time. `files` is how many files it may run through, vocabulary apart: a header and its .cpp count as one.
PATHS = [
    Path("anonymous", "one anonymous write", "the_write", None, "", 20),
    Path("clean", "one clean to dirty fault", "the_write", None, "", 20),
    Path("wake_op", "one round of WAKE_OP with gup", "the_call", "fault_in_user_writeable", "fault_in=gup livelock=halt ", 31),
]


def fail(message):
    sys.exit(f"path: {message}")


def output_of(*command, text=None):
    return subprocess.run(command, input=text, capture_output=True, check=True, encoding="utf-8").stdout


def symbol(elf, name):
    """The address of a symbol of the program, or of a kernel function by its unqualified name."""
    for line in output_of("arm-none-eabi-nm", "--demangle", str(elf)).splitlines():
        address, _, found = line.partition(" ")
        found = found[2:].split("(")[0].split("::")[-1]
        if found == name and address:
            return int(address, 16) & ~1
    fail(f"no symbol {name} in {elf}")


def boot(path, log):
    """One boot, with every block of instructions that is executed written to `log`."""
    command = ["timeout", "100", "qemu-system-arm", "-M", "virt,dtb-randomness=off", "-cpu", "cortex-a15", "-m", "64",
               "-nodefaults", "-nic", "none", "-display", "none", "-monitor", "none", "-no-reboot", "-serial", "null",
               "-semihosting-config", "enable=on,target=native", "-icount", "shift=0,sleep=off", "-seed", "1",
               "-rtc", "base=2011-07-26,clock=vm", "-kernel", str(BUILD / "kernel.img"), "-initrd",
               str(BUILD / "initramfs.cpio"), "-append", f"{path.arguments}init=/bin/one_access -- {path.name}",
               "-d", "in_asm,exec,nochain", "-D", str(log)]
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False).returncode


INSTRUCTION = re.compile(r"^0x([0-9a-f]{8}):")
EXECUTED = re.compile(r"^Trace \d+: 0x[0-9a-f]+ \[[0-9a-f]+/([0-9a-f]+)/")
KERNEL = 0x80000000


def blocks(log):
    """The blocks of instructions in the order in which they were executed, each as a list of addresses."""
    known, new = {}, []
    with open(log, encoding="utf-8", errors="replace") as lines:
        for line in lines:
            if found := EXECUTED.match(line):
                if new:
                    known[new[0]], new = new, []
                yield known.get(int(found.group(1), 16), [int(found.group(1), 16)])
            elif found := INSTRUCTION.match(line):
                new.append(int(found.group(1), 16))
            elif line.startswith("IN:"):
                if new:
                    known[new[0]] = new
                new = []


def trace(path):
    """The kernel's instructions on this path."""
    access = symbol(BUILD / "user" / "one_access", path.start)
    end = symbol(BUILD / "faultline.elf", path.end) if path.end else None
    with tempfile.TemporaryDirectory() as directory:
        log = pathlib.Path(directory) / "log"
        boot(path, log)
        executed, started, rounds = [], False, 0
        for block in blocks(log):
            if block[0] < KERNEL:
                if executed:
                    return executed
                started = started or access in block
            elif started:
                executed += block
                rounds += end in block
                if rounds == 2:
                    return executed
    if not executed:
        fail(f"{path.name}: the access was not made; is build/arm up to date?")
    return executed


def in_image(address, vectors):
    """Where the instruction at an address stands in the image: the vector page is executed where it is not linked."""
    return vectors + (address & 0xfff) if address >> 12 == 0xffff0 else address


def path_in_tree(file):
    """The compiler names files from the build directory, the assembler by their whole path."""
    file = file.removeprefix(f"{ROOT}/").lstrip("/").removeprefix("build/arm/")
    return str(pathlib.PurePosixPath(file))


def lookup(addresses):
    """For each address its source: a list of (function, file, line), innermost first; files as paths in the tree."""
    text = output_of("arm-none-eabi-addr2line", "-a", "-i", "-f", "-C", "-e", str(BUILD / "faultline.elf"),
                     text="".join(f"0x{each:x}\n" for each in addresses))
    where, frames = {}, None
    lines = iter(text.splitlines())
    for line in lines:
        if re.fullmatch(r"0x[0-9a-f]+", line):
            frames = where.setdefault(int(line, 16), [])
            continue
        file, _, number = next(lines).rpartition(":")
        function = re.sub(r"\(.*", "", line.replace("faultline::", "").replace("(anonymous namespace)::", ""))
        frames.append((function, path_in_tree(file), int(re.match(r"\d*", number).group() or 0)))
    return where


def in_tree(file):
    return (ROOT / file).is_file()


def summary(path):
    """The instructions of a path, and per file its functions with their instructions and its lines."""
    vectors = symbol(BUILD / "faultline.elf", "vector_page")
    executed = [in_image(address, vectors) for address in trace(path)]
    where = lookup(sorted(set(executed)))
    functions = collections.defaultdict(collections.Counter)
    lines = collections.defaultdict(set)
    for address in executed:
        frames = where.get(address) or [("?", "?", 0)]
        innermost = next((frame for frame in frames if in_tree(frame[1])), frames[-1])
        functions[innermost[1]][innermost[0]] += 1
        for function, file, line in frames:
            if in_tree(file):
                functions[file][function] += 0
                lines[file].add(line)
    return executed, functions, lines


def report(path, with_functions):
    executed, functions, lines = summary(path)
    files = [file for file in functions if in_tree(file)]
    if with_functions is not None:
        for file in files:
            print(f"{file}: {len(lines[file])} lines")
            for function, count in functions[file].most_common():
                print(f"    {function}" + (f"  {count}" if with_functions else ""))
    names = sum(len(functions[file]) for file in files)
    total = sum(len(lines[file]) for file in files)
    units = {file.rsplit(".", 1)[0] for file in files if not file.startswith(VOCABULARY)}
    print(f"{path.what}: {len(executed)} instructions in {names} functions, {total} lines, {len(units)} files (a header and "
          f"its .cpp count as one) and {sum(file.startswith(VOCABULARY) for file in files)} headers of vocabulary")
    return [] if len(units) <= path.files else [f"{path.what}: {len(units)} files, {path.files} are allowed"]


def spine():
    lines = {file: len((ROOT / file).read_text(encoding="utf-8").splitlines()) for file in SPINE}
    print(f"the spine, vector to entry: {sum(lines.values())} lines in {len(lines)} files")
    return [] if sum(lines.values()) <= SPINE_LINES else [f"the spine has more than {SPINE_LINES} lines: {lines}"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", nargs="?", choices=[path.name for path in PATHS])
    parser.add_argument("--functions", action="store_true")
    arguments = parser.parse_args()
    if not (BUILD / "faultline.elf").exists():
        fail("build/arm is missing: cmake --preset arm && cmake --build --preset arm")
    findings = [] if arguments.name else spine()
    for path in PATHS:
        if arguments.name in (None, path.name):
            findings += report(path, arguments.functions if arguments.name else None)
    for finding in findings:
        print(f"FAILED: {finding}")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
