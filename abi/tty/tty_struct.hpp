// The state that all files of the terminal share. (Linux: tty_struct and n_tty_data.)
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
    // Guards everything here, because bytes arrive by interrupt. siglock is taken inside it.
    RecursiveSpinLock lock{"tty"};
    termios settings{};
    winsize window{};          // as programs set it; a serial line does not report its size
    s32 session = 0;           // the session that it controls; 0: none
    s32 pgrp = 0;              // the foreground process group; 0: none
    u32 hangups = 0;           // hang-ups so far; a file opened before the last one reads 0 bytes; writes are IO
    bool stopped = false;      // output, by ^S
    bool literal_next = false; // the next byte has no special meaning, by ^V

    u16 ring[TTY_RING];
    // Counts of bytes, modulo 2^32: head were put into the ring, committed can be read (in canonical mode: whole
    // lines), tail were taken out.
    u32 head = 0, committed = 0, tail = 0;
    u32 column = 0;      // of the cursor, as output has moved it
    u32 line_column = 0; // where the current line began
    WaitQueue readers, writers;

    bool canonical() const { return (settings.c_lflag & ICANON) != 0; }
    bool local(u32 flag) const { return (settings.c_lflag & flag) != 0; }
    bool input(u32 flag) const { return (settings.c_iflag & flag) != 0; }
    u32 readable() const { return (canonical() ? committed : head) - tail; } // bytes that a read may take
};

// output.cpp. Both send a byte to the line: the first with OPOST's changes, the second unchanged. From any context.
void tty_output(Tty& tty, u8 byte);
void tty_echo_raw(Tty& tty, u8 byte);

// n_tty.cpp
void n_tty_receive(Tty& tty, u8 byte); // one byte from the line, in interrupt context

// What a read gets: in canonical mode at most a line. `end`: the line, or the file, ended there.
struct TtyInput {
    u32 bytes = 0;
    bool end = false;
};
TtyInput n_tty_take(Tty& tty, u8* buffer, u32 bytes); // takes at most `bytes` bytes
void n_tty_flush_input(Tty& tty);
void n_tty_set_termios(Tty& tty, const termios& settings, bool flush_input);
void tty_start(Tty& tty); // lets output go on
void tty_stop(Tty& tty);

// jobctrl.cpp
bool is_console(const File& file); // whether it is /dev/console, to which job control and hang-ups do not apply
bool is_hung_up(const Tty& tty, const File& file); // whether it was opened before the last hang-up
// FileOps::open. /dev/ttyAMA0, opened for reading without O_NOCTTY, becomes the controlling terminal of a session
// leader that has none. NXIO: /dev/tty, and current has no controlling terminal.
Result<void> tty_open(File& file, u32 flags);
// Whether current may do what `sig` (SIGTTIN, SIGTTOU) stands for. If it is in the background, its process group gets
// the signal. RESTARTSYS: it was sent; IO: it would not help, because current ignores or blocks SIGTTIN, or its process
// group is orphaned. (Linux __tty_check_change.)
Result<void> tty_check_change(Tty& tty, s32 sig);
// The requests of ioctl_tty(2) about job control. NOTTY: another request, or not current's terminal; PERM, INVAL, SRCH,
// FAULT; the errors of tty_check_change().
Result<s32> tty_jobctrl_ioctl(Tty& tty, File& file, u32 request, u32 argument);

// ioctl.cpp
Result<s32> tty_ioctl(File& file, u32 request, u32 argument); // FileOps::ioctl

Tty& serial_tty(); // tty.cpp: the only terminal

} // namespace faultline
