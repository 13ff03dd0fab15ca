// What the boot loader's device tree says of the machine, read once before start_kernel().
#pragma once

#include "base/types.hpp"

namespace faultline {

// A device: its registers, and its interrupt as a GIC INTID.
struct DeviceInfo {
    PhysAddr base;
    u32 bytes = 0; // 0: there is no such device
    u32 intid = 0;
};

struct BootInfo {
    static constexpr u32 MAX_VIRTIO = 32;
    static constexpr u32 COMMAND_LINE_SIZE = 2048; // as Linux/ARM's COMMAND_LINE_SIZE is 1024, and then some
    static constexpr u32 RNG_SEED_SIZE = 32;

    PhysAddr ram_start; // the whole of RAM, in whole megabytes
    u32 ram_bytes = 0;

    // What is in use there: not to be given to the page allocator. Ends exclusive; the initrd is absent if
    // both are 0.
    PhysAddr kernel_start, kernel_end;
    PhysAddr initrd_start, initrd_end;

    char command_line[COMMAND_LINE_SIZE] = {}; // NUL-terminated

    DeviceInfo uart;            // PL011
    DeviceInfo rtc;             // PL031
    DeviceInfo gic_distributor; // GICv2
    DeviceInfo gic_cpu_interface;
    u32 physical_timer_intid = 0, virtual_timer_intid = 0;

    // CPUs, by their number: affinity level 0 of MPIDR (ARM ARM B4.1.106), all of one cluster.
    u32 cpus = 0;             // a mask
    bool psci_by_smc = false; // how the firmware is called: by SMC, not HVC

    DeviceInfo virtio[MAX_VIRTIO]; // virtio-mmio transports, by rising address; most have no device behind them
    u32 virtio_count = 0;

    u8 rng_seed[RNG_SEED_SIZE] = {}; // from the loader; all zero if it gave none
    u32 rng_seed_bytes = 0;
};

// Complete from start_kernel() on. The device tree itself may be overwritten: everything was copied.
const BootInfo& boot_info();

} // namespace faultline
