// One CPU's TLB, tagged by ASID. It keeps an entry until the entry is invalidated. The architecture permits a TLB to
// keep an entry for ever, to drop one at any time, and to load one that no access asked for (ARM ARM B3.9, B3.10). Code
// is right only if it is right in all three cases. The TLB also caches first-level descriptors: a walk may start from
// one that was read long ago (B3.10.1).
#pragma once

#include <map>
#include <optional>
#include <random>

#include "arch/model/walker.hpp"

namespace faultline::model {

// What a TLB does by itself.
struct TlbPolicy {
    bool evict = false;    // before an access, sometimes drops random entries
    bool prefetch = false; // before accesses and around descriptor stores, loads valid translations
    u64 seed = 1;
};

// One cached page (of a section, the 4 KiB that were accessed).
struct TlbEntry {
    u32 page = 0; // virtual
    u8 asid = 0;  // matched only if mapping.ng
    Mapping mapping;
    u32 frame = 0; // physical address of the 4 KiB
    u32 ttbr0 = 0; // the directory it was read from; for checks only, never used to match
};

// A cached first-level descriptor that names a second-level table.
struct WalkEntry {
    u32 megabyte = 0; // virtual address >> 20
    u8 asid = 0;
    u32 descriptor = 0;
    u32 ttbr0 = 0;
};

class Tlb {
  public:
    const TlbEntry* find(u32 address, u8 asid) const;
    const WalkEntry* find_walk(u32 address, u8 asid) const;

    // No effect if there is an entry for that page and ASID: a cached entry stays as it is.
    void insert(const TlbEntry& entry);
    void insert_walk(const WalkEntry& entry);

    void invalidate_mva(u32 address, u8 asid); // that page's entries with that ASID, and global ones
    void invalidate_asid(u8 asid);             // all entries with that ASID; global ones stay
    void invalidate_all();
    void evict_some(std::mt19937_64& random); // drops about a quarter

    template <class Visitor>
    void for_each(Visitor&& visit) const {
        for (const auto& [key, entry] : entries_)
            visit(entry);
    }
    template <class Visitor>
    void for_each_walk(Visitor&& visit) const {
        for (const auto& [key, entry] : walks_)
            visit(entry);
    }
    std::size_t size() const { return entries_.size(); }

  private:
    // Page (or megabyte) number, and ASID. Global entries have the number GLOBAL in place of an ASID.
    using Key = std::pair<u32, u32>;
    static constexpr u32 GLOBAL = 256;

    std::map<Key, TlbEntry> entries_;
    std::map<Key, WalkEntry> walks_;
};

} // namespace faultline::model
