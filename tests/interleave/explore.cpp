// explore() and storm(): run a program under many schedules, on machines of every temper.
#include "tests/interleave/explore.hpp"

#include <catch2/catch.hpp>
#include <chrono>
#include <cstdio>
#include <span>

#include "tests/host/with_tlb_config.hpp"

namespace faultline::interleave {

namespace {

// How a machine behaves where it has a choice.
struct Temper {
    const char* name;
    TlbRelax relax;
    model::TlbPolicy policy;
    AdBits ad_bits = AdBits::Software;
};
constexpr Temper TEMPERS[] = {
    {"tlb=lazy, TLBs that keep everything", TlbRelax::Lazy, {}},
    {"tlb=lazy, TLBs that prefetch", TlbRelax::Lazy, {.prefetch = true, .seed = 1}},
    {"tlb=eager, TLBs that prefetch and evict", TlbRelax::Eager, {.evict = true, .prefetch = true, .seed = 2}},
    {"ad_bits=hardware, TLBs that keep everything", TlbRelax::Lazy, {}, AdBits::Hardware},
};

// The last one is a machine that only a back end with a TLB filled by software can be.
std::span<const Temper> tempers(Tlbs tlbs) {
    const std::size_t many = std::size(TEMPERS) - (tlb_config.entries == 0 ? 1 : 0);
    return std::span(TEMPERS).first(tlbs == Tlbs::OneWillDo ? 1 : many);
}

// Runs the program once, under the schedule with this number. Returns false if there are no more schedules.
using Runs = std::function<bool(u64 number, const Temper& temper, std::size_t& steps)>;

void report(const char* how, const Temper& temper, u64 runs, std::size_t longest, double seconds) {
    const std::string name = Catch::getResultCapture().getCurrentTestName();
    std::printf("%s: %s, %s, %s: %llu, of up to %zu steps, %.1f s\n", name.c_str(), mmu_name(), temper.name, how,
                static_cast<unsigned long long>(runs), longest, seconds);
}

void run_all(const char* how, Tlbs tlbs, const Runs& run) {
    for (const Temper& temper : tempers(tlbs)) {
        const WithTlbRelax relax(temper.relax);
        const WithAdBits bits(temper.ad_bits);
        const WithTlbEntries room(MIN_TLB_ENTRIES); // so few that some are evicted
        const auto start = std::chrono::steady_clock::now();
        u64 runs = 0;
        std::size_t longest = 0, steps = 0;
        try {
            for (; run(runs, temper, steps); ++runs)
                longest = std::max(longest, steps);
        } catch (const std::exception& wrong) {
            FAIL(temper.name << ", " << how << ", schedule " << runs << ": " << wrong.what());
        }
        report(how, temper, runs, longest,
               std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
    }
    SUCCEED("every schedule");
}

} // namespace

void Program::cpu(u32 number) {
    switch (number) {
    case 0:
        return cpu0();
    case 1:
        return cpu1();
    default:
        return cpu2();
    }
}

void Program::run_under(model::Schedule& schedule) {
    try {
        machine.select_cpu(0);
        set_up();
        std::vector<std::function<void()>> bodies;
        for (u32 number = 0; number < machine.cpu_count(); ++number)
            bodies.push_back([this, number] { cpu(number); });
        World::run(schedule, bodies);
        check();
        require(missing_pages() == 0, "pages are missing at the end");
    } catch (const std::exception& wrong) {
        throw Violation(std::string(wrong.what()) + history());
    }
}

void explore(MakeProgram make, u32 preemptions, Tlbs tlbs) {
    const std::string how = preemptions == UNBOUNDED
                                ? "every schedule"
                                : "every schedule of up to " + std::to_string(preemptions) + " preemptions";
    std::optional<EverySchedule> schedule;
    run_all(how.c_str(), tlbs, [&](u64 number, const Temper& temper, std::size_t& steps) {
        if (number == 0)
            schedule.emplace(preemptions);
        if (!schedule->next())
            return false;
        const auto program = make(temper.policy);
        program->run_under(*schedule);
        steps = program->steps();
        return true;
    });
}

void storm(MakeProgram make, u32 runs, Tlbs tlbs) {
    run_all("random schedules", tlbs, [&](u64 number, const Temper& temper, std::size_t& steps) {
        if (number == runs)
            return false;
        RandomSchedule schedule(number);
        model::TlbPolicy policy = temper.policy;
        policy.seed += number;
        const auto program = make(policy);
        program->run_under(schedule);
        steps = program->steps();
        return true;
    });
}

} // namespace faultline::interleave
