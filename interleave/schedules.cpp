// Chooses the CPU for each step: a walk through all schedules, and a random choice.
#include "interleave/schedules.hpp"

#include <stdexcept>

namespace faultline::interleave {

bool EverySchedule::next() {
    position_ = 0;
    preemptions_ = 0;
    if (!begun_) {
        begun_ = true;
        return true;
    }
    while (!choices_.empty() && choices_.back().taken + 1 == choices_.back().alternatives)
        choices_.pop_back();
    if (choices_.empty())
        return false;
    ++choices_.back().taken;
    return true;
}

u32 EverySchedule::choose(std::span<const u32> able, bool acting_is_able) {
    const auto offered = static_cast<u32>(able.size());
    if (offered == 1)
        return 0;
    if (position_ == choices_.size()) {
        const bool may_preempt = preemptions_ < bound_;
        choices_.push_back({.taken = 0,
                            .alternatives = acting_is_able && !may_preempt ? 1 : offered,
                            .first_is_free = acting_is_able});
    }
    const Choice& choice = choices_[position_++];
    if (choice.taken >= offered || choice.first_is_free != acting_is_able)
        throw std::logic_error("interleave: a run did not repeat the one before");
    if (choice.first_is_free && choice.taken != 0)
        ++preemptions_;
    return choice.taken;
}

u32 RandomSchedule::choose(std::span<const u32> able, bool acting_is_able) {
    if (able.size() == 1 || (acting_is_able && random_() % 4 != 0))
        return 0;
    return static_cast<u32>(random_() % able.size());
}

} // namespace faultline::interleave
