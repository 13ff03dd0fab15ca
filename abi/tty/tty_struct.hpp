// What the files of the terminal share. (Linux: tty_struct and n_tty_data.)
#pragma once

#include <asm/termbits.h>
#include <asm/termios.h>

#include "abi/fs/file.hpp"
#include "kernel/sched/irq_lock.hpp"
#include "kernel/sched/wait.hpp"

namespace faultline {

struct ThreadGroup;

inline constexpr u32 TTY_RING = 4096;         // N_TTY_BUF_SIZE
inline constexpr u16 TTY_END_OF_FILE = 0x100; // stands in the ring where ^D was typed

struct Tty {
    // Guards all of it: bytes arrive by interrupt. Held around siglock, never within it.
    RecursiveSpinLock lock{"tty"};
    termios settings{};
    winsize window{};          // a serial line does not know its own
    s32 session = 0;           // whose controlling terminal it is; 0: nobody's
    s32 pgrp = 0;              // the foreground process group; 0: none
    u32 hangups = 0;           // a file opened before the last one reads nothing and writes EIO
    bool stopped = false;      // output, by ^S
    bool literal_next = false; // the next byte means itself, by ^V

    u16 ring[TTY_RING];
    // Counted modulo 2^32: bytes were put up to head, can be read (in canonical mode: as lines) up to
    // committed, were taken up to tail.
    u32 head = 0, committed = 0, tail = 0;
    u32 column = 0;      // of the cursor, as far as output tells
    u32 line_column = 0; // where the line being typed began
    WaitQueue readers, writers;

    bool canonical() const { return (settings.c_lflag & ICANON) != 0; }
    bool local(u32 flag) const { return (settings.c_lflag & flag) != 0; }
    bool input(u32 flag) const { return (settings.c_iflag & flag) != 0; }
    u32 readable() const { return (canonical() ? committed : head) - tail; }
};

// output.cpp. Write to the line, with OPOST's changes; `tty_echo_raw` without them. From anywhere.
void tty_output(Tty& tty, u8 byte);
void tty_echo_raw(Tty& tty, u8 byte);

// n_tty.cpp
void n_tty_receive(Tty& tty, u8 byte); // one byte from the line, in interrupt context

// What a read may have: at most a line in canonical mode. `end`: the line, or the file, ended there.
struct TtyInput {
    u32 bytes = 0;
    bool end = false;
};
TtyInput n_tty_take(Tty& tty, u8* buffer, u32 bytes);
void n_tty_flush_input(Tty& tty);
void n_tty_set_termios(Tty& tty, const termios& settings, bool flush_input);
void tty_start(Tty& tty); // output goes on
void tty_stop(Tty& tty);

// jobctrl.cpp
bool is_console(const File& file); // /dev/console: bound by no job control, and never hung up
bool is_hung_up(const Tty& tty, const File& file);
// Opening a terminal makes it the controlling one of a session leader that has none, unless O_NOCTTY.
Result<void> tty_open(File& file, u32 flags);
// A process of a background group that is about to do what `sig` forbids is sent it, and RESTARTSYS; IO if
// that cannot help. (Linux __tty_check_change.)
Result<void> tty_check_change(Tty& tty, s32 sig);
Result<s32> tty_jobctrl_ioctl(Tty& tty, File& file, u32 request, u32 argument); // NOTTY: none of those

// ioctl.cpp
Result<s32> tty_ioctl(File& file, u32 request, u32 argument);

Tty& serial_tty(); // tty.cpp: the one there is

} // namespace faultline
