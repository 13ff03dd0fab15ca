// get_futex_key for a shared key: from an address to the page behind it.
#include "kernel/futex/key.hpp"

#include "mm/filemap.hpp"
#include "mm/gup.hpp"
#include "mm/mm_struct.hpp"
#include "mm/upcalls.hpp"

namespace faultline {

namespace {

// The key for `page`, which is mapped at `address`. The mmap lock keeps the VMA, and the VMA the file.
Result<void> page_key(const MmapLocked& locked, UserAddr address, const Page& page, bool read_only, FutexKey& key) {
    if (page.test(PG_ANON)) {
        // A read-only anonymous page never changes, so a futex in it makes no sense (Linux: the same).
        if (read_only)
            return Err(Errno::FAULT);
        key = FutexKey::of_mm(FutexKey::Kind::SharedMm, locked.mm(), address);
        return {};
    }
    const AddressSpace* mapping = page.mapping.load(std::memory_order_relaxed);
    if (mapping == nullptr) // the zero page, or truncated since it was mapped
        return Err(Errno::FAULT);
    key = {page.index, static_cast<u16>(address.page_offset()), FutexKey::Kind::Inode, mapping->inode};
    return {};
}

} // namespace

Result<void> get_shared_futex_key(UserAddr address, FutexAccess access, FutexKey& key) {
    const MmapReadGuard mmap_read(*current_mm_task().mm);
    PageRef page;
    bool read_only = false;
    auto taken = get_user_pages(mmap_read, address.page(), 1, FOLL_WRITE | FOLL_TOUCH, &page);
    if (taken.error() == Errno::FAULT && access == FutexAccess::Read) {
        read_only = true;
        taken = get_user_pages(mmap_read, address.page(), 1, FOLL_TOUCH, &page);
    }
    if (!taken)
        return Err(taken.error());
    return page_key(mmap_read, address, *page, read_only, key);
}

} // namespace faultline
