// The search for a free range: top-down, first fit, as Linux places mappings.
//
// So that it need not walk all VMAs each time, the mm remembers how far down the last search came (free_area_cache) and
// the largest hole it passed over (cached_hole_size). A larger request goes on from there; a smaller one, which might
// fit what was passed over, starts again from the top. Unmapping above the mark moves the mark up. (Linux did so until
// 3.7, when its tree learned to find holes.)
#include "mm/unmapped_area.hpp"

#include <algorithm>

#include "mm/mm_struct.hpp"

namespace faultline {

UserAddr vm_start_gap(const VmArea& vma) {
    if (!vma.flags.has(VM_GROWSDOWN))
        return vma.start;
    return UserAddr(vma.start.value() - std::min(vma.start.value(), STACK_GUARD_GAP));
}

void arch_pick_mmap_layout(MmStruct& mm, UserAddr stack_top) {
    const u32 top = stack_top.value();
    const u64 wanted = u64{mm.stack_limit} + STACK_GUARD_GAP; // RLIM_INFINITY is ~0u
    const u64 gap = std::clamp<u64>(wanted, std::min<u32>(128u << 20, top / 6), top / 6 * 5);
    mm.mmap_base = UserAddr(page_align_down(top - static_cast<u32>(gap)));
    mm.free_area_cache = mm.mmap_base;
    mm.cached_hole_size = 0;
}

namespace {

// The highest hole of `length` bytes that ends at or below `limit`, looking only at holes that reach below `from`;
// raises *passed_over to the largest that was too small. NOMEM.
Result<UserAddr> search_below(const MmapWriteLocked& locked, UserAddr from, UserAddr limit, u32 length,
                              u32* passed_over) {
    auto [below, above] = find_vma_and_prev(locked, from);
    for (;;) {
        const UserAddr top = above != nullptr ? std::min(limit, vm_start_gap(*above)) : limit;
        const UserAddr bottom = below != nullptr ? std::max(below->end, FIRST_USER_ADDRESS) : FIRST_USER_ADDRESS;
        if (top > bottom) {
            if (top - bottom >= length)
                return top - length;
            *passed_over = std::max(*passed_over, top - bottom);
        }
        if (below == nullptr)
            return Err(Errno::NOMEM);
        above = below;
        below = vma_prev(*below);
    }
}

Result<UserAddr> search(const MmapWriteLocked& locked, u32 length) {
    MmStruct& mm = locked.mm();
    if (length <= mm.cached_hole_size) {
        mm.free_area_cache = mm.mmap_base;
        mm.cached_hole_size = 0;
    }
    const auto found = search_below(locked, mm.free_area_cache, mm.mmap_base, length, &mm.cached_hole_size);
    mm.free_area_cache = found.ok() ? found.value() : FIRST_USER_ADDRESS;
    if (found.ok())
        return found;
    u32 ignored = 0; // last resort: between mmap_base and the stack
    return search_below(locked, UserAddr(TASK_SIZE), UserAddr(TASK_SIZE), length, &ignored);
}

// Whether [address, address + length) is free and keeps its distance from a stack above it.
bool is_free(const MmapWriteLocked& locked, UserAddr address, u32 length) {
    if (address < FIRST_USER_ADDRESS || address.value() > TASK_SIZE - length)
        return false;
    const VmArea* next = find_vma(locked, address);
    return next == nullptr || (address < next->start && address + length <= vm_start_gap(*next));
}

} // namespace

Result<UserAddr> get_unmapped_area(const MmapWriteLocked& locked, UserAddr address, u32 length, bool fixed) {
    if (fixed && address < FIRST_USER_ADDRESS)
        return Err(Errno::INVAL);
    if (length > TASK_SIZE)
        return Err(Errno::NOMEM);
    if (fixed) {
        if (address.value() > TASK_SIZE - length)
            return Err(Errno::NOMEM);
        if (address.page_offset() != 0)
            return Err(Errno::INVAL);
        return address;
    }
    const UserAddr hint(page_align_up(address.value()));
    if (hint != UserAddr(0) && is_free(locked, hint, length))
        return hint;
    return search(locked, length);
}

void note_free_area(const MmapWriteLocked& locked, UserAddr end) {
    MmStruct& mm = locked.mm();
    if (end > mm.free_area_cache)
        mm.free_area_cache = std::min(end, mm.mmap_base);
}

} // namespace faultline
