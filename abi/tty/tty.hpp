// The terminal on the serial line: /dev/ttyAMA0, /dev/console, and /dev/tty for a process whose controlling terminal it
// is (termios(3), tty_ioctl(4); Linux: drivers/tty).
//
//   n_tty.cpp     input: lines, erase and echo, signals, or raw bytes
//   output.cpp    output: OPOST
//   tty.cpp       read, write, poll
//   ioctl.cpp     the settings
//   jobctrl.cpp   open; the controlling terminal of a session, and its foreground process group
#pragma once

#include "abi/fs/file.hpp"

namespace faultline {

struct Tty;
struct ThreadGroup;

inline constexpr u32 TTY_DEVICE = 5 << 8 | 0;       // /dev/tty: the opener's controlling terminal
inline constexpr u32 CONSOLE_DEVICE = 5 << 8 | 1;   // /dev/console: opening it does not make it a controlling terminal
inline constexpr u32 SERIAL_DEVICE = 204 << 8 | 64; // /dev/ttyAMA0, the name in Linux's PL011 driver

void init_tty(); // registers the three devices; at boot, after the interrupt controller

// A session leader gives up its controlling terminal, because it exits or asks to (TIOCNOTTY). No process of the
// session has the terminal afterwards. The foreground process group gets SIGHUP, and SIGCONT too unless the leader
// exits. On exit, open files of the terminal are hung up. No effect if `leader` leads no session or has no terminal.
// Caller holds the kernel lock. (Linux disassociate_ctty.)
void disassociate_ctty(ThreadGroup& leader, bool on_exit);

// For /proc/PID/stat: the device number, and the foreground process group (0: none).
u32 tty_device_number(const Tty& tty);
s32 tty_foreground_group(const Tty& tty);

} // namespace faultline
