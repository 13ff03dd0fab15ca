// The options of prctl(2), a case for each. (Linux kernel/sys.c.)
#include "abi/process/prctl.hpp"

#include <linux/capability.h>
#include <linux/prctl.h>

#include <algorithm>

#include "abi/cred/cred.hpp"
#include "abi/signal/signal.hpp"
#include "abi/task/thread_group.hpp"
#include "arch/contract/uaccess.hpp"
#include "kernel/debug/trace.hpp"

namespace faultline {

namespace {

Result<u32> set_comm(UserAddr from) {
    Task& task = *current();
    char name[sizeof task.comm] = {};
    TRY(strncpy_from_user(name, from, sizeof name - 1));
    std::copy_n(name, sizeof name, task.comm);
    trace_renamed(task);
    return 0u;
}

Result<u32> put_number(UserAddr to, u32 number) {
    TRY_VOID(put_user_u32(to, number));
    return 0u;
}

// Sets a flag to 0 or 1. INVAL: another value.
Result<u32> set_flag(bool& flag, u32 value) {
    if (value > 1)
        return Err(Errno::INVAL);
    flag = value == 1;
    return 0u;
}

Result<u32> set_keep_caps(u32 value) {
    Cred* next = TRY(prepare_creds());
    const auto set = set_flag(next->keep_caps, value);
    if (set)
        commit_creds(*next);
    else
        put_cred(*next);
    return set;
}

// Capabilities that execve gives nobody any more, whatever the file says; here it gives none anyway.
Result<u32> drop_from_bounding_set(u32 capability) {
    if (!capable(CAP_SETPCAP))
        return Err(Errno::PERM);
    if (capability > CAP_LAST_CAP)
        return Err(Errno::INVAL);
    return change_creds([&](Cred& next, const Cred&) -> Result<void> {
        next.cap_bset &= ~(u64{1} << capability);
        return {};
    });
}

// The ambient set, which is always empty: execve keeps the capabilities that a task has. So nothing can be raised.
// (Linux security/commoncap.c cap_task_prctl.)
Result<u32> ambient(u32 operation, u32 capability, bool rest_is_zero) {
    if (operation == PR_CAP_AMBIENT_CLEAR_ALL)
        return capability == 0 && rest_is_zero ? Result<u32>(0u) : Err(Errno::INVAL);
    if (capability > CAP_LAST_CAP || !rest_is_zero)
        return Err(Errno::INVAL);
    switch (operation) {
    case PR_CAP_AMBIENT_IS_SET:
    case PR_CAP_AMBIENT_LOWER:
        return 0u;
    case PR_CAP_AMBIENT_RAISE:
        return Err(Errno::PERM);
    default:
        return Err(Errno::INVAL);
    }
}

} // namespace

Result<u32> sys_prctl(s32 option, u32 argument2, u32 argument3, u32 argument4, u32 argument5) {
    Task& task = *current();
    ThreadGroup& group = *task.group;
    const bool rest_is_zero = argument3 == 0 && argument4 == 0 && argument5 == 0;
    switch (option) {
    case PR_SET_NAME:
        return set_comm(UserAddr(argument2));
    case PR_GET_NAME:
        TRY_VOID(copy_struct_to_user(UserAddr(argument2), task.comm, sizeof task.comm));
        return 0u;
    case PR_SET_PDEATHSIG:
        if (argument2 > SIGNAL_COUNT)
            return Err(Errno::INVAL);
        task.pdeath_signal = static_cast<s32>(argument2);
        return 0u;
    case PR_GET_PDEATHSIG:
        return put_number(UserAddr(argument2), static_cast<u32>(task.pdeath_signal));
    case PR_GET_DUMPABLE:
        return group.dumpable ? 1u : 0u;
    case PR_SET_DUMPABLE:
        return set_flag(group.dumpable, argument2);
    case PR_GET_KEEPCAPS:
        return current_cred().keep_caps ? 1u : 0u;
    case PR_SET_KEEPCAPS:
        return set_keep_caps(argument2);
    case PR_SET_CHILD_SUBREAPER:
        group.child_subreaper = argument2 != 0;
        return 0u;
    case PR_GET_CHILD_SUBREAPER:
        return put_number(UserAddr(argument2), group.child_subreaper ? 1 : 0);
    case PR_SET_NO_NEW_PRIVS: // stored only: execve never gives privileges
        if (argument2 != 1 || !rest_is_zero)
            return Err(Errno::INVAL);
        group.no_new_privs = true;
        return 0u;
    case PR_GET_NO_NEW_PRIVS:
        if (argument2 != 0 || !rest_is_zero)
            return Err(Errno::INVAL);
        return group.no_new_privs ? 1u : 0u;
    case PR_CAPBSET_READ:
        if (argument2 > CAP_LAST_CAP)
            return Err(Errno::INVAL);
        return static_cast<u32>(current_cred().cap_bset >> argument2 & 1);
    case PR_CAPBSET_DROP:
        return drop_from_bounding_set(argument2);
    case PR_CAP_AMBIENT:
        return ambient(argument2, argument3, argument4 == 0 && argument5 == 0);
    case PR_GET_SECCOMP: // seccomp does not exist here, so the mode is 0
    case PR_GET_SECUREBITS:
        return 0u;
    case PR_SET_SECUREBITS:
        if (argument2 != 0 || !capable(CAP_SETPCAP))
            return Err(Errno::PERM);
        return 0u;
    case PR_GET_THP_DISABLE: // there are no huge pages, so there is nothing to disable
        return argument2 == 0 && rest_is_zero ? Result<u32>(group.thp_disabled ? 1u : 0u) : Err(Errno::INVAL);
    case PR_SET_THP_DISABLE:
        if (!rest_is_zero)
            return Err(Errno::INVAL);
        group.thp_disabled = argument2 != 0;
        return 0u;
    case PR_SET_MM:
        return capable(CAP_SYS_RESOURCE) ? Err(Errno::INVAL) : Err(Errno::PERM);
    case PR_GET_TID_ADDRESS:
        return put_number(UserAddr(argument2), task.clear_child_tid.value());
    case PR_GET_TIMERSLACK: // nanoseconds by which timers may be late. Stored only: timers are exact
        return task.timer_slack_ns;
    case PR_SET_TIMERSLACK:
        task.timer_slack_ns = argument2 != 0 ? argument2 : task.default_timer_slack_ns;
        return 0u;
    case PR_GET_TIMING: // PR_TIMING_STATISTICAL, the only mode
        return 0u;
    case PR_SET_TIMING:
        return argument2 == PR_TIMING_STATISTICAL ? Result<u32>(0u) : Err(Errno::INVAL);
    default:
        return Err(Errno::INVAL);
    }
}

} // namespace faultline
