// Ending the machine: through semihosting, or else through PSCI.
#include <arch/irq.hpp>
#include <arch/machine_control.hpp>

#include "arch/arm/psci.hpp"
#include "arch/arm/semihosting.hpp"

namespace faultline {

void machine_exit(u8 status) {
    local_irq_disable();
    const u32 block[2] = {0x20026, status}; // ADP_Stopped_ApplicationExit
    semihosting_call(0x20, block);          // SYS_EXIT_EXTENDED
    psci_call(PSCI_SYSTEM_OFF);
    for (;;)
        wait_for_interrupt();
}

} // namespace faultline
