// A process: the threads that share a pid, and what belongs to them together (Linux: signal_struct).
#pragma once

#include <atomic>

#include "abi/signal/signal.hpp"
#include "abi/time/cpu_time.hpp"
#include "abi/time/posix_timers.hpp"
#include "base/relaxed.hpp"
#include "kernel/sched/wait.hpp"

namespace faultline {

// What wait4(2) and getrusage(2) add up, of dead threads and of waited-for children.
struct ResourceUse {
    CpuSamples cpu;
    u32 min_flt = 0;
    u32 maj_flt = 0;
    u32 max_rss = 0; // pages

    void add(const ResourceUse& other) {
        cpu.add(other.cpu);
        min_flt += other.min_flt;
        maj_flt += other.maj_flt;
        max_rss = max_rss > other.max_rss ? max_rss : other.max_rss;
    }
};

struct ResourceLimit { // as prlimit(2) passes it
    u64 soft = ~u64{0};
    u64 hard = ~u64{0};
};

// One that binds a process. A page fault or the clock's tick may read it while prlimit(2) sets it, and neither takes the
// lock under which that is done: each half is read whole.
class LimitInForce {
  public:
    Relaxed<u64> soft = ~u64{0};
    Relaxed<u64> hard = ~u64{0};

    LimitInForce() = default;
    LimitInForce& operator=(const ResourceLimit& next) {
        soft = next.soft;
        hard = next.hard;
        return *this;
    }
    operator ResourceLimit() const { return {soft, hard}; }
};
inline constexpr u32 RLIM_COUNT = 16; // asm-generic/resource.h RLIM_NLIMITS

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
    u32 coredump_filter = 0x33;                   // abi/process/coredump.hpp: which memory goes into a core
    CoreState* core_state = nullptr;              // one is being written
    s16 oom_score_adj = 0, oom_score_adj_min = 0; // remembered; there is no choice of whom to kill
    bool membarrier_registered = false;
    u32 personality = 0x800000; // ADDR_LIMIT_32BIT, as every program on ARM has
    u64 start_time_ns = 0;
};

inline ThreadGroup& current_group() { return *current()->group; }

// Sum over all threads, dead ones included.
ResourceUse group_use(const ThreadGroup& group);
u64 group_run_ns(const ThreadGroup& group); // its CPU time alone; from anywhere

// How a process's time divides, its children's not included.
CpuTime group_cpu_time(ThreadGroup& group);

// A process with its leader's zombie only: can be waited for.
inline bool group_is_dead(const ThreadGroup& group) {
    return group.leader->state == TaskState::Zombie && group.thread_count == 1;
}

// --- the table of all tasks (abi/task/pid.cpp)
// ---------------------------------------------------------------

void init_pids();                      // once, at boot
Result<s32> alloc_pid(s32 wanted = 0); // AGAIN: all are in use; EXIST: the one that was wanted is
void attach_pid(Task& task);           // task.pid is set. Under TaskListLocked, as the next
void detach_pid(Task& task);
ThreadGroup* find_group(s32 pid); // the process with this pid (a leader's), zombies included
Task* next_task(s32 pid);         // the task with the smallest id >= pid, for walks that may sleep in between
u32 task_count();
s32 last_pid_given(); // for /proc/loadavg

// Calls visit(group) for every process. Must not sleep.
template <class Visitor>
void for_each_process(Visitor&& visit) {
    for (Task* task = next_task(1); task != nullptr; task = next_task(task->pid + 1))
        if (task->group->leader == task)
            visit(*task->group);
}

inline constexpr s32 PID_MAX = 32768;
s32 pid_max();                      // /proc/sys/kernel/pid_max: ids are below this
Result<void> set_pid_max(s32 most); // INVAL: not in 301 … PID_MAX

} // namespace faultline
