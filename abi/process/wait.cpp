// Waits for children, and reports and releases dead ones. (Linux kernel/exit.c do_wait.)
#include "abi/process/wait.hpp"

#include <linux/resource.h>
#include <linux/wait.h>

#include "abi/cred/cred.hpp"
#include "abi/process/pidfd.hpp"
#include "abi/process/release.hpp"
#include "abi/signal/signal.hpp"
#include "abi/task/cpu_time.hpp"
#include "abi/task/pid.hpp"
#include "abi/task/rusage.hpp"
#include "abi/task/thread_group.hpp"
#include "kernel/upcalls.hpp"

namespace faultline {

namespace {

constexpr s32 NO_GROUP = -1; // 0 is the process group of process 1 until it calls setsid(2)

// The children and events to wait for.
struct WaitRequest {
    u32 options = 0;
    bool any = false;    // all children
    s32 pid = 0;         // or, if not 0, this one
    s32 pgid = NO_GROUP; // or those of this process group
    bool polls = false;  // a pidfd with O_NONBLOCK: return AGAIN and do not sleep
};

// An event that was found. pid 0: there are children, but no event.
struct WaitReport {
    s32 pid = 0;
    s32 status = 0; // as wait(2) encodes it
    s32 code = 0;   // CLD_*
    u32 uid = 0;
    ResourceUse use;
    CpuTime time;
};

// A child whose exit signal is not SIGCHLD is waited for only with __WCLONE or __WALL. (Linux: the same name.)
bool eligible_child(const ThreadGroup& child, u32 options) {
    const bool is_clone = child.leader->exit_signal != SIGCHLD;
    const bool wants_clone = (options & __WCLONE) != 0;
    return (options & __WALL) != 0 || is_clone == wants_clone;
}

WaitReport describe(ThreadGroup& child, s32 status, s32 code) {
    const ResourceUse use = group_use(child);
    return {child.pid, status, code, child.leader->cred->uid, use, cputime_adjust(use.cpu, child.reported)};
}

// Reports a dead child, and releases it unless WNOWAIT is set.
WaitReport reap(ThreadGroup& child, const WaitRequest& request) {
    const s32 status = child.exit_code;
    WaitReport report = describe(child, status, cld_code(status));
    const CpuTime of_children = cputime_adjust(child.children_use.cpu, child.children_reported);
    report.use.add(child.children_use);
    report.time = {report.time.user_ns + of_children.user_ns, report.time.system_ns + of_children.system_ns};
    if ((request.options & WNOWAIT) == 0) {
        current_group().children_use.add(report.use);
        release_group(child);
    }
    return report;
}

// Returns the event of a child, if there is one that the request asks for. It will not be reported again, unless
// WNOWAIT is set.
WaitReport report_child(ThreadGroup& child, const WaitRequest& request) {
    const bool consume = (request.options & WNOWAIT) == 0;
    if ((request.options & WEXITED) != 0 && group_is_dead(child))
        return reap(child, request);
    if ((request.options & WSTOPPED) != 0 && child.stopped && !child.stop_reported) {
        child.stop_reported = consume;
        return describe(child, child.stop_signal << 8 | 0x7f, CLD_STOPPED);
    }
    if ((request.options & WCONTINUED) != 0 && child.continued_unreported) {
        child.continued_unreported = !consume;
        return describe(child, 0xffff, CLD_CONTINUED);
    }
    return {};
}

// Returns the event of the one child that the request names. It is found by its id, however many children there are.
// CHILD: it is no child, or not eligible. (Linux: do_wait_pid.)
Result<WaitReport> look_at_child(const WaitRequest& request) {
    ThreadGroup* child = find_group(request.pid);
    if (child == nullptr || child->parent != &current_group() || !eligible_child(*child, request.options))
        return Err(Errno::CHILD);
    return report_child(*child, request);
}

// Returns the first event of an eligible child. CHILD: no child is eligible.
Result<WaitReport> scan_children(const WaitRequest& request) {
    bool any_eligible = false;
    for (ThreadGroup& child : current_group().children) {
        const bool asked_for = request.any || child.pgid == request.pgid;
        if (!asked_for || !eligible_child(child, request.options))
            continue;
        any_eligible = true;
        const WaitReport report = report_child(child, request);
        if (report.pid != 0)
            return report;
    }
    if (!any_eligible)
        return Err(Errno::CHILD);
    return WaitReport{};
}

Result<WaitReport> do_wait(const WaitRequest& request) {
    while (true) {
        WaitEntry entry;
        prepare_to_wait(current_group().wait_chldexit, entry, TaskState::Interruptible);
        const auto found = request.pid != 0 ? look_at_child(request) : scan_children(request);
        const bool done = !found || found.value().pid != 0 || (request.options & WNOHANG) != 0 || request.polls;
        const bool interrupted = !done && signal_pending();
        if (!done && !interrupted)
            schedule();
        finish_wait(entry);
        if (done)
            return found;
        if (interrupted) // children were checked first, so a SIGCHLD does not hide the event that it announces
            return Err(Errno::RESTARTSYS);
    }
}

} // namespace

Result<s32> sys_wait4(s32 pid, UserAddr status, u32 options, UserAddr rusage) {
    constexpr u32 ALLOWED = WNOHANG | WUNTRACED | WCONTINUED | __WNOTHREAD | __WCLONE | __WALL;
    constexpr s32 LOWEST = -0x7fffffff - 1;
    if ((options & ~ALLOWED) != 0)
        return Err(Errno::INVAL);
    if (pid == LOWEST)
        return Err(Errno::SRCH);
    WaitRequest request;
    request.options = options | WEXITED;
    request.any = pid == -1;
    request.pid = pid > 0 ? pid : 0;
    request.pgid = pid == 0 ? current_group().pgid : pid < -1 ? -pid : NO_GROUP;
    const WaitReport report = TRY(do_wait(request));
    if (report.pid == 0)
        return 0;
    if (rusage.value() != 0)
        TRY_VOID(put_rusage(rusage, report.use, report.time));
    if (status.value() != 0)
        TRY_VOID(put_user_u32(status, static_cast<u32>(report.status)));
    return report.pid;
}

namespace {

// si_status as waitid(2) returns it: the plain exit status or signal.
s32 plain_status(const WaitReport& report) {
    switch (report.code) {
    case CLD_EXITED:
        return report.status >> 8 & 0xff;
    case CLD_KILLED:
    case CLD_DUMPED:
        return report.status & 0x7f;
    case CLD_STOPPED:
        return report.status >> 8;
    default:
        return SIGCONT;
    }
}

Result<WaitRequest> waitid_request(u32 which, s32 id, u32 options) {
    constexpr u32 ALLOWED = WNOHANG | WNOWAIT | WEXITED | WSTOPPED | WCONTINUED | __WNOTHREAD | __WCLONE | __WALL;
    if ((options & ~ALLOWED) != 0 || (options & (WEXITED | WSTOPPED | WCONTINUED)) == 0)
        return Err(Errno::INVAL);
    constexpr u32 P_PIDFD_ID = 3; // linux/wait.h P_PIDFD
    WaitRequest request;
    request.options = options;
    switch (which) {
    case P_ALL:
        request.any = true;
        break;
    case P_PID:
        request.pid = id;
        break;
    case P_PGID:
        request.pgid = id != 0 ? id : current_group().pgid;
        break;
    case P_PIDFD_ID: {
        if (id < 0)
            return Err(Errno::INVAL);
        const auto process = pidfd_process(id, &request.polls);
        if (!process && process.error() == Errno::BADF)
            return Err(Errno::BADF);
        request.pid = process ? process.value()->pid : 0; // 0 matches no child: the process has been waited for
        return request;
    }
    default:
        return Err(Errno::INVAL);
    }
    if (id < 0 || (which == P_PID && id == 0))
        return Err(Errno::INVAL);
    return request;
}

Result<WaitReport> wait_as(const Result<WaitRequest>& wanted) {
    const WaitRequest request = TRY(wanted);
    const WaitReport report = TRY(do_wait(request));
    if (report.pid == 0 && request.polls && (request.options & WNOHANG) == 0)
        return Err(Errno::AGAIN);
    return report;
}

} // namespace

// As in Linux, the program's structure is filled with zeros even if the call fails. So FAULT for a bad address replaces
// other errors.
Result<u32> sys_waitid(u32 which, s32 id, UserAddr info, u32 options, UserAddr rusage) {
    const auto found = wait_as(waitid_request(which, id, options));
    const WaitReport report = found ? found.value() : WaitReport{};
    if (rusage.value() != 0 && report.pid != 0)
        TRY_VOID(put_rusage(rusage, report.use, report.time));
    const Result<u32> result = found ? Result<u32>(0u) : Err(found.error());
    if (info.value() == 0)
        return result;
    SigInfo answer;
    if (report.pid != 0) {
        answer.signo = SIGCHLD;
        answer.code = report.code;
        answer.fields[0] = static_cast<u32>(report.pid);
        answer.fields[1] = report.uid;
        answer.fields[2] = static_cast<u32>(plain_status(report));
    }
    // As in Linux, only si_signo … si_status are written, and the rest of the program's structure stays as it was.
    TRY_VOID(copy_struct_to_user(info, &answer, 6 * sizeof(u32)));
    return result;
}

} // namespace faultline
