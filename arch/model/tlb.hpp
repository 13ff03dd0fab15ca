// One CPU's TLB: tagged by ASID, and holding on to what it has until told to let go. Architecturally a TLB
// may keep an entry for ever, drop one at any time, and load one that nobody asked for (ARM ARM B3.9, B3.10);
// code is right only if it is right under all three. Intermediate levels are cached too: a walk may start
// from a first-level descriptor read long ago (B3.10.1).
#pragma once

#include <map>
#include <optional>
#include <random>

#include "arch/model/walker.hpp"

namespace faultline::model {

// What a TLB does of its own accord.
struct TlbPolicy {
    bool evict = false;    // before an access, sometimes drops entries at random
    bool prefetch = false; // around descriptor stores and accesses, walks and caches whatever is valid
    u64 seed = 1;
};

// One cached page (or the 4 KiB of a section that were used).
struct TlbEntry {
    u32 page = 0;    // virtual
    u8 asid = 0;     // unless mapping.ng is false
    Mapping mapping; //
    u32 frame = 0;   // physical address of the 4 KiB
    u32 ttbr0 = 0;   // the directory it was walked from: known to the model only, never used to match
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

    // No effect if there is one already for that page and ASID: what is cached stays.
    void insert(const TlbEntry& entry);
    void insert_walk(const WalkEntry& entry);

    void invalidate_mva(u32 address, u8 asid); // that page under that ASID, or global
    void invalidate_asid(u8 asid);             // all of that ASID; global ones stay
    void invalidate_all();
    void evict_some(std::mt19937_64& random); // about a quarter

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
    // Page (or megabyte) number and tag; global entries have a tag of their own.
    using Key = std::pair<u32, u32>;
    static constexpr u32 GLOBAL = 256;

    std::map<Key, TlbEntry> entries_;
    std::map<Key, WalkEntry> walks_;
};

} // namespace faultline::model
