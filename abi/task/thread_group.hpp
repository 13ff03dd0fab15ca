// A process: the threads that share a pid, and what belongs to them together (Linux: signal_struct).
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
    Task* leader = nullptr;                 // stays, as a zombie, until the group is waited for
    List<Task, &Task::thread_link> threads; // all that are not yet released, leader first
    u32 live = 0;                           // threads that have not begun to exit
    u32 thread_count = 0;                   // in `threads`
    std::atomic<u32> unburied{0};           // threads that are dead, but still in memory

    ThreadGroup* parent = nullptr; // nullptr: process 1
    Relaxed<s32> parent_pid = 0;   // for getppid(2), which holds no lock that would keep the parent there
    ListHook sibling;
    List<ThreadGroup, &ThreadGroup::sibling> children;
    s32 pgid = 0;
    s32 sid = 0;
    Tty* tty = nullptr;    // the controlling terminal of its session
    bool did_exec = false; // since the fork that made it: setpgid(2)

    SigPending shared_pending; // directed at the process
    WaitQueue wait_chldexit;   // threads of this group in wait(2)
    bool unkillable = false;   // process 1: default actions do not touch it

    bool group_exit = false;   // exit_group(2) or a fatal signal: all threads are on their way out
    s32 exit_code = 0;         // then, as wait(2) encodes it
    Task* exec_task = nullptr; // in execve, waits for the others to be gone

    bool stop_pending = false; // threads stop as they come to get_signal()
    bool stopped = false;      // all have
    bool stop_reported = true; // wait(WUNTRACED) knows
    bool continued_unreported = false;
    s32 stop_signal = 0;

    ResourceUse dead_threads; // of this process
    ResourceUse children_use; // of children waited for
    LimitInForce limits[RLIM_COUNT];
    CpuTime reported, children_reported; // cputime_adjust()
    Timer real_timer;                    // setitimer(ITIMER_REAL), alarm
    u64 real_interval_ns = 0;
    CpuItimer virtual_timer, prof_timer;
    List<PosixTimer, &PosixTimer::link> timers;
    s32 next_timer_id = 0;
    WaitQueue cpu_sleepers; // clock_nanosleep(2) on its CPU time; the tick wakes them

    bool child_subreaper = false; // prctl(PR_SET_CHILD_SUBREAPER): orphans below it become its children
    bool dumpable = true, no_new_privs = false;
    u32 coredump_filter = 0x33;                   // which memory goes into a core: abi/process/coredump.hpp
    CoreState* core_state = nullptr;              // one is being written
    s16 oom_score_adj = 0, oom_score_adj_min = 0; // remembered; there is no choice of whom to kill
    bool membarrier_registered = false;
    u32 personality = 0x800000; // ADDR_LIMIT_32BIT, as every program on ARM has
    u64 start_time_ns = 0;
};

inline ThreadGroup& current_group() { return *current()->group; }

// A process with its leader's zombie only: can be waited for.
inline bool group_is_dead(const ThreadGroup& group) {
    return group.leader->state == TaskState::Zombie && group.thread_count == 1;
}

// An empty process. NOMEM.
Result<ThreadGroup*> group_new();
void group_free(ThreadGroup& group); // without threads, and nothing queued for it

// Puts a thread into its group and into the table of ids, or takes it out of both. Under TaskListLocked.
void link_thread(Task& task, ThreadGroup& group);
void unlink_thread(Task& task);

} // namespace faultline
