// The scheduling system calls: what they refuse, what they store, and what a child inherits. sched(7).
#include <initializer_list>

#include <ulib/print.hpp>
#include <ulib/sys.hpp>

#include <linux/sched.h>

using namespace faultline;

namespace {

void expect(const char* what, long actual, long expected) {
    if (actual != expected)
        fail("sched_calls: %s: %ld (%s), expected %ld\n", what, actual, errno_name(actual), expected);
}

long set_scheduler(int pid, int policy, int priority) {
    return system_call(__NR_sched_setscheduler, pid, policy, &priority);
}
long set_param(int priority) { return system_call(__NR_sched_setparam, 0, &priority); }
long policy_of(int pid) { return system_call(__NR_sched_getscheduler, pid); }
long priority_now() {
    int priority = -1;
    must(system_call(__NR_sched_getparam, 0, &priority), "sched_calls: sched_getparam");
    return priority;
}

// struct sched_attr of linux/sched/types.h.
struct Attributes {
    u32 size = sizeof(Attributes), policy = 0;
    unsigned long long flags = 0;
    int nice = 0;
    u32 priority = 0;
    unsigned long long runtime = 0, deadline = 0, period = 0;
    u32 util_min = 0, util_max = 0;
};
static_assert(sizeof(Attributes) == 56);

long set_attributes(Attributes& attributes) { return system_call(__NR_sched_setattr, 0, &attributes, 0); }

void policies_and_priorities() {
    expect("no such policy", set_scheduler(0, 4, 0), -EINVAL);
    expect("a negative policy", set_scheduler(0, -1, 0), -EINVAL);
    expect("SCHED_FIFO without a priority", set_scheduler(0, SCHED_FIFO, 0), -EINVAL);
    expect("a priority beyond the last", set_scheduler(0, SCHED_RR, 100), -EINVAL);
    expect("SCHED_OTHER with a priority", set_scheduler(0, SCHED_NORMAL, 1), -EINVAL);
    expect("a negative process", set_scheduler(-1, SCHED_NORMAL, 0), -EINVAL);
    expect("no such process", set_scheduler(32000, SCHED_NORMAL, 0), -ESRCH);
    expect("no parameter", system_call(__NR_sched_setscheduler, 0, SCHED_FIFO, nullptr), -EINVAL);
    expect("a bad parameter", system_call(__NR_sched_setscheduler, 0, SCHED_FIFO, 1), -EFAULT);
    expect("SCHED_FIFO 99", set_scheduler(0, SCHED_FIFO, 99), 0);
    expect("its policy", policy_of(0), SCHED_FIFO);
    expect("its priority", priority_now(), 99);
    expect("a priority that is none", set_param(0), -EINVAL);
    expect("another priority", set_param(7), 0);
    expect("that priority", priority_now(), 7);
    expect("the highest of SCHED_RR", system_call(__NR_sched_get_priority_max, SCHED_RR), 99);
    expect("the lowest of SCHED_FIFO", system_call(__NR_sched_get_priority_min, SCHED_FIFO), 1);
    expect("the highest of SCHED_OTHER", system_call(__NR_sched_get_priority_max, SCHED_NORMAL), 0);
    expect("the lowest of no policy", system_call(__NR_sched_get_priority_min, 77), -EINVAL);
}

void slices() {
    __kernel_timespec interval{};
    expect("SCHED_RR", set_scheduler(0, SCHED_RR, 1), 0);
    expect("its interval", system_call(__NR_sched_rr_get_interval_time64, 0, &interval), 0);
    expect("100 ms", static_cast<long>(interval.tv_nsec), 100'000'000);
    expect("SCHED_FIFO", set_scheduler(0, SCHED_FIFO, 1), 0);
    expect("its interval", system_call(__NR_sched_rr_get_interval_time64, 0, &interval), 0);
    expect("none", static_cast<long>(interval.tv_nsec), 0);
}

void inheritance() {
    expect("SCHED_RR 20, not for children", set_scheduler(0, SCHED_RR | SCHED_RESET_ON_FORK, 20), 0);
    expect("both are told", policy_of(0), SCHED_RR | SCHED_RESET_ON_FORK);
    for (const bool reset : {true, false}) {
        const long child = must(sys_fork(), "sched_calls: fork");
        if (child == 0) {
            expect("the child's policy", policy_of(0), reset ? SCHED_NORMAL : SCHED_RR);
            expect("the child's priority", priority_now(), reset ? 0 : 20);
            sys_exit_group(0);
        }
        int status = -1;
        must(sys_wait4(static_cast<int>(child), &status), "sched_calls: wait4");
        expect("the child's status", status, 0);
        expect("SCHED_RR 20", set_scheduler(0, SCHED_RR, 20), 0);
    }
}

void attributes() {
    Attributes wanted;
    wanted.policy = SCHED_FIFO;
    wanted.priority = 12;
    expect("sched_setattr", set_attributes(wanted), 0);
    Attributes found;
    expect("sched_getattr", system_call(__NR_sched_getattr, 0, &found, sizeof found, 0), 0);
    expect("its policy", static_cast<long>(found.policy), SCHED_FIFO);
    expect("its priority", static_cast<long>(found.priority), 12);
    expect("too little room", system_call(__NR_sched_getattr, 0, &found, 47, 0), -EINVAL);
    wanted.size = 40;
    expect("too small a structure", set_attributes(wanted), -E2BIG);
    expect("it is told the size", static_cast<long>(wanted.size), sizeof wanted);
    wanted.flags = 1u << 30;
    expect("an unknown flag", set_attributes(wanted), -EINVAL);
    wanted.flags = SCHED_FLAG_KEEP_ALL | SCHED_FLAG_RESET_ON_FORK;
    expect("keep all", set_attributes(wanted), 0);
    expect("it is kept", priority_now(), 12);
}

void niceness() {
    constexpr int PROCESS = 0; // linux/resource.h PRIO_PROCESS
    expect("SCHED_OTHER", set_scheduler(0, SCHED_NORMAL, 0), 0);
    expect("nice", system_call(__NR_nice, 5), 0);
    expect("getpriority", system_call(__NR_getpriority, PROCESS, 0), 15);
    expect("setpriority", system_call(__NR_setpriority, PROCESS, 0, -100), 0);
    expect("getpriority", system_call(__NR_getpriority, PROCESS, 0), 40);
    expect("no such kind", system_call(__NR_getpriority, 3, 0), -EINVAL);
    expect("no such process", system_call(__NR_setpriority, PROCESS, 32000, 0), -ESRCH);
    expect("back", system_call(__NR_setpriority, PROCESS, 0, 0), 0);
}

void processors() {
    u32 mask = 0;
    expect("sched_getaffinity", system_call(__NR_sched_getaffinity, 0, sizeof mask, &mask), sizeof mask);
    expect("a processor", static_cast<long>(mask & 1), 1);
    const u32 none = 0;
    expect("no processor", system_call(__NR_sched_setaffinity, 0, sizeof none, &none), -EINVAL);
    expect("no such process", system_call(__NR_sched_setaffinity, 32000, sizeof mask, &mask), -ESRCH);
}

} // namespace

int main() {
    policies_and_priorities();
    slices();
    inheritance();
    attributes();
    niceness();
    processors();
    print("sched_calls: policies, priorities, slices and nice values are as they were set\n");
    return 0;
}
