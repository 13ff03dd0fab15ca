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

// Takes an installed entry out of the private tables and drops the hardware's copy. The caller marks it as not
// installed.
[[gnu::always_inline]] inline void CpuTlb::withdraw(const Entry& entry) {
    tables_.clear(page_of(entry));
    machine::tlb_invalidate_mva(page_of(entry), asid_of(entry));
}

// Takes the entry out of its bucket.
[[gnu::always_inline]] inline void CpuTlb::unlink(u32 index) {
    const Entry& entry = entries_[index];
    u16* link = &buckets_[bucket_of(entry.tag)];
    while (*link != index + 1)
        link = &entries_[*link - 1u].next;
    *link = entry.next;
}

bool CpuTlb::insert(UserAddr page, Asid asid, u32 descriptor) {
    const u32 index = next_victim_;
    next_victim_ = index + 1 < size_ ? index + 1 : 0;
    Entry& entry = entries_[index];
    const bool evicted = entry.tag != NO_TAG;
    if (evicted) {
        unlink(index);
        if (entry.installed)
            withdraw(entry); // the new entry is installed in its place
    }
    const u32 tag = tag_of(page, asid);
    u16& bucket = buckets_[bucket_of(tag)];
    entry = {.tag = tag, .descriptor = descriptor, .next = bucket, .installed = false};
    bucket = static_cast<u16>(index + 1);
    install(entry, index);
    return evicted;
}

void CpuTlb::remove(u32 index) {
    unlink(index);
    if (entries_[index].installed) {
        withdraw(entries_[index]);
        installed_[index / 32] &= ~(1u << index % 32);
    }
    entries_[index] = {};
}

bool CpuTlb::drop(Asid asid, UserAddr start, UserAddr end) {
    bool found = false;
    if ((end - start) >> PAGE_SHIFT < size_) {
        for (UserAddr page = start; page < end; page += PAGE_SIZE) {
            if (const u16 link = link_to(tag_of(page, asid)); link != 0) {
                remove(link - 1u);
                found = true;
            }
        }
        return found;
    }
    for (u32 index = 0; index < size_; ++index) {
        const Entry& entry = entries_[index];
        if (entry.tag != NO_TAG && asid_of(entry) == asid && page_of(entry) >= start && page_of(entry) < end) {
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
        for (; bits != 0; bits &= bits - 1) {
            Entry& entry = entries_[first + static_cast<u32>(std::countr_zero(bits))];
            tables_.clear(page_of(entry));
            entry.installed = false;
        }
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
    if (entry.tag == NO_TAG)
        return {};
    return {.page = page_of(entry), .asid = asid_of(entry), .descriptor = entry.descriptor};
}

} // namespace faultline::softtlb
