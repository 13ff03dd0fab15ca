// CPUs that change between address spaces while ASIDs run out, or while another flushes.
#include <catch2/catch.hpp>

#include "mm/pgtable.hpp"
#include "tests/interleave/explore.hpp"

using namespace faultline;
using namespace faultline::interleave;

namespace {

// Several address spaces with one page each, all at the same address.
struct SwitchProgram : Program {
    using Program::Program;
    std::vector<MmStruct*> spaces;
    UserAddr word;

    void add_space(u32 value) {
        spaces.push_back(&new_mm());
        run_in(0, *spaces.back());
        write(word = map_private(), value);
    }
    void enter(u32 cpu, u32 space) {
        call([&] { run_in(cpu, *spaces[space]); });
    }
    void expect(u32 value) { require(read(word) == value, "the page is another address space's"); }

    // Uses up the ASIDs of this generation but for `left`, which are free whoever ran before this program.
    void exhaust_asids(u32 left) {
        MmContext context = spaces.front()->context;
        const auto next_asid = [&] {
            context.asid_generation = 0; // as if it had never run
            switch_mm(&context);
            return context.asid_generation;
        };
        const u64 old = next_asid();
        while (next_asid() ==
               old) { // a generation begins, with one ASID for each CPU that runs, and this one
        }
        for (u32 given = machine.cpu_count() + 1; given < 255 - left; ++given)
            next_asid();
        switch_mm(nullptr);
    }
};

struct RollOverAgainstSwitch : SwitchProgram {
    using SwitchProgram::SwitchProgram;

    // One space on each CPU, then a third takes the last ASID or begins a new generation.
    void set_up() override {
        add_space(10);
        add_space(11);
        add_space(12);
        exhaust_asids(3);
        enter(1, 1);
        expect(11);
        enter(0, 0);
        expect(10);
    }
    void cpu0() override {
        enter(0, 2); // the last ASID
        expect(12);
        enter(0, 0);
        expect(10);
    }
    void cpu1() override {
        enter(1, 0);
        expect(10);
        enter(1, 2);
        expect(12);
    }
    void check() override {}
};

// The first new address space of a generation gets the ASID of one that ran before.
struct RollOverAgainstRead : SwitchProgram {
    using SwitchProgram::SwitchProgram;
    void set_up() override {
        add_space(10);
        add_space(11);
        add_space(12);
        add_space(13);
        exhaust_asids(2);
        enter(1, 1);
        expect(11);
        enter(0, 0);
        expect(10);
    }
    void cpu0() override {
        enter(0, 2); // a roll-over
        expect(12);
        enter(0, 3);
        expect(13);
    }
    void cpu1() override {
        expect(11);
        enter(1, 0);
        expect(10);
        enter(1, 1);
        expect(11);
    }
    void check() override {}
};

// A CPU comes into an address space just while another takes a page out of it.
struct ArriveAgainstUnmap : SwitchProgram {
    using SwitchProgram::SwitchProgram;
    bool unmapped = false;
    void set_up() override {
        add_space(10);
        add_space(11);
        enter(1, 1);
        enter(0, 0);
        expect(10);
    }
    void cpu0() override {
        call([&] { return do_munmap(*spaces[0], word, PAGE_SIZE).ok(); });
        unmapped = true;
    }
    void cpu1() override {
        enter(1, 0);
        const bool late = unmapped;
        const auto seen = try_read(word);
        require(!seen || (*seen == 10 && !late), "the page, or nothing");
        enter(1, 1);
        expect(11);
    }
    void check() override {}
};

} // namespace

TEST_CASE("interleave: ASID roll-over against switch") { explore(make<RollOverAgainstSwitch>, 3); }
TEST_CASE("interleave: ASID roll-over against read") { explore(make<RollOverAgainstRead>, 3); }
TEST_CASE("interleave: switch against unmap") { explore(make<ArriveAgainstUnmap>, 3); }
