// The terminal on the serial line: /dev/ttyAMA0, /dev/console, and /dev/tty for a process that has it as controlling
// terminal (termios(3), tty_ioctl(4); Linux: drivers/tty).
//
//   n_tty.cpp     what is typed: lines, erase and echo, signals, or raw bytes
//   output.cpp    what is written: OPOST
//   tty.cpp       open, read, write, poll
//   ioctl.cpp     the settings
//   jobctrl.cpp   whose terminal it is, and who may use it now
#pragma once

#include "abi/fs/file.hpp"

namespace faultline {

struct Tty;
struct ThreadGroup;

inline constexpr u32 TTY_DEVICE = 5 << 8 | 0;       // /dev/tty: the opener's controlling terminal
inline constexpr u32 CONSOLE_DEVICE = 5 << 8 | 1;   // /dev/console: never becomes one by being opened
inline constexpr u32 SERIAL_DEVICE = 204 << 8 | 64; // /dev/ttyAMA0, as Linux's PL011 driver calls it

void init_tty(); // at boot, with interrupts set up: registers the three

// A session leader gives up its controlling terminal, because it exits or asks to (TIOCNOTTY): the foreground
// group hears SIGHUP (and SIGCONT, if the leader stays), and nobody in the session has the terminal any more.
// Nothing if `leader` leads no session, or has no terminal. (Linux disassociate_ctty.)
void disassociate_ctty(ThreadGroup& leader, bool on_exit);

// For /proc/PID/stat: its device number, and its foreground process group, 0 if there is none.
u32 tty_device_number(const Tty& tty);
s32 tty_foreground_group(const Tty& tty);

} // namespace faultline
