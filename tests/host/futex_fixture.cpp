// The fixture of the futex tests: what the kernel expects from its surroundings, and the calls that a program makes.
#include "tests/host/futex_fixture.hpp"

#include <catch2/catch.hpp>
#include <cstdarg>
#include <cstdio>

#include <arch/machine_control.hpp>

#include "abi/arguments/timespec.hpp"
#include "arch/contract/upcalls.hpp"
#include "base/irq_guard.hpp"
#include "kernel/debug/printk.hpp"
#include "kernel/futex/livelock.hpp"
#include "kernel/futex/queue.hpp"
#include "kernel/futex/syscalls.hpp"
#include "kernel/sched/sched.hpp"
#include "kernel/upcalls.hpp"
#include "mm/aging.hpp"
#include "mm/dup_mm.hpp"
#include "mm/mmap.hpp"
#include "mm/pgtable.hpp"

namespace faultline {

namespace {

harness::FutexHost* the_host = nullptr;

void print(const char* format, va_list arguments, const char* end) {
    if (the_host == nullptr)
        return;
    char text[512];
    std::vsnprintf(text, sizeof text, format, arguments);
    the_host->console += text;
    the_host->console += end;
    if (the_host->on_console)
        the_host->on_console();
}

} // namespace

void printk(PrintkLevel, const char* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    print(format, arguments, "\n");
    va_end(arguments);
}

void console_printf(const char* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    print(format, arguments, "");
    va_end(arguments);
}

void machine_exit(u8 status) { throw harness::MachineExit{status}; }

constinit SpinLock tasklist_lock("tasklist_lock");

bool ptrace_may_read(const Task&) { return true; }
Task* find_task_by_vpid(s32 pid) { return harness::FutexHost::get().find(pid); }

Result<u64> get_timespec32(UserAddr from) { return get_timespec<Timespec32>(from); }
Result<u64> get_timespec64(UserAddr from) { return get_timespec<Timespec64>(from); }

namespace harness {

FutexHost::FutexHost(const model::Configuration& configuration)
    : host(configuration), faultins_before_(futex_faultin_count()) {
    the_host = this;
    host.machine.on_timer = [] {
        IrqGuard interrupt;
        timer_interrupt();
    };
    set_realtime_offset(REALTIME_OFFSET);
    set_fault_in_policy(FaultIn::Fixup);
    livelock_policy = LivelockPolicy::Report;
    livelock_rounds = 1000;
}

FutexHost::~FutexHost() {
    the_host = nullptr;
    set_fault_in_policy(FaultIn::Fixup);
    for (MmStruct* mm : spaces_) {
        use_mm(mm); // leaves the address space that the last task left active
        use_mm(nullptr);
        mmput(*mm);
    }
}

FutexHost& FutexHost::get() { return *the_host; }

MmStruct& FutexHost::new_mm() { return *spaces_.emplace_back(mm_alloc().value().release()); }
MmStruct& FutexHost::fork(MmStruct& source) { return *spaces_.emplace_back(dup_mm(source).value().release()); }

UserAddr FutexHost::map(MmStruct& mm, u32 prot, u32 flags, AddressSpace* file, u32 pages) {
    return do_mmap(mm, UserAddr(0), pages * PAGE_SIZE, prot, flags, file, true, 0).value();
}

Task& FutexHost::spawn(MmStruct& mm, std::function<void()> body) {
    Task& task = host.spawn(std::move(body));
    task.kernel_task = false;
    task.mm.mm = &mm;
    std::snprintf(task.comm, sizeof task.comm, "program");
    tasks_.push_back(&task);
    return task;
}

void FutexHost::run(MmStruct& mm, std::function<void()> body) {
    spawn(mm, std::move(body));
    run();
}

void FutexHost::store(UserAddr address, u32 value) { REQUIRE(host.machine.user_store(address.value(), value)); }

Pte FutexHost::entry(MmStruct& mm, UserAddr address) {
    const PteSlot* slot = pte_offset(mm, address);
    return slot != nullptr ? ptep_get(slot) : Pte{};
}

u32& FutexHost::word(MmStruct& mm, UserAddr address) {
    const Pte pte = entry(mm, address);
    REQUIRE(pte_present(pte));
    auto* page = static_cast<std::byte*>(page_address(pfn_to_page(pte_pfn(pte))));
    return *reinterpret_cast<u32*>(page + address.page_offset());
}

void FutexHost::age(MmStruct& mm) { age_mm(MmapReadGuard(mm)); }

Task* FutexHost::find(s32 pid) const {
    for (Task* task : tasks_)
        if (task->pid == pid)
            return task;
    return nullptr;
}

Result<u32> futex(u32 op, UserAddr uaddr, u32 val, u32 fourth, UserAddr uaddr2, u32 val3) {
    return sys_futex(uaddr, op, val, UserAddr(fourth), uaddr2, val3);
}

u32 queued(UserAddr address, FutexScope scope) {
    FutexKey key;
    REQUIRE(get_futex_key(address, scope, FutexAccess::Read, key).ok());
    u32 count = 0;
    for (const FutexQ& q : futex_hash(key).waiters)
        count += q.key == key ? 1 : 0;
    return count;
}

std::optional<u8> exit_status(const std::function<void()>& body) {
    try {
        body();
    } catch (const MachineExit& exit) {
        return exit.status;
    }
    return {};
}

} // namespace harness
} // namespace faultline
