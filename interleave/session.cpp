// Standing still between two steps: the program runs in an execution of its own, which its schedule suspends at every
// choice (interleave/session.hpp).
#include "interleave/session.hpp"

#include <algorithm>

#include "arch/model/trace.hpp"
#include "interleave/schedules.hpp"
#include "interleave/view.hpp"

namespace faultline::interleave {

namespace {

// A caller that does not ask for so long gets the last ones only.
constexpr std::size_t MOST_KEPT = 4096;

template <class Kept>
void drop_oldest(std::vector<Kept>& kept) {
    if (kept.size() > MOST_KEPT)
        kept.erase(kept.begin(), kept.end() - MOST_KEPT / 2);
}

} // namespace

class Session::Stepper final : public model::Schedule {
  public:
    explicit Stepper(Session& session) : session_(session) {}

    u32 choose(std::span<const u32> able, bool) override {
        if (dropped)
            return 0;
        session_.able_.assign(able.begin(), able.end());
        session_.executions_.switch_to(*session_.caller_);
        return choice;
    }
    void ended() override {
        if (dropped)
            return;
        session_.last_view_ = view_of_world();
        session_.note(model::trace_stop()); // what is made to end the world is not the run's
    }

    u32 choice = 0;       // an index into able_
    bool dropped = false; // the caller wants no more of it

  private:
    Session& session_;
};

Session::Session(const Maker& make, const Settings& settings)
    : as_booted_(settings), make_(make), tlb_(settings.tlb), stepper_(std::make_unique<Stepper>(*this)) {
    model::trace_start();
    caller_ = &executions_.running();
    driver_ = &executions_.create(drive, this);
    executions_.switch_to(*driver_);
    note(model::trace_take());
}

Session::~Session() {
    stepper_->dropped = true;
    executions_.switch_to(*driver_);
    static_cast<void>(model::trace_stop());
}

void Session::drive(void* session) {
    auto& self = *static_cast<Session*>(session);
    self.run_program();
    self.able_.clear();
    if (!self.stepper_->dropped)
        self.executions_.switch_to(*self.caller_);
    take_down(self.program_);
    self.executions_.switch_to(*self.caller_); // never returns
}

void Session::run_program() {
    Verdict verdict = Verdict::Ended;
    try {
        program_ = make_(tlb_);
        program_->run_under(*stepper_);
    } catch (const std::exception& wrong) {
        verdict = verdict_of(wrong);
        text_ = wrong.what();
        if (last_view_.empty() && program_ && !stepper_->dropped) // wrong before the run
            last_view_ = view_of_world();
    }
    verdict_ = verdict;
}

bool Session::step(u32 cpu) {
    const auto found = std::find(able_.begin(), able_.end(), cpu);
    if (found == able_.end())
        return false;
    stepper_->choice = static_cast<u32>(found - able_.begin());
    ++steps_;
    acted_.push_back(static_cast<u8>(cpu));
    drop_oldest(acted_);
    passed_in_step_ = 0;
    executions_.switch_to(*driver_);
    note(model::trace_take());
    return true;
}

void Session::note(const std::vector<TraceRecord>& records) {
    for (const TraceRecord& record : records) {
        passed_in_step_ |= mask_of(record.station);
        passed_.push_back(record);
    }
    drop_oldest(passed_);
}

Session::Stop Session::run(const Way& way) {
    RandomSchedule random(way.seed);
    u32 acting = able_.empty() ? 0 : able_.front();
    for (u64 made = 0; made < way.most_steps; ++made) {
        if (over())
            return Stop::Over;
        acting = able_[way.at_random ? random.choose(able_, able_.front() == acting) : 0];
        step(acting);
        if ((passed_in_step_ & way.until) != 0)
            return over() ? Stop::Over : Stop::Passed;
    }
    return over() ? Stop::Over : Stop::MostSteps;
}

std::string Session::state() {
    Json json;
    {
        const auto object = json.object();
        json.value("step", steps_);
        json.value("verdict", verdict_name(verdict_));
        json.value("text", text_);
        {
            const auto list = json.list("able");
            for (const u32 cpu : able_)
                json.value(cpu);
        }
        {
            const auto list = json.list("acted");
            for (const u8 cpu : std::exchange(acted_, {}))
                json.value(u32{cpu});
        }
        {
            const auto list = json.list("stations");
            for (const TraceRecord& record : std::exchange(passed_, {}))
                add_station(json, record);
        }
        json.raw("world", over() ? last_view_ : view_of_world());
    }
    return json.finish();
}

} // namespace faultline::interleave
