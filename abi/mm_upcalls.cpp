// What mm/ asks of abi/ (mm/upcalls.hpp). The scheduler answers the rest.
#include <asm/resource.h>
#include <linux/capability.h>

#include "abi/block/flusher.hpp"
#include "abi/cred/cred.hpp"
#include "abi/memory/kswapd.hpp"
#include "abi/memory/oom_kill.hpp"
#include "abi/signal/signal.hpp"
#include "abi/task/thread_group.hpp"
#include "mm/upcalls.hpp"

namespace faultline {

namespace {

u32 limit_in_pages(const ThreadGroup& group, u32 resource) {
    const u64 limit = group.limits[resource].soft >> PAGE_SHIFT;
    return limit < ~u32{0} ? static_cast<u32>(limit) : ~u32{0};
}

} // namespace

MmLimits current_mm_limits() {
    const ThreadGroup* group = current()->group;
    if (group == nullptr)
        return {}; // a kernel task
    return {.address_space = limit_in_pages(*group, RLIMIT_AS), .data = limit_in_pages(*group, RLIMIT_DATA)};
}

MmRights current_mm_rights() {
    const ThreadGroup* group = current()->group;
    if (group == nullptr)
        return {};
    const bool unbound = capable(CAP_IPC_LOCK);
    return {.locked = unbound ? ~u32{0} : limit_in_pages(*group, RLIMIT_MEMLOCK),
            .may_lock = unbound || group->limits[RLIMIT_MEMLOCK].soft != 0,
            .may_use_reserve = capable(CAP_SYS_ADMIN),
            .may_inject_errors = capable(CAP_SYS_ADMIN)};
}

bool fatal_signal_pending() {
    const Task& task = *current();
    return (task.pending.set & sigmask(SIGKILL)) != 0 && !task.exiting;
}

void wakeup_flusher_threads() { flusher.call(); }
void wakeup_kswapd() { kswapd.call(); }
bool out_of_memory() { return oom_make_room(); }

} // namespace faultline
