// Runs one operation on one page state.
#include <ulib/sys.hpp>

#include "user/scenarios/operations.hpp"
#include "user/scenarios/scenario.hpp"

namespace faultline {

namespace {

constexpr u32 ADD_ONE = futex_op(FUTEX_OP_ADD, 1, FUTEX_OP_CMP_EQ, 0);

u32 number(Value value) {
    switch (value) {
    case Value::ZERO:
        return 0;
    case Value::ONE:
        return 1;
    case Value::OWN_TID:
        return static_cast<u32>(sys_gettid());
    }
    __builtin_unreachable();
}

} // namespace

long wait(Place at) { return futex_wait_for(at.word, 0, 2); }
long wake(Place at) { return futex_wake(at.word, 1); }
long cmp_requeue(Place at) { return futex_cmp_requeue(at.word, 1, 1, at.first, 0); }
long wake_op(Place at) { return futex_wake_op(at.first, 1, at.word, 1, ADD_ONE); }
long wake_op_p(Place at) { return futex_wake_op(at.first, 1, at.word, 1, ADD_ONE, FUTEX_PRIVATE_FLAG); }
long lock_pi(Place at) { return futex_lock_pi(at.word); }
long lock_pi_p(Place at) { return futex_lock_pi(at.word, FUTEX_PRIVATE_FLAG); }
long lock_pi2(Place at) { return futex_lock_pi2(at.word); }
long trylock_pi(Place at) { return futex_trylock_pi(at.word); }
long unlock_pi(Place at) { return futex_unlock_pi(at.word); }
long unlock_pi_p(Place at) { return futex_unlock_pi(at.word, FUTEX_PRIVATE_FLAG); }

void run(const State& state, const Operation& operation) {
    tell("  The page: %s.\n", state.what);
    const Place at = state.set_up(number(operation.initial));
    tell("  The operation: %s.\n", operation.what);
    const long result = counted(at.word, [&] { return operation.call(at); });
    tell("  It answered %ld; the word holds %u.\n", result, static_cast<unsigned>(at.word->load()));
    expect("the answer", result, operation.result);
    expect("the word", static_cast<long>(at.word->load()), static_cast<long>(number(operation.after)));
    if (at.marked)
        expect("the word's neighbour", static_cast<long>(at.word[1].load()), static_cast<long>(MARKER));
}

} // namespace faultline
