// When the flusher works: every so often, and when it is called.
#include "abi/block/flusher.hpp"

#include "arch/contract/clock.hpp"
#include "mm/page_writeback.hpp"

namespace faultline {

namespace {

constexpr u64 NSEC_PER_CENTISEC = 10'000'000;

// The moment of the next round.
u64 next_round_ns() {
    const u64 period = dirty_limits.writeback_centisecs * NSEC_PER_CENTISEC;
    return period == 0 ? NO_DEADLINE : deadline_after(clock_ns(), period);
}

} // namespace

constinit Worker flusher("flusher", [] { writeback_dirty_files(); }, next_round_ns);

} // namespace faultline
