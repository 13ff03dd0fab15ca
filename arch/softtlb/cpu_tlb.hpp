// One CPU's TLB: a bounded table of entries, tagged by ASID, replaced first in, first out. Only software writes it. An
// entry does not follow later changes of truth: it stays as it was written until it is dropped or replaced.
//
// The CPU runs with one ASID, the selected one. When one of its entries is used, it is also put into the CPU's private
// tables ("installed"). The entries of other ASIDs are kept aside. When their address space runs again, the first
// access to each page misses once more and finds its entry here.
//
// Only the TLB's own CPU uses it, with interrupts masked. Other CPUs ask that CPU to change it (tlb.cpp).
#pragma once

#include <array>

#include "arch/softtlb/private_tables.hpp"

namespace faultline::softtlb {

class CpuTlb {
  public:
    // Makes the TLB empty, with room for `entries` entries (up to MAX_TLB_ENTRIES). Called once, from mmu_init_cpu().
    void init(u32 entries);

    // Selects `asid` and returns the directory to run with. That directory then translates only pages used with that
    // ASID.
    PhysAddr select(Asid asid);

    // The descriptor of the entry, or 0 if there is no such entry.
    u32 find(UserAddr page, Asid asid) const {
        const u16 link = link_to(tag_of(page, asid));
        return link != 0 ? entries_[link - 1u].descriptor : 0;
    }

    // Puts an existing entry of the selected ASID into the private tables. Returns false if there is no such entry.
    bool reinstall(UserAddr page, Asid asid) {
        const u16 link = link_to(tag_of(page, asid));
        if (link == 0)
            return false;
        if (!entries_[link - 1u].installed)
            install(entries_[link - 1u], link - 1u);
        return true;
    }

    // Adds a new entry for the selected ASID. Returns whether another entry was replaced.
    bool insert(UserAddr page, Asid asid, u32 descriptor);

    // Drops the entries of an ASID within [start, end), page-aligned; returns whether there were any.
    bool drop(Asid asid, UserAddr start, UserAddr end);
    void drop_all();

    u32 size() const { return size_; } // 0 before init()
    TlbSlot slot(u32 index) const;
    u32 first_level(UserAddr page) const { return tables_.first_level(page); }

  private:
    static constexpr u32 BUCKETS = 128;
    static constexpr u32 NO_TAG = 0; // no ASID is 0

    struct Entry {
        u32 tag = NO_TAG; // page and ASID
        u32 descriptor = 0;
        u16 next = 0;           // link to the next entry of its bucket
        bool installed = false; // it is in the private tables
    };

    static u32 tag_of(UserAddr page, Asid asid) { return page.value() | asid.value(); }
    static UserAddr page_of(const Entry& entry) { return UserAddr(entry.tag & PAGE_MASK); }
    static Asid asid_of(const Entry& entry) { return Asid(static_cast<u8>(entry.tag)); }
    static u32 bucket_of(u32 tag) { return (tag >> PAGE_SHIFT ^ tag) % BUCKETS; }
    // The link to the entry with this tag; 0 if there is none.
    u16 link_to(u32 tag) const {
        u16 link = buckets_[bucket_of(tag)];
        while (link != 0 && entries_[link - 1u].tag != tag)
            link = entries_[link - 1u].next;
        return link;
    }
    // Inlined: a fill is on the path of every page that is touched.
    [[gnu::always_inline]] void install(Entry& entry, u32 index) {
        tables_.set(page_of(entry), entry.descriptor);
        entry.installed = true;
        installed_[index / 32] |= 1u << index % 32;
    }
    void withdraw(const Entry& entry);
    void unlink(u32 index);
    void remove(u32 index);
    void uninstall_all();

    // A link is the index of an entry plus 1; 0 ends a bucket.
    std::array<Entry, MAX_TLB_ENTRIES> entries_{};
    std::array<u16, BUCKETS> buckets_{};
    u32 size_ = 0;
    u32 next_victim_ = 0;                               // index of the oldest entry
    std::array<u32, MAX_TLB_ENTRIES / 32> installed_{}; // a bit for each index: a switch visits only what is installed
    Asid selected_;
    PrivateTables tables_;
};

} // namespace faultline::softtlb
