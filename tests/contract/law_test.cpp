// The law of young and dirty: for every entry, the machine lets a task do exactly what the canonical entry says; and it
// sets in the entry what it is the machine's part to set, and nothing else.
#include "mm/memory.hpp"
#include "mm/munmap.hpp"
#include "mm/page_alloc.hpp"
#include "mm/pgtable.hpp"
#include "tests/contract/contract.hpp"

namespace faultline::contract {

namespace {

// Puts `flags` into the entry of a mapped page, through the hooks. The caller restores the mapping's own entry.
void set_flags(TestMm& test, UserAddr address, u32 flags) {
    PteSlot* slot = pte_offset(test.mm(), address);
    const Guard lock(pte_lockptr(slot));
    TlbDebt debt(test.mm().context);
    const Pte old = ptep_get_and_clear(debt, address, slot);
    debt.pay();
    set_pte_at(test.mm().context, address, slot, Pte(pte_pfn(old), flags));
}

void every_entry_obeys_the_law() {
    TestMm test;
    const UserAddr address = test.map_anon(1);
    EXPECT(write(address));
    const u32 own = test.pte(address).bits() & Pte::FLAGS_MASK;
    for (u32 bits = 0; bits < 64; ++bits) { // present, young, dirty, write, user, no-exec in all combinations
        set_flags(test, address, bits);
        const Pte entry = test.pte(address);
        EXPECT(attempt_read(address) == may_read(entry));
        const Pte read = may_read(entry) ? pte_obeyed(entry, false) : entry;
        EXPECT(test.pte(address) == read);
        EXPECT(attempt_write(address) == may_write(entry));
        EXPECT(test.pte(address) == (may_write(entry) ? pte_obeyed(entry, true) : read));
    }
    set_flags(test, address, own);
    EXPECT(attempt_write(address));
}

// A fault that sets young must not take back the dirty that a racing fault has just set (arm64, 2016 and 2017).
void access_flags_only_add() {
    TestMm test;
    const UserAddr address = test.map_anon(1);
    EXPECT(write(address));
    PteSlot* slot = pte_offset(test.mm(), address);
    const Pte dirty = test.pte(address);
    const Pte seen_earlier = pte_mkyoung(pte_mkclean(dirty));
    {
        const Guard lock(pte_lockptr(slot));
        EXPECT(!ptep_set_access_flags(test.mm().context, address, slot, seen_earlier, false));
    }
    EXPECT(pte_dirty(ptep_get(slot)));
    EXPECT(attempt_write(address));
}

// The machine marks the page, whether or not page faults are disabled, and no fault is counted.
void the_first_write_makes_dirty() {
    TestMm test;
    const UserAddr address = test.map_shared(1);
    EXPECT(read(address)); // young, clean; and in the TLB as read-only
    EXPECT(minor_faults([&] { EXPECT(attempt_read(address)); }) == 0 && !pte_dirty(test.pte(address)));
    EXPECT(minor_faults([&] { EXPECT(attempt_write(address)); }) == 0 && pte_dirty(test.pte(address)));
}

void access_flags_take_effect_at_once() {
    TestMm test;
    const UserAddr address = test.map_shared(1);
    EXPECT(read(address)); // young, clean; and in the TLB as read-only
    EXPECT(!attempt_write(address));
    PteSlot* slot = pte_offset(test.mm(), address);
    {
        const Guard lock(pte_lockptr(slot));
        EXPECT(ptep_set_access_flags(test.mm().context, address, slot, pte_mkdirty(ptep_get(slot)), true));
    }
    EXPECT(attempt_write(address));
}

void clearing_young_denies_everything_after_the_flush() {
    TestMm test;
    const UserAddr address = test.map_anon(1);
    EXPECT(write(address));
    {
        const Guard lock(pte_lockptr(pte_offset(test.mm(), address)));
        TlbDebt debt(test.mm().context);
        EXPECT(ptep_test_and_clear_young(debt, address, pte_offset(test.mm(), address)));
        EXPECT(!ptep_test_and_clear_young(debt, address, pte_offset(test.mm(), address)));
    }
    EXPECT(!attempt_read(address));
    EXPECT(pte_dirty(test.pte(address)) && pte_present(test.pte(address)));
}

// The TLB has the page when its entry gets old, and must not be content with that.
void the_next_access_makes_young() {
    TestMm test;
    const UserAddr address = test.map_anon(1);
    EXPECT(write(address));
    for (const bool by_write : {false, true}) {
        {
            const Guard lock(pte_lockptr(pte_offset(test.mm(), address)));
            TlbDebt debt(test.mm().context);
            EXPECT(ptep_test_and_clear_young(debt, address, pte_offset(test.mm(), address)));
        }
        EXPECT(!pte_young(test.pte(address)));
        EXPECT(by_write ? attempt_write(address) : attempt_read(address));
        EXPECT(pte_user_writable(test.pte(address)));
    }
}

void write_protecting_keeps_dirty() {
    TestMm test;
    const UserAddr address = test.map_anon(1);
    EXPECT(write(address));
    {
        const Guard lock(pte_lockptr(pte_offset(test.mm(), address)));
        TlbDebt debt(test.mm().context);
        ptep_set_wrprotect(debt, address, pte_offset(test.mm(), address));
    }
    EXPECT(pte_dirty(test.pte(address)));
    EXPECT(attempt_read(address) && !attempt_write(address));
}

void flushes_advance_the_tlb_generation() {
    TestMm test;
    const UserAddr address = test.map_anon(1);
    EXPECT(write(address));
    const u32 before = tlb_generation(test.mm().context);
    test.activate(); // a switch alone does not advance it
    EXPECT(tlb_generation(test.mm().context) == before);
    flush_tlb_page(test.mm().context, address);
    EXPECT(tlb_generation(test.mm().context) != before);
}

// The hardware descriptor exists exactly while the entry permits something.
void descriptor_exists_exactly_while_readable() {
    TestMm test;
    const UserAddr address = test.map_anon(1);
    EXPECT(hardware_descriptor(test.mm().context, address).second_level == 0);
    EXPECT(read(address));
    EXPECT(hardware_descriptor(test.mm().context, address).second_level != 0);
    EXPECT(do_munmap(test.mm(), address, PAGE_SIZE).ok());
    EXPECT(hardware_descriptor(test.mm().context, address).second_level == 0);
}

constexpr Test TESTS[] = {
    {"law: every entry obeys it", every_entry_obeys_the_law},
    {"law: access flags only add permissions", access_flags_only_add},
    {"law: access flags take effect at once", access_flags_take_effect_at_once, On::SoftwareBits},
    {"law: the first write makes a clean entry dirty, without a fault", the_first_write_makes_dirty, On::HardwareBits},
    {"law: an old entry denies every access", clearing_young_denies_everything_after_the_flush, On::SoftwareBits},
    {"law: the next access makes an old entry young, without a fault", the_next_access_makes_young, On::HardwareBits},
    {"law: write-protecting keeps dirty", write_protecting_keeps_dirty},
    {"law: a flush advances the TLB generation, a switch does not", flushes_advance_the_tlb_generation},
    {"law: a descriptor exists exactly while the entry is readable", descriptor_exists_exactly_while_readable},
};

} // namespace

std::span<const Test> law_tests() { return TESTS; }

} // namespace faultline::contract
