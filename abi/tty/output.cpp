// Output, byte by byte: what OPOST and the flags with it make of a byte, and the column of the cursor, which erasing a
// tab needs (Linux n_tty.c do_output_char).
#include <arch/console.hpp>

#include "abi/tty/tty_struct.hpp"

namespace faultline {

namespace {

constexpr u32 TAB = 8;
constexpr u8 DELETE = 127;

void put(u8 byte) { console_write(reinterpret_cast<const char*>(&byte), 1); }

bool is_continuation(const Tty& tty, u8 byte) { return tty.input(IUTF8) && (byte & 0xc0) == 0x80; }

} // namespace

void tty_echo_raw(Tty& tty, u8 byte) {
    IrqLocked lock(tty.lock);
    switch (byte) {
    case '\n':
        break;
    case '\r':
        tty.column = 0;
        break;
    case '\b':
        tty.column -= tty.column != 0 ? 1 : 0;
        break;
    case '\t':
        tty.column += TAB - tty.column % TAB;
        break;
    default:
        if (byte >= ' ' && byte != DELETE && !is_continuation(tty, byte))
            ++tty.column;
    }
    put(byte);
}

void tty_output(Tty& tty, u8 byte) {
    IrqLocked lock(tty.lock);
    const u32 flags = tty.settings.c_oflag;
    if ((flags & OPOST) != 0) {
        if (byte == '\r' && (flags & ONOCR) != 0 && tty.column == 0)
            return;
        if (byte == '\r' && (flags & OCRNL) != 0)
            byte = '\n';
        else if (byte == '\n' && (flags & ONLCR) != 0)
            tty_echo_raw(tty, '\r');
        if (byte == '\n' && (flags & ONLRET) != 0)
            tty.column = 0;
        if (byte == '\t' && (flags & TABDLY) == XTABS) {
            do
                tty_echo_raw(tty, ' ');
            while (tty.column % TAB != 0);
            return;
        }
    }
    tty_echo_raw(tty, byte);
}

} // namespace faultline
