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

// What an entry is found by: its page and its ASID. Default: none, since no ASID is 0.
class TlbTag {
  public:
    constexpr TlbTag() = default;
    constexpr TlbTag(UserAddr page, Asid asid) : bits_(page.value() | asid.value()) {}
    constexpr UserAddr page() const { return UserAddr(bits_ & PAGE_MASK); }
    constexpr Asid asid() const { return Asid(static_cast<u8>(bits_)); }
    constexpr u32 hash() const { return bits_ >> PAGE_SHIFT ^ bits_; }
    constexpr bool operator==(const TlbTag&) const = default;

  private:
    u32 bits_ = 0;
};

class CpuTlb {
  public:
    // Makes the TLB empty, with room for `entries` entries (up to MAX_TLB_ENTRIES). Called once, from mmu_init_cpu().
    void init(u32 entries);

    // Selects `asid` and returns the directory to run with. That directory then translates only pages used with that
    // ASID.
    PhysAddr select(Asid asid);

    // The descriptor of the entry, or 0 if there is no such entry.
    u32 find(TlbTag tag) const {
        const u16 link = link_to(tag);
        return link != 0 ? entries_[link - 1u].descriptor : 0;
    }

    // Puts an existing entry of the selected ASID into the private tables. Returns false if there is no such entry.
    bool reinstall(TlbTag tag) {
        const u16 link = link_to(tag);
        if (link == 0)
            return false;
        if (const Entry& entry = entries_[link - 1u]; !is_installed(link - 1u))
            install(link - 1u, entry.tag, entry.descriptor);
        return true;
    }

    // Adds a new entry for the selected ASID, which has none with this tag. Returns whether another one was replaced. Inlined:
    // a fill is on the path of every page that is touched. Not so what an eviction needs, whose registers would cost every fill.
    [[gnu::always_inline]] bool insert(TlbTag tag, u32 descriptor) {
        const u32 index = next_victim_;
        next_victim_ = index + 1 < size_ ? index + 1 : 0;
        const bool evicted = entries_[index].tag != TlbTag{};
        if (evicted) [[unlikely]]
            take_out(index); // the new entry is installed in its place
        u16& bucket = bucket_of(tag);
        entries_[index] = {.tag = tag, .descriptor = descriptor, .next = bucket};
        bucket = static_cast<u16>(index + 1);
        install(index, tag, descriptor);
        return evicted;
    }

    // Drops the entries of an ASID within [start, end), page-aligned; returns whether there were any.
    bool drop(Asid asid, UserAddr start, UserAddr end);
    void drop_all();

    u32 size() const { return size_; } // 0 before init()
    TlbSlot slot(u32 index) const;
    u32 first_level(UserAddr page) const { return tables_.first_level(page); }

  private:
    static constexpr u32 BUCKETS = 128;

    struct Entry {
        TlbTag tag;
        u32 descriptor = 0;
        u16 next = 0; // link to the next entry of its bucket
    };

    u16& bucket_of(TlbTag tag) { return buckets_[tag.hash() % BUCKETS]; }
    // The link to the entry with this tag; 0 if there is none.
    u16 link_to(TlbTag tag) const {
        u16 link = buckets_[tag.hash() % BUCKETS];
        while (link != 0 && entries_[link - 1u].tag != tag)
            link = entries_[link - 1u].next;
        return link;
    }
    bool is_installed(u32 index) const { return (installed_[index / 32] >> index % 32 & 1) != 0; }
    // The entry at `index`, which has this tag and descriptor.
    [[gnu::always_inline]] void install(u32 index, TlbTag tag, u32 descriptor) {
        tables_.set(tag.page(), descriptor);
        installed_[index / 32] |= 1u << index % 32;
    }
    // Takes an entry out of its bucket and of the private tables, and drops the hardware's copy of it. The caller clears the
    // entry and its bit of `installed_`, or puts another one there.
    void take_out(u32 index);
    void remove(u32 index);
    void uninstall_all();

    // What every fill needs comes first, where one instruction reaches it. A link is the index of an entry plus 1; 0 ends a
    // bucket.
    u32 size_ = 0;
    u32 next_victim_ = 0; // index of the oldest entry
    Asid selected_;
    std::array<u32, MAX_TLB_ENTRIES / 32> installed_{}; // a bit for each index: a switch visits only these
    std::array<u16, BUCKETS> buckets_{};
    PrivateTables tables_;
    std::array<Entry, MAX_TLB_ENTRIES> entries_{};
};

} // namespace faultline::softtlb
