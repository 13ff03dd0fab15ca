#!/usr/bin/env python3
"""corpus.py DIRECTORY: writes valid inputs for the libFuzzer targets (tests/fuzz/host/), from which they start: a folder
for each target, and in it small files."""

import pathlib
import struct
import sys

COMMAND_LINES = [
    b"",
    b"quiet init=/bin/scenario -- a b",
    b'fault_in=fixup livelock=halt livelock_rounds=10 "name=a b" loglevel=8 word mod.x=1',
    b'trace=port "trace_filter=station=vma,fault cpu=0,7 task=sh address=10000-7effffff"',
    b"tlb=lazy tlb_entries=64 ad_bits=hardware tlb_check=1 fault_around=0 fork_copy_shared=1 HOME=/x TERM=y",
    b"fault_in=nonsense",
]

SCRIPTS = [
    b"#!/bin/sh\necho\n",
    b"#! /bin/sh  -x \t\n",
    b"#!/bin/sh",
    b"#!" + b" " * 200 + b"/bin/sh\n",
    b"#!/" + b"a" * 300 + b"\n",
    b"#!/bin/sh " + b"b" * 300,
]


def cpio_member(name, mode, data=b"", ino=1, nlink=1):
    name = name.encode() + b"\0"
    fields = [ino, mode, 0, 0, nlink, 0, len(data), 0, 0, 0, 0, len(name), 0]
    out = b"070701" + b"".join(b"%08X" % field for field in fields) + name
    out += b"\0" * (-len(out) % 4) + data
    return out + b"\0" * (-len(out) % 4)


def cpio_archives():
    end = cpio_member("TRAILER!!!", 0)
    yield end
    yield (cpio_member("dir", 0o40755) + cpio_member("dir/file", 0o100644, b"text") +
           cpio_member("link", 0o120777, b"dir") + cpio_member("link/two", 0o100755, b"more") +
           cpio_member("dev", 0o020600) + cpio_member("fifo", 0o010600) + end)
    yield (cpio_member("a", 0o100644, ino=7, nlink=2) + cpio_member("b", 0o100644, b"shared", ino=7, nlink=2) + end +
           b"\0" * 512 + cpio_member("a", 0o100644, b"again") + cpio_member("./dir/../b", 0o100644) + end)


def elf_file(kind, interpreter=b""):
    headers = [(1, 0, 0x10000, 0x200, 0x200, 5), (1, 0x200, 0x11200, 0x10, 0x2000, 6), (0x6474e551, 0, 0, 0, 0, 6)]
    if interpreter:
        headers.insert(0, (3, 0x180, 0x10180, len(interpreter), len(interpreter), 4))
    out = b"\x7fELF\1\1\1".ljust(16, b"\0")
    out += struct.pack("<HHIIIIIHHHHHH", kind, 40, 1, 0x10100, 52, 0, 0x5000400, 52, 32, len(headers), 0, 0, 0)
    for of, offset, address, bytes_, memory, flags in headers:
        out += struct.pack("<8I", of, offset, address, address, bytes_, memory, flags, 0x1000)
    return (out.ljust(0x180, b"\0") + interpreter).ljust(0x210, b"\0")


class Tree:
    """A flattened device tree (Devicetree Specification v0.3, chapter 5)."""

    def __init__(self):
        self.structure, self.strings = b"", b""

    def begin(self, name):
        self.structure += struct.pack(">I", 1) + self.padded(name.encode() + b"\0")

    def end(self):
        self.structure += struct.pack(">I", 2)

    def add(self, name, value):
        if isinstance(value, str):
            value = value.encode() + b"\0"
        elif isinstance(value, list):
            value = struct.pack(f">{len(value)}I", *value)
        offset = len(self.strings)
        self.strings += name.encode() + b"\0"
        self.structure += struct.pack(">III", 3, len(value), offset) + self.padded(value)

    def node(self, name, **properties):
        self.begin(name)
        for key, value in properties.items():
            self.add(key, value)
        self.end()

    @staticmethod
    def padded(data):
        return data + b"\0" * (-len(data) % 4)

    def blob(self):
        structure = self.structure + struct.pack(">I", 9)
        offset = 40 + 16
        total = offset + len(structure) + len(self.strings)
        return struct.pack(">10I", 0xD00DFEED, total, offset, offset + len(structure), 40, 17, 16, 0, len(self.strings),
                           len(structure)) + b"\0" * 16 + structure + self.strings


def device_trees():
    tree = Tree()
    tree.begin("")
    tree.add("#address-cells", [2])
    tree.add("#size-cells", [2])
    tree.node("memory@40000000", device_type="memory", reg=[0, 0x40000000, 0, 0x8000000])
    tree.begin("chosen")
    tree.add("bootargs", "quiet init=/sbin/init")
    tree.add("linux,initrd-start", [0x44000000])
    tree.add("linux,initrd-end", [0, 0x44100000])
    tree.add("rng-seed", [1, 2, 3, 4, 5, 6, 7, 8])
    tree.end()
    tree.node("pl011@9000000", compatible="arm,pl011", reg=[0, 0x9000000, 0, 0x1000], interrupts=[0, 1, 4])
    tree.node("pl031@9010000", compatible="arm,pl031", reg=[0, 0x9010000, 0, 0x1000], interrupts=[0, 2, 4])
    tree.node("intc@8000000", compatible="arm,cortex-a15-gic",
              reg=[0, 0x8000000, 0, 0x10000, 0, 0x8010000, 0, 0x10000])
    tree.node("timer", compatible="arm,armv7-timer", interrupts=[1, 13, 0x104, 1, 14, 0x104, 1, 11, 0x104, 1, 10, 0x104])
    tree.node("psci", compatible="arm,psci-1.0", method="smc")
    tree.node("virtio_mmio@a000000", compatible="virtio,mmio", reg=[0, 0xA000000, 0, 0x200], interrupts=[0, 16, 1])
    tree.begin("cpus")
    tree.node("cpu@0", device_type="cpu", reg=[0])
    tree.node("cpu@1", device_type="cpu", reg=[1])
    tree.end()
    tree.end()
    yield tree.blob()
    yield Tree().blob()
    # These once led the reader out of the tree: one that ends early, one without #address-cells, one whose command line
    # has no end.
    yield tree.blob()[:-200]
    tree = Tree()
    tree.begin("")
    tree.node("pl011@9000000", compatible="arm,pl011", reg=[0x9000000, 0x1000])
    tree.end()
    yield tree.blob()
    tree = Tree()
    tree.begin("")
    tree.begin("chosen")
    tree.add("bootargs", [0x61616161] * 512)
    tree.end()
    tree.end()
    yield tree.blob()


def main():
    inputs = {
        "command_line": COMMAND_LINES,
        "script": SCRIPTS,
        "cpio": list(cpio_archives()),
        "elf": [elf_file(2), elf_file(3), elf_file(3, b"/lib/ld-linux-armhf.so.3\0")],
        "device_tree": list(device_trees()),
    }
    for target, files in inputs.items():
        folder = pathlib.Path(sys.argv[1]) / target
        folder.mkdir(parents=True, exist_ok=True)
        for number, data in enumerate(files):
            (folder / str(number)).write_bytes(data)


if len(sys.argv) != 2:
    sys.exit(__doc__)
main()
