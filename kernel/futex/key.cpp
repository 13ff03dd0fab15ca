// get_futex_key: from an address to the identity of the futex behind it.
#include "kernel/futex/key.hpp"

#include "arch/contract/uaccess.hpp"
#include "mm/filemap.hpp"
#include "mm/gup.hpp"
#include "mm/mm_struct.hpp"
#include "mm/upcalls.hpp"

namespace faultline {

namespace {

FutexKey mm_key(FutexKey::Kind kind, const MmStruct& mm, UserAddr address) {
    return {reinterpret_cast<std::uintptr_t>(&mm), address.page().value(), static_cast<u16>(address.page_offset()),
            kind};
}

// The key for `page`, which is mapped at `address`. The mmap lock keeps the VMA, and the VMA the file.
Result<FutexKey> page_key(const MmapLocked& locked, UserAddr address, const Page& page, bool read_only) {
    if (page.test(PG_ANON)) {
        // A read-only anonymous page never changes, so a futex in it makes no sense (Linux: the same).
        if (read_only)
            return Err(Errno::FAULT);
        return mm_key(FutexKey::Kind::SharedMm, locked.mm(), address);
    }
    const AddressSpace* mapping = page.mapping.load(std::memory_order_relaxed);
    if (mapping == nullptr) // the zero page, or truncated since it was mapped
        return Err(Errno::FAULT);
    return FutexKey{mapping->inode, page.index, static_cast<u16>(address.page_offset()), FutexKey::Kind::Inode};
}

} // namespace

Result<FutexKey> get_futex_key(UserAddr address, FutexScope scope, FutexAccess access) {
    if (address.value() % sizeof(u32) != 0)
        return Err(Errno::INVAL);
    if (!access_ok(address, sizeof(u32)))
        return Err(Errno::FAULT);
    MmStruct& mm = *current_mm_task().mm;
    if (scope == FutexScope::Private)
        return mm_key(FutexKey::Kind::PrivateMm, mm, address);

    const MmapReadGuard mmap_read(mm);
    PageRef page;
    bool read_only = false;
    auto taken = get_user_pages(mmap_read, address.page(), 1, FOLL_WRITE | FOLL_TOUCH, &page);
    if (taken.error() == Errno::FAULT && access == FutexAccess::Read) {
        read_only = true;
        taken = get_user_pages(mmap_read, address.page(), 1, FOLL_TOUCH, &page);
    }
    if (!taken)
        return Err(taken.error());
    return page_key(mmap_read, address, *page, read_only);
}

} // namespace faultline
