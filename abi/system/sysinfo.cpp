// Collects the counts of memory, load and tasks for sysinfo(2).
#include "abi/system/sysinfo.hpp"

#include <linux/sysinfo.h>

#include <algorithm>

#include "abi/sched/loadavg.hpp"
#include "abi/task/pid.hpp"
#include "arch/contract/clock.hpp"
#include "arch/contract/uaccess.hpp"
#include "kernel/sched/timer.hpp"
#include "mm/page_alloc.hpp"
#include "mm/swapfile.hpp"

namespace faultline {

Result<u32> sys_sysinfo(UserAddr buffer) {
    struct sysinfo info = {};
    info.uptime = static_cast<__kernel_long_t>(clock_ns() / NSEC_PER_SEC);
    info.totalram = nr_total_pages();
    info.freeram = nr_free_pages();
    info.totalswap = total_swap_pages();
    info.freeswap = nr_swap_pages();
    info.procs = static_cast<__u16>(task_count());
    std::copy_n(get_avenrun().minutes, std::size(info.loads), info.loads);
    info.mem_unit = PAGE_SIZE;
    TRY_VOID(copy_struct_to_user(buffer, &info, sizeof info));
    return 0u;
}

} // namespace faultline
