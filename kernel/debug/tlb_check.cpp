// What happens when the checker of TLB flushes finds a violation: a panic or, with tlb=broken, a message and a count.
#include "kernel/debug/tlb_check.hpp"

#include <array>
#include <atomic>

#include "arch/contract/machine.hpp"
#include "arch/contract/tlb.hpp"
#include "arch/contract/upcalls.hpp"
#include "kernel/debug/describe_pte.hpp"
#include "kernel/debug/printk.hpp"

namespace faultline {

namespace {

constinit std::atomic<u32> violations{0};
constexpr u32 MAX_REPORTS = 8;

} // namespace

void tlb_violation(UserAddr page, Pte entry, bool write) {
    std::array<char, 128> words{};
    describe_pte(entry, words.data(), words.size());
    const u32 cpu = machine::this_cpu().value();
    const char* const what = write ? "write" : "read";
    if (!tlb_config.broken)
        panic("TLB of CPU %u: after a flush a program may still %s 0x%08x, whose entry is: %s", cpu, what, page.value(),
              words.data());
    if (violations.fetch_add(1, std::memory_order_relaxed) < MAX_REPORTS)
        printk(KERN_WARNING, "tlb check: CPU %u can still %s 0x%08x after a flush; its entry: %s", cpu, what,
               page.value(), words.data());
}

void announce_tlb_sabotage() {
    if (tlb_config.broken)
        printk(KERN_WARNING, "SABOTAGE (tlb=broken): a CPU that flushes its TLB tells no other. Programs will "
                             "write to memory that is not theirs; the checker of flushes is on");
}

u32 tlb_violations() { return violations.load(std::memory_order_relaxed); }

} // namespace faultline
