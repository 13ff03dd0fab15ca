// CPUs that switch between address spaces while ASIDs run out, or while another CPU flushes.
#include "base/irq_guard.hpp"
#include "interleave/preset.hpp"
#include "mm/munmap.hpp"
#include "mm/pgtable.hpp"

namespace faultline::interleave {

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
    void expect(u32 value) { require(read(word) == value, "a CPU has read a page of another address space"); }

    // Gives away every ASID that is left; `given` of them are taken in this generation already. None is used for
    // anything. Afterwards CPU 0 runs in no address space.
    void use_up_asids(u32 given) {
        const IrqGuard irqs;
        MmContext context = spaces.front()->context;
        for (; given < ASIDS; ++given) {
            context.asid_generation = 0; // as if it had never run
            switch_mm(&context);
        }
        switch_mm(nullptr);
    }

    // Gives the last ASID of a generation, so that the next address space that needs one begins another generation.
    // Whatever ran before this program, that address space will get the lowest ASID.
    void end_generation() {
        MmContext context = spaces.front()->context;
        const auto give_another = [&context] {
            const IrqGuard irqs;
            context.asid_generation = 0;
            switch_mm(&context);
            return context.asid_generation;
        };
        const u64 old = give_another();
        while (give_another() == old) { // until a generation begins, which reserves the ASIDs of what the CPUs run
        }
        {
            const IrqGuard irqs;
            switch_mm(nullptr);
        }
        use_up_asids(machine.cpu_count() + 1);
    }

    static constexpr u32 ASIDS = 255; // no address space gets ASID 0
};

// In the old generation space 0 had the lowest ASID, and both CPUs have been there. When the ASIDs run out, space 3
// gets that ASID. The TLBs must have dropped by then what they kept under it, and a CPU that is just coming to space 0
// must not be missed.
struct RollOver : SwitchProgram {
    using SwitchProgram::SwitchProgram;

    void set_up() override {
        for (u32 space = 0; space < 5; ++space)
            add_space(10 + space);
        end_generation();
        enter(0, 0); // gets a new ASID, beside the address space in which CPU 1 runs
        expect(10);
        enter(1, 0);
        expect(10);
        enter(1, 1);
        expect(11);
        enter(0, 2);
        expect(12);
        machine.select_cpu(0);
        use_up_asids(4);
        enter(0, 2);
    }
    void cpu0() override {
        enter(0, 3); // needs an ASID, and begins the next generation
        expect(13);
        enter(0, 4);
        expect(14);
    }
    void check() override {}
};

struct RollOverAgainstSwitch : RollOver {
    using RollOver::RollOver;
    void cpu1() override {
        enter(1, 0);
        expect(10);
        enter(1, 3);
        expect(13);
    }
};

struct RollOverAgainstRead : RollOver {
    using RollOver::RollOver;
    void cpu1() override {
        expect(11);
        enter(1, 4);
        expect(14);
    }
};

// A CPU comes into an address space just while another CPU takes a page out of it.
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
        require(!seen || (*seen == 10 && !late), "a read has found another page, or one that munmap had taken away");
        enter(1, 1);
        expect(11);
    }
    void check() override {}
};

} // namespace

static constexpr Preset PRESETS[] = {
    preset<RollOverAgainstSwitch>("ASID roll-over against switch",
                                  "ASIDs run out while another CPU switches address spaces", {.preemptions = 3}),
    preset<RollOverAgainstRead>("ASID roll-over against read", "ASIDs run out while another CPU reads, and switches",
                                {.preemptions = 3}),
    preset<ArriveAgainstUnmap>("switch against unmap",
                               "A CPU comes into an address space just while another CPU unmaps a page of it",
                               {.preemptions = 3}),
};
const std::span<const Preset> SWITCH_PROGRAMS = PRESETS;

} // namespace faultline::interleave
