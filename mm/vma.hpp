// One range of an address space with one set of rights and one backing (Linux: vm_area_struct).
#pragma once

#include "arch/contract/pte.hpp"
#include "base/intrusive.hpp"
#include "base/types.hpp"

namespace faultline {

struct AddressSpace;
struct MmStruct;

enum VmFlag : u32 { // values are Linux's (include/linux/mm.h), so that dumps read the same
    VM_READ = 0x1,
    VM_WRITE = 0x2,
    VM_EXEC = 0x4,
    VM_SHARED = 0x8,
    VM_MAYREAD = 0x10,
    VM_MAYWRITE = 0x20,
    VM_MAYEXEC = 0x40,
    VM_MAYSHARE = 0x80,
    VM_GROWSDOWN = 0x100,
    VM_LOCKED = 0x2000,
    VM_SEQ_READ = 0x8000, // madvise: read in order, at random. Kept for smaps; there is no read-ahead
    VM_RAND_READ = 0x10000,
    VM_DONTCOPY = 0x20000,
    VM_LOCKONFAULT = 0x80000, // beside VM_LOCKED: not brought in beforehand
    VM_NORESERVE = 0x200000,
    VM_WIPEONFORK = 0x2000000,
    VM_DONTDUMP = 0x4000000,   // not into a core
    VM_MERGEABLE = 0x80000000, // kept for smaps; no pages are merged, as on Linux until somebody starts ksmd
};
inline constexpr u32 VM_ACCESS_FLAGS = VM_READ | VM_WRITE | VM_EXEC;
inline constexpr u32 VM_LOCKED_MASK = VM_LOCKED | VM_LOCKONFAULT;

struct VmArea {
    UserAddr start; // page-aligned, inclusive
    UserAddr end;   // page-aligned, exclusive
    u32 flags = 0;  // VmFlag
    MmStruct* mm = nullptr;
    AddressSpace* mapping = nullptr; // the file, with a reference; nullptr: anonymous
    u32 pgoff = 0;                   // page number of `start` in the file
    TreeHook node;                   // MmStruct::vmas
    AutoUnlinkHook i_mmap_link;      // AddressSpace::i_mmap

    bool contains(UserAddr address) const { return start <= address && address < end; }
    u32 pages() const { return (end - start) >> PAGE_SHIFT; }
    bool shared() const { return (flags & VM_SHARED) != 0; }
    bool anonymous() const { return mapping == nullptr; }
};

// Page number in the file of a page of the VMA.
inline u32 linear_page_index(const VmArea& vma, UserAddr address) {
    return vma.pgoff + ((address - vma.start) >> PAGE_SHIFT);
}

// Entry flags for a present, young, clean page of this VMA, without WRITE (Linux: vm_page_prot, and maybe_mkwrite
// adds WRITE where the VMA has it). No USER bit if the VMA grants no access at all.
u32 vm_page_prot(const VmArea& vma);
inline Pte maybe_mkwrite(Pte pte, const VmArea& vma) { return (vma.flags & VM_WRITE) != 0 ? pte_mkwrite(pte) : pte; }

} // namespace faultline
