// Starting the other CPUs, each with its idle task.
#include "kernel/smp.hpp"

#include <arch/boot_info.hpp>
#include <arch/irq.hpp>
#include <arch/smp.hpp>

#include <bit>

#include "arch/contract/clock.hpp"
#include "arch/contract/per_cpu.hpp"
#include "arch/contract/tlb.hpp"
#include "arch/contract/upcalls.hpp"
#include "base/concurrency.hpp"
#include "kernel/debug/printk.hpp"
#include "kernel/sched/kernel_lock.hpp"
#include "kernel/sched/sched.hpp"
#include "kernel/task_stack.hpp"

namespace faultline {

namespace {

constexpr u64 PATIENCE_NS = 10 * NSEC_PER_SEC; // for a CPU to come online

constinit Task* idle_of_starting_cpu = nullptr;

Task& make_idle_task() {
    const auto made = alloc_task();
    if (!made)
        panic("no memory for an idle task");
    Task& idle = *made.value();
    __builtin_strcpy(idle.comm, "swapper");
    return idle;
}

bool is_online(u32 cpu) { return (cpus_online() & 1u << cpu) != 0; }

bool bring_up(u32 cpu) {
    Task& idle = make_idle_task();
    idle_of_starting_cpu = &idle;
    if (!start_cpu(CpuId(static_cast<u8>(cpu)), task_stack_top(idle)))
        return false;
    const u64 deadline = clock_ns() + PATIENCE_NS;
    spin_until([&] { return is_online(cpu) || clock_ns() > deadline; });
    return is_online(cpu);
}

} // namespace

void bring_up_cpus() {
    const u32 others = boot_info().cpus & ~cpus_online();
    if (others != 0)
        kernel_lock.make_it_work();
    nr_cpu_ids = static_cast<u32>(std::bit_width(others | cpus_online()));
    map_start_of_cpus();
    for (u32 cpus = others; cpus != 0; cpus &= cpus - 1) {
        const u32 cpu = static_cast<u32>(std::countr_zero(cpus));
        if (!bring_up(cpu))
            printk(KERN_ERR, "CPU %u does not start", static_cast<unsigned>(cpu));
    }
    unmap_start_of_cpus();
    printk(KERN_INFO, "%d CPUs online", std::popcount(cpus_online()));
}

void start_secondary() {
    mmu_init_cpu();
    init_scheduler(*idle_of_starting_cpu);
    local_irq_enable();
    cpu_idle();
}

} // namespace faultline
