// fork's copy of an address space. (Linux 6.1 kernel/fork.c dup_mm, dup_mmap; mm/memory.c copy_page_range.)
#include "mm/dup_mm.hpp"

#include <algorithm>

#include "mm/config.hpp"
#include "mm/filemap.hpp"
#include "mm/mm_struct.hpp"
#include "mm/pgtable.hpp"
#include "mm/rmap.hpp"
#include "mm/swap_pte.hpp"
#include "mm/upcalls.hpp"

namespace faultline {
namespace {

// The copying of one VMA.
struct Copy {
    MmStruct& destination;
    TlbDebt& debt; // of the source
    bool shared;   // the VMA
    RssChange rss{};

    void copy_present_pte(UserAddr address, PteSlot* source_slot, PteSlot* slot, Pte pte);
    bool copy_pte(UserAddr address, PteSlot* source_slot, PteSlot* slot, Pte pte);
};

// Makes the copy and, for private memory, write-protects both sides; DIRTY stays with the parent's entry and goes along
// in the copy, so neither side forgets it. Caller holds both entries' locks.
void Copy::copy_present_pte(UserAddr address, PteSlot* source_slot, PteSlot* slot, Pte pte) {
    if (!shared && pte_write(pte)) {
        ptep_set_wrprotect(debt, address, source_slot);
        pte = ptep_get(source_slot);
    }
    pte = shared ? pte_mkclean(pte_mkold(pte)) : pte_mkold(pte);
    if (Page* page = vm_normal_page(pte)) {
        get_page(*page);
        page_add_rmap(rss, *page);
        if (page->test(PG_ANON_EXCLUSIVE))
            page->clear(PG_ANON_EXCLUSIVE);
    }
    set_pte_at(destination.context, address, slot, pte);
}

// Makes the copy of an entry that is not none. False: its slot in swap has too many entries. Caller as above.
bool Copy::copy_pte(UserAddr address, PteSlot* source_slot, PteSlot* slot, Pte pte) {
    if (!pte_present(pte))
        return copy_swap_pte(destination, address, slot, pte_to_swp_entry(pte));
    copy_present_pte(address, source_slot, slot, pte);
    return true;
}

// Linux leaves shared mappings to the child's own faults (vma_needs_copy): the page cache still has every page.
bool vma_needs_copy(const VmArea& vma) {
    return !vma.flags.has(VM_WIPEONFORK) && (!vma.shared() || mm_config.fork_copy_shared);
}

// The part of a range that one table covers.
UserAddr end_of_table(UserAddr address, UserAddr end) {
    const UserAddr next((address.value() & PMD_MASK) + PMD_SIZE);
    return next < end ? next : end;
}

// The first of the entries [slot, last) that is not none, or `last`. Most entries of a small program are none, so eight are
// looked at together. Caller holds their lock.
PteSlot* skip_none(PteSlot* slot, PteSlot* last) {
    constexpr s32 TOGETHER = 8;
    const auto all_none = [](const PteSlot* first) {
        u32 bits = 0;
#pragma GCC unroll 8
        for (s32 i = 0; i < TOGETHER; ++i)
            bits |= ptep_get(first + i).bits();
        return bits == 0;
    };
    while (slot != last && pte_none(ptep_get(slot)))
        slot += last - slot >= TOGETHER && all_none(slot) ? TOGETHER : 1;
    return slot;
}

// Copies [address, end), which one table covers on each side. The mmap lock excludes faults, so no entry of the source
// becomes present here. It does not exclude truncation, which also finds the child's VMA: so both entries' locks are
// held.
Result<void> copy_pte_range(Copy& copy, MmStruct& source, UserAddr address, UserAddr end) {
    PteSlot* from = pte_offset(source, address);
    if (from == nullptr)
        return {};
    PteSlot* const last = from + ((end - address) >> PAGE_SHIFT);
    PteSlot* const first = from;
    {
        const Guard lock(pte_lockptr(from)); // reclaim leaves an entry none for a moment
        from = skip_none(from, last);
        if (from == last)
            return {}; // nothing to copy: the child needs no table
    }
    PteSlot* const to = pte_alloc(copy.destination, address);
    if (to == nullptr)
        return Err(Errno::NOMEM);
    const BothLocked locks(pte_lockptr(from), pte_lockptr(to));
    bool copied = true;
    for (; from < last && copied; ++from) {
        const Pte pte = ptep_get(from);
        if (pte_none(pte))
            continue;
        const u32 page = static_cast<u32>(from - first);
        copied = copy.copy_pte(address + (page << PAGE_SHIFT), from, to + page, pte);
    }
    copy.rss.add_to(copy.destination);
    return copied ? Result<void>() : Err(Errno::NOMEM);
}

// Copies the entries of `vma` (of `source`): private writable ones become write-protected on both sides, the child's
// are old. Those of shared mappings are not copied unless mm_config.fork_copy_shared, then clean and old. NOMEM, INTR.
Result<void> copy_page_range(MmStruct& destination, MmStruct& source, TlbDebt& debt, const VmArea& vma) {
    if (!vma_needs_copy(vma))
        return {};
    Copy copy{destination, debt, vma.shared()};
    for (UserAddr address = vma.start; address < vma.end;) {
        const UserAddr stop = end_of_table(address, vma.end);
        TRY_VOID(copy_pte_range(copy, source, address, stop));
        address = stop;
        if (fatal_signal_pending())
            return Err(Errno::INTR);
        cond_resched();
    }
    return {};
}

void copy_layout(MmStruct& child, const MmStruct& source) {
    child.start_brk = source.start_brk;
    child.brk = source.brk;
    child.start_stack = source.start_stack;
    child.start_code = source.start_code;
    child.end_code = source.end_code;
    child.start_data = source.start_data;
    child.end_data = source.end_data;
    child.arg_start = source.arg_start;
    child.arg_end = source.arg_end;
    child.env_start = source.env_start;
    child.env_end = source.env_end;
    child.mmap_base = source.mmap_base;
    child.free_area_cache = source.mmap_base;
    std::copy(std::begin(source.saved_auxv), std::end(source.saved_auxv), child.saved_auxv);
    child.stack_limit = u32{source.stack_limit};
    if (source.exe_file != nullptr)
        BUG_ON(!set_mm_exe_file(child, *source.exe_file)); // `source` keeps writers out
}

Result<void> dup_mmap(const MmapUnshared& child, const MmapWriteLocked& source, TlbDebt& debt) {
    for (const VmArea& vma : source.mm().vmas) {
        if (vma.flags.has(VM_DONTCOPY))
            continue;
        VmArea* copy = vm_area_dup(vma);
        if (copy == nullptr)
            return Err(Errno::NOMEM);
        VmCharge charge; // until the VMA counts
        if (vma.flags.has(VM_ACCOUNT) && !charge.take(vma.pages())) {
            vm_area_free(*copy);
            return Err(Errno::NOMEM);
        }
        copy->mm = &child.mm();
        copy->flags = copy->flags.without(VM_LOCKED_MASK); // mlock(2): locks are not inherited
        vma_link(child, *copy, nullptr);                   // they come in order
        vm_stat_add(*copy);
        if (AnonVma* family = vma.anon_vma; family != nullptr && vma_needs_copy(vma)) {
            const Guard lock(family->lock);
            anon_vma_link(*copy, *family);
        }
        TRY_VOID(copy_page_range(child.mm(), source.mm(), debt, vma));
    }
    return {};
}

} // namespace

Result<MmRef> dup_mm(MmStruct& source) {
    MmRef child = TRY(mm_alloc());
    const MmapWriteGuard locked(source);
    TlbDebt debt(source.context); // for what is write-protected, after a failure too
    copy_layout(*child, source);
    TRY_VOID(dup_mmap(MmapUnshared(*child), locked, debt));
    update_hiwater_rss(*child);
    update_hiwater_vm(*child);
    return child;
}

} // namespace faultline
