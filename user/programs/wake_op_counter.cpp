// Eight threads add 1 to one word with FUTEX_WAKE_OP, ten thousand times each. The sum is exact if and only if the
// kernel's read-modify-write is atomic.
#include <ulib/futex.hpp>
#include <ulib/print.hpp>
#include <ulib/sys.hpp>
#include <ulib/thread.hpp>

using namespace faultline;

namespace {

constexpr unsigned THREADS = 8;
constexpr unsigned ROUNDS = 10'000;

Word idle{0};
Word sum{0};

void add(void*) {
    for (unsigned i = 0; i < ROUNDS; ++i) {
        const long result = futex_wake_op(&idle, 1, &sum, 1, futex_op(FUTEX_OP_ADD, 1, FUTEX_OP_CMP_EQ, 0),
                                          i % 2 == 0 ? FUTEX_PRIVATE_FLAG : 0);
        if (result != 0)
            fail("wake_op_counter: FUTEX_WAKE_OP answered %ld (%s)\n", result, errno_name(result));
    }
}

} // namespace

int main() {
    Thread threads[THREADS];
    for (Thread& thread : threads)
        must(thread.start(add, nullptr), "wake_op_counter: clone");
    for (Thread& thread : threads)
        thread.join();
    if (sum != THREADS * ROUNDS)
        fail("wake_op_counter: the sum is %u, expected %u\n", sum.load(), THREADS * ROUNDS);
    print("wake_op_counter: %u threads added to exactly %u\n", THREADS, sum.load());
    return 0;
}
