// Sends signals to process groups, and handles orphaned ones.
#include "abi/signal/jobctl.hpp"

#include "abi/signal/send.hpp"
#include "abi/signal/signal.hpp"
#include "abi/task/pid.hpp"
#include "abi/task/siglock.hpp"
#include "abi/task/thread_group.hpp"

namespace faultline {

namespace {

// Whether `member` keeps its process group from being orphaned.
bool is_watched(const ThreadGroup& member) {
    const ThreadGroup* parent = member.parent;
    return !group_is_dead(member) && parent != nullptr && parent->pid != 1 && parent->pgid != member.pgid &&
           parent->sid == member.sid;
}

// POSIX 3.93, leaving out the process `leaving` (nullptr: none).
bool will_become_orphaned_pgrp(s32 pgid, const ThreadGroup* leaving) {
    bool watched = false;
    for_each_process(
        [&](const ThreadGroup& member) { watched |= member.pgid == pgid && &member != leaving && is_watched(member); });
    return !watched;
}

bool has_stopped_jobs(s32 pgid) {
    bool stopped = false;
    for_each_process([&](const ThreadGroup& member) { stopped |= member.pgid == pgid && member.stopped; });
    return stopped;
}

} // namespace

void kill_pgrp(s32 pgid, s32 sig) {
    SigInfo info;
    info.signo = sig;
    info.code = SI_KERNEL;
    SigLocked lock;
    for_each_process([&](ThreadGroup& group) {
        if (group.pgid == pgid)
            (void)send_group_sig_info(info, group); // cannot fail: nothing is queued for a signal from the kernel
    });
}

bool is_orphaned_pgrp(s32 pgid) { return will_become_orphaned_pgrp(pgid, nullptr); }

void kill_orphaned_pgrp(ThreadGroup& group, const ThreadGroup* father) {
    const ThreadGroup* parent = father != nullptr ? father : group.parent;
    const ThreadGroup* leaving = father != nullptr ? nullptr : &group;
    if (parent == nullptr || parent->pgid == group.pgid || parent->sid != group.sid)
        return;
    if (!will_become_orphaned_pgrp(group.pgid, leaving) || !has_stopped_jobs(group.pgid))
        return;
    kill_pgrp(group.pgid, SIGHUP);
    kill_pgrp(group.pgid, SIGCONT);
}

} // namespace faultline
