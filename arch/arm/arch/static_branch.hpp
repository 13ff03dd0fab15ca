// Branches that are taken or not, until somebody says otherwise: one NOP while not taken. (Linux: jump labels,
// arch/arm/include/asm/jump_label.h.)
#pragma once

#include "base/types.hpp"

namespace faultline {

// One place of such a branch. The table of them is between __start___jump_table and __stop___jump_table.
struct JumpEntry {
    u32 code;   // the address of the instruction
    u32 target; // where it goes when the branch is taken
    u32 key;    // all branches of a key are taken, or none
};

// `inline`: to the compiler it is as small as it is, so a function with such a branch is inlined where one without is.
template <u32 KEY>
[[gnu::always_inline]] inline bool static_branch() {
    asm inline goto("1: nop\n\t"
                    ".pushsection __jump_table, \"a\"\n\t"
                    ".word 1b, %l[taken], %c[key]\n\t"
                    ".popsection"
                    :
                    : [key] "i"(KEY)
                    :
                    : taken);
    return false;
taken:
    __attribute__((cold));
    return true;
}

// Takes the branches of each key whose bit is set in `keys`, and no other. On return every CPU sees the new code, or will
// at its next exception: until then it may run the old. NOP and B may be exchanged while other CPUs execute them (ARM ARM
// A3.5.4). May sleep; one caller at a time. arch/arm/static_branch.cpp.
void static_branches_set(u64 keys);

} // namespace faultline
