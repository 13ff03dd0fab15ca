// The entry of a page that is not in memory: it names the slot of a swap area that has the data, or the frame that has lost it.
// (Linux: swp_entry_t, include/linux/swapops.h.)
#pragma once

#include "arch/contract/pte.hpp"

namespace faultline {

class SwapEntry {
  public:
    static constexpr u32 TYPES = 16;
    static constexpr u32 HWPOISON = TYPES - 1; // no area: `offset` is a frame (Linux: SWP_HWPOISON)

    constexpr SwapEntry() = default; // of no page
    constexpr SwapEntry(u32 type, u32 offset) : bits_((offset << PAGE_SHIFT) | (type << TYPE_SHIFT)) {}
    static constexpr SwapEntry from_bits(u32 bits) {
        SwapEntry entry;
        entry.bits_ = bits;
        return entry;
    }

    constexpr u32 bits() const { return bits_; }
    constexpr u32 type() const { return (bits_ >> TYPE_SHIFT) % TYPES; } // which area, or HWPOISON
    constexpr u32 offset() const { return bits_ >> PAGE_SHIFT; }         // which slot of it, never 0; or frame
    constexpr bool operator==(const SwapEntry&) const = default;

  private:
    static constexpr u32 TYPE_SHIFT = 8; // above all bits of Pte, which are clear
    static_assert(Pte::SPECIAL < 1u << TYPE_SHIFT && TYPES << TYPE_SHIFT == PAGE_SIZE);

    u32 bits_ = 0;
};

// The entry of a frame that has lost its data, PG_HWPOISON. It counts nothing, and nobody has to know that it is gone. (Linux: the
// same names.)
constexpr SwapEntry make_hwpoison_entry(Pfn pfn) { return {SwapEntry::HWPOISON, pfn.value()}; }
constexpr bool is_hwpoison_entry(SwapEntry entry) { return entry.type() == SwapEntry::HWPOISON; }

// Whether the page of the entry is elsewhere, or lost. (Linux: the same name.)
constexpr bool is_swap_pte(Pte pte) { return !pte_none(pte) && !pte_present(pte); }

// Between the two; the first for an entry of which is_swap_pte() is true. (Linux: the same names.)
constexpr SwapEntry pte_to_swp_entry(Pte pte) { return SwapEntry::from_bits(pte.bits()); }
constexpr Pte swp_entry_to_pte(SwapEntry entry) { return Pte::from_bits(entry.bits()); }

// The slot that has the page of this entry; SwapEntry(): none has.
constexpr SwapEntry swap_slot_of(Pte pte) {
    return is_swap_pte(pte) && !is_hwpoison_entry(pte_to_swp_entry(pte)) ? pte_to_swp_entry(pte) : SwapEntry();
}

} // namespace faultline
