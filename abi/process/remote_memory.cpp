// Copies page by page: takes a reference to the page, and copies through the kernel's own mapping of it.
#include "abi/process/remote_memory.hpp"

#include <algorithm>

#include "mm/gup.hpp"

namespace faultline {

namespace {

// Calls copy(pointer into the page, offset from `address`, bytes) for each page of the range.
template <class Copy>
Result<void> for_each_page(MmStruct& mm, UserAddr address, u32 bytes, u32 foll_flags, Copy&& copy) {
    for (u32 done = 0; done < bytes;) {
        const UserAddr at = address + done;
        const u32 chunk = std::min(bytes - done, PAGE_SIZE - at.page_offset());
        Page* page = nullptr;
        {
            ReadGuard guard(mm.mmap_lock);
            TRY(get_user_pages(mm, guard, at.page(), 1, foll_flags | FOLL_GET | FOLL_TOUCH, &page));
        }
        copy(static_cast<u8*>(page_address(*page)) + at.page_offset(), done, chunk);
        put_page(*page);
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
    return for_each_page(mm, from, bytes, 0, [&](u8* place, u32 done, u32 chunk) {
        std::copy_n(place, chunk, static_cast<u8*>(to) + done);
    });
}

} // namespace faultline
