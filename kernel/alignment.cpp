// Alignment faults of programs. The counters and the mode are single words that several CPUs use without a lock.
#include "kernel/alignment.hpp"

#include <arch/ptrace.hpp>
#include <arch/unaligned.hpp>

#include "base/relaxed.hpp"
#include "kernel/debug/printk.hpp"
#include "kernel/sched/sched.hpp"
#include "kernel/upcalls.hpp"
#include "mm/fault.hpp"

namespace faultline {

namespace {

constinit AlignmentCounts counts;
constinit Relaxed<u32> mode{UM_FIXUP};

void count(std::atomic<u32>& counter) { counter.fetch_add(1, std::memory_order_relaxed); }

void warn(const PtRegs& regs, FaultInfo fault, UserInstruction instruction) {
    printk(KERN_INFO, "Alignment trap: %s (%d) PC=0x%08x Instr=0x%0*x Address=0x%08x FSR 0x%03x", current()->comm,
           static_cast<int>(current()->pid), regs.pc, static_cast<int>(instruction.bytes * 2), instruction.bits,
           fault.address, fault.status());
}

BadAccess make_good(PtRegs& regs, UserInstruction instruction, bool& made) {
    const Emulation emulation = emulate_unaligned(regs, instruction);
    if (emulation.what == Emulated::Nothing) {
        count(counts.skipped);
        return BadAccess::Misaligned;
    }
    count(emulation.what == Emulated::Pair ? counts.dword : counts.multi);
    made = emulation.done;
    return BadAccess::NotMapped; // whatever is wrong with the page
}

} // namespace

const AlignmentCounts& alignment_counts() { return counts; }
u32 alignment_mode() { return mode; }
void set_alignment_mode(u32 wanted) { mode = (wanted & (UM_FIXUP | UM_SIGNAL)) != 0 ? wanted : wanted | UM_FIXUP; }

void handle_alignment(PtRegs& regs, FaultInfo fault) {
    const auto instruction = read_instruction(regs);
    if (!instruction) {
        signal_bad_access(BadAccess::NotMapped, fault);
        return;
    }
    count(counts.user);
    const u32 now = mode;
    if ((now & UM_WARN) != 0)
        warn(regs, fault, instruction.value());
    BadAccess reason = BadAccess::Misaligned;
    bool made = false;
    if ((now & UM_FIXUP) != 0)
        reason = make_good(regs, instruction.value(), made);
    if (!made)
        signal_bad_access(reason, fault);
}

} // namespace faultline
