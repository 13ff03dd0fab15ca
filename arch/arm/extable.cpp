// The exception table: for every instruction of the kernel that may fault on user memory, where to go on if it does
// (Linux: lib/extable.c). Its entries come from usercopy.S, uaccess.cpp, and each place that <arch/user_word.hpp> is inlined into.
#include <arch/ptrace.hpp>

#include <algorithm>

#include "arch/arm/setup.hpp"
#include "base/relaxed.hpp"
#include "base/trace.hpp"

namespace faultline {

namespace {
struct ExceptionTableEntry {
    u32 instruction;
    u32 fixup;
};
} // namespace

extern "C" {
extern ExceptionTableEntry __start___ex_table[], __stop___ex_table[]; // linker/kernel.lds
}

// Compilers move code about, so the linker's order is not that of addresses. Few entries, nearly sorted.
void sort_extable() {
    for (ExceptionTableEntry* next = __start___ex_table; next != __stop___ex_table; ++next) {
        for (ExceptionTableEntry* p = next; p != __start___ex_table && p[0].instruction < p[-1].instruction; --p)
            std::swap(p[0], p[-1]);
    }
}

namespace {

const ExceptionTableEntry* search_extable(u32 pc) {
    const auto* entry =
        std::lower_bound(__start___ex_table, __stop___ex_table, pc,
                         [](const ExceptionTableEntry& e, u32 sought) { return e.instruction < sought; });
    return entry != __stop___ex_table && entry->instruction == pc ? entry : nullptr;
}

} // namespace

bool fixup_exception(PtRegs& regs) {
    // What was found last: a program that needs a fixup again mostly needs the same. The table does not change any more.
    static constinit Relaxed<const ExceptionTableEntry*> last = __start___ex_table;
    const ExceptionTableEntry* entry = last;
    if (entry->instruction != regs.pc) {
        entry = search_extable(regs.pc);
        if (entry == nullptr)
            return false;
        last = entry;
    }
    TRACE(Fixup, regs.pc, entry->fixup);
    regs.pc = entry->fixup;
    return true;
}

} // namespace faultline
