// The boot arguments. Those that the kernel knows configure it; the others are passed to process 1.
#pragma once

#include "base/types.hpp"

namespace faultline {

// Reads the command line and sets what it says: mm_config, tlb_config, the futex policies, the loglevel, which allocations
// fail in the debug kernel, and process 1's strings. Call it once, at boot, when the console works. A bad value of a known
// argument prints one line and ends the machine with status 64.
//
// Blanks separate words. Double quotes keep blanks in a word, and are removed (Linux lib/cmdline.c next_arg).
// Everything after a word "--" is an argument of process 1. Before it, a word k=v that the kernel does not know goes
// into process 1's environment, and a word without "=" is one of its arguments. Names with a dot belong to modules and
// are dropped.
void parse_boot_arguments(const char* command_line);

// The command line as the loader gave it: /proc/cmdline.
const char* saved_command_line();

// What process 1 is started with. `requested`: init= named the program, so no other will do.
struct InitArguments {
    static constexpr u32 MAX_STRINGS = 32; // of each kind, as on Linux
    const char* path = "/sbin/init";
    bool requested = false;
    const char* arguments[MAX_STRINGS] = {}; // those after the first, which is the path
    u32 argument_count = 0;
    const char* environment[MAX_STRINGS + 2] = {"HOME=/", "TERM=linux"};
    u32 environment_count = 2;
};

// As parse_boot_arguments() found them.
const InitArguments& init_arguments();

} // namespace faultline
