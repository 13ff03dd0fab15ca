// Ending the machine.
#include <arch/irq.hpp>
#include <arch/machine_control.hpp>

#include "arch/arm/semihosting.hpp"

namespace faultline {

void machine_exit(u8 status) {
    local_irq_disable();
    const u32 block[2] = {0x20026, status}; // ADP_Stopped_ApplicationExit
    semihosting_call(0x20, block);          // SYS_EXIT_EXTENDED

    register u32 function asm("r0") = 0x84000008; // PSCI SYSTEM_OFF (ARM DEN 0022), by hypervisor call
    asm volatile(".arch_extension virt\n\thvc #0" : "+r"(function)::"r1", "r2", "r3", "memory");
    for (;;)
        wait_for_interrupt();
}

} // namespace faultline
