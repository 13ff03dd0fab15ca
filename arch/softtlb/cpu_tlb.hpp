// One CPU's TLB: a bounded table of entries, tagged by ASID, replaced first in, first out. Software writes it and nothing
// else does: an entry stays as it was written, whatever becomes of truth, until it is dropped or its turn has come.
//
// The entries of the ASID that the CPU runs under, once used, stand in its private tables too. Those of other ASIDs
// wait; when their address space runs again, the first touch of each misses once more and finds it here.
//
// Used by its CPU only, interrupts masked; others ask it to (tlb.cpp).
#pragma once

#include <array>

#include "arch/softtlb/private_tables.hpp"

namespace faultline::softtlb {

class CpuTlb {
  public:
    // Empty, with `entries` of room. Once, from mmu_init_cpu().
    void init(u32 entries);

    // The directory to run under `asid` with: from now on it translates what is used under that, and nothing else.
    PhysAddr select(Asid asid);

    // The entry's descriptor, 0 if there is none.
    u32 find(UserAddr page, Asid asid) const;

    // Puts an entry that is there, of the selected ASID, into the private tables. False: it is not there.
    bool reinstall(UserAddr page, Asid asid);

    // Writes one that is not there, of the selected ASID. Returns whether another had to give way.
    bool insert(UserAddr page, Asid asid, u32 descriptor);

    // Drops the entries of an ASID within [start, end); returns whether there were any.
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
        u16 next = 0;           // in its bucket: a link
        bool installed = false; // stands in the private tables
    };

    static u32 tag_of(UserAddr page, Asid asid) { return page.value() | asid.value(); }
    static UserAddr page_of(const Entry& entry) { return UserAddr(entry.tag & PAGE_MASK); }
    static Asid asid_of(const Entry& entry) { return Asid(static_cast<u8>(entry.tag)); }
    static u32 bucket_of(u32 tag) { return (tag >> PAGE_SHIFT ^ tag) % BUCKETS; }
    u16 link_to(u32 tag) const;
    void install(Entry& entry);
    void remove(u32 index);
    void uninstall_all();

    // A link is the index of an entry plus 1; 0 ends a bucket.
    std::array<Entry, MAX_TLB_ENTRIES> entries_{};
    std::array<u16, BUCKETS> buckets_{};
    u32 size_ = 0;
    u32 next_victim_ = 0; // written longest ago
    u32 installed_ = 0;
    Asid selected_;
    PrivateTables tables_;
};

} // namespace faultline::softtlb
