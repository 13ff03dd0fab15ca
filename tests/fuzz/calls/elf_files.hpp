// ELF files that are nearly right, executed.
#pragma once

#include <ulib/random.hpp>

namespace faultline::fuzz {

// Makes a small program, with a fixed place or without, with an interpreter or without; changes some of its headers or
// bytes; and executes it in a child, as an ordinary user and for a few milliseconds at most. Reaps the child. Returns
// the status of wait4, or −errno.
long run_mutated_elf(Random& random);

} // namespace faultline::fuzz
