// The modelled machine itself: memory and its log, CPUs and their TLBs, exclusive accesses, time.
#include <arch/translation.hpp>

#include <catch2/catch.hpp>

#include <cstring>

#include "arch/contract/clock.hpp"
#include "arch/contract/memory.hpp"
#include "arch/model/machine.hpp"

using namespace faultline;
using namespace faultline::model;

namespace {

constexpr u32 ADDRESS = 0x0012'3000;
constexpr u32 DIRECTORY = Machine::RAM_START + 0x2000;
constexpr u32 TABLE = Machine::RAM_START + 0x8000;
constexpr u32 PAGE_A = Machine::RAM_START + 0x1'0000;
constexpr u32 PAGE_B = Machine::RAM_START + 0x1'1000;

// Second-level descriptors, raw (ARM DDI 0406C figure B3-5): not global, user read-write or read-only.
constexpr u32 READ_WRITE = 0x832;
constexpr u32 READ_ONLY = 0xa32;
constexpr u32 GLOBAL = 0x032;

// A machine with a hand-made table that maps ADDRESS on every CPU, with ASID 1.
struct SmallMachine : Machine {
    explicit SmallMachine(const Configuration& configuration = {}) : Machine(configuration) {
        std::memset(memory.at(DIRECTORY), 0, 8192);
        std::memset(memory.at(TABLE), 0, 1024);
        put(DIRECTORY + 4 * (ADDRESS >> 20), TABLE | 1);
        for (u32 each = 0; each < cpu_count(); ++each) {
            select_cpu(each);
            set_translation_table(DIRECTORY, 1);
        }
        select_cpu(0);
    }
    void put(u32 physical, u32 word) { store_descriptor(reinterpret_cast<u32*>(memory.at(physical)), word); }
    void map(u32 descriptor) { put(TABLE + 4 * 0x23, descriptor); }
    bool readable() { return load(ADDRESS, 4, Mode::User).ok(); }
    bool writable() { return store(ADDRESS, 1, 4, Mode::User).ok(); }
};

} // namespace

TEST_CASE("model: accesses of all sizes, aligned and not") {
    SmallMachine machine;
    machine.map(PAGE_A | READ_WRITE);
    REQUIRE(machine.store(ADDRESS, 0x4433'2211, 4, Mode::User).ok());
    CHECK(machine.load(ADDRESS, 1, Mode::User).value == 0x11);
    CHECK(machine.load(ADDRESS + 2, 2, Mode::User).value == 0x4433);
    CHECK(machine.load(ADDRESS + 1, 2, Mode::User).value == 0x3322);
    REQUIRE(machine.store(ADDRESS + 5, 0xddcc'bbaa, 4, Mode::Kernel).ok());
    CHECK(machine.load(ADDRESS + 5, 4, Mode::Unprivileged).value == 0xddcc'bbaa);
    CHECK(machine.load(ADDRESS + 8, 1, Mode::User).value == 0xdd);
    // The second half of this one lies on a page without descriptor.
    CHECK(machine.load(ADDRESS + 0xffe, 4, Mode::User).fault.value().address == ADDRESS + 0x1000);
    CHECK(machine.memory.read_word(PAGE_A).value == 0x4433'2211);
}

TEST_CASE("model: a fault says which access was tried, and in which mode") {
    SmallMachine machine;
    const FaultInfo read = machine.load(ADDRESS, 4, Mode::User).fault.value();
    CHECK(read.kind() == FaultKind::Translation);
    CHECK(read.status() == 0x007);
    CHECK(read.user_mode());
    CHECK_FALSE(read.write());
    machine.map(PAGE_A | READ_ONLY);
    const FaultInfo write = machine.store(ADDRESS, 1, 4, Mode::Unprivileged).fault.value();
    CHECK(write.kind() == FaultKind::Permission);
    CHECK(write.status() == 0x80f);
    CHECK(write.write());
    CHECK_FALSE(write.user_mode());
    machine.map(PAGE_B | READ_WRITE | 1);
    const FaultInfo fetch = machine.fetch(ADDRESS, Mode::User).fault.value();
    CHECK(fetch.kind() == FaultKind::Permission);
    CHECK(fetch.execute());
    CHECK(machine.load(0x8000'0000, 4, Mode::User).fault.value().status() == 0x005);
    machine.put(TABLE + 4 * 0x24, 0x2000'0000 | READ_WRITE); // no RAM there
    CHECK(machine.load(ADDRESS + 0x1000, 4, Mode::User).fault.value().kind() == FaultKind::External);
    CHECK(machine.cpu().faults == 5);
}

TEST_CASE("model: a TLB keeps what it has, and learns nothing from a fault") {
    SmallMachine machine;
    machine.map(PAGE_A | READ_ONLY);
    REQUIRE_FALSE(machine.writable()); // not cached
    machine.map(PAGE_A | READ_WRITE);
    REQUIRE(machine.writable()); // cached
    machine.map(PAGE_A | READ_ONLY);
    CHECK(machine.writable());
    machine.map(0);
    CHECK(machine.readable());
    machine::tlb_invalidate_mva(UserAddr(ADDRESS), Asid(1));
    CHECK_FALSE(machine.readable());
    machine.map(PAGE_B | READ_ONLY); // from invalid to valid needs no invalidation
    CHECK(machine.readable());
    machine.map(PAGE_B | READ_WRITE);
    CHECK_FALSE(machine.writable()); // cached read-only
    machine.cpu().tlb.invalidate_all();
    CHECK(machine.writable());
}

TEST_CASE("model: invalidations reach what the manual says, on this CPU or on all") {
    SmallMachine machine({.cpus = 2});
    const auto fill = [&](u32 descriptor) {
        machine.map(descriptor);
        for (const u32 cpu : {1u, 0u}) {
            machine.select_cpu(cpu);
            REQUIRE(machine.readable());
        }
        machine.map(0);
    };
    const auto kept = [&](u32 cpu) {
        machine.select_cpu(cpu);
        const bool result = machine.readable();
        machine.cpu().tlb.invalidate_all();
        machine.select_cpu(0);
        return result;
    };
    const UserAddr page(ADDRESS);
    fill(PAGE_A | READ_WRITE);
    SECTION("by address and ASID") {
        machine::tlb_invalidate_mva(page, Asid(1));
        CHECK_FALSE(kept(0));
        CHECK(kept(1));
    }
    SECTION("by address, another ASID") {
        machine::tlb_invalidate_mva_inner_shareable(page, Asid(2));
        CHECK(kept(0));
        CHECK(kept(1));
    }
    SECTION("by another address") {
        machine::tlb_invalidate_mva_inner_shareable(page + PAGE_SIZE, Asid(1));
        CHECK(kept(0));
        CHECK(kept(1));
    }
    SECTION("by address, on all CPUs") {
        machine::tlb_invalidate_mva_inner_shareable(page, Asid(1));
        CHECK_FALSE(kept(0));
        CHECK_FALSE(kept(1));
    }
    SECTION("by ASID") {
        machine::tlb_invalidate_asid(Asid(1));
        CHECK_FALSE(kept(0));
        CHECK(kept(1));
    }
    SECTION("by ASID, on all CPUs") {
        machine::tlb_invalidate_asid_inner_shareable(Asid(1));
        CHECK_FALSE(kept(0));
        CHECK_FALSE(kept(1));
    }
    SECTION("everything") {
        machine::tlb_invalidate_all();
        CHECK_FALSE(kept(0));
        CHECK(kept(1));
    }
    SECTION("everything, on all CPUs") {
        machine::tlb_invalidate_all_inner_shareable();
        CHECK_FALSE(kept(0));
        CHECK_FALSE(kept(1));
    }
}

TEST_CASE("model: entries are tagged with the ASID, unless they are global") {
    SmallMachine machine;
    machine.map(PAGE_A | READ_WRITE);
    REQUIRE(machine.readable());
    machine.map(0);
    machine.set_translation_table(DIRECTORY, 2);
    CHECK_FALSE(machine.readable());
    machine.set_translation_table(DIRECTORY, 1);
    CHECK(machine.readable());
    machine.cpu().tlb.invalidate_all();

    machine.map(PAGE_A | GLOBAL);
    REQUIRE(machine.readable());
    machine.map(0);
    machine.set_translation_table(DIRECTORY, 2);
    CHECK(machine.readable());
    machine::tlb_invalidate_asid(Asid(1));
    CHECK(machine.readable());
    machine::tlb_invalidate_mva(UserAddr(ADDRESS), Asid(7)); // a global entry matches any ASID
    CHECK_FALSE(machine.readable());
}

TEST_CASE("model: first-level descriptors are cached too") {
    SmallMachine machine;
    machine.map(PAGE_A | READ_WRITE);
    REQUIRE_FALSE(machine.load(ADDRESS + 0x1000, 4, Mode::User).ok());
    machine.put(DIRECTORY + 4 * (ADDRESS >> 20), 0);
    CHECK(machine.readable()); // walked from the cached descriptor
    machine::tlb_invalidate_mva(UserAddr(ADDRESS), Asid(1));
    CHECK_FALSE(machine.readable());
}

TEST_CASE("model: a TLB that evicts forgets some time") {
    SmallMachine machine({.tlb = {.evict = true, .prefetch = false, .seed = 5}});
    machine.map(PAGE_A | READ_WRITE);
    REQUIRE(machine.readable());
    machine.map(0);
    u32 reads = 0;
    while (machine.readable() && reads < 10'000)
        ++reads;
    CHECK(reads < 10'000);
}

TEST_CASE("model: a TLB that prefetches holds on to what was there for one moment, on any CPU") {
    SmallMachine machine({.cpus = 2, .tlb = {.evict = false, .prefetch = true, .seed = 6}});
    machine.map(PAGE_A | READ_WRITE);
    machine.map(0); // no CPU accessed it
    for (const u32 cpu : {0u, 1u}) {
        machine.select_cpu(cpu);
        CHECK(machine.readable());
    }
    machine::tlb_invalidate_all_inner_shareable();
    CHECK_FALSE(machine.readable());
}

TEST_CASE("model: descriptor stores are logged, and can be undone") {
    SmallMachine machine;
    const std::size_t mark = machine.memory.mark();
    machine.map(PAGE_A | READ_ONLY);
    machine.map(PAGE_B | READ_WRITE);
    REQUIRE(machine.memory.log().size() == mark + 2);
    CHECK(machine.memory.log()[mark + 1].address == TABLE + 4 * 0x23);
    CHECK(machine.memory.log()[mark + 1].before == (PAGE_A | READ_ONLY));
    CHECK(machine.memory.log()[mark + 1].after == (PAGE_B | READ_WRITE));
    machine.memory.rewind(mark + 1);
    CHECK(machine.memory.read_word(TABLE + 4 * 0x23).value == (PAGE_A | READ_ONLY));
    machine.memory.rewind(mark);
    CHECK(machine.memory.read_word(TABLE + 4 * 0x23).value == 0);
}

TEST_CASE("model: exclusive accesses") {
    SmallMachine machine;
    machine.map(PAGE_A | READ_WRITE);
    REQUIRE(machine.store(ADDRESS, 10, 4, Mode::User).ok());
    CHECK(machine.store_exclusive(ADDRESS, 1).value == 1); // nothing loaded
    CHECK(machine.load_exclusive(ADDRESS).value == 10);
    CHECK(machine.store_exclusive(ADDRESS, 11).value == 0);
    CHECK(machine.store_exclusive(ADDRESS, 12).value == 1); // the monitor is clear again
    CHECK(machine.load_exclusive(ADDRESS).value == 11);
    REQUIRE(machine.store(ADDRESS, 20, 4, Mode::User).ok());
    CHECK(machine.store_exclusive(ADDRESS, 21).value == 1);
    CHECK(machine.load(ADDRESS, 4, Mode::User).value == 20);
    CHECK(machine.load_exclusive(ADDRESS + 2).fault.value().kind() == FaultKind::Alignment);
    CHECK(machine.store_exclusive(ADDRESS + 2, 0).fault.value().kind() == FaultKind::Alignment);
    machine.cpu().tlb.invalidate_all();
    machine.map(PAGE_A | READ_ONLY);
    CHECK(machine.load_exclusive(ADDRESS).ok());
    CHECK(machine.store_exclusive(ADDRESS, 1).fault.value().write());
}

TEST_CASE("model: time goes as far as it is told, and runs the timer on the way") {
    SmallMachine machine;
    std::vector<u64> rings;
    machine.on_timer = [&] {
        rings.push_back(clock_ns());
        if (rings.size() < 3)
            set_next_event(clock_ns() + 100);
    };
    set_next_event(50);
    machine.advance_clock(49);
    CHECK(rings.empty());
    machine.advance_clock(1000);
    CHECK(rings == std::vector<u64>{50, 150, 250});
    CHECK(clock_ns() == 1000);
}

TEST_CASE("model: RAM and its linear mapping") {
    const Machine machine;
    CHECK(ram_start() == PhysAddr(0x4000'0000));
    CHECK(ram_bytes() == 16u << 20);
    void* page = phys_to_virt(PhysAddr(0x4000'5000));
    CHECK(virt_to_phys(page) == PhysAddr(0x4000'5000));
    clear_page(page);
    CHECK(machine.memory.read_word(0x4000'5ffc).value == 0);
    CHECK(machine.memory.read_word(0x4000'6000).value != 0);
    CHECK_THROWS(phys_to_virt(PhysAddr(0x3fff'ffff)));
    CHECK_FALSE(machine.memory.read_word(0x3fff'fffc).ok);
}
