// Cutting and joining VMAs. Private to mm/. None of these touches an entry.
#pragma once

#include "base/result.hpp"
#include "mm/mm_struct.hpp"

namespace faultline {

// Moves the borders of an inserted VMA, pgoff with its start. It stays between its neighbours.
void vma_set_range(const MmapWriteLocked& locked, VmArea& vma, UserAddr start, UserAddr end);

// Cuts `vma` at `address`, strictly inside it: `vma` keeps the lower part; returns the upper. NOMEM: no memory; whether
// there may be one more VMA is for the caller to ask.
Result<VmArea*> split_vma(const MmapWriteLocked& locked, VmArea& vma, UserAddr address);

// Joins `vma` with its neighbours if they are alike: same flags, and one file range. Returns the VMA that now holds
// all.
VmArea& vma_merge(const MmapWriteLocked& locked, VmArea& vma);

// Cuts [start, end), inside `vma`, out of it, and returns the VMA that is exactly this range. NOMEM: nothing has changed.
// vma_merge() undoes it.
Result<VmArea*> vma_isolate(const MmapWriteLocked& locked, VmArea& vma, UserAddr start, UserAddr end);

// What the pages of a VMA are part of. Of a VMA that is new and anonymous, nothing.
struct VmaBacking {
    AddressSpace* mapping = nullptr;
    u32 pgoff = 0; // of the first page; without meaning if the others are nullptr
    AnonVma* anon_vma = nullptr;
    ErrSeq::Cursor wb_err{};
};

// A VMA of its own for the free range [start, end), whatever its neighbours are; takes a reference of its own on the mapping
// if it needs one, and joins the AnonVma. `above` is the VMA after it, if there is one. nullptr: out of memory.
VmArea* vma_insert(const MmapWriteLocked& locked, UserAddr start, UserAddr end, VmFlags flags, VmaBacking backing,
                   VmArea* above);

// The same, but perhaps by growing a neighbour.
VmArea* vma_place(const MmapWriteLocked& locked, UserAddr start, UserAddr end, VmFlags flags, VmaBacking backing);

// Gives [start, end), inside `vma`, new flags, cutting and joining; returns the VMA that holds it then. NOMEM: nothing
// has changed.
Result<VmArea*> vma_modify_flags(const MmapWriteLocked& locked, VmArea& vma, UserAddr start, UserAddr end,
                                 VmFlags flags);

} // namespace faultline
