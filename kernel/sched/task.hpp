// One thread of execution (Linux: task_struct): what the scheduler, the futexes and the fault path need of it. What the
// threads of a process share (signal handlers, files, the family tree) is reached by pointers.
#pragma once

#include <arch/context.hpp>

#include "base/cpu_mask.hpp"
#include "base/intrusive.hpp"
#include "base/relaxed.hpp"
#include "base/result.hpp"
#include "base/spinlock.hpp"
#include "base/types.hpp"
#include "mm/upcalls.hpp"

namespace faultline {

// abi/task/thread_group.hpp: pid, parent, children, shared signal state (Linux: signal_struct)
struct ThreadGroup;
struct SigHand;      // abi/signal/signal.hpp: handlers
struct FilesStruct;  // abi/fs/files_private.hpp: descriptors
struct FsStruct;     // abi/fs/files_private.hpp: root and working directory
struct FutexPiState; // kernel/futex/pi.hpp
struct FutexQ;       // kernel/futex/queue.hpp
struct SemUndoList;  // abi/ipc/sem_set.hpp: semaphore operations to undo at exit
struct SigQueue;     // abi/signal/queue.hpp: one queued signal with its siginfo
struct Task;
struct Completion; // kernel/sched/wait.hpp
struct Pid;        // abi/task/pid_ref.hpp: its identity, which outlives it
struct Cred;       // abi/cred/cred.hpp: user and group ids

// Signals that wait to be delivered (Linux: struct sigpending).
struct SigPending {
    u64 set = 0;               // bit n-1 is signal n
    SigQueue* queue = nullptr; // their siginfos, oldest first; a signal in `set` may have none
    SigQueue* last = nullptr;  // the youngest; valid if `queue` is not null
    u64 lost = 0;              // of a signal in `set` without a siginfo: it had one, for which there was no room
};

// How to continue a system call after a signal that ran no handler, if its arguments alone do not say it (Linux: struct
// restart_block). The call fills this in and returns RESTART_RESTARTBLOCK. The program then makes the system call
// restart_syscall: its number replaces the call's own in r7.
struct RestartBlock {
    Result<u32> (*function)(RestartBlock& block) = nullptr;
    u64 deadline_ns = 0;
    u32 arguments[6] = {};
    u32 number = 0; // of the interrupted call, until it is continued; else 0
};

inline constexpr u32 TASK_COMM_LEN = 16; // bytes, with the NUL (Linux: the same name)
inline constexpr u32 DEFAULT_TIMER_SLACK_NS = 50'000;
inline constexpr s32 DEFAULT_PRIO = 120; // the default, nice 0
inline constexpr u32 NICE_0_VIRTUAL_RATE = 1u << 22;

enum class TaskState : u8 {
    Running,         // on the run queue or on a CPU
    Interruptible,   // sleeps; a signal wakes it
    Uninterruptible, // sleeps; only wake_up_process does
    Killable,        // sleeps; only a fatal signal or wake_up_process does
    Stopped,         // stopped by SIGSTOP or the like
    Zombie,          // has exited, not yet waited for
    Dead,
};

// Where a runnable task is, for its CPU's run queue.
enum class OnRq : u8 {
    No,      // it sleeps, or is dead
    Queued,  // in the queue
    Running, // in no queue: it has the CPU, or is on its way to another queue
};

// Innermost of the futex locks: guards owners of PI futexes, their lists and which task waits for which lock, in all buckets.
// (kernel/futex/pi_chain.cpp)
extern SpinLock pi_lock;

// Whether a task may become the owner of a PI futex (Linux: tsk->futex_state).
enum class FutexState : u8 {
    Ok,
    Exiting, // inside futex_exit(): a task that wants to wait for it looks again afterwards
    Dead,    // past it: it will not unlock anything, whatever its futexes say
};

struct Task {
    MmTask mm; // address space, fault counts, pagefault_disabled; first, as current_mm_task() expects
    // What it does on the way back to user mode; side by side, so that has_exit_work() needs one load. The machine asks, too
    // (arch/arm/entry.S).
    alignas(u16) bool need_resched = false; // schedule(): its CPU should run another task. Used by that CPU only
    Relaxed<bool> sigpending = false;       // do_signal(). (Linux: TIF_SIGPENDING)
    Relaxed<TaskState> state = TaskState::Running;
    CpuContext context;
    bool exiting = false; // PF_EXITING: signals are no longer delivered to it
    bool kernel_task = false;
    void* stack = nullptr; // 8 KiB kernel stack, lowest address; nullptr for a host thread
    ListHook run_link;     // kernel/sched/prio_array.hpp, while it is queued

    // This thread's id (Linux: pid; gettid). 0: an idle task. Above PID_MAX (abi/task/pid.hpp): a kernel task.
    s32 pid = 0;
    char comm[TASK_COMM_LEN] = {}; // name of the program, NUL-terminated
    ThreadGroup* group = nullptr;
    ListHook thread_link;              // ThreadGroup::threads
    ThreadGroup* buried_for = nullptr; // its former group, once it is dead and `group` is null
    TreeHook pid_node;                 // all tasks by pid
    Pid* thread_pid = nullptr;         // with a reference; made when it is first asked for

    SigHand* sighand = nullptr;
    u64 blocked = 0;       // signal mask; bit n-1 is signal n
    u64 saved_blocked = 0; // the mask to restore after sigsuspend
    u64 real_blocked = 0;  // in sigtimedwait: the mask that the program set
    bool restore_sigmask = false;
    SigPending pending;                          // signals sent to this thread
    u32 sas_sp = 0, sas_size = 0, sas_flags = 2; // sigaltstack; 2 is SS_DISABLE
    // Of its last bad access, for its signal frame.
    u32 fault_trap_no = 0, fault_status = 0, fault_address = 0;
    u16 restart_errno = 0; // how the interrupted system call wants to be restarted (Errno::RESTART...)
    RestartBlock restart_block;

    FilesStruct* files = nullptr;
    FsStruct* fs = nullptr;
    SemUndoList* sysvsem = nullptr;

    UserAddr clear_child_tid; // set to 0 at exit, and its futex woken (set_tid_address, CLONE_CHILD_CLEARTID)
    UserAddr set_child_tid;
    s32 exit_code = 0;                // as wait(2) encodes it
    s32 exit_signal = 0;              // sent to the parent; 0 for a thread
    s32 pdeath_signal = 0;            // prctl(PR_SET_PDEATHSIG): sent to this task when its parent dies
    Completion* vfork_done = nullptr; // completed when this task leaves its parent's address space

    // futexes
    FutexState futex_state GUARDED_BY(pi_lock) = FutexState::Ok;
    UserAddr robust_list; // set_robust_list; null: none
    FutexPiState*
        pi_states GUARDED_BY(pi_lock) = nullptr;         // PI futexes this task owns with waiters (kernel/futex/pi.hpp)
    FutexQ* pi_blocked_on GUARDED_BY(pi_lock) = nullptr; // the PI futex it waits for
    bool livelock_reported = false;
    bool trace_named = false; // its name is in the trace (kernel/debug/trace.hpp)

    // scheduling (kernel/sched/policy.hpp)
    s32 prio = DEFAULT_PRIO;        // what the scheduler obeys: normal_prio, or a better one lent to the task
    s32 normal_prio = DEFAULT_PRIO; // follows from policy, rt_priority and nice
    s32 policy = 0;                 // SCHED_OTHER, SCHED_FIFO, … (linux/sched.h)
    s32 rt_priority = 0;            // 1 … 99 under SCHED_FIFO and SCHED_RR, else 0
    s32 nice = 0;                   // the weight of a task that is not real-time
    u32 virtual_rate = NICE_0_VIRTUAL_RATE;
    // How much CPU time it has had, weighed, on the scale of its queue (RunQueue::min_vruntime). The task with least is
    // next. Changed with that queue locked; while it sleeps, it stands still. (Linux: sched_entity.vruntime.)
    u64 vruntime = 0;
    bool sched_reset_on_fork = false;

    // where it runs (kernel/sched/run_queue.hpp)
    // One waker at a time. What a waker's decision depends on does not change while it is held (Linux: pi_lock).
    SpinLock wake_lock{"wake_lock"};
    Relaxed<u32> cpu = 0;            // the CPU whose run queue it is in, or was last; changed with that queue locked
    Relaxed<OnRq> on_rq = OnRq::No;  // changed with that queue locked
    std::atomic<bool> on_cpu{false}; // a CPU still uses, or already uses, its kernel stack
    CpuMask cpus_allowed = CpuMask::all(); // sched_setaffinity(2); changed with wake_lock held and its queue locked
    u32 ran_on = 0;                        // the CPU it ran on last
    u32 lock_depth = 0;                    // how many times it holds the kernel lock (kernel/sched/kernel_lock.hpp)

    u64 waits_since_ns = 0; // since when it waits in a queue for its turn; kept only if there are several CPUs
    u32 slice_used_ns = 0;  // used of a turn that a more urgent task interrupted; 0: its next turn is a new one

    Cred* cred = nullptr;
    // It became a user with more threads than RLIMIT_NPROC: execve asks again. (Linux: PF_NPROC_EXCEEDED.)
    bool nproc_exceeded = false;
    u32 timer_slack_ns = DEFAULT_TIMER_SLACK_NS,
        default_timer_slack_ns = DEFAULT_TIMER_SLACK_NS; // prctl(PR_SET_TIMERSLACK): stored

    Relaxed<u32> nvcsw = 0, nivcsw = 0; // how often it left the CPU: to sleep; or while it could run
    u64 rchar = 0, wchar = 0; // bytes that its calls have read and written; only the task itself writes these four
    u32 syscr = 0, syscw = 0; // how many such calls
    u32 user_ticks = 0, system_ticks = 0; // abi/time/tick.cpp
#ifdef FAULTLINE_DEBUG
    // When it was last found to have left the CPU, and how often it had by then: abi/task/hung_task.cpp. (Linux: the
    // second under the same name.)
    u64 last_switch_ns = 0;
    u32 last_switch_count = 0;
#endif
    u64 start_time_ns = 0;
    u64 run_ns = 0; // time on the CPU, up to the last switch; task_run_time_ns() adds the present turn

    // Whether need_resched or sigpending is set.
    bool has_exit_work() const {
        using Both [[gnu::may_alias]] = u16;
        static_assert(sizeof need_resched + sizeof sigpending == sizeof(Both));
        return __atomic_load_n(reinterpret_cast<const Both*>(&need_resched), __ATOMIC_RELAXED) != 0;
    }
};
static_assert(offsetof(Task, mm) == 0);

} // namespace faultline
