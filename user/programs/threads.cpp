// Four threads count under one mutex, and the count is exact. A condition variable passes a turn round. All threads
// call malloc.
#include <cstdlib>

#include <ulib/print.hpp>
#include <ulib/sync.hpp>
#include <ulib/thread.hpp>

using namespace faultline;

namespace {

constexpr unsigned THREADS = 4;
constexpr unsigned ROUNDS = 10'000;
constexpr unsigned TURNS = 1'000;

Mutex mutex;
ConditionVariable changed;
unsigned counter = 0;
unsigned turn = 0;

void work(void* argument) {
    const unsigned self = static_cast<unsigned>(reinterpret_cast<std::uintptr_t>(argument));
    for (unsigned i = 0; i < ROUNDS; ++i) {
        mutex.lock();
        counter = counter + 1;
        mutex.unlock();
        if (i % 64 == 0) {
            auto* const block = static_cast<volatile unsigned*>(std::malloc(sizeof(unsigned) * (1 + i % 100)));
            if (!block)
                fail("threads: malloc found no memory\n");
            block[i % 100] = self;
            if (block[i % 100] != self)
                fail("threads: two threads were given one block\n");
            std::free(const_cast<unsigned*>(block));
        }
    }
    for (unsigned i = 0; i < TURNS; ++i) {
        mutex.lock();
        while (turn % THREADS != self)
            changed.wait(mutex);
        ++turn;
        changed.notify_all(mutex);
        mutex.unlock();
    }
}

} // namespace

int main() {
    Thread threads[THREADS];
    for (unsigned i = 0; i < THREADS; ++i)
        must(threads[i].start(work, reinterpret_cast<void*>(i)), "threads: clone");
    for (Thread& thread : threads)
        thread.join();
    if (counter != THREADS * ROUNDS || turn != THREADS * TURNS)
        fail("threads: counted %u and %u turns, expected %u and %u\n", counter, turn, THREADS * ROUNDS,
             THREADS * TURNS);
    print("threads: %u threads counted to %u and took %u turns\n", THREADS, counter, turn);
    return 0;
}
