// A process: the threads that share a pid, and the state that they share (Linux: signal_struct).
#pragma once

#include <atomic>

#include "abi/task/rlimit.hpp"
#include "abi/task/rusage.hpp"
#include "abi/task/timers.hpp"
#include "base/relaxed.hpp"
#include "kernel/sched/wait.hpp"

namespace faultline {

struct Tty;       // abi/tty
struct CoreState; // abi/process/coredump.hpp

struct ThreadGroup {
    s32 pid = 0;                            // tgid: what getpid() returns; the leader's thread id
    Task* leader = nullptr;                 // remains as a zombie until the parent has waited for the process
    List<Task, &Task::thread_link> threads; // threads that are not released yet, leader first
    u32 live = 0;                           // threads that have not begun to exit
    u32 thread_count = 0;                   // length of `threads`
    std::atomic<u32> unburied{0};           // threads that are dead but whose memory is not freed yet

    ThreadGroup* parent = nullptr; // nullptr: process 1
    Relaxed<s32> parent_pid = 0;   // for getppid(2), which takes no lock and so cannot follow `parent`
    s32 parent_tid = 0;            // the thread that forked it, which is asked first to take SIGCHLD; 0: no one
    ListHook sibling;
    List<ThreadGroup, &ThreadGroup::sibling> children;
    s32 pgid = 0;
    s32 sid = 0;
    Tty* tty = nullptr;    // the controlling terminal of its session
    bool did_exec = false; // has called execve since it was forked; see setpgid(2)

    SigPending shared_pending; // directed at the process
    WaitQueue wait_chldexit;   // threads of this group that sleep in wait(2)
    bool unkillable = false;   // process 1: signals with their default action do not affect it

    bool group_exit = false;   // exit_group(2) or a fatal signal: all threads are exiting
    s32 exit_code = 0;         // valid with group_exit; as wait(2) encodes it
    Task* exec_task = nullptr; // a thread in execve that waits until the other threads have exited

    bool stop_pending = false;         // each thread stops when it reaches get_signal()
    bool stopped = false;              // all threads have stopped
    bool stop_reported = true;         // wait(WUNTRACED) has reported the stop
    bool continued_unreported = false; // wait(WCONTINUED) has yet to report the continuation
    s32 stop_signal = 0;

    ResourceUse dead_threads; // of this process's threads that have exited
    ResourceUse children_use; // of children that this process has waited for
    LimitInForce limits[RLIM_COUNT];
    CpuTime reported, children_reported; // the last results of cputime_adjust()
    Timer real_timer;                    // setitimer(ITIMER_REAL), alarm
    u64 real_interval_ns = 0;
    CpuItimer virtual_timer, prof_timer;
    List<PosixTimer, &PosixTimer::link> timers;
    s32 next_timer_id = 0;
    CpuTimerTree cpu_timers; // that wait for its CPU time or its threads'; they may belong to other processes

    bool child_subreaper = false; // prctl(PR_SET_CHILD_SUBREAPER): orphaned descendants become its children
    bool dumpable = true, no_new_privs = false;
    bool thp_disabled = false;                    // prctl(PR_SET_THP_DISABLE): stored only
    u32 coredump_filter = 0x33;                   // which memory goes into a core: abi/process/coredump.hpp
    CoreState* core_state = nullptr;              // the dump in progress, or nullptr
    s16 oom_score_adj = 0, oom_score_adj_min = 0; // -1000 … 1000: abi/memory/oom_kill.hpp
    u32 membarrier_registered = 0;                // membarrier(2): the commands that it has registered for
    u32 personality = 0x800000;                   // ADDR_LIMIT_32BIT, as every program on ARM has
    u64 start_time_ns = 0;
};

inline ThreadGroup& current_group() { return *current()->group; }

// Whether all threads have exited and only the zombie leader is left: a parent can wait for it now.
inline bool group_is_dead(const ThreadGroup& group) {
    return group.leader->state == TaskState::Zombie && group.thread_count == 1;
}

// Returns a new process without threads. NOMEM.
Result<ThreadGroup*> group_new();
// Frees a process that has no threads and no queued signals.
void group_free(ThreadGroup& group);

// Put a thread into its group and into the table of ids, or take it out of both. Timers on its CPU time, and with the
// last thread all on that of the group, leave their tree: they will not expire. Caller holds TaskListLocked.
void link_thread(Task& task, ThreadGroup& group);
void unlink_thread(Task& task);

// Threads that were put there since boot. (Linux: the same name.)
inline constinit Relaxed<u32> total_forks = 0;

// The timer that the CPU time of a thread, or with `tid` 0 that of all, reaches first; nullptr: none. Caller holds
// siglock.
CpuTimer* first_cpu_timer(ThreadGroup& group, s32 tid);

} // namespace faultline
