// The line discipline: what becomes of each byte that is typed (termios(3); Linux: drivers/tty/n_tty.c).
#include <algorithm>

#include <linux/poll.h>

#include "abi/signal/jobctl.hpp"
#include "abi/signal/signal.hpp"
#include "abi/tty/tty_struct.hpp"

namespace faultline {

namespace {

constexpr u8 NEWLINE = '\n', CARRIAGE_RETURN = '\r', BACKSPACE = '\b', DELETE = 127;

// Whether `byte` is the special character c_cc[which]; 0 there means that there is none (_POSIX_VDISABLE).
bool is_char(const Tty& tty, u8 byte, u32 which) { return byte != 0 && byte == tty.settings.c_cc[which]; }
bool is_extended(const Tty& tty, u8 byte, u32 which) { return tty.local(IEXTEN) && is_char(tty, byte, which); }
bool is_control(u32 byte) { return byte < ' ' || byte == DELETE; }
bool is_continuation(const Tty& tty, u32 byte) { return tty.input(IUTF8) && (byte & 0xc0) == 0x80; }

u16& at(Tty& tty, u32 place) { return tty.ring[place % TTY_RING]; }

// Puts a byte into the ring. If the ring is full, the byte is lost. One place is kept for the end of a line, because a
// line without an end could never be read.
void put(Tty& tty, u16 item, bool ends_line = false) {
    if (tty.head == tty.committed)
        tty.line_column = tty.column;
    if (tty.head - tty.tail < TTY_RING - (ends_line ? 0 : 1))
        at(tty, tty.head++) = item;
}

void commit(Tty& tty) {
    tty.committed = tty.head;
    wake_up_poll(tty.readers, POLLIN | POLLRDNORM);
}

void echo(Tty& tty, u8 byte) {
    if (is_control(byte) && byte != '\t' && tty.local(ECHOCTL)) {
        tty_echo_raw(tty, '^');
        tty_echo_raw(tty, byte ^ 0x40);
    } else {
        tty_output(tty, byte);
    }
}

void echo_if_wanted(Tty& tty, u8 byte) {
    if (!tty.local(ECHO) && !(byte == NEWLINE && tty.local(ECHONL)))
        return;
    if (byte == NEWLINE)
        tty_output(tty, byte);
    else
        echo(tty, byte);
}

// How many columns of the screen the byte at `place` of the current line takes.
u32 width_at(Tty& tty, u32 place) {
    constexpr u32 TAB = 8;
    const auto width = [&](u32 byte, u32 column) -> u32 {
        if (byte == '\t')
            return TAB - column % TAB;
        if (is_control(byte))
            return tty.local(ECHOCTL) ? 2 : 0;
        return is_continuation(tty, byte) ? 0 : 1;
    };
    u32 column = tty.line_column;
    for (u32 i = tty.committed; i != place; ++i)
        column += width(at(tty, i), column);
    return width(at(tty, place), column);
}

void wipe(Tty& tty, u32 columns, bool tab) {
    for (; columns != 0; --columns) {
        tty_echo_raw(tty, BACKSPACE);
        if (tab)
            continue; // a tab leaves nothing on the screen to blank
        tty_echo_raw(tty, ' ');
        tty_echo_raw(tty, BACKSPACE);
    }
}

// Removes the last character, of one or more bytes, from the line and from the screen.
void erase_one(Tty& tty) {
    u32 place = tty.head - 1;
    while (place != tty.committed && is_continuation(tty, at(tty, place)))
        --place;
    const bool tab = at(tty, place) == '\t';
    const u32 columns = width_at(tty, place);
    tty.head = place;
    if (tty.local(ECHO) && tty.local(ECHOE))
        wipe(tty, columns, tab);
    else if (tty.local(ECHO))
        echo(tty, tty.settings.c_cc[VERASE]);
}

bool is_word_byte(u32 byte) {
    return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           byte == '_' || (byte >= 0x80 && byte < TTY_END_OF_FILE);
}

// Erases what follows the last word, then that word.
void erase_word(Tty& tty) {
    bool seen_word = false;
    while (tty.head != tty.committed) {
        const bool word = is_word_byte(at(tty, tty.head - 1));
        if (!word && seen_word)
            return;
        seen_word |= word;
        erase_one(tty);
    }
}

void kill_line(Tty& tty) {
    if (tty.local(ECHOK) && tty.local(ECHOKE) && tty.local(ECHOE)) {
        while (tty.head != tty.committed)
            erase_one(tty);
        return;
    }
    tty.head = tty.committed;
    echo_if_wanted(tty, tty.settings.c_cc[VKILL]);
    if (tty.local(ECHO) && tty.local(ECHOK))
        tty_output(tty, NEWLINE);
}

void reprint(Tty& tty) {
    echo(tty, tty.settings.c_cc[VREPRINT]);
    tty_output(tty, NEWLINE);
    tty.line_column = tty.column;
    for (u32 i = tty.committed; i != tty.head; ++i)
        echo(tty, static_cast<u8>(at(tty, i)));
}

// The signal that a byte sends; 0: none.
s32 signal_of(const Tty& tty, u8 byte) {
    if (!tty.local(ISIG))
        return 0;
    if (is_char(tty, byte, VINTR))
        return SIGINT;
    if (is_char(tty, byte, VQUIT))
        return SIGQUIT;
    return is_char(tty, byte, VSUSP) ? SIGTSTP : 0;
}

void send_signal(Tty& tty, u8 byte, s32 sig) {
    if (!tty.local(NOFLSH))
        n_tty_flush_input(tty);
    if (tty.input(IXON))
        tty_start(tty);
    echo_if_wanted(tty, byte);
    if (tty.pgrp != 0)
        kill_pgrp(tty.pgrp, sig);
}

void receive_canonical(Tty& tty, u8 byte) {
    // ^H erases like VERASE, because terminals do not agree on which of the two their key sends.
    if (is_char(tty, byte, VERASE) || byte == BACKSPACE) {
        if (tty.head != tty.committed)
            erase_one(tty);
    } else if (is_char(tty, byte, VKILL)) {
        kill_line(tty);
    } else if (is_extended(tty, byte, VWERASE)) {
        erase_word(tty);
    } else if (is_extended(tty, byte, VREPRINT) && tty.local(ECHO)) {
        reprint(tty);
    } else if (is_extended(tty, byte, VLNEXT)) {
        tty.literal_next = true;
        if (tty.local(ECHO) && tty.local(ECHOCTL)) {
            tty_echo_raw(tty, '^');
            tty_echo_raw(tty, BACKSPACE);
        }
    } else if (is_char(tty, byte, VEOF)) {
        put(tty, TTY_END_OF_FILE, true);
        commit(tty);
    } else {
        const bool ends = byte == NEWLINE || is_char(tty, byte, VEOL) || is_extended(tty, byte, VEOL2);
        put(tty, byte, ends);
        echo_if_wanted(tty, byte);
        if (ends)
            commit(tty);
    }
}

// Receives a byte without special meaning.
void receive_plain(Tty& tty, u8 byte) {
    put(tty, byte);
    echo_if_wanted(tty, byte);
    if (!tty.canonical())
        commit(tty);
}

} // namespace

void tty_start(Tty& tty) {
    tty.stopped = false;
    wake_up_poll(tty.writers, POLLOUT | POLLWRNORM);
}

void tty_stop(Tty& tty) { tty.stopped = true; }

void n_tty_receive(Tty& tty, u8 byte) {
    IrqLocked lock(tty.lock);
    if (tty.input(ISTRIP))
        byte &= 0x7f;
    if (tty.literal_next) {
        tty.literal_next = false;
        return receive_plain(tty, byte);
    }
    if (tty.input(IXON) && (is_char(tty, byte, VSTART) || is_char(tty, byte, VSTOP)))
        return is_char(tty, byte, VSTART) ? tty_start(tty) : tty_stop(tty);
    if (tty.stopped && tty.input(IXON) && tty.input(IXANY))
        tty_start(tty);
    if (const s32 sig = signal_of(tty, byte); sig != 0)
        return send_signal(tty, byte, sig);
    if (byte == CARRIAGE_RETURN && tty.input(IGNCR))
        return;
    if (byte == CARRIAGE_RETURN && tty.input(ICRNL))
        byte = NEWLINE;
    else if (byte == NEWLINE && tty.input(INLCR))
        byte = CARRIAGE_RETURN;
    if (tty.canonical())
        receive_canonical(tty, byte);
    else
        receive_plain(tty, byte);
}

TtyInput n_tty_take(Tty& tty, u8* buffer, u32 bytes) {
    IrqLocked lock(tty.lock);
    TtyInput input;
    while (!input.end && tty.readable() != 0) {
        const u16 item = at(tty, tty.tail);
        // If an end of file follows the bytes that fill the buffer, it ends this read, not the next one.
        if (input.bytes == bytes && !(item == TTY_END_OF_FILE && tty.canonical()))
            break;
        ++tty.tail;
        if (item != TTY_END_OF_FILE)
            buffer[input.bytes++] = static_cast<u8>(item);
        const u8 byte = static_cast<u8>(item);
        input.end = tty.canonical() && (item == TTY_END_OF_FILE || byte == NEWLINE || is_char(tty, byte, VEOL) ||
                                        is_extended(tty, byte, VEOL2));
    }
    return input;
}

void n_tty_flush_input(Tty& tty) {
    IrqLocked lock(tty.lock);
    tty.tail = tty.committed = tty.head;
}

void n_tty_set_termios(Tty& tty, const termios& settings, bool flush_input) {
    IrqLocked lock(tty.lock);
    tty.settings = settings;
    tty.literal_next = false;
    if (flush_input)
        n_tty_flush_input(tty);
    if (tty.stopped && !tty.input(IXON))
        tty_start(tty);
    commit(tty); // what was typed so far can be read now
}

} // namespace faultline
