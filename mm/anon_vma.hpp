// Which VMAs may show an anonymous page: the way from the page to its entries. (Linux: struct anon_vma, mm/rmap.c.)
//
// A VMA gets an AnonVma with its first anonymous page. The parts it is cut into, and its copies in children, share that
// AnonVma: so every VMA that can show a page is in the list of the page's AnonVma. The page is found in each of them at the
// same page number (Page::index, VmArea::pgoff), because a VMA that moves keeps its numbers.
//
// Linux has a tree of AnonVmas for each fork since 2.6.34, so that a page of one child is not looked for in all others. Here
// there is one for a whole family, as in Linux 2.6.7.
#pragma once

#include "base/spinlock.hpp"
#include "mm/vma.hpp"

namespace faultline {

struct AnonVma {
    SpinLock lock{"AnonVma"}; // also of the ranges of its VMAs
    AutoUnlinkList<VmArea, &VmArea::anon_vma_link> vmas GUARDED_BY(lock);
    AnonVma* next_retired = nullptr;
};

// Once, before the first VMA; a test calls it again to start anew.
void anon_vma_init();

// Gives the VMA an AnonVma, if it has none: that of a neighbour which it may be joined with later, or a new one. False: out
// of memory. Caller holds the mmap lock, and no lock of page tables. (Linux: __anon_vma_prepare.)
[[nodiscard]] bool make_anon_vma(VmArea& vma);

// The VMA joins `family`, of which another VMA is a member that stays. Caller holds the mmap lock of that other VMA.
void anon_vma_link(VmArea& vma, AnonVma& family) REQUIRES(family.lock);

// The VMA leaves its AnonVma, if it has one; the last one retires it. None of its entries shows an anonymous page any more.
// (Linux: unlink_anon_vmas.)
void unlink_anon_vma(VmArea& vma);

// While one of these exists, no AnonVma is freed. If the page is mapped at a moment in this scope, its AnonVma can be used
// until the end of the scope. (Linux: RCU and SLAB_TYPESAFE_BY_RCU.)
class [[nodiscard]] AnonVmaReader {
  public:
    AnonVmaReader();
    ~AnonVmaReader();
    AnonVmaReader(const AnonVmaReader&) = delete;
    AnonVmaReader& operator=(const AnonVmaReader&) = delete;
};

} // namespace faultline
