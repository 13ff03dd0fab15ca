// The composition root of process 1: a kernel task that unpacks the initramfs, opens the console, and becomes the
// program that init= names.
#include "kernel/start_init.hpp"

#include <arch/boot_info.hpp>
#include <arch/machine_control.hpp>

#include "abi/init.hpp"
#include "abi/process/exec.hpp"
#include "abi/process/exec_args.hpp"
#include "abi/process/first_process.hpp"
#include "arch/contract/clock.hpp"
#include "arch/contract/memory.hpp"
#include "kernel/cmdline.hpp"
#include "kernel/debug/printk.hpp"
#include "kernel/sched/kernel_lock.hpp"
#include "kernel/task_stack.hpp"
#include "mm/fail_alloc.hpp"
#include "mm/page_alloc.hpp"

namespace faultline {

namespace {

constexpr u8 BAD_USAGE = 64;

void mount_initramfs() {
    const BootInfo& boot = boot_info();
    const u32 bytes = boot.initrd_end - boot.initrd_start;
    init_filesystem(bytes != 0 ? phys_to_virt(boot.initrd_start) : nullptr, bytes);
    if (bytes != 0)
        free_reserved_range(boot.initrd_start, PhysAddr(page_align_up(boot.initrd_end.value())));
    init_memory_limits();
}

Result<void> run_init(const InitArguments& init) {
    ExecArgs strings;
    TRY_VOID(strings.begin(init.path, init.argument_count + 1, init.environment_count, stack_rlimit()));
    for (u32 i = init.environment_count; i-- != 0;)
        TRY_VOID(strings.add(init.environment[i]));
    for (u32 i = init.argument_count; i-- != 0;)
        TRY_VOID(strings.add(init.arguments[i]));
    TRY_VOID(strings.add(init.path));
    return do_execve(init.path, strings);
}

void kernel_init(void*) {
    mount_initramfs();
    if (const auto opened = open_init_console(); !opened)
        panic("process 1 has no console: error %u", static_cast<unsigned>(opened.error()));
    const InitArguments& init = init_arguments();
    if (const auto run = run_init(init); !run) {
        const auto error = static_cast<unsigned>(run.error());
        if (!init.requested)
            panic("no working init: %s: error %u", init.path, error);
        console_printf("faultline: boot argument init=%s: it cannot be run: error %u\n", init.path, error);
        machine_exit(BAD_USAGE);
    }
#ifdef FAULTLINE_DEBUG
    set_fault_injection(true);
#endif
    printk(KERN_INFO, "boot: %llu ns to the first user instruction", clock_ns());
    unlock_kernel();
    return_to_user(task_user_regs(*current()));
}

} // namespace

void start_init() { start_first_process(kernel_init, nullptr); }

} // namespace faultline
