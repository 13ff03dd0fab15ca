"""From a function to the one that called it, by the tables that the compiler makes (ARM IHI 0038, sections 5 to 10). This is
arch/armv7/unwind.hpp once more, for tasks that do not run: gdb's own unwinders begin at a CPU's registers."""

import dataclasses

import gdb

SP, LR, PC = 13, 14, 15
CANNOT_UNWIND, FINISH = 1, 0xB0
STACK = 8192  # KERNEL_STACK_SIZE, arch/arm/layout.h


@dataclasses.dataclass
class CallFrame:
    """The registers of a function, as far as they are known."""

    registers: dict
    interrupted: bool = False  # at pc; else pc is where a call returns to

    def where(self):
        return self.registers[PC] - (0 if self.interrupted else 4)


class NoCaller(Exception):
    pass


def address_of(symbol):
    return int(gdb.parse_and_eval(f"(unsigned int)&{symbol}"))


def prel31(place, word):
    """A signed offset of 31 bits from where it stands."""
    return place + (word & 0x3FFFFFFF) - (word & 0x40000000) & 0xFFFFFFFF


class Unwinder:
    """`word(address)` reads memory; of the stack, only that which begins at `stack`."""

    def __init__(self, word, stack):
        self.word, self.stack = word, stack
        self.begin, self.end = (address_of(f"__exidx_{bound}") for bound in ("start", "end"))

    def caller(self, frame):
        """The frame of the caller, or None."""
        try:
            return self.undo(frame)
        except (NoCaller, KeyError):  # KeyError: of a register that is not known
            return None

    def entry(self, address):
        low, high = 0, (self.end - self.begin) // 8
        while low < high:
            middle = (low + high) // 2
            place = self.begin + 8 * middle
            if prel31(place, self.word(place)) <= address:
                low = middle + 1
            else:
                high = middle
        if low == 0:
            raise NoCaller
        return self.begin + 8 * (low - 1)

    def opcodes(self, place):
        """Byte by byte, highest byte first."""
        word = self.word(place)
        if word == CANNOT_UNWIND:
            raise NoCaller
        if not word >> 31:
            place = prel31(place, word)
            word = self.word(place)
        if word >> 24 == 0x80:
            yield from word.to_bytes(4, "big")[1:]
        elif word >> 24 in (0x81, 0x82):
            yield from word.to_bytes(4, "big")[2:]
            for i in range(word >> 16 & 0xFF):
                yield from self.word(place + 4 * (i + 1)).to_bytes(4, "big")
        else:
            raise NoCaller
        while True:
            yield FINISH

    def undo(self, frame):
        registers = dict(frame.registers)
        registers.pop(PC)
        interrupted = False

        def pop(which):
            nonlocal interrupted
            sp = registers[SP]
            for register in which:
                if sp % 4 or not self.stack <= sp < self.stack + STACK:
                    raise NoCaller
                registers[register] = self.word(sp)
                sp += 4
            interrupted |= SP in which
            if SP not in which:
                registers[SP] = sp

        opcodes = self.opcodes(self.entry(frame.where()) + 4)
        while (opcode := next(opcodes)) != FINISH:
            low = opcode & 0xF
            if opcode < 0x40:
                registers[SP] += (opcode & 0x3F) * 4 + 4
            elif opcode < 0x80:
                registers[SP] -= (opcode & 0x3F) * 4 + 4
            elif opcode < 0x90:
                which = low << 8 | next(opcodes)
                pop([4 + bit for bit in range(12) if which >> bit & 1])
            elif opcode < 0xA0:
                registers[SP] = registers[low]
            elif opcode < 0xB0:
                pop([*range(4, 5 + (low & 7)), *([LR] if low & 8 else [])])
            elif opcode == 0xB1:
                which = next(opcodes)
                pop([bit for bit in range(4) if which >> bit & 1])
            elif opcode == 0xB2:
                number = shift = 0
                while (byte := next(opcodes)) & 0x80:
                    number |= (byte & 0x7F) << shift
                    shift += 7
                registers[SP] += 0x204 + 4 * (number | byte << shift)
            else:
                raise NoCaller
        if PC not in registers:
            registers[PC] = registers[LR]
        if registers[SP] < frame.registers[SP]:
            raise NoCaller
        return CallFrame(registers, interrupted)
