// Running a program again and again, and remembering the schedule that is tried (interleave/explore.hpp).
#include "interleave/explore.hpp"

namespace faultline::interleave {

namespace {

// Remembers what another schedule chooses.
class Recorded final : public model::Schedule {
  public:
    Recorded(model::Schedule& schedule, std::vector<u8>& choices) : schedule_(schedule), choices_(choices) {
        choices_.clear();
    }
    u32 choose(std::span<const u32> able, bool acting_is_able) override {
        const u32 choice = schedule_.choose(able, acting_is_able);
        choices_.push_back(static_cast<u8>(able[choice]));
        return choice;
    }

  private:
    model::Schedule& schedule_;
    std::vector<u8>& choices_;
};

// Gives the schedule with this number, and the TLBs for it; nullptr: there are no more.
using Schedules = std::function<model::Schedule*(u64 number, model::TlbPolicy& policy)>;

// False: the watch wants no more.
bool run_all(const Maker& make, const Temper& temper, const Schedules& schedules, const Watch& watch,
             std::optional<Found>& found) {
    const WithSettings as_booted(temper.settings);
    std::vector<u8> choices;
    std::size_t longest = 0;
    for (u64 runs = 0;; ++runs) {
        model::TlbPolicy policy = temper.settings.tlb;
        model::Schedule* const schedule = schedules(runs, policy);
        if (schedule == nullptr)
            return watch({.temper = temper, .runs = runs, .longest = longest, .is_over = true});
        Recorded recorded(*schedule, choices);
        auto program = make(policy);
        try {
            program->run_under(recorded);
        } catch (const std::exception& wrong) {
            found = {.temper = &temper,
                     .schedule = runs,
                     .verdict = verdict_of(wrong),
                     .what = wrong.what(),
                     .history = program->history(),
                     .choices = std::move(choices),
                     .policy = policy};
            take_down(program);
            return false;
        }
        longest = std::max(longest, program->steps());
        if (!watch({.temper = temper, .runs = runs + 1, .longest = longest}))
            return false;
    }
}

} // namespace

std::optional<Found> explore(const Maker& make, EverySchedule& schedules, const Temper& temper, const Watch& watch) {
    std::optional<Found> found;
    const auto next = [&](u64, model::TlbPolicy&) { return schedules.next() ? &schedules : nullptr; };
    run_all(make, temper, next, watch, found);
    return found;
}

std::optional<Found> explore(const Maker& make, u32 preemptions, std::span<const Temper> tempers, const Watch& watch) {
    bool goes_on = true;
    const Watch watched = [&](const Progress& progress) { return goes_on = watch(progress); };
    for (const Temper& temper : tempers) {
        EverySchedule every(preemptions);
        auto found = explore(make, every, temper, watched);
        if (found || !goes_on)
            return found;
    }
    return std::nullopt;
}

std::optional<Found> storm(const Maker& make, u32 runs, std::span<const Temper> tempers, const Watch& watch) {
    std::optional<Found> found;
    for (const Temper& temper : tempers) {
        std::optional<RandomSchedule> random;
        const auto next = [&](u64 number, model::TlbPolicy& policy) {
            policy.seed += number;
            return number < runs ? &random.emplace(number) : nullptr;
        };
        if (!run_all(make, temper, next, watch, found))
            break;
    }
    return found;
}

} // namespace faultline::interleave
