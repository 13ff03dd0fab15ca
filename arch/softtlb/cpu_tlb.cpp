// One CPU's software-filled TLB (arch/softtlb/cpu_tlb.hpp): lookup, replacement and removal of entries.
#include "arch/softtlb/cpu_tlb.hpp"

#include <arch/translation.hpp>

#include <bit>

#include "arch/contract/machine.hpp"

namespace faultline::softtlb {

void CpuTlb::init(u32 entries) {
    entries_.fill({}); // no temporary: it would be most of a kernel stack
    buckets_.fill(0);
    size_ = entries;
    next_victim_ = 0;
    installed_.fill(0);
    selected_ = Asid{};
    tables_.allocate(entries);
}

void CpuTlb::take_out(u32 index) {
    const Entry& entry = entries_[index];
    u16* link = &bucket_of(entry.tag);
    while (*link != index + 1)
        link = &entries_[*link - 1u].next;
    *link = entry.next;
    if (!is_installed(index))
        return;
    tables_.clear(entry.tag.page());
    machine::tlb_invalidate_mva(entry.tag.page(), entry.tag.asid());
}

void CpuTlb::remove(u32 index) {
    take_out(index);
    installed_[index / 32] &= ~(1u << index % 32);
    entries_[index] = {};
}

bool CpuTlb::drop(Asid asid, UserAddr start, UserAddr end) {
    bool found = false;
    if ((end - start) >> PAGE_SHIFT < size_) {
        for (UserAddr page = start; page < end; page += PAGE_SIZE) {
            if (const u16 link = link_to({page, asid}); link != 0) {
                remove(link - 1u);
                found = true;
            }
        }
        return found;
    }
    for (u32 index = 0; index < size_; ++index) {
        const TlbTag tag = entries_[index].tag;
        if (tag != TlbTag{} && tag.asid() == asid && tag.page() >= start && tag.page() < end) {
            remove(index);
            found = true;
        }
    }
    return found;
}

void CpuTlb::drop_all() {
    uninstall_all();
    for (u32 index = 0; index < size_; ++index)
        entries_[index] = {};
    buckets_ = {};
}

// Takes all entries out of the private tables, with a single invalidation.
void CpuTlb::uninstall_all() {
    u32 found = 0;
    for (u32 first = 0; first < size_; first += 32) {
        u32 bits = installed_[first / 32];
        installed_[first / 32] = 0;
        found |= bits;
        for (; bits != 0; bits &= bits - 1)
            tables_.clear(entries_[first + static_cast<u32>(std::countr_zero(bits))].tag.page());
    }
    if (found != 0)
        machine::tlb_invalidate_asid(selected_);
}

PhysAddr CpuTlb::select(Asid asid) {
    if (asid != selected_) {
        uninstall_all();
        selected_ = asid;
    }
    return tables_.directory();
}

TlbSlot CpuTlb::slot(u32 index) const {
    const Entry& entry = entries_[index];
    if (entry.tag == TlbTag{})
        return {};
    return {.page = entry.tag.page(), .asid = entry.tag.asid(), .descriptor = entry.descriptor};
}

} // namespace faultline::softtlb
