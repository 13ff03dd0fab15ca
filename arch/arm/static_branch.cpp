// Exchanging the NOP of a branch for the branch itself, and back.
#include <arch/static_branch.hpp>

#include <atomic>

#include "arch/arm/layout.h"
#include "arch/arm/setup.hpp"
#include "arch/contract/memory.hpp"
#include "base/trace.hpp"

namespace faultline {

extern "C" {
extern const JumpEntry __start___jump_table[], __stop___jump_table[]; // linker/kernel.lds
}

namespace {

constexpr u32 NOP = 0xe320f000; // ARM ARM A8.8.119, encoding A1

static_assert(static_cast<u32>(Station::SysEnter) == STATION_SYS_ENTER);
static_assert(static_cast<u32>(Station::SysExit) == STATION_SYS_EXIT);

// B: the offset counts words from two instructions further on. (ARM ARM A8.8.18, encoding A1.)
constexpr u32 branch(u32 from, u32 to) { return 0xea000000 | ((to - from - 8) >> 2 & 0x00ffffff); }
static_assert(branch(0x1000, 0x1008) == 0xea000000 && branch(0x1008, 0x1000) == 0xeafffffc);

// The text is mapped read-only. So the word is stored through another mapping of its page, which lasts as long as that.
void patch_text(u32 code, u32 instruction) {
    std::atomic_ref(*map_text_alias(code)).store(instruction, std::memory_order_relaxed);
    unmap_text_alias();
    flush_icache_range(reinterpret_cast<const void*>(code), sizeof instruction);
}

} // namespace

void static_branches_set(u64 keys) {
    for (const JumpEntry* entry = __start___jump_table; entry != __stop___jump_table; ++entry) {
        const u32 wanted = (keys >> entry->key & 1) != 0 ? branch(entry->code, entry->target) : NOP;
        if (*reinterpret_cast<const u32*>(entry->code) != wanted)
            patch_text(entry->code, wanted);
    }
}

} // namespace faultline
