#!/usr/bin/env python3
"""The walker of tools/gdb/armv7-pt.py on tables of every kind, also on those that neither Faultline nor Linux makes: large
pages, supersections, the access flag, TEX remap, domains, disabled walks. Expectations are from the ARM ARM, DDI 0406C, B3.5
to B3.8. Needs no gdb."""

import importlib.util
import os
import unittest

path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "tools", "gdb", "armv7-pt.py")
spec = importlib.util.spec_from_file_location("armv7_pt", path)
armv7_pt = importlib.util.module_from_spec(spec)
spec.loader.exec_module(armv7_pt)

AFE, TRE, MMU = 1 << 29, 1 << 28, 1
TTBR0, TTBR1, TABLE = 0x40004000, 0x40008000, 0x40010400


class Memory:
    def __init__(self, words):
        self._words = words

    def word(self, address):
        return self._words.get(address, 0)

    def words(self, address, count):
        return [self.word(address + 4 * i) for i in range(count)]


def mmu(words, ttbcr=0, dacr=0x55555555, sctlr=MMU, **more):
    return armv7_pt.Mmu(Memory(words), TTBR0 | 0x6A, TTBR1 | 0x6A, ttbcr, dacr, sctlr, **more)


def second(entry, descriptor, first=TABLE | 0b1, **more):
    """The leaf of a page whose second-level descriptor is this, at 0x00100000 + entry pages."""
    machine = mmu({TTBR0 + 4: first, TABLE + 4 * entry: descriptor}, **more)
    return machine, machine.walk(0x00100000 | entry << 12)[1]


class Walks(unittest.TestCase):
    def test_small_page(self):
        # nG, S, AP 0b011, TEX 0b001, C, B, XN
        machine, leaf = second(5, 0x41234000 | 1 << 11 | 1 << 10 | 1 << 6 | 0b11 << 4 | 0b1100 | 0b11, TABLE | 7 << 5 | 0b101)
        self.assertEqual((leaf.kind, leaf.base, leaf.ng, leaf.s, leaf.xn, leaf.pxn, leaf.domain),
                         ("small page", 0x41234000, 1, 1, 1, 1, 7))
        self.assertEqual(machine.access(leaf), ("rw", "rw"))
        self.assertEqual(machine.memory_words(leaf), "write-back write-allocate")
        self.assertFalse(machine.user_may_execute(leaf))
        lines, _ = machine.walk(0x00105678)
        self.assertIn("0x00105678 is physical 0x41234678", lines)

    def test_large_page(self):
        # base 0x45670000, XN 15, TEX[14:12] 0b100 (normal, outer non-cacheable), C B 0b10 (inner write-through), AP 0b110
        words = 0x45670000 | 1 << 15 | 0b100 << 12 | 1 << 9 | 0b10 << 4 | 0b1000 | 0b01
        machine, leaf = second(0x23, words)
        self.assertEqual((leaf.kind, leaf.base, leaf.size, leaf.xn), ("large page", 0x45670000, 65536, 1))
        self.assertEqual(machine.access(leaf), ("ro", "ro"))
        self.assertEqual(machine.memory_words(leaf), "write-through (outer non-cacheable)")
        self.assertIn("0x00123456 is physical 0x45673456", machine.walk(0x00123456)[0])
        repeated = mmu({TTBR0 + 4: TABLE | 1, **{TABLE + 4 * i: words for i in range(0x20, 0x30)}})
        self.assertEqual([(va, each.kind) for va, each in repeated.leaves()], [(0x00120000, "large page")])

    def test_section(self):
        # base, nG 17, S 16, AP[2] 15, TEX[14:12] 0b010 (non-shareable device), AP[1:0] 0b01, domain 3, XN 4, PXN 0
        machine = mmu({TTBR0 + 4 * 0x412: 0x5AB00000 | 1 << 17 | 1 << 16 | 1 << 15 | 0b010 << 12 | 0b01 << 10 | 3 << 5 | 1 << 4 | 0b11})
        leaf = machine.walk(0x41234567)[1]
        self.assertEqual((leaf.kind, leaf.base, leaf.ng, leaf.s, leaf.xn, leaf.pxn, leaf.domain),
                         ("section", 0x5AB00000, 1, 1, 1, 1, 3))
        self.assertEqual(machine.access(leaf), ("ro", "none"))
        self.assertEqual(machine.memory_words(leaf), "non-shareable device")
        self.assertIn("0x41234567 is physical 0x5ab34567", machine.walk(0x41234567)[0])

    def test_section_without_pxn(self):
        self.assertIsNone(mmu({TTBR0: 0b11}, has_pxn=False).walk(0)[1])

    def test_supersection(self):
        # base[31:24] 0x12, base[35:32] 0xA in bits 23:20, base[39:36] 0x5 in bits 8:5; domain 0
        words = 0x12000000 | 0xA << 20 | 1 << 18 | 0b11 << 10 | 0x5 << 5 | 0b10
        machine = mmu({TTBR0 + 4 * i: words for i in range(0x30, 0x40)})
        leaf = machine.walk(0x03ABCDEF)[1]
        self.assertEqual((leaf.kind, leaf.base, leaf.size, leaf.domain), ("supersection", 0x5A12000000, 1 << 24, 0))
        self.assertEqual([(va, each.kind) for va, each in machine.leaves()], [(0x03000000, "supersection")])

    def test_permissions(self):
        for ap, expected in ((0b000, ("none", "none")), (0b001, ("rw", "none")), (0b010, ("rw", "ro")), (0b011, ("rw", "rw")),
                             (0b100, ("none", "none")), (0b101, ("ro", "none")), (0b110, ("ro", "ro")), (0b111, ("ro", "ro"))):
            machine, leaf = second(0, 0x40000000 | (ap >> 2) << 9 | (ap & 3) << 4 | 0b10)
            self.assertEqual(machine.access(leaf), expected, f"AP 0b{ap:03b}")

    def test_access_flag(self):
        for ap, expected in ((0b001, ("rw", "none")), (0b011, ("rw", "rw")), (0b101, ("ro", "none")), (0b111, ("ro", "ro")),
                             (0b010, ("none", "none")), (0b110, ("none", "none"))):
            machine, leaf = second(0, 0x40000000 | (ap >> 2) << 9 | (ap & 3) << 4 | 0b10, sctlr=MMU | AFE)
            self.assertEqual(machine.access(leaf), expected, f"AP 0b{ap:03b}")
            self.assertEqual("access flag clear" in machine.words(leaf), not ap & 1)

    def test_tex_remap(self):
        # TEX[0] C B = 0b101: n = 5. PRRR.TR5 = normal; NMRR.IR5 = 0b01 (write-back write-allocate), OR5 = 0b10 (write-through)
        machine, leaf = second(0, 0x40000000 | 1 << 6 | 0b01 << 2 | 0b10, sctlr=MMU | TRE, prrr=0b10 << 10,
                               nmrr=0b01 << 10 | 0b10 << 26)
        self.assertEqual(machine.memory_words(leaf), "write-back write-allocate (outer write-through)")
        machine, leaf = second(0, 0x40000000 | 0b10, sctlr=MMU | TRE, prrr=0b01)
        self.assertEqual(machine.memory_words(leaf), "device")

    def test_domains(self):
        for kind, expected, execute in ((0, ("none", "none"), False), (1, ("ro", "none"), False), (2, ("none", "none"), False),
                                        (3, ("rw", "rw"), True)):
            machine, leaf = second(0, 0x40000000 | 1 << 9 | 0b01 << 4 | 0b11, TABLE | 4 << 5 | 0b1, dacr=kind << 8)
            self.assertEqual(machine.access(leaf), expected)
            self.assertEqual(machine.user_may_execute(leaf), execute)

    def test_two_roots(self):
        section = 0x60000000 | 0b11 << 10 | 0b10
        for n, last in ((0, 0xFFFFFFFF), (1, 0x7FFFFFFF), (3, 0x1FFFFFFF), (7, 0x01FFFFFF)):
            machine = mmu({TTBR0: section, TTBR1 + 4 * 0xFFF: section}, ttbcr=n)
            self.assertEqual(machine.root(last)[0], "TTBR0")
            self.assertEqual(machine.walk(0)[1].base, 0x60000000)
            if n:
                self.assertEqual(machine.root(last + 1)[0], "TTBR1")
                self.assertEqual([va for va, _ in machine.leaves()], [0, 0xFFF00000])
        small = armv7_pt.Mmu(Memory({}), 0x400040EA, 0, 7, 1, MMU)  # a table of 128 bytes
        self.assertEqual(small.root(0)[1], 0x40004080)

    def test_disabled_walks(self):
        section = 0x60000000 | 0b11 << 10 | 0b10
        machine = mmu({TTBR0: section, TTBR1 + 4 * 0xFFF: section}, ttbcr=1 | 1 << 4)
        lines, leaf = machine.walk(0)
        self.assertIsNone(leaf)
        self.assertIn("TTBCR.PD0", lines[-1])
        self.assertEqual([va for va, _ in machine.leaves()], [0xFFF00000])
        self.assertIsNone(mmu({TTBR1 + 4 * 0xFFF: section}, ttbcr=1 | 1 << 5).walk(0xFFF00000)[1])

    def test_faults(self):
        self.assertIn("translation fault, first level", mmu({}).walk(0x1000)[0])
        self.assertIn("translation fault, second level", mmu({TTBR0: TABLE | 1}).walk(0x1000)[0])

    def test_folding(self):
        page = 0b11 << 4 | 0b10
        machine = mmu({TTBR0: TABLE | 1, TABLE: 0x40000000 | page, TABLE + 4: 0x40001000 | page, TABLE + 8: 0x40009000 | page,
                       TABLE + 12: 0x4000A000 | page | 1})
        self.assertEqual([line[:5] for line in armv7_pt.fold(machine, machine.leaves())],
                         [(0, 0x2000, 0x40000000, 2, "small page"), (0x2000, 0x3000, 0x40009000, 1, "small page"),
                          (0x3000, 0x4000, 0x4000A000, 1, "small page")])


if __name__ == "__main__":
    unittest.main()
