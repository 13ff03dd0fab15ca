// Starting the other CPUs, each with its idle task.
#include "kernel/smp.hpp"

#include <arch/boot_info.hpp>
#include <arch/irq.hpp>
#include <arch/smp.hpp>

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

bool is_online(u32 cpu) { return cpus_online().has(cpu); }

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
    const CpuMask others = boot_info().cpus - cpus_online();
    if (!others.empty())
        kernel_lock.make_it_work();
    nr_cpu_ids = (others | cpus_online()).end_number();
    map_start_of_cpus();
    for (const u32 cpu : others) {
        if (!bring_up(cpu))
            printk(KERN_ERR, "CPU %u does not start", static_cast<unsigned>(cpu));
    }
    unmap_start_of_cpus();
    printk(KERN_INFO, "%u CPUs online", cpus_online().count());
}

void start_secondary() {
    mmu_init_cpu();
    init_scheduler(*idle_of_starting_cpu);
    local_irq_enable();
    cpu_idle();
}

} // namespace faultline
