// Copies page by page: takes a reference to the page, and copies through the kernel's own mapping of it.
#include "mm/remote_memory.hpp"

#include <algorithm>

#include "arch/contract/memory.hpp"
#include "base/concurrency.hpp"
#include "mm/out_of_memory.hpp"
#include "mm/page_writeback.hpp"

namespace faultline {

namespace {

// Calls copy(pointer into the page, offset from `address`, bytes) for each page of the range.
template <class Copy>
Result<void> for_each_page(MmStruct& mm, UserAddr address, u32 bytes, FollFlags flags, Copy&& copy) {
    u32 done = 0;
    const auto copy_one = [&]() -> Result<void> {
        const UserAddr at = address + done;
        const u32 chunk = std::min(bytes - done, PAGE_SIZE - at.page_offset());
        PageRef page; // put back when the lock is free
        const MmapReadGuard mmap_read(mm);
        TRY(get_user_pages(mmap_read, at.page(), 1, flags | FOLL_TOUCH, &page));
        schedule_point("copy to or from a page of another");
        copy(static_cast<u8*>(page_address(*page)) + at.page_offset(), done, chunk);
        if (flags.has(FOLL_WRITE))
            set_page_dirty(*page); // its entry may have been cleaned since
        if (flags.has(FOLL_WRITE) && vma_lookup(mmap_read, at)->flags.has(VM_EXEC))
            flush_icache_range(static_cast<u8*>(page_address(*page)) + at.page_offset(), chunk);
        done += chunk;
        return {};
    };
    while (done < bytes)
        TRY_VOID(retry_without_memory(copy_one));
    return {};
}

} // namespace

Result<void> write_remote_memory(MmStruct& mm, UserAddr to, const void* from, u32 bytes, FollFlags more) {
    return for_each_page(mm, to, bytes, FOLL_WRITE | more, [&](u8* place, u32 done, u32 chunk) {
        if (from != nullptr)
            std::copy_n(static_cast<const u8*>(from) + done, chunk, place);
        else
            std::fill_n(place, chunk, u8{0});
    });
}

Result<void> read_remote_memory(MmStruct& mm, void* to, UserAddr from, u32 bytes, FollFlags more) {
    return for_each_page(mm, from, bytes, FOLL_NONE | more, [&](u8* place, u32 done, u32 chunk) {
        std::copy_n(place, chunk, static_cast<u8*>(to) + done);
    });
}

} // namespace faultline
