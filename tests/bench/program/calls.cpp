// System calls that do almost nothing: what the way in and out costs.
#include "tests/bench/program/main.hpp"

namespace faultline::bench {

void measure_calls() {
    constexpr long UNKNOWN_CALL = 999;
    measure_call(Figure("syscall_getppid"), 2000, NO_ERROR, __NR_getppid);
    measure_call(Figure("syscall_gettid"), 2000, NO_ERROR, __NR_gettid);
    measure_call(Figure("syscall_enosys"), 2000, -ENOSYS, UNKNOWN_CALL);
    measure_call(Figure("syscall_sched_yield_alone"), 1000, 0, __NR_sched_yield);
}

} // namespace faultline::bench
