// Flushes caches page by page, through the kernel's own mapping of each page. (Linux arch/arm/kernel/traps.c
// do_cache_op.)
#include "abi/memory/cacheflush.hpp"

#include "abi/memory/current_mm.hpp"
#include "arch/contract/memory.hpp"
#include "arch/contract/uaccess.hpp"
#include "mm/gup.hpp"
#include "mm/page_alloc.hpp"

namespace faultline {

// In the ARM architecture, data and instruction caches are separate: the data cache must be cleaned and the instruction
// cache invalidated before new instructions run. QEMU models no caches.
Result<u32> sys_cacheflush(UserAddr start, UserAddr end, u32 flags) {
    if (end < start || flags != 0)
        return Err(Errno::INVAL);
    if (!access_ok(start, end - start))
        return Err(Errno::FAULT);
    MmStruct& mm = current_mm();
    for (UserAddr at = start; at < end; at = at.page() + PAGE_SIZE) {
        PageRef page;
        if (!get_user_pages(MmapReadGuard(mm), at.page(), 1, FOLL_NONE, &page))
            return Err(Errno::FAULT);
        flush_icache_range(page_address(*page), PAGE_SIZE);
    }
    return 0u;
}

} // namespace faultline
