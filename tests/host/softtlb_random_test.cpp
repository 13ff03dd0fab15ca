// Random work on a small TLB by several CPUs and more address spaces than ASIDs, under every policy of the hardware TLB
// below. After each step, no entry that any CPU may use permits more than truth.
#include <catch2/catch.hpp>

#include <random>

#include "arch/model/check.hpp"
#include "tests/host/back_end_fixture.hpp"

using namespace faultline;
using namespace faultline::model;

TEST_CASE("softtlb: eviction, switches, roll-overs and flushes in any order keep every TLB within truth") {
    const TlbPolicy policy = GENERATE(
        TlbPolicy{.evict = false, .prefetch = false, .seed = 1}, TlbPolicy{.evict = true, .prefetch = false, .seed = 2},
        TlbPolicy{.evict = false, .prefetch = true, .seed = 3}, TlbPolicy{.evict = true, .prefetch = true, .seed = 4});
    const WithAdBits bits(GENERATE(AdBits::Software, AdBits::Hardware));
    constexpr u32 CPUS = 3, SPACES = 300, PAGES = 24, STRIDE = 0x0006'7000; // over several megabytes
    const WithTlbEntries room(MIN_TLB_ENTRIES);
    TestMachine machine({.cpus = CPUS, .ram_bytes = 64u << 20, .tlb = policy});
    std::mt19937 random(policy.seed);
    const auto pick = [&](u32 n) { return static_cast<u32>(random() % n); };
    std::vector<std::unique_ptr<TestSpace>> spaces;
    for (u32 i = 0; i < SPACES; ++i)
        spaces.push_back(std::make_unique<TestSpace>());
    TestSpace* on_cpu[CPUS] = {};
    u32 reads = 0, writes = 0;

    for (u32 step = 0; step < 20'000; ++step) {
        const u32 cpu = pick(CPUS);
        machine.select_cpu(cpu);
        if (on_cpu[cpu] == nullptr || pick(4) == 0) {
            on_cpu[cpu] = spaces[pick(pick(8) == 0 ? SPACES : 3)].get(); // a few run often
            switch_mm(&on_cpu[cpu]->context);
        }
        TestSpace& space = *on_cpu[cpu];
        const u32 address = pick(PAGES) * STRIDE;
        const UserAddr page(address);
        PteSlot* slot = space.slot(address);
        const Pte truth = ptep_get(slot);
        switch (pick(8)) {
        case 0:
        case 1: {
            const bool read = machine.load(address, 4, Mode::User).ok();
            const Pte obeyed = pte_obeyed(truth, false);
            REQUIRE((!read || pte_user_readable(obeyed)));
            REQUIRE(ptep_get(slot) == (read ? obeyed : truth));
            reads += read ? 1 : 0;
            break;
        }
        case 2:
        case 3: {
            const bool written = machine.store(address, step, 4, Mode::User).ok();
            const Pte obeyed = pte_obeyed(truth, true);
            REQUIRE((!written || pte_user_writable(obeyed)));
            REQUIRE(ptep_get(slot) == (written ? obeyed : truth));
            writes += written ? 1 : 0;
            break;
        }
        case 4: // a fault
            if (!pte_present(truth)) {
                set_pte_at(space.context, page, slot, Pte(new_frame(), pick(2) != 0 ? USER_RO : USER_RW));
                update_mmu_cache(space.context, page, slot);
            } else {
                if (!ptep_set_access_flags(space.context, page, slot, truth.with(USER_RW), true))
                    flush_tlb_fix_spurious_fault(space.context, page);
                REQUIRE(machine.store(address, step, 4, Mode::User).ok());
            }
            break;
        case 5:
            space.age(page);
            break;
        case 6:
            space.write_protect(page);
            break;
        default:
            if (pick(2) == 0)
                space.unmap(page);
            else
                space.break_sharing(page);
            break;
        }
        REQUIRE(check_tlb_against_truth(space.context) == std::vector<std::string>{});
        REQUIRE(check_tlb_against_truth(spaces[pick(3)]->context) == std::vector<std::string>{});
    }
    CHECK(reads > 1000);
    CHECK(writes > 500);
    CHECK(spaces[0]->context.asid_generation > 0);
}
