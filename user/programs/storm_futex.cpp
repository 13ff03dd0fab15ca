// storm_futex [ROUNDS | SECONDSs]: there are more threads than processors. They use one mutex, one priority-inheritance
// mutex, and one counter that only FUTEX_WAKE_OP changes; and they pass a turn round by condition variables over both
// kinds of mutex, whose waiters are requeued. All counts must be exact.
#include <ulib/cpus.hpp>
#include <ulib/print.hpp>
#include <ulib/storm.hpp>
#include <ulib/sync.hpp>
#include <ulib/sys.hpp>
#include <ulib/thread.hpp>

using namespace faultline;

namespace {

constexpr unsigned MAX_THREADS = 10;

unsigned rounds = 500, threads = 2;

Mutex mutex, turn_mutex;
PiMutex pi_mutex;
ConditionVariable turn_changed;
PiMutex pi_turn_mutex;
PiConditionVariable pi_turn_changed;
Word nobody{0}, added{0};
unsigned under_mutex = 0, under_pi_mutex = 0, turn = 0, pi_turn = 0;

void take_turn(unsigned self) {
    turn_mutex.lock();
    while (turn % threads != self)
        turn_changed.wait(turn_mutex);
    ++turn;
    turn_changed.notify_all(turn_mutex);
    turn_mutex.unlock();
}

void take_pi_turn(unsigned self) {
    must(pi_turn_mutex.lock(), "storm_futex: FUTEX_LOCK_PI");
    while (pi_turn % threads != self)
        must(pi_turn_changed.wait(pi_turn_mutex), "storm_futex: FUTEX_WAIT_REQUEUE_PI");
    ++pi_turn;
    must(pi_turn_changed.notify_all(pi_turn_mutex), "storm_futex: FUTEX_CMP_REQUEUE_PI");
    must(pi_turn_mutex.unlock(), "storm_futex: FUTEX_UNLOCK_PI");
}

void work(void* argument) {
    const unsigned self = static_cast<unsigned>(reinterpret_cast<std::uintptr_t>(argument));
    for (unsigned round = 0; round < rounds; ++round) {
        mutex.lock();
        under_mutex = under_mutex + 1;
        mutex.unlock();
        must(futex_wake_op(&nobody, 1, &added, 1, futex_op(FUTEX_OP_ADD, 1, FUTEX_OP_CMP_EQ, 0),
                           round % 2 == 0 ? FUTEX_PRIVATE_FLAG : 0),
             "storm_futex: FUTEX_WAKE_OP");
        must(pi_mutex.lock(), "storm_futex: FUTEX_LOCK_PI");
        under_pi_mutex = under_pi_mutex + 1;
        must(pi_mutex.unlock(), "storm_futex: FUTEX_UNLOCK_PI");
        if (round % 8 == 0) {
            take_turn(self);
            take_pi_turn(self);
        }
    }
}

void expect(const char* what, unsigned found, unsigned expected) {
    if (found != expected)
        fail("storm_futex: %s is %u, expected %u\n", what, found, expected);
}

void storm() {
    under_mutex = under_pi_mutex = turn = pi_turn = 0;
    added = 0;
    Thread running[MAX_THREADS];
    for (unsigned i = 0; i < threads; ++i)
        must(running[i].start(work, reinterpret_cast<void*>(i)), "storm_futex: clone");
    for (unsigned i = 0; i < threads; ++i)
        running[i].join();
    expect("the count under the mutex", under_mutex, threads * rounds);
    expect("the count under the PI mutex", under_pi_mutex, threads * rounds);
    expect("the sum of FUTEX_WAKE_OP", added, threads * rounds);
    expect("the turns", turn, threads * ((rounds + 7) / 8));
    expect("the turns under the PI mutex", pi_turn, threads * ((rounds + 7) / 8));
}

} // namespace

int main(int argc, char** argv) {
    StormLength length(argc, argv, 500, 24);
    rounds = length.rounds();
    threads = cpu_count() + 2;
    do
        storm();
    while (length.again());
    print("storm_futex: %u threads, %u rounds, all counts exact\n", threads, length.played());
    return 0;
}
