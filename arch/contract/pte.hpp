// The canonical page-table entry: what mm/ records about one page of one address space. It is the truth: every hardware
// descriptor is derived from it, and none is read back.
//
// The law of young and dirty is stated in `pte_user_readable` and `pte_user_writable` below, and nowhere else.
#pragma once

#include <atomic>

#include "base/concurrency.hpp"
#include "base/types.hpp"

namespace faultline {

// A plain value, not a place in a table: a change of it changes no table. The bits have Linux's names
// (arch/arm/include/asm/pgtable-2level.h) and positions of our own.
class Pte {
  public:
    enum Bit : u32 {
        PRESENT = 1u << 0, // there is a page; an access to it may still fault
        YOUNG = 1u << 1,   // accessed since it was last aged; every access faults while it is clear
        DIRTY = 1u << 2,   // written since it was last cleaned; a write faults while it is clear
        WRITE = 1u << 3,   // the VMA permits writing, and the page needs no copy first
        USER = 1u << 4,    // user mode may access the page; clear for PROT_NONE
        NOEXEC = 1u << 5,  // instruction fetches fault
        SHARED = 1u << 6,  // part of a MAP_SHARED mapping (for reports only)
        SPECIAL = 1u << 7, // the zero page, for which no references or mappings are counted
    };
    static constexpr u32 FLAGS_MASK = ~PAGE_MASK;

    constexpr Pte() = default; // pte_none
    constexpr Pte(Pfn frame, u32 flags) : bits_((frame.value() << PAGE_SHIFT) | (flags & FLAGS_MASK)) {}
    static constexpr Pte from_bits(u32 bits) {
        Pte pte;
        pte.bits_ = bits;
        return pte;
    }

    constexpr u32 bits() const { return bits_; }
    constexpr bool has(u32 flags) const { return (bits_ & flags) == flags; }
    constexpr Pte with(u32 flags) const { return from_bits(bits_ | flags); }
    constexpr Pte without(u32 flags) const { return from_bits(bits_ & ~flags); }
    constexpr Pfn pfn() const { return Pfn(bits_ >> PAGE_SHIFT); }
    constexpr bool operator==(const Pte&) const = default;

  private:
    u32 bits_ = 0;
};

constexpr bool pte_none(Pte pte) { return pte.bits() == 0; }
constexpr bool pte_present(Pte pte) { return pte.has(Pte::PRESENT); } // true for an old page, too
constexpr bool pte_young(Pte pte) { return pte.has(Pte::YOUNG); }
constexpr bool pte_dirty(Pte pte) { return pte.has(Pte::DIRTY); }
constexpr bool pte_write(Pte pte) { return pte.has(Pte::WRITE); }
constexpr bool pte_user(Pte pte) { return pte.has(Pte::USER); }
constexpr bool pte_exec(Pte pte) { return !pte.has(Pte::NOEXEC); }
constexpr bool pte_special(Pte pte) { return pte.has(Pte::SPECIAL); }
constexpr Pfn pte_pfn(Pte pte) { return pte.pfn(); }

constexpr Pte pte_mkyoung(Pte pte) { return pte.with(Pte::YOUNG); }
constexpr Pte pte_mkold(Pte pte) { return pte.without(Pte::YOUNG); }
constexpr Pte pte_mkdirty(Pte pte) { return pte.with(Pte::DIRTY); }
constexpr Pte pte_mkclean(Pte pte) { return pte.without(Pte::DIRTY); }
constexpr Pte pte_mkwrite(Pte pte) { return pte.with(Pte::WRITE); }
constexpr Pte pte_wrprotect(Pte pte) { return pte.without(Pte::WRITE); }

// The law: what user mode can do through this entry without a fault, once no TLB holds an older translation.
constexpr bool pte_user_readable(Pte pte) { return pte.has(Pte::PRESENT | Pte::USER | Pte::YOUNG); }
constexpr bool pte_user_writable(Pte pte) {
    return pte.has(Pte::PRESENT | Pte::USER | Pte::YOUNG | Pte::WRITE | Pte::DIRTY);
}
constexpr bool pte_user_executable(Pte pte) { return pte_user_readable(pte) && pte_exec(pte); }

// What an access leaves in the entry, on a machine that sets the bits itself (AdBits::Hardware, arch/contract/tlb.hpp). To
// such a machine the law applies after this.
constexpr Pte pte_accessed(Pte pte, bool write) { return pte.with(write ? Pte::YOUNG | Pte::DIRTY : Pte::YOUNG); }

// One entry in a table. Code reads it with ptep_get() and changes it only through the hooks of arch/contract/mmu.hpp,
// which keep the machine's view up to date.
//
// An entry that is read without its lock leads to its page, and nothing else is concluded from it. Changes of what it was
// are made with its lock held, or, by a machine that sets the bits itself, say nothing about other data: so an exchange
// only has to publish the page that a new entry shows.
class PteSlot {
  public:
    Pte load() const {
        schedule_point("read an entry");
        return Pte::from_bits(bits_.load(memory_order_dependent));
    }
    void store(Pte pte) {
        schedule_point("store an entry");
        bits_.store(pte.bits(), std::memory_order_release);
    }
    Pte exchange(Pte pte) {
        schedule_point("exchange an entry");
        return Pte::from_bits(bits_.exchange(pte.bits(), std::memory_order_relaxed));
    }
    bool compare_exchange(Pte& expected, Pte desired) {
        schedule_point("compare and exchange an entry");
        u32 bits = expected.bits();
        const bool done = bits_.compare_exchange_strong(bits, desired.bits(), std::memory_order_relaxed);
        expected = Pte::from_bits(bits);
        return done;
    }
    // Sets or clears flags and leaves the other bits as they are, whoever changes those meanwhile. Return what was there.
    Pte fetch_set(u32 flags) {
        schedule_point("set flags of an entry");
        return Pte::from_bits(bits_.fetch_or(flags, std::memory_order_relaxed));
    }
    Pte fetch_clear(u32 flags) {
        schedule_point("clear flags of an entry");
        return Pte::from_bits(bits_.fetch_and(~flags, std::memory_order_relaxed));
    }

  private:
    std::atomic<u32> bits_{0};
};
static_assert(sizeof(PteSlot) == 4);

inline Pte ptep_get(const PteSlot* slot) { return slot->load(); }

} // namespace faultline
