// mremap(2). (Linux 6.1 mm/mremap.c.)
#include "mm/mremap.hpp"

#include <algorithm>

#include "mm/limits.hpp"
#include "mm/mm_struct.hpp"
#include "mm/mman.hpp"
#include "mm/munmap.hpp"
#include "mm/populate.hpp"
#include "mm/rmap.hpp"
#include "mm/unmapped_area.hpp"
#include "mm/upcalls.hpp"
#include "mm/vma_edit.hpp"

namespace faultline {
namespace {

struct Range {
    UserAddr start;
    u32 length; // whole pages; of the old range 0: a second mapping of the same shared memory
    UserAddr end() const { return start + length; }
};

// Unmaps what of `range` lies past `length`, whichever VMAs are there.
Result<void> unmap_tail(const MmapWriteLocked& locked, Range range, u32 length) {
    if (range.length > TASK_SIZE - range.start.value())
        return Err(Errno::INVAL);
    return unmap_range(locked, range.start + length, range.end());
}

// Whether `old` in `vma` can become `new_length` long at all. `charge` takes what has to be promised for that. (Linux:
// vma_to_resize.)
Result<void> check_resize(const MmapWriteLocked& locked, const VmArea& vma, Range old, u32 new_length,
                          VmCharge& charge) {
    if (old.length == 0 && !vma.flags.has_any(VM_SHARED | VM_MAYSHARE))
        return Err(Errno::INVAL); // there is nothing to share
    if (old.length > vma.end - old.start)
        return Err(Errno::FAULT);
    if (new_length == old.length)
        return {};
    if (vma.mapping != nullptr) {
        const u32 pgoff = linear_page_index(vma, old.start);
        if (pgoff + (new_length >> PAGE_SHIFT) < pgoff)
            return Err(Errno::INVAL);
    }
    const u32 pages = (new_length - old.length) >> PAGE_SHIFT;
    if (!may_lock_pages(locked, vma.flags, pages))
        return Err(Errno::AGAIN);
    if (!may_expand_vm(locked, vma.flags, pages))
        return Err(Errno::NOMEM);
    if (vma.flags.has(VM_ACCOUNT) && new_length > old.length && !charge.take(pages))
        return Err(Errno::NOMEM);
    return {};
}

// Whether `vma` can be longer by `bytes` where it is. (Linux: vma_expandable.)
bool expandable(const VmArea& vma, u32 bytes) {
    if (bytes > TASK_SIZE - vma.end.value())
        return false;
    const VmArea* next = vma_next(vma);
    return next == nullptr || vma.end + bytes <= next->start;
}

// Moves the entries of `bytes`, which one table covers on each side. (Linux: the same name.)
void move_ptes(TlbDebt& debt, UserAddr old_address, PteSlot* from, UserAddr new_address, PteSlot* to, u32 bytes) {
    const BothLocked locks(pte_lockptr(from), pte_lockptr(to));
    for (u32 offset = 0; offset < bytes; offset += PAGE_SIZE, ++from, ++to)
        if (!pte_none(ptep_get(from)))
            set_pte_at(debt.context(), new_address + offset, to, ptep_get_and_clear(debt, old_address + offset, from));
}

u32 bytes_to_end_of_table(UserAddr address) { return PMD_SIZE - (address.value() & (PMD_SIZE - 1)); }

// Moves the entries of `bytes` from old_start to new_start, which is in `vma`; the VMA over the old ones has the same file
// and the same family. Who comes from a page goes from VMA to VMA. It could visit the new VMA before an entry moves and the
// old one after, and miss the entry: so it is kept out. NOMEM: some entries may have moved, all are where one of the two VMAs
// finds them after a move back. (Linux: the same name.)
Result<void> move_page_tables(const MmapWriteLocked& locked, const VmArea& vma, UserAddr old_start, UserAddr new_start,
                              u32 bytes) {
    MmStruct& mm = locked.mm();
    for (u32 offset = 0, extent = 0; offset < bytes; offset += extent) {
        const UserAddr old_address = old_start + offset, new_address = new_start + offset;
        extent = std::min({bytes - offset, bytes_to_end_of_table(old_address), bytes_to_end_of_table(new_address)});
        cond_resched();
        PteSlot* from = pte_offset(mm, old_address);
        if (from == nullptr)
            continue;
        PteSlot* to = pte_alloc(mm, new_address);
        if (to == nullptr)
            return Err(Errno::NOMEM);
        // It flushes before the locks are given up: truncation or reclaim might free a page that it finds at its new address
        // while a TLB has it at the old one (CVE-2018-18281).
        with_rmap_locks(vma, [&] {
            TlbDebt debt(mm.context);
            move_ptes(debt, old_address, from, new_address, to, extent);
        });
    }
    return {};
}

// Unmaps a range that is a VMA of its own. Nothing has to be cut, so that this cannot fail.
void unmap_whole(const MmapWriteLocked& locked, Range range) {
    const auto unmapped = unmap_range(locked, range.start, range.end());
    BUG_ON(!unmapped.ok());
}

// The pages of `old`, in `vma`, appear at `to` instead, which is free and may be longer. With `keep_old`
// (MREMAP_DONTUNMAP) the old range stays mapped, and empty. NOMEM: nothing has changed. So all that can fail is done while
// both ranges are VMAs of their own, and they are joined with their neighbours last. (Linux: move_vma; there the old range
// may stay mapped in the end, empty, for want of memory to cut it out.)
Result<UserAddr> move_vma(const MmapWriteLocked& locked, VmArea& vma, Range old, Range to, bool keep_old) {
    if (locked.mm().map_count + 3 >= max_map_count)
        return Err(Errno::NOMEM); // cutting and placing may need as many
    VmArea& from = old.length != 0 ? *TRY(vma_isolate(locked, vma, old.start, old.end())) : vma;
    VmArea* const placed = vma_insert(locked, to.start, to.end(), from.flags,
                                      {from.mapping, linear_page_index(from, old.start), from.anon_vma, from.wb_err},
                                      find_vma(locked, to.start));
    if (placed == nullptr) {
        vma_merge(locked, from);
        return Err(Errno::NOMEM);
    }
    if (old.length == 0) {
        vma_merge(locked, *placed);
        return to.start;
    }
    if (const auto moved = move_page_tables(locked, *placed, old.start, to.start, old.length); !moved.ok()) {
        // Back with what has moved: its old tables are still there, so that this cannot fail.
        const auto back = move_page_tables(locked, *placed, to.start, old.start, old.length);
        BUG_ON(!back.ok());
        unmap_whole(locked, to);
        vma_merge(locked, from);
        return Err(moved.error());
    }
    if (keep_old) {
        // The pages' new VMA keeps VM_LOCKED, the emptied one does not.
        const auto emptied = vma_modify_flags(locked, from, old.start, old.end(), from.flags.without(VM_LOCKED_MASK));
        BUG_ON(!emptied.ok());
    } else {
        unmap_whole(locked, old);
    }
    vma_merge(locked, *vma_lookup(locked, to.start));
    return to.start;
}

// MREMAP_FIXED: to exactly `to`, replacing what is there. MREMAP_DONTUNMAP alone: `to` is a hint. (Linux: mremap_to.)
Result<UserAddr> mremap_to(const MmapWriteLocked& locked, Range old, Range to, u32 flags) {
    const bool fixed = (flags & MREMAP_FIXED) != 0, keep_old = (flags & MREMAP_DONTUNMAP) != 0;
    if (to.start.page_offset() != 0 || to.length > TASK_SIZE || to.start.value() > TASK_SIZE - to.length)
        return Err(Errno::INVAL);
    if (u64{old.start.value()} + old.length > to.start.value() && to.end() > old.start)
        return Err(Errno::INVAL); // they overlap
    if (locked.mm().map_count + 5 >= max_map_count)
        return Err(Errno::NOMEM);
    if (fixed) {
        TRY(get_unmapped_area(locked, to.start, to.length, true));
        TRY_VOID(unmap_range(locked, to.start, to.end()));
    }
    if (old.length > to.length) {
        TRY_VOID(unmap_tail(locked, old, to.length));
        old.length = to.length;
    }
    VmArea* vma = vma_lookup(locked, old.start);
    if (vma == nullptr)
        return Err(Errno::FAULT);
    VmCharge charge; // until the VMA counts
    TRY_VOID(check_resize(locked, *vma, old, to.length, charge));
    const u32 doubled = keep_old ? old.length >> PAGE_SHIFT : 0;
    if (keep_old && !may_expand_vm(locked, vma->flags, doubled))
        return Err(Errno::NOMEM);
    if (keep_old && vma->flags.has(VM_ACCOUNT) && !charge.take(doubled))
        return Err(Errno::NOMEM);
    if (!fixed)
        to.start = TRY(get_unmapped_area(locked, to.start, to.length, false));
    return move_vma(locked, *vma, old, to, keep_old);
}

// do_mremap with the lock held, arguments checked and in whole pages. *grows_locked: locked pages are added.
Result<UserAddr> mremap_locked(const MmapWriteLocked& locked, Range old, u32 new_length, u32 flags,
                               UserAddr new_address, bool* grows_locked) {
    VmArea* vma = vma_lookup(locked, old.start);
    if (vma == nullptr)
        return Err(Errno::FAULT);
    *grows_locked = vma->flags.has(VM_LOCKED) && new_length > old.length;
    if ((flags & (MREMAP_FIXED | MREMAP_DONTUNMAP)) != 0)
        return mremap_to(locked, old, {new_address, new_length}, flags);

    if (old.length >= new_length) { // shrinks, whatever the VMAs in the tail are
        if (old.length > new_length) {
            TRY_VOID(unmap_tail(locked, old, new_length));
        }
        return old.start;
    }
    VmCharge charge; // until the VMA counts
    TRY_VOID(check_resize(locked, *vma, old, new_length, charge));
    if (old.end() == vma->end && expandable(*vma, new_length - old.length)) {
        vma_set_range(locked, *vma, vma->start, old.start + new_length);
        vma_merge(locked, *vma);
        return old.start;
    }
    if ((flags & MREMAP_MAYMOVE) == 0)
        return Err(Errno::NOMEM);
    const UserAddr to = TRY(get_unmapped_area(locked, UserAddr(0), new_length, false));
    return move_vma(locked, *vma, old, {to, new_length}, false);
}

} // namespace

Result<UserAddr> do_mremap(MmStruct& mm, UserAddr old_address, u32 old_length, u32 new_length, u32 flags,
                           UserAddr new_address) {
    if ((flags & ~u32{MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP}) != 0)
        return Err(Errno::INVAL);
    if ((flags & MREMAP_FIXED) != 0 && (flags & MREMAP_MAYMOVE) == 0)
        return Err(Errno::INVAL);
    if ((flags & MREMAP_DONTUNMAP) != 0 && ((flags & MREMAP_MAYMOVE) == 0 || old_length != new_length))
        return Err(Errno::INVAL);
    if (old_address.page_offset() != 0)
        return Err(Errno::INVAL);
    const Range old{old_address, page_align_up(old_length)};
    new_length = page_align_up(new_length);
    if (new_length == 0)
        return Err(Errno::INVAL);

    bool grows_locked = false;
    const auto moved = [&] {
        const MmapWriteGuard locked(mm);
        return mremap_locked(locked, old, new_length, flags, new_address, &grows_locked);
    }();
    if (moved.ok() && grows_locked)
        static_cast<void>(mm_populate(mm, moved.value() + old.length, moved.value() + new_length));
    return moved;
}

} // namespace faultline
