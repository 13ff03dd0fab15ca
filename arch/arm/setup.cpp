// From boot.S to start_kernel(): brings the machine up step by step. Each step needs the ones before it.
#include <arch/current.hpp>

#include "arch/arm/irq_watch.hpp"
#include "arch/arm/layout.h"
#include "arch/arm/sections.hpp"
#include "arch/arm/setup.hpp"
#include "arch/contract/upcalls.hpp"
#include "base/assert.hpp"

namespace faultline {

namespace {

inline constexpr u32 MEGABYTE = 1u << 20;
inline constexpr u32 LEAST_RAM = 32 * MEGABYTE;

constinit BootInfo info;

// Checks what the tree said, before anything depends on it. The message names what is missing.
void check(const BootInfo& machine) {
    if (machine.ram_start != PhysAddr(PHYS_OFFSET))
        panic("RAM starts at 0x%08x; this kernel is linked for 0x%08x", machine.ram_start.value(), PHYS_OFFSET);
    if (machine.ram_bytes < LEAST_RAM)
        panic("%u MiB of RAM; at least %u MiB are needed", machine.ram_bytes / MEGABYTE, LEAST_RAM / MEGABYTE);
    if (machine.gic_distributor.bytes == 0 || machine.gic_cpu_interface.bytes == 0)
        panic("the device tree names no GICv2");
    if (machine.virtual_timer_intid == 0 || machine.physical_timer_intid == 0)
        panic("the device tree names no generic timer");
    const PhysAddr ram_end = machine.ram_start + machine.ram_bytes;
    if (machine.initrd_start > machine.initrd_end || machine.initrd_end > ram_end ||
        (machine.initrd_end.value() != 0 && machine.initrd_start < machine.kernel_end))
        panic("the initrd (0x%08x - 0x%08x) does not lie in RAM behind the kernel", machine.initrd_start.value(),
              machine.initrd_end.value());
}

} // namespace

const BootInfo& boot_info() { return info; }

extern "C" [[noreturn]] void setup_machine(u32 device_tree) {
    set_current(nullptr);
    paging_init_vectors();
    sort_extable();
    if (device_tree < PHYS_OFFSET || device_tree - PHYS_OFFSET >= LINEAR_LIMIT)
        panic("no device tree (r2 = 0x%08x): the kernel is to be booted as a flat image", device_tree);
    device_tree_parse(reinterpret_cast<const void*>(device_tree + VIRT_TO_PHYS_DELTA), info);
    info.kernel_start = PhysAddr(PHYS_OFFSET);
    info.kernel_end = PhysAddr(reinterpret_cast<u32>(_end) - VIRT_TO_PHYS_DELTA);
    if (info.uart.bytes == 0)
        panic("the device tree names no PL011");
    console_init(info.uart);
    clock_init();
    clock_init_cpu();
    pmu_init_cpu();
    check(info);
    irq_watch_init(info.cpus.count());
    paging_init(info);
    interrupts_init(info);
    smp_init();
    console_init_input(info.uart);
    timer_init(info.virtual_timer_intid);
    timer_init_cpu();
    nap_init(info.physical_timer_intid);
    nap_init_cpu();
    start_kernel();
}

extern "C" [[noreturn]] void setup_secondary() {
    set_current(nullptr);
    clock_init_cpu();
    pmu_init_cpu();
    timer_init_cpu();
    nap_init_cpu();
    interrupts_init_cpu();
    start_secondary();
}

} // namespace faultline
