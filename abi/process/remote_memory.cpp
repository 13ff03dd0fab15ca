// Copies page by page: takes a reference to the page, and copies through the kernel's own mapping of it.
#include "abi/process/remote_memory.hpp"

#include <algorithm>

#include "mm/gup.hpp"
#include "mm/mm_struct.hpp"

namespace faultline {

namespace {

// Calls copy(pointer into the page, offset from `address`, bytes) for each page of the range.
template <class Copy>
Result<void> for_each_page(MmStruct& mm, UserAddr address, u32 bytes, FollFlags flags, Copy&& copy) {
    for (u32 done = 0; done < bytes;) {
        const UserAddr at = address + done;
        const u32 chunk = std::min(bytes - done, PAGE_SIZE - at.page_offset());
        PageRef page;
        TRY(get_user_pages(MmapReadGuard(mm), at.page(), 1, flags | FOLL_TOUCH, &page));
        copy(static_cast<u8*>(page_address(*page)) + at.page_offset(), done, chunk);
        done += chunk;
    }
    return {};
}

} // namespace

Result<void> write_remote_memory(MmStruct& mm, UserAddr to, const void* from, u32 bytes) {
    return for_each_page(mm, to, bytes, FOLL_WRITE, [&](u8* place, u32 done, u32 chunk) {
        if (from != nullptr)
            std::copy_n(static_cast<const u8*>(from) + done, chunk, place);
        else
            std::fill_n(place, chunk, u8{0});
    });
}

Result<void> read_remote_memory(MmStruct& mm, void* to, UserAddr from, u32 bytes) {
    return for_each_page(mm, from, bytes, FOLL_NONE, [&](u8* place, u32 done, u32 chunk) {
        std::copy_n(place, chunk, static_cast<u8*>(to) + done);
    });
}

} // namespace faultline
