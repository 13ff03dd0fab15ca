// Futex calls that find nobody, and those that must repair an entry first.
#include "tests/bench/program/main.hpp"

#include <ulib/futex.hpp>

namespace faultline::bench {

namespace {

constexpr unsigned CALLS = 1000;
constexpr u32 INCREMENT = futex_op(FUTEX_OP_ADD, 1, FUTEX_OP_CMP_EQ, 0xfff); // and wake nobody there

// Two words in different cache lines.
struct Words {
    alignas(64) Word first{0};
    alignas(64) Word second{0};
};

Words own;

long address(Word& word) { return static_cast<long>(reinterpret_cast<std::uintptr_t>(&word)); }

void futex_call(const char* name, long due, Words& words, int operation, u32 value, u32 value2 = 0, u32 value3 = 0) {
    measure_call(Figure(name), CALLS, due, __NR_futex, address(words.first), operation, static_cast<long>(value),
                 static_cast<long>(value2), address(words.second), static_cast<long>(value3));
}

void lock_and_unlock_pi(const char* name, Word& word, int private_flag) {
    Figure figure(name);
    word = 0;
    long failed = 0;
    measure(
        figure, 500,
        [&](unsigned) {
            failed |= futex_lock_pi(&word, private_flag);
            failed |= futex_unlock_pi(&word, private_flag);
        },
        LOOP + 2);
    require(failed == 0, "FUTEX_LOCK_PI", failed);
}

// FUTEX_WAKE_OP on each page of a region: with clean entries, and again when they are dirty. The difference is what the
// repair costs: an access that fails, and fixup_user_fault.
void wake_op_on_clean_entries(const char* clean_name, const char* dirty_name, const char* extra_name,
                              int private_flag) {
    constexpr unsigned PAGES = 256, OWN = 5; // the loop, the address of the next page, and the result
    Figure clean(clean_name), dirty(dirty_name), extra(extra_name);
    for (unsigned batch = 0; batch < batches(); ++batch) {
        const Region region(PAGES + 1, MAP_SHARED);
        Word& waited = *reinterpret_cast<Word*>(region.page(PAGES));
        waited = 0;
        bench_read_pages(region.start, PAGES, PAGE_SIZE);
        u64 ticks[2];
        for (Figure* const figure : {&clean, &dirty}) {
            long failed = 0;
            figure->begin();
            for (unsigned i = 0; i < PAGES; ++i)
                failed |=
                    futex_wake_op(&waited, 1, reinterpret_cast<Word*>(region.page(i)), 1, INCREMENT, private_flag);
            ticks[figure == &dirty] = figure->ticks();
            figure->add(ticks[figure == &dirty], PAGES, OWN);
            require(failed == 0, "FUTEX_WAKE_OP", failed);
        }
        require(*reinterpret_cast<Word*>(region.page(PAGES - 1)) == 2, "the addition of FUTEX_WAKE_OP");
        extra.add(ticks[0] - ticks[1], PAGES, 0);
    }
}

} // namespace

void measure_futexes() {
    const Region region(1, MAP_SHARED);
    Words& shared = *reinterpret_cast<Words*>(region.start);
    constexpr int PRIVATE = FUTEX_PRIVATE_FLAG;
    shared.first = shared.second = 0;
    own.first = own.second = 0; // their page is there, and dirty
    futex_call("futex_wake_none_private", 0, own, FUTEX_WAKE | PRIVATE, 1);
    futex_call("futex_wake_none_sharedop_anon", 0, own, FUTEX_WAKE, 1);
    futex_call("futex_wake_none_shm", 0, shared, FUTEX_WAKE, 1);
    futex_call("futex_wait_eagain_private", -EAGAIN, own, FUTEX_WAIT | PRIVATE, 1);
    futex_call("futex_wait_eagain_shm", -EAGAIN, shared, FUTEX_WAIT, 1);
    futex_call("futex_wake_op_none_private", 0, own, FUTEX_WAKE_OP | PRIVATE, 1, 1, INCREMENT);
    futex_call("futex_wake_op_none_shm", 0, shared, FUTEX_WAKE_OP, 1, 1, INCREMENT);
    own.first = shared.first = 7;
    futex_call("futex_cmp_requeue_none_private", 0, own, FUTEX_CMP_REQUEUE | PRIVATE, 1, 100, 7);
    futex_call("futex_cmp_requeue_none_shm", 0, shared, FUTEX_CMP_REQUEUE, 1, 100, 7);
    futex_call("futex_cmp_requeue_eagain_private", -EAGAIN, own, FUTEX_CMP_REQUEUE | PRIVATE, 1, 100, 8);
    lock_and_unlock_pi("futex_lock_unlock_pi_pair_private", own.first, PRIVATE);
    lock_and_unlock_pi("futex_lock_unlock_pi_pair_shm", shared.first, 0);
}

void measure_clean_entries() {
    wake_op_on_clean_entries("futex_wake_op_cleanpte_private", "futex_wake_op_dirtypte_private",
                             "futex_wake_op_cleanpte_extra_private", FUTEX_PRIVATE_FLAG);
    wake_op_on_clean_entries("futex_wake_op_cleanpte_shm", "futex_wake_op_dirtypte_shm",
                             "futex_wake_op_cleanpte_extra_shm", 0);
}

} // namespace faultline::bench
