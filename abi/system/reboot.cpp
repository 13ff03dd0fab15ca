// Ends the machine. Power off, halt and restart do the same: QEMU exits.
#include "abi/system/reboot.hpp"

#include <linux/capability.h>
#include <linux/reboot.h>

#include <arch/machine_control.hpp>

#include <algorithm>

#include "abi/cred/cred.hpp"
#include "abi/virtio/console.hpp"
#include "kernel/debug/printk.hpp"

namespace faultline {

void power_off(u8 status) {
    flush_ports();
    machine_exit(status);
}

Result<u32> sys_reboot(u32 magic1, u32 magic2, u32 command, UserAddr) {
    if (!capable(CAP_SYS_BOOT))
        return Err(Errno::PERM);
    constexpr u32 MAGICS[] = {LINUX_REBOOT_MAGIC2, LINUX_REBOOT_MAGIC2A, LINUX_REBOOT_MAGIC2B, LINUX_REBOOT_MAGIC2C};
    if (magic1 != LINUX_REBOOT_MAGIC1 || std::find(std::begin(MAGICS), std::end(MAGICS), magic2) == std::end(MAGICS))
        return Err(Errno::INVAL);
    switch (command) {
    case LINUX_REBOOT_CMD_POWER_OFF:
    case LINUX_REBOOT_CMD_HALT:
    case LINUX_REBOOT_CMD_RESTART: // the host decides whether to start the machine again
        printk(KERN_INFO, "reboot: power down");
        power_off(0);
    case LINUX_REBOOT_CMD_CAD_ON:
    case LINUX_REBOOT_CMD_CAD_OFF:
        return 0u; // no keyboard, no Ctrl-Alt-Del
    default:
        return Err(Errno::INVAL);
    }
}

} // namespace faultline
