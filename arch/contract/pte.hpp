// The canonical page-table entry: what mm/ believes about one page of one address space. This is the truth; every
// hardware descriptor is derived from it and is never read back.
//
// The law of the software bits is `pte_user_readable` and `pte_user_writable` below, and nowhere else.
#pragma once

#include <atomic>

#include "base/concurrency.hpp"
#include "base/types.hpp"

namespace faultline {

// A value; changing one changes nothing in any table. Bits as Linux names them (arch/arm/include/asm/pgtable-2level.h),
// positions our own.
class Pte {
  public:
    enum Bit : u32 {
        PRESENT = 1u << 0, // there is a page; says nothing about whether an access would fault
        YOUNG = 1u << 1,   // accessed since it was last aged; without it every access faults
        DIRTY = 1u << 2,   // written since it was last cleaned; without it the first write faults
        WRITE = 1u << 3,   // the VMA permits writing and the page is not to be copied first
        USER = 1u << 4,    // user mode may use it at all; absent on PROT_NONE
        NOEXEC = 1u << 5,  // no instruction fetch
        SHARED = 1u << 6,  // of a MAP_SHARED mapping (informative)
        SPECIAL = 1u << 7, // the zero page: not reference- or map-counted
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
constexpr bool pte_present(Pte pte) { return pte.has(Pte::PRESENT); } // an old page is present
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

// The law. What user mode may do through this entry without a fault, once no TLB holds anything older.
constexpr bool pte_user_readable(Pte pte) { return pte.has(Pte::PRESENT | Pte::USER | Pte::YOUNG); }
constexpr bool pte_user_writable(Pte pte) {
    return pte.has(Pte::PRESENT | Pte::USER | Pte::YOUNG | Pte::WRITE | Pte::DIRTY);
}
constexpr bool pte_user_executable(Pte pte) { return pte_user_readable(pte) && pte_exec(pte); }

// One entry in a table. Read it with ptep_get; change it only through the hooks of arch/contract/mmu.hpp, which keep the
// machine's view in step.
class PteSlot {
  public:
    Pte load() const {
        schedule_point("read an entry");
        return Pte::from_bits(bits_.load(std::memory_order_acquire));
    }
    void store(Pte pte) {
        schedule_point("store an entry");
        bits_.store(pte.bits(), std::memory_order_release);
    }
    Pte exchange(Pte pte) {
        schedule_point("exchange an entry");
        return Pte::from_bits(bits_.exchange(pte.bits(), std::memory_order_acq_rel));
    }
    bool compare_exchange(Pte& expected, Pte desired) {
        schedule_point("compare and exchange an entry");
        u32 bits = expected.bits();
        const bool done = bits_.compare_exchange_strong(bits, desired.bits(), std::memory_order_acq_rel);
        expected = Pte::from_bits(bits);
        return done;
    }

  private:
    std::atomic<u32> bits_{0};
};
static_assert(sizeof(PteSlot) == 4);

inline Pte ptep_get(const PteSlot* slot) { return slot->load(); }

} // namespace faultline
