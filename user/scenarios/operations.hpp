// The operations of the catalogue. A page state and an operation make a scenario: "aged-anon.wake_op-p" is the state
// aged-anon and the operation wake_op-p. The suffix -p marks FUTEX_PRIVATE_FLAG.
#pragma once

#include <string_view>

#include "user/scenarios/states.hpp"

namespace faultline {

enum class Value { ZERO, ONE, OWN_TID }; // what the word holds; OWN_TID: the acting thread's id

long wait(Place);
long wake(Place);
long cmp_requeue(Place);
long wake_op(Place);
long wake_op_p(Place);
long lock_pi(Place);
long lock_pi_p(Place);
long lock_pi2(Place);
long trylock_pi(Place);
long unlock_pi(Place);
long unlock_pi_p(Place);

struct Operation {
    std::string_view name;
    Value initial;       // the word before
    long (*call)(Place); // one system call
    long result;         // what it returns
    Value after;         // the word afterwards
    const char* what;    // completes "The operation: …"
};

inline constexpr Operation operations[] = {
    {"wait", Value::ZERO, wait, -ETIMEDOUT, Value::ZERO, "FUTEX_WAIT for 2 ms"},
    {"wake", Value::ZERO, wake, 0, Value::ZERO, "FUTEX_WAKE without waiters"},
    {"cmp_requeue", Value::ZERO, cmp_requeue, 0, Value::ZERO, "FUTEX_CMP_REQUEUE without waiters"},
    {"wake_op", Value::ZERO, wake_op, 0, Value::ONE, "FUTEX_WAKE_OP, which adds 1 to the word"},
    {"wake_op-p", Value::ZERO, wake_op_p, 0, Value::ONE, "FUTEX_WAKE_OP, private, which adds 1 to the word"},
    {"lock_pi", Value::ZERO, lock_pi, 0, Value::OWN_TID, "FUTEX_LOCK_PI of a free lock"},
    {"lock_pi-p", Value::ZERO, lock_pi_p, 0, Value::OWN_TID, "FUTEX_LOCK_PI, private, of a free lock"},
    {"lock_pi-p-own", Value::OWN_TID, lock_pi_p, -EDEADLK, Value::OWN_TID, "FUTEX_LOCK_PI, private, of our own lock"},
    {"lock_pi2", Value::ZERO, lock_pi2, 0, Value::OWN_TID, "FUTEX_LOCK_PI2 of a free lock"},
    {"trylock_pi", Value::ZERO, trylock_pi, 0, Value::OWN_TID, "FUTEX_TRYLOCK_PI of a free lock"},
    {"unlock_pi", Value::OWN_TID, unlock_pi, 0, Value::ZERO, "FUTEX_UNLOCK_PI of our own lock"},
    {"unlock_pi-p", Value::OWN_TID, unlock_pi_p, 0, Value::ZERO, "FUTEX_UNLOCK_PI, private, of our own lock"},
};

// Sets the state up, runs the operation alone between two readings of the count, and checks the result and the word.
void run(const State& state, const Operation& operation);

} // namespace faultline
