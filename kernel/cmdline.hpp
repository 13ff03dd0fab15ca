// The boot arguments: what the kernel knows configures it, the rest is process 1's.
#pragma once

#include "base/types.hpp"

namespace faultline {

// Reads the command line and sets what it says: mm_config, the futexes' policies, the loglevel, process 1's
// strings. Once, at boot, after the console. A bad value of a known argument is told in one line and ends the
// machine with 64.
//
// Words are separated by blanks; "…" keeps blanks together and is taken off (Linux lib/cmdline.c next_arg).
// Everything after a word "--" is process 1's arguments. Else k=v that the kernel does not know is process
// 1's environment, and a word without "=" one of its arguments; but names with a dot belong to modules, and
// are dropped.
void parse_boot_arguments(const char* command_line);

// As the loader gave it: /proc/cmdline.
const char* saved_command_line();

// What process 1 is started with. `requested`: init= named it, so nothing else will do.
struct InitArguments {
    static constexpr u32 MAX_STRINGS = 32; // of each kind, as on Linux
    const char* path = "/sbin/init";
    bool requested = false;
    const char* arguments[MAX_STRINGS] = {}; // after the first, which is the path
    u32 argument_count = 0;
    const char* environment[MAX_STRINGS + 2] = {"HOME=/", "TERM=linux"};
    u32 environment_count = 2;
};
const InitArguments& init_arguments();

} // namespace faultline
