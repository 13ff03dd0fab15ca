// The terminal on the serial line: /dev/console and /dev/tty (termios(3); Linux: drivers/tty/n_tty.c). Output
// goes out as it is. Input is by lines with echo and erase, or raw, as the settings say; no signals from the
// keyboard.
#pragma once

#include "kernel/fs/file.hpp"

namespace faultline {

extern const FileOps tty_file_ops;

void init_tty(); // at boot, with interrupts set up

} // namespace faultline
