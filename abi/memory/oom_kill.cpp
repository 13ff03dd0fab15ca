// Which process dies when there is no memory, and how the others wait for what it leaves.
//
//   oom_make_room ─┬─ a victim is dying ────────────────────────────────┐
//                  ├─ some memory is free after all ─► try again         ▼
//                  └─ else: choose a victim, SIGKILL ──────────────► wait until it is gone ─► try again
//                                                                        │ 2 s
//                                                                        └► take its pages, and wait for it no longer
//
// The kernel lock guards all of it. What must not be done by two tasks at once, and sleeps, is marked by `busy`.
#include "abi/memory/oom_kill.hpp"

#include <cstring>

#include <linux/oom.h>

#include <arch/ptrace.hpp>

#include "abi/cred/cred.hpp"
#include "abi/fs/memfd.hpp"
#include "abi/signal/send.hpp"
#include "abi/signal/signal.hpp"
#include "abi/task/pid.hpp"
#include "abi/task/thread_group.hpp"
#include "arch/contract/clock.hpp"
#include "arch/contract/fault_info.hpp"
#include "arch/contract/upcalls.hpp"
#include "base/late.hpp"
#include "kernel/debug/panic.hpp"
#include "kernel/debug/printk.hpp"
#include "kernel/sched/kernel_lock.hpp"
#include "kernel/upcalls.hpp"
#include "mm/page_alloc.hpp"
#include "mm/page_writeback.hpp"
#include "mm/shmem.hpp"
#include "mm/swapfile.hpp"
#include "mm/unmap.hpp"
#include "mm/upcalls.hpp"
#include "mm/vmscan.hpp"

namespace faultline {

namespace {

constexpr u32 KIB_PER_PAGE = PAGE_SIZE / 1024;
constexpr s32 INIT_PID = 1;

// How often who waits looks after the victim; how many looks it has to die by itself, since it may have locks to release and
// robust futexes to leave (Linux: OOM_REAPER_DELAY); and after how many nobody waits for it any more, whether its pages
// could be taken or not (Linux: MAX_OOM_REAP_RETRIES).
constexpr u64 LOOK_NS = 100'000'000;
constexpr u32 LOOKS_BEFORE_REAPING = 20, LOOKS = LOOKS_BEFORE_REAPING + 10;

// The process that is to die, until its memory is free or it is given up.
struct Victim {
    MmStruct* mm = nullptr; // with a reference (mmgrab); nullptr: there is none
    s32 pid = 0;
    char comm[TASK_COMM_LEN] = {};
    u64 next_look_ns = 0;
    u32 looks = 0;
    bool can_reap = true;
};
constinit Victim victim;
constinit bool busy = false;    // a task chooses a victim, or takes one's pages
constinit u32 nothing_left = 0; // how often in turn there was nobody to kill
constinit Late<WaitQueue> late_wait;
WaitQueue& oom_victims_wait() { return *late_wait; }

bool shares_mm(const ThreadGroup& group, const MmStruct& mm) {
    for (const Task& thread : group.threads)
        if (thread.mm.mm == &mm)
            return true;
    return false;
}

// A child of vfork() that has not called execve() yet: it would be killed for what is its parent's. (Linux: the same name.)
bool in_vfork(const ThreadGroup& group, const MmStruct& mm) {
    return group.leader->vfork_done != nullptr && group.parent != nullptr && shares_mm(*group.parent, mm);
}

u32 table_pages(const MmStruct& mm) { return mm.nr_ptes; }

// The VMAs, each with what it may keep beside pages: a family of anonymous ones, or a file without a name.
u32 vma_pages(const MmStruct& mm) {
    constexpr u32 VMA_BYTES = sizeof(VmArea) + sizeof(AddressSpace);
    return static_cast<u32>(u64{mm.map_count} * VMA_BYTES / PAGE_SIZE);
}

// Pages of files without a name that the process has open, beyond those it has mapped: these count already.
u32 unmapped_memfd_pages(const ThreadGroup& group, const MmStruct& mm) {
    u32 open = 0;
    for (const Task& thread : group.threads)
        if (thread.files != nullptr) { // threads that have exited have none, the leader among them
            open = memfd_pages(*thread.files);
            break;
        }
    const u32 mapped = get_mm_counter(mm, MM_FILEPAGES);
    return open > mapped ? open - mapped : 0;
}

// No caller needs more pages at once than this, so with that many it is worth trying again.
bool some_is_free() {
    constexpr u32 ENOUGH = 16;
    return nr_free_pages() >= ENOUGH;
}

// ---- how the victim ends ----

void wait_no_longer() {
    MmStruct* mm = std::exchange(victim, {}).mm;
    wake_up_all(oom_victims_wait());
    mmdrop(*mm);
}

// (Linux: the same name.)
void mark_oom_victim(const ThreadGroup& group, MmStruct& mm) {
    mmgrab(mm);
    victim.mm = &mm;
    victim.pid = group.pid;
    std::memcpy(victim.comm, group.leader->comm, sizeof victim.comm);
    victim.next_look_ns = clock_ns() + LOOK_NS;
}

bool is_gone(const MmStruct& mm) { return mm.pgd == nullptr; } // mmput() has finished

// Takes the victim's pages, if its mmap lock is free. (Linux: oom_reap_task_mm.)
bool reap_victim() {
    const MmRef mm = MmRef::if_used(*victim.mm);
    if (!mm) // it is at it itself
        return false;
    const bool reaped = MmapReadGuard::if_free(*mm, [](const MmapReadGuard& mmap_read) { oom_reap_mm(mmap_read); });
    if (reaped)
        printk(KERN_INFO, "oom_reaper: reaped process %d (%s), now anon-rss:%ukB, file-rss:%ukB", victim.pid,
               victim.comm, get_mm_counter(*mm, MM_ANONPAGES) * KIB_PER_PAGE,
               get_mm_counter(*mm, MM_FILEPAGES) * KIB_PER_PAGE);
    return reaped;
}

// The victim has had time; see how far it is.
void look_after_victim() {
    if (clock_ns() < victim.next_look_ns)
        return;
    ++victim.looks;
    victim.next_look_ns = clock_ns() + LOOK_NS;
    if (is_gone(*victim.mm) && some_is_free()) // else it still closes its files, which may be what was in the way
        return wait_no_longer();
    if (victim.looks < LOOKS_BEFORE_REAPING)
        return;
    busy = true;
    const bool reaped = victim.can_reap && reap_victim();
    busy = false;
    wake_up_all(oom_victims_wait());
    if (reaped || !victim.can_reap || victim.looks >= LOOKS || is_gone(*victim.mm)) {
        victim.mm->flags.fetch_or(MMF_OOM_SKIP, std::memory_order_relaxed);
        wait_no_longer();
    }
}

// Whether current should rather end than wait for memory.
bool must_give_up() {
    const Task& task = *current();
    return fatal_signal_pending() || (task.exiting && task.mm.mm == victim.mm);
}

// Sleeps until nobody is dying of lack of memory, or current has to.
void wait_for_victim() {
    while (!must_give_up()) {
        if (busy) {
            (void)wait_event_killable(oom_victims_wait(), [] { return !busy; });
        } else if (victim.mm != nullptr) {
            if (!wait_event_state(
                     oom_victims_wait(), TaskState::Killable, [] { return victim.mm == nullptr || busy; },
                     victim.next_look_ns)
                     .ok() &&
                victim.mm != nullptr && !busy)
                look_after_victim();
        } else {
            return;
        }
    }
}

// ---- which one ----

// Whether the process is about to end anyway, so that it need not be killed. (Linux: the same name.)
bool task_will_free_mem(const ThreadGroup& group, const MmStruct& mm) {
    const auto ends = [](const ThreadGroup& each) { return each.group_exit && each.core_state == nullptr; };
    if (!ends(group) || (mm.flags.load(std::memory_order_relaxed) & MMF_OOM_SKIP) != 0)
        return false;
    bool all = true;
    for_each_process([&](const ThreadGroup& other) { all = all && (!shares_mm(other, mm) || ends(other)); });
    return all;
}

// The process with most points; of several, the one with the highest id. nullptr: none may be killed.
ThreadGroup* select_bad_process() {
    ThreadGroup* chosen = nullptr;
    s32 most = 0;
    for_each_process([&](ThreadGroup& group) {
        const auto points = oom_badness(group);
        if (points && (chosen == nullptr || *points >= most)) {
            chosen = &group;
            most = *points;
        }
    });
    return chosen;
}

ThreadGroup* choose() {
    ThreadGroup* own = current()->group;
    if (oom_settings.kill_allocating_task != 0 && own != nullptr && oom_badness(*own))
        return own;
    return select_bad_process();
}

// ---- what is printed ----

// At most ten reports in five seconds. (Linux: oom_rs.)
bool may_report() {
    constexpr u64 INTERVAL_NS = 5 * NSEC_PER_SEC;
    constexpr u32 BURST = 10;
    static constinit u64 begun_ns = 0;
    static constinit u32 reports = 0;
    const u64 now = clock_ns();
    if (reports == 0 || now - begun_ns >= INTERVAL_NS) {
        begun_ns = now;
        reports = 0;
    }
    return ++reports <= BURST;
}

void show_mem() {
    printk(KERN_WARNING, "Mem-Info:");
    printk(KERN_WARNING, "free:%u shmem:%u buffers:%u dirty:%u writeback:%u committed:%u", nr_free_pages(),
           nr_shmem.load(std::memory_order_relaxed), writeback_stat.nr_file_pages.load(std::memory_order_relaxed),
           writeback_stat.nr_file_dirty.load(std::memory_order_relaxed),
           writeback_stat.nr_writeback.load(std::memory_order_relaxed), vm_memory_committed());
    printk(KERN_WARNING, "%u pages RAM", nr_total_pages());
}

// May give the kernel lock up between two lines.
void dump_tasks() {
    printk(KERN_INFO, "Tasks state (memory values in pages):");
    printk(KERN_INFO, "[  pid  ]   uid  tgid total_vm      rss pgtables_bytes oom_score_adj name");
    s32 pid = 0;
    for (Task* task = next_task(1); task != nullptr; task = next_task(pid + 1)) {
        pid = task->pid;
        const ThreadGroup& group = *task->group;
        if (const MmStruct* mm = group.leader == task ? process_mm(group) : nullptr)
            printk(KERN_INFO, "[%7d] %5d %5d %8u %8u %14u         %5d %s", pid, static_cast<int>(task->cred->uid),
                   group.pid, mm->total_vm, get_mm_rss(*mm), table_pages(*mm) * PAGE_SIZE,
                   static_cast<int>(group.oom_score_adj), task->comm);
        cond_resched();
    }
}

// (Linux: the same name.)
void dump_header() {
    const ThreadGroup* own = current()->group;
    printk(KERN_WARNING, "%s invoked oom-killer: order=0, oom_score_adj=%d", current()->comm,
           own != nullptr ? static_cast<int>(own->oom_score_adj) : 0);
    show_mem();
    if (oom_settings.dump_tasks != 0)
        dump_tasks();
}

// ---- the kill ----

// (Linux: __oom_kill_process.)
void kill_process(ThreadGroup& group, MmStruct& mm) {
    const char* reason =
        oom_settings.kill_allocating_task != 0 ? "Out of memory (oom_kill_allocating_task)" : "Out of memory";
    nr_oom_kill = nr_oom_kill + 1;
    mark_oom_victim(group, mm);
    printk(
        KERN_ERR,
        "%s: Killed process %d (%s) total-vm:%ukB, anon-rss:%ukB, file-rss:%ukB, UID:%u pgtables:%ukB oom_score_adj:%d",
        reason, group.pid, group.leader->comm, mm.total_vm * KIB_PER_PAGE,
        get_mm_counter(mm, MM_ANONPAGES) * KIB_PER_PAGE, get_mm_counter(mm, MM_FILEPAGES) * KIB_PER_PAGE,
        static_cast<unsigned>(group.leader->cred->uid), table_pages(mm) * KIB_PER_PAGE,
        static_cast<int>(group.oom_score_adj));
    send_kernel_signal(group, SIGKILL);
    // Others that have the same memory keep it from coming free.
    for_each_process([&](ThreadGroup& other) {
        if (&other == &group || !shares_mm(other, mm))
            return;
        if (other.pid == INIT_PID) {
            victim.can_reap = false;
            printk(KERN_INFO, "oom killer %d (%s) has mm pinned by %d (%s)", group.pid, group.leader->comm, other.pid,
                   other.leader->comm);
            return;
        }
        send_kernel_signal(other, SIGKILL);
    });
}

// Whether some process has begun to end, and will give up memory that the table does not show any more.
bool somebody_exits() {
    bool exits = false;
    for_each_process([&](const ThreadGroup& group) {
        exits = exits || (group.group_exit && group.leader->state != TaskState::Zombie);
    });
    return exits;
}

// Nobody may be killed. Who is about to end gets as much time as a victim has; then it is over.
void nobody_to_kill() {
    if (somebody_exits() && ++nothing_left < LOOKS) {
        (void)wait_event_state(oom_victims_wait(), TaskState::Killable, [] { return false; }, clock_ns() + LOOK_NS);
        return;
    }
    dump_header();
    printk(KERN_WARNING, "Out of memory and no killable processes...");
    panic("System is deadlocked on memory");
}

void kill_somebody() {
    if (const u32 how = oom_settings.panic_on_oom; how != 0) {
        dump_header();
        panic("Out of memory: %s panic_on_oom is enabled", how == 2 ? "compulsory" : "system-wide");
    }
    ThreadGroup* chosen = choose();
    if (chosen == nullptr)
        return nobody_to_kill();
    nothing_left = 0;
    if (MmStruct& mm = *process_mm(*chosen); task_will_free_mem(*chosen, mm))
        return mark_oom_victim(*chosen, mm);
    if (may_report()) {
        dump_header();
        chosen = choose(); // it may be gone: that gave the kernel lock up
        if (chosen == nullptr)
            return;
        printk(KERN_INFO, "oom-kill:constraint=CONSTRAINT_NONE,task=%s,pid=%d,uid=%u", chosen->leader->comm,
               chosen->pid, static_cast<unsigned>(chosen->leader->cred->uid));
    }
    kill_process(*chosen, *process_mm(*chosen));
}

// ---- whether it is needed ----

// Most callers have tried to reclaim before. Some cannot: what they need is for the kernel itself.
bool reclaim() {
    if (!some_is_free())
        try_to_free_pages(SWAP_CLUSTER_MAX);
    return some_is_free();
}

} // namespace

void init_oom_killer() { late_wait.emplace(); }

MmStruct* process_mm(const ThreadGroup& group) {
    for (const Task& thread : group.threads)
        if (thread.mm.mm != nullptr)
            return thread.mm.mm;
    return nullptr;
}

std::optional<s32> oom_badness(const ThreadGroup& group) {
    const MmStruct* mm = process_mm(group);
    if (mm == nullptr || group.pid == INIT_PID || group.oom_score_adj == OOM_SCORE_ADJ_MIN)
        return std::nullopt;
    if ((mm->flags.load(std::memory_order_relaxed) & MMF_OOM_SKIP) != 0 || in_vfork(group, *mm))
        return std::nullopt;
    const s32 thousandth = static_cast<s32>((nr_total_pages() + total_swap_pages()) / 1000);
    const u32 pages = get_mm_rss(*mm) + get_mm_counter(*mm, MM_SWAPENTS) + table_pages(*mm) + vma_pages(*mm) +
                      unmapped_memfd_pages(group, *mm);
    return static_cast<s32>(pages) + group.oom_score_adj * thousandth;
}

void oom_reap_mm(const MmapReadGuard& mmap_read) {
    MmStruct& mm = mmap_read.mm();
    mm.flags.fetch_or(MMF_UNSTABLE, std::memory_order_seq_cst); // before the first page goes
    for (const VmArea& vma : mm.vmas)
        if (!vma.shared())
            zap_page_range(mm, vma.start, vma.end);
}

void exit_oom_victim(const MmStruct* mm) {
    if (mm != nullptr && mm == victim.mm && !busy && is_gone(*mm))
        wait_no_longer();
}

bool oom_make_room() {
    if (current()->mm.mm == nullptr)
        return false; // a kernel task, or the boot
    const KernelLocked lock;
    if (!busy && victim.mm == nullptr && !must_give_up()) {
        busy = true;
        if (!reclaim())
            kill_somebody();
        busy = false;
        wake_up_all(oom_victims_wait());
    }
    wait_for_victim();
    return !must_give_up();
}

// Declared in kernel/upcalls.hpp.
void pagefault_out_of_memory(PtRegs& regs, FaultInfo fault) {
    if (!oom_make_room() && !fault.user_mode() && !fixup_exception(regs))
        die(regs, &fault, "a kernel access to user memory that has no fixup, and there is no memory");
}

} // namespace faultline
