// The composition root: from a bare machine to a running scheduler. This file and start_init.cpp are the only ones of
// kernel/ that include abi/.
#include <arch/boot_info.hpp>
#include <arch/irq.hpp>
#include <arch/kernel_stack.hpp>

#include "abi/init.hpp"
#include "arch/contract/tlb.hpp"
#include "arch/contract/upcalls.hpp"
#include "base/late.hpp"
#include "kernel/cmdline.hpp"
#include "kernel/debug/printk.hpp"
#include "kernel/debug/tlb_check.hpp"
#include "kernel/debug/trace.hpp"
#include "kernel/futex/queue.hpp"
#include "kernel/sched/sched.hpp"
#include "kernel/smp.hpp"
#include "kernel/start_init.hpp"
#include "mm/anon_vma.hpp"
#include "mm/page_alloc.hpp"
#include "mm/page_writeback.hpp"
#include "mm/swapfile.hpp"

namespace faultline {

namespace {

constinit Late<Task> idle_task;

// RAM above the kernel's image is free, except for the initramfs in the middle of it. start_init.cpp frees that after
// unpacking it.
void init_memory(const BootInfo& boot) {
    const PhysAddr free_start(page_align_up(boot.kernel_end.value()));
    const PhysAddr ram_end = boot.ram_start + boot.ram_bytes;
    if (boot.initrd_start == boot.initrd_end)
        init_page_allocator(free_start, ram_end);
    else
        init_page_allocator(free_start, ram_end, boot.initrd_start.page(),
                            PhysAddr(page_align_up(boot.initrd_end.value())));
}

void make_idle_task() {
    Task& idle = idle_task.emplace();
    __builtin_strcpy(idle.comm, "swapper");
    init_scheduler(idle);
}

} // namespace

void start_kernel() {
    const BootInfo& boot = boot_info();
    parse_boot_arguments(boot.command_line);
    printk(KERN_NOTICE, "Faultline on ARMv7, %u MiB", boot.ram_bytes >> 20);
    printk(KERN_INFO, "command line: %s", boot.command_line);
    announce_tlb_sabotage();
    init_memory(boot);
    init_kernel_stacks();
    init_writeback();
    anon_vma_init();
    init_swap();
    mmu_init_cpu();
    make_idle_task();
    init_abi();
    bring_up_cpus();
    futex_init(cpus_online().count());
    init_trace();
    start_init();
    local_irq_enable();
    cpu_idle();
}

} // namespace faultline
