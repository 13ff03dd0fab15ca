// One range of an address space with one set of rights and one backing (Linux: vm_area_struct), and all those of an
// address space as an ordered set: found by address, put in and taken out.
#pragma once

#include "arch/contract/pte.hpp"
#include "base/errseq.hpp"
#include "base/flags.hpp"
#include "base/intrusive.hpp"
#include "base/relaxed.hpp"
#include "base/types.hpp"
#include "mm/fault_flags.hpp"

namespace faultline {

struct AddressSpace;
struct AnonVma;
struct MmStruct;
class MmapReadGuard; // mm/mm_struct.hpp
class MmapWriteLocked;
class MmapWriteGuard;

// Values are Linux's (include/linux/mm.h), so that dumps read the same.
using VmFlags = Flags<struct VmFlagsTag>;
inline constexpr VmFlags VM_NONE{};
inline constexpr VmFlags VM_READ{0x1};
inline constexpr VmFlags VM_WRITE{0x2};
inline constexpr VmFlags VM_EXEC{0x4};
inline constexpr VmFlags VM_SHARED{0x8};
inline constexpr VmFlags VM_MAYREAD{0x10};
inline constexpr VmFlags VM_MAYWRITE{0x20};
inline constexpr VmFlags VM_MAYEXEC{0x40};
inline constexpr VmFlags VM_MAYSHARE{0x80};
inline constexpr VmFlags VM_GROWSDOWN{0x100};
inline constexpr VmFlags VM_LOCKED{0x2000};
inline constexpr VmFlags VM_SEQ_READ{0x8000}; // madvise: read in order, at random. The second: no read-ahead
inline constexpr VmFlags VM_RAND_READ{0x10000};
inline constexpr VmFlags VM_DONTCOPY{0x20000};
inline constexpr VmFlags VM_LOCKONFAULT{0x80000}; // beside VM_LOCKED: not brought in beforehand
inline constexpr VmFlags VM_ACCOUNT{0x100000};    // its pages are promised: mm/overcommit.hpp
inline constexpr VmFlags VM_NORESERVE{0x200000};
inline constexpr VmFlags VM_WIPEONFORK{0x2000000};
inline constexpr VmFlags VM_DONTDUMP{0x4000000};   // not into a core
inline constexpr VmFlags VM_MERGEABLE{0x80000000}; // kept for smaps; no pages are merged, as on Linux without ksmd

inline constexpr VmFlags VM_ACCESS_FLAGS = VM_READ | VM_WRITE | VM_EXEC;
inline constexpr VmFlags VM_MAY_FLAGS = VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC;
inline constexpr VmFlags VM_LOCKED_MASK = VM_LOCKED | VM_LOCKONFAULT;
inline constexpr VmFlags VM_DATA_DEFAULT_FLAGS = VM_READ | VM_WRITE | VM_MAY_FLAGS; // heap and stack

// Whether the pages of a mapping with these flags count as data: private, writable, not a stack. (Linux:
// is_data_mapping.)
constexpr bool is_data_mapping(VmFlags flags) { return (flags & (VM_WRITE | VM_SHARED | VM_GROWSDOWN)) == VM_WRITE; }

// Whether the pages of a mapping with these flags have to be promised: it gets VM_ACCOUNT. Shared memory is promised with
// its file. (Linux: the same name.)
constexpr bool accountable_mapping(VmFlags flags) {
    return (flags & (VM_NORESERVE | VM_SHARED | VM_WRITE)) == VM_WRITE;
}

// Whether a mapping with these flags can have private copies of pages, now or after an mprotect. (Linux:
// is_cow_mapping.)
constexpr bool is_cow_mapping(VmFlags flags) { return (flags & (VM_SHARED | VM_MAYWRITE)) == VM_MAYWRITE; }

struct VmArea {
    VmArea() {} // not defaulted: that would first fill all of it with zeros

    UserAddr start; // page-aligned, inclusive
    UserAddr end;   // page-aligned, exclusive
    VmFlags flags;
    MmStruct* mm = nullptr;
    AddressSpace* mapping = nullptr; // the file, with a reference; nullptr: anonymous
    u32 pgoff = 0;                   // page number of `start`, in the file or, anonymous, among its family's pages
    ErrSeq::Cursor wb_err;           // which failed writes of the file msync(2) has told of (Linux: the open file's)
    Relaxed<AnonVma*> anon_vma = nullptr; // whose anonymous pages it shows; nullptr: it has none yet
    TreeHook node;                        // MmStruct::vmas
    VmArea* vm_prev = nullptr;            // its neighbours there, in order of addresses
    VmArea* vm_next = nullptr;
    AutoUnlinkHook i_mmap_link;   // AddressSpace::i_mmap
    AutoUnlinkHook anon_vma_link; // AnonVma::vmas

    bool contains(UserAddr address) const { return start <= address && address < end; }
    u32 pages() const { return (end - start) >> PAGE_SHIFT; }
    bool shared() const { return flags.has(VM_SHARED); }
    bool anonymous() const { return mapping == nullptr; }
};

// Page number of a page of the VMA, in the file or among its family's pages.
inline u32 linear_page_index(const VmArea& vma, UserAddr address) {
    return vma.pgoff + ((address - vma.start) >> PAGE_SHIFT);
}

// Entry flags for a present, young, clean page of this VMA, without WRITE (Linux: vm_page_prot, and maybe_mkwrite
// adds WRITE where the VMA has it). No USER bit if the VMA grants no access at all.
inline u32 vm_page_prot(const VmArea& vma) {
    u32 entry_flags = Pte::PRESENT | Pte::YOUNG;
    // ARMv7 cannot say "write only" or "execute only": any right includes reading (Linux arch/arm protection_map).
    if (vma.flags.has_any(VM_ACCESS_FLAGS))
        entry_flags |= Pte::USER;
    if (!vma.flags.has(VM_EXEC))
        entry_flags |= Pte::NOEXEC;
    if (vma.shared())
        entry_flags |= Pte::SHARED;
    return entry_flags;
}
inline Pte maybe_mkwrite(Pte pte, const VmArea& vma) { return vma.flags.has(VM_WRITE) ? pte_mkwrite(pte) : pte; }

// Whether the VMA grants the access that `access` describes (Linux: access_error, vma_permits_fault).
inline bool vma_permits_fault(const VmArea& vma, FaultFlags access) {
    if (access.has(FAULT_FLAG_WRITE))
        return vma.flags.has(VM_WRITE);
    if (access.has(FAULT_FLAG_INSTRUCTION))
        return vma.flags.has(VM_EXEC);
    return vma.flags.has_any(VM_ACCESS_FLAGS); // ARM cannot map a page write-only or execute-only
}

VmArea* vm_area_alloc(MmStruct& mm);    // empty, not inserted; nullptr: out of memory
void vma_open(VmArea& vma);             // takes the file reference of a VMA that names a mapping, if it does
VmArea* vm_area_dup(const VmArea& vma); // a copy with its own file reference, not inserted; nullptr: out of memory
void vm_area_free(VmArea& vma);         // drops the file reference; not inserted

// --- the VMAs of an address space, as an ordered set ---

// What a lookup found under the mmap lock held for reading: a VMA, or none. It can be neither stored nor copied, so it
// lives in the scope in which it was found, inside that of the guard: no VMA is used after the lock was given up.
class FoundVma {
  public:
    FoundVma& operator=(const FoundVma&) = delete;
    explicit operator bool() const { return vma_ != nullptr; }
    VmArea& operator*() const { return *vma_; }
    VmArea* operator->() const { return vma_; }

  private:
    friend FoundVma find_vma(const MmapReadGuard&, UserAddr);
    friend FoundVma vma_lookup(const MmapReadGuard&, UserAddr);
    explicit FoundVma(VmArea* vma) : vma_(vma) {}
    FoundVma(const FoundVma&) = default;

    VmArea* vma_;
};

// What find_vma() (mm/mm_struct.hpp) does if this CPU's last answer is not the one: O(log n).
VmArea* search_vma(MmStruct& mm, UserAddr address);

// The VMA that contains `address`, or none.
FoundVma vma_lookup(const MmapReadGuard& mmap_read, UserAddr address);
FoundVma vma_lookup(const MmapReadGuard&& mmap_read, UserAddr address) = delete;
VmArea* vma_lookup(const MmapWriteLocked& locked, UserAddr address);
VmArea* vma_lookup(const MmapWriteGuard&& locked, UserAddr address) = delete;

// find_vma's answer and the VMA before it, each nullptr if there is none (Linux: find_vma_prev).
struct VmaPair {
    VmArea* below;
    VmArea* above;
};
VmaPair find_vma_and_prev(const MmapWriteLocked& locked, UserAddr address);

// The VMA after / before in address order, or nullptr. The caller has the VMA, so it holds the lock.
inline VmArea* vma_next(const VmArea& vma) { return vma.vm_next; }
inline VmArea* vma_prev(const VmArea& vma) { return vma.vm_prev; }

// The VMA is found from its file's pages from now on, if it has a file. (Linux: the same name.)
void vma_link_file(VmArea& vma);

// Puts a finished VMA in its place, before `above` (nullptr: it is the last), or takes it out; counts it in map_count, and
// links or unlinks i_mmap. Does not allocate or free it, nor touch entries, nor account its pages. (Linux: vma_link,
// detach_vmas_to_be_unmapped.)
void vma_link(const MmapWriteLocked& locked, VmArea& vma, VmArea* above);
void vma_unlink(const MmapWriteLocked& locked, VmArea& vma);

// The same, and its pages are accounted.
void insert_vm_struct(const MmapWriteLocked& locked, VmArea& vma, VmArea* above);
void remove_vm_struct(const MmapWriteLocked& locked, VmArea& vma);

// All of them are taken out and freed: the address space ends. May give way to other tasks.
void free_vm_structs(const MmapWriteLocked& locked);

} // namespace faultline
