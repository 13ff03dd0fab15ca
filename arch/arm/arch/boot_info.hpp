// What the boot loader's device tree says about the machine. It is read once, before start_kernel().
#pragma once

#include "base/cpu_mask.hpp"
#include "base/types.hpp"

namespace faultline {

// A device: the physical range of its registers, and its interrupt as a GIC INTID.
struct DeviceInfo {
    PhysAddr base;
    u32 bytes = 0; // 0: there is no such device
    u32 intid = 0;
};

struct BootInfo {
    static constexpr u32 MAX_VIRTIO = 32;
    static constexpr u32 COMMAND_LINE_SIZE = 2048; // bytes, with the final NUL; Linux/ARM has 1024
    static constexpr u32 RNG_SEED_SIZE = 32;

    PhysAddr ram_start; // the whole of RAM, in whole megabytes
    u32 ram_bytes = 0;

    // The parts of RAM that the page allocator must not get. Ends are exclusive. There is no initrd if both of its
    // bounds are 0.
    PhysAddr kernel_start, kernel_end;
    PhysAddr initrd_start, initrd_end;

    char command_line[COMMAND_LINE_SIZE] = {}; // NUL-terminated

    DeviceInfo uart;            // PL011
    DeviceInfo rtc;             // PL031
    DeviceInfo gic_distributor; // GICv2
    DeviceInfo gic_cpu_interface;
    u32 physical_timer_intid = 0, virtual_timer_intid = 0;

    // The CPUs. A CPU's number is affinity level 0 of its MPIDR (ARM ARM B4.1.106); all CPUs are in one cluster.
    CpuMask cpus;
    bool psci_by_smc = false; // true: the firmware is called with SMC; false: with HVC

    DeviceInfo virtio[MAX_VIRTIO]; // virtio-mmio transports in ascending order of address; most have no device
    u32 virtio_count = 0;

    u8 rng_seed[RNG_SEED_SIZE] = {}; // from the loader; the first rng_seed_bytes are valid
    u32 rng_seed_bytes = 0;
};

// Complete and constant from start_kernel() on. It holds copies, so the device tree's memory may be reused. Callable
// anywhere.
const BootInfo& boot_info();

} // namespace faultline
