// Continues the system call that current's RestartBlock describes.
#include "abi/signal/restart_syscall.hpp"

#include <arch/ptrace.hpp>

#include <utility>

#include "kernel/sched/sched.hpp"

namespace faultline {

// The program did not make this call and expects its own r7, so this restores r7. (Linux on ARM restarts inside the
// kernel instead.)
Result<u32> sys_restart_syscall(PtRegs& regs) {
    RestartBlock& block = current()->restart_block;
    if (block.function == nullptr)
        return Err(Errno::INTR);
    if (const u32 number = std::exchange(block.number, 0); number != 0)
        regs.r[7] = number;
    return block.function(block);
}

} // namespace faultline
