// Futex calls while many threads sleep, each on a word of its own.
#include "tests/bench/program/threads.hpp"

namespace faultline::bench {

namespace {

std::atomic<u32> alive, wake_ups;

struct alignas(64) Sleeper {
    Word word{0};
};

void sleep(void* argument) {
    Word& word = static_cast<Sleeper*>(argument)->word;
    ++alive;
    while (word == 0) {
        ++wake_ups;
        futex_wait(&word, 0, FUTEX_PRIVATE_FLAG);
    }
    --alive;
}

template <class Condition>
void yield_until(Condition condition) {
    for (unsigned i = 0; i < 100'000 && !condition(); ++i)
        sys_sched_yield();
    require(condition(), "waiting for threads");
    for (unsigned i = 0; i < 64; ++i) // and on until they sleep
        sys_sched_yield();
}

} // namespace

void measure_sleepers(unsigned count) {
    constexpr unsigned STACK = 1024, WORDS = 1024, APART = 16;
    const Region stacks(250), sleeping(16), others(4);
    for (const Region* const region : {&stacks, &sleeping, &others})
        region->write();
    auto* const sleepers = reinterpret_cast<Sleeper*>(sleeping.start);
    wake_ups = 0;
    for (unsigned i = 0; i < count; ++i)
        start_thread(stacks.start + (i + 1) * STACK, sleep, new (&sleepers[i]) Sleeper);
    yield_until([&] { return alive == count; });

    {
        Figure figure("futex_wake_none_private_waiters", count); // on many words, so on many buckets
        measure(figure, WORDS, [&](unsigned i) {
            futex_wake(reinterpret_cast<Word*>(others.start + i * APART), 1, FUTEX_PRIVATE_FLAG);
        });
    }
    measure_call(Figure("futex_wait_eagain_private_waiters", count), 1000, -EAGAIN, __NR_futex,
                 static_cast<long>(reinterpret_cast<std::uintptr_t>(others.start)), FUTEX_WAIT | FUTEX_PRIVATE_FLAG, 1);
    measure_call(Figure("syscall_getppid_threads", count), 1000, NO_ERROR, __NR_getppid);
    if (count == 100) { // the one that wakes is more urgent, so those that are woken run later
        Figure figure("futex_wake_one_waiter_no_switch");
        for (unsigned batch = 0; batch < batches(); ++batch) {
            const u32 before = wake_ups;
            {
                const RealTime real_time;
                long woken = 0;
                figure.begin();
                for (unsigned i = 0; i < count; ++i)
                    woken += futex_wake(&sleepers[i].word, 1, FUTEX_PRIVATE_FLAG);
                figure.end(count, 4);
                require(woken == static_cast<long>(count), "FUTEX_WAKE", woken);
            }
            yield_until([&] { return wake_ups - before >= count; });
        }
    }
    for (unsigned i = 0; i < count; ++i) {
        sleepers[i].word = 1;
        futex_wake(&sleepers[i].word, 1, FUTEX_PRIVATE_FLAG);
    }
    yield_until([] { return alive == 0; });
    for (unsigned i = 0; i < 2 * count; ++i) // and until their stacks are not used any more
        sys_sched_yield();
}

} // namespace faultline::bench
