#!/usr/bin/env python3
"""profile.sh's two halves. `count` reads what QEMU notes of every instruction and keeps the last stretch between the program's
readings of the counter. `show` prints it by function, or one operation instruction by instruction."""
import argparse
import array
import bisect
import collections
import os
import signal
import subprocess
import sys

MEMORY, KERNEL, VECTORS = 0x40000000, 0x80000000, 0xFFFF0000  # from here on; in memory, the kernel before its tables are in use


def short(name):
    """A function's name without the namespace, the arguments and, of a template, its own and the type that it returns."""
    return name.replace("(anonymous namespace)::", "").replace("faultline::", "").split("(")[0].split("<")[0].split(" ")[-1]


class Symbols:
    """The functions of the kernel and of the program."""

    def __init__(self, *elfs):
        functions = []
        for elf in elfs:
            listed = subprocess.run(["arm-none-eabi-nm", "--demangle", elf], capture_output=True, text=True, check=True).stdout
            for line in listed.splitlines():
                address, kind, name = line.split(" ", 2)
                if kind in "tTwW" and not name.startswith("$"):
                    functions.append((int(address, 16), short(name)))
        functions.sort()
        self.at = [address for address, name in functions]
        self.name = [name for address, name in functions]
        self.address = {name: address for address, name in reversed(functions)}  # of the first: the program is below the kernel

    def function(self, pc):
        if pc >= VECTORS:
            return "the exception vector"
        if MEMORY <= pc < KERNEL:
            return "before the MMU is on"
        return self.name[bisect.bisect_right(self.at, pc) - 1]


def count(options, symbols):
    """A line is `Trace 0: 0x… [cs/pc/flags/…]`; one that begins with S takes the last one back: it was not executed after all."""
    boot = options.figure == "boot_to_init_cntvct_ns"
    begin = b"%08x" % symbols.address["bench_begin"]
    end = b"%08x" % symbols.address["_start" if boot else "bench_end"]
    inside, window, last = boot, array.array("I"), None
    for line in sys.stdin.buffer:
        if line[0] != 84:  # T
            if line[0] == 83 and window and inside:  # S
                window.pop()
            continue
        at = line.find(b"/", line.find(b"/") + 1)
        pc = line[at - 8:at]  # later versions of QEMU print eight zeros before it
        if inside:
            if pc == end:
                last, inside = window, False
                window = array.array("I")
            else:
                window.append(int(pc, 16))
        elif pc == begin:
            inside = True
    if last is None:
        sys.exit("bench: the program did not measure this figure")
    with open(options.windows, "wb") as file:
        last.tofile(file)


def source_lines(elf, addresses):
    """The line of the source of each address, from the top of the repository: `mm/memory.cpp:12`."""
    text = subprocess.run(["arm-none-eabi-addr2line", "-e", elf], input="".join(f"{each:x}\n" for each in addresses),
                          capture_output=True, text=True, check=True).stdout.splitlines()
    above = f"{os.getcwd()}/", "build/arm/"  # where the assembler and the compiler take paths from
    for prefix in above:
        text = [line.removeprefix(prefix) for line in text]
    return dict(zip(addresses, (line.split(" (")[0] for line in text)))


def disassembly(elf, addresses):
    wanted, text = set(addresses), {}
    if wanted:
        listed = subprocess.run(["arm-none-eabi-objdump", "-d", "--no-show-raw-insn", "--demangle", elf], capture_output=True,
                                text=True, check=True).stdout
        for line in listed.splitlines():
            head, _, tail = line.partition(":\t")
            if tail and head.strip().isalnum() and int(head, 16) in wanted:
                instruction, _, target = tail.replace("\t", " ").partition(" <")  # a jump's
                text[int(head, 16)] = f"{instruction} <{short(target).rstrip('>')}>" if target else instruction
    return text


class Source:
    def __init__(self):
        self.files = {}

    def line(self, place):
        """`mm/memory.cpp:12` and what stands there, if the file is ours."""
        path, _, number = place.rpartition(":")
        if path not in self.files:
            try:
                self.files[path] = open(path, errors="replace").read().splitlines()
            except OSError:
                self.files[path] = []
        lines = self.files[path]
        return f"{place}  {lines[int(number) - 1].strip()}" if number.isdigit() and 0 < int(number) <= len(lines) else place


def one_operation(window, operations):
    """The stretch from one turn of the program's loop to the next, in the middle of the window."""
    times = collections.Counter(pc for pc in window if pc < KERNEL)
    for pc in window:
        if pc < KERNEL and times[pc] == operations and operations > 1:
            turns = [i for i, each in enumerate(window) if each == pc]
            return window[turns[operations // 2 - 1]:turns[operations // 2]]
    return window


def show(options, symbols):
    window = array.array("I")
    with open(options.windows, "rb") as file:
        window.frombytes(file.read())
    operations = int(options.operations or 1) or 1
    if options.instructions:
        stretch = one_operation(window, operations)
        unique = sorted(set(stretch))
        text, place = {}, {}
        for elf, addresses in ((options.kernel, [each for each in unique if each >= KERNEL]),
                               (options.program, [each for each in unique if each < KERNEL])):
            text |= disassembly(elf, addresses)
            place |= source_lines(elf, addresses)
        source, function, line = Source(), None, None
        for number, pc in enumerate(stretch, 1):
            if symbols.function(pc) != function:
                function = symbols.function(pc)
                print(f"\n{function}")
            if place[pc] != line:
                line = place[pc]
                print(f"        {source.line(line)}")
            print(f"{number:6d}  {pc:08x}  {text.get(pc, '?')}")
        print(f"\n{len(stretch)} instructions: one operation of {options.figure}, the program's own loop included")
        return
    by_function = collections.Counter()
    for pc, times in collections.Counter(window).items():
        by_function[symbols.function(pc), pc >= MEMORY] += times
    print(f"{options.figure}: {len(window) / operations:.1f} instructions an operation, of {operations}, the program's own loop included\n")
    print("instructions  share  function")
    for (function, kernel), times in by_function.most_common():
        if times / operations >= 0.05:
            print(f"{times / operations:12.1f} {times / len(window):6.1%}  {function}{'' if kernel else '   (the program)'}")


signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # `profile.sh … | head` is no error
parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("half", choices=["count", "show"])
for option in ("kernel", "program", "figure", "windows"):
    parser.add_argument(f"--{option}", required=True)
parser.add_argument("--operations", default="")
parser.add_argument("--instructions", action="store_true")
options = parser.parse_args()
(count if options.half == "count" else show)(options, Symbols(options.kernel, options.program))
