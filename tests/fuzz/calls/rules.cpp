// The table of rules. As few as possible: what only hurts the caller is not here, because workers are replaced.
// Beside them stands what values.cpp does not make for root: paths outside the arena for calls that change files, and
// real-time priorities as high as the monitor's.
#include "tests/fuzz/calls/rules.hpp"

#include <algorithm>
#include <array>

#include <linux/mman.h>
#include <linux/prctl.h>
#include <linux/reboot.h>
#include <linux/sched.h>

#include <ulib/sys.hpp>

namespace faultline::fuzz {

namespace {

// Whether the value is a process that no root may aim at: the monitor, process 1, or all. 0 is the caller's own group.
bool is_watcher(long pid, const Caller& caller) {
    const long monitor = static_cast<long>(caller.monitor);
    return pid == 1 || pid == -1 || pid == monitor || pid == -monitor;
}

struct Rule {
    int number;
    // Changes the arguments, or returns false.
    bool (*apply)(long (&arguments)[6], const Caller& caller);
    const char* reason;
};

template <unsigned INDEX>
bool own_process(long (&arguments)[6], const Caller& caller) {
    if (is_watcher(arguments[INDEX], caller))
        arguments[INDEX] = 0;
    return true;
}

bool never(long (&)[6], const Caller&) { return false; }

// A thread that shares its creator's memory and runs on its stack destroys both before the next call.
bool stack_of_its_own(long (&arguments)[6], const Caller& caller) {
    if ((arguments[0] & CLONE_VM) != 0 && (arguments[0] & CLONE_VFORK) == 0 && arguments[1] == 0)
        arguments[1] = caller.spare_stack;
    return true;
}

constexpr Rule for_all[] = {
    {__NR_clone, stack_of_its_own, "a thread on its creator's stack only crashes both"},
};

constexpr Rule for_root[] = {
    {__NR_reboot, never, "ends the machine"},
    {__NR_syslog, [](long (&arguments)[6], const Caller&) { return arguments[0] < 5 || arguments[0] > 8; },
     "turns the kernel's messages off, which the test reads, or forgets them"},
    {__NR_madvise, [](long (&arguments)[6], const Caller&) { return arguments[2] != MADV_HWPOISON; },
     "the fuzzer's own text is in memory only, and would be lost for good; so would one frame after the other"},
    {__NR_kill, own_process<0>, "the watch must go on"},
    {__NR_tkill, own_process<0>, "the watch must go on"},
    {__NR_tgkill, own_process<0>, "the watch must go on"},
    {__NR_tgkill, own_process<1>, "the watch must go on"},
    {__NR_rt_sigqueueinfo, own_process<0>, "the watch must go on"},
    {__NR_rt_tgsigqueueinfo, own_process<0>, "the watch must go on"},
    {__NR_pidfd_open, own_process<0>, "a descriptor by which to kill the monitor or to take its files"},
    {__NR_prlimit64, own_process<0>, "the monitor needs its memory and descriptors"},
    {__NR_process_vm_writev, own_process<0>, "the monitor's memory is not under test"},
    {__NR_sched_setscheduler, own_process<0>, "the monitor measures how late it is woken"},
    {__NR_sched_setparam, own_process<0>, "the monitor measures how late it is woken"},
    {__NR_sched_setattr, own_process<0>, "the monitor measures how late it is woken"},
    {__NR_sched_setaffinity, own_process<0>, "the monitor measures how late it is woken"},
    {__NR_setpgid, own_process<0>, "the monitor's group"},
};

} // namespace

bool allow(int number, long (&arguments)[6], const Caller& caller) {
    const auto applies = [&](const Rule& rule) { return rule.number != number || rule.apply(arguments, caller); };
    return std::all_of(std::begin(for_all), std::end(for_all), applies) &&
           (!caller.privileged || std::all_of(std::begin(for_root), std::end(for_root), applies));
}

} // namespace faultline::fuzz
