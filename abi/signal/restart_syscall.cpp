// What RestartBlock describes is gone on with.
#include "abi/signal/restart_syscall.hpp"

#include <arch/ptrace.hpp>

#include <utility>

#include "kernel/sched/sched.hpp"

namespace faultline {

// The program has not made this call and counts on its r7. (Linux/ARM restarts within the kernel instead.)
Result<u32> sys_restart_syscall(PtRegs& regs) {
    RestartBlock& block = current()->restart_block;
    if (block.function == nullptr)
        return Err(Errno::INTR);
    if (const u32 number = std::exchange(block.number, 0); number != 0)
        regs.r[7] = number;
    return block.function(block);
}

} // namespace faultline
