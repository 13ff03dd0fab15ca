// Operations that meet waiters: a second waiter of a PI lock, an unlock that hands the lock over, a WAKE_OP that wakes.
#include <ulib/print.hpp>
#include <ulib/sys.hpp>

#include "user/scenarios/actors.hpp"
#include "user/scenarios/scenario.hpp"
#include "user/scenarios/states.hpp"
#include "user/scenarios/stories.hpp"

namespace faultline {

namespace {

Word* shared_words() { return map_words(1, MAP_SHARED | MAP_ANONYMOUS); }

u32 own_tid() { return static_cast<u32>(sys_gettid()); }

// The parent holds the lock, a first child waits for it, then a second one. The second has only read the page. The
// kernel finds a waiter already there, so it need not write for the second. `then` runs when the second child owns the
// lock.
void queue_second(bool count_lock, void (*then)(Word*)) {
    Word* const word = shared_words();
    word->store(own_tid());
    const int first = start_child([&] {
        word[1].store(1); // makes its entry dirty: this child is not the subject
        expect("the first waiter's FUTEX_LOCK_PI", futex_lock_pi(word), 0);
        expect("the first waiter's FUTEX_UNLOCK_PI", futex_unlock_pi(word), 0);
    });
    await_waiter(word);
    let_it_block(first);
    Signal coming;
    const int second = start_child([&] {
        word->load();
        coming.send();
        const long result = count_lock ? counted(word, [&] { return futex_lock_pi(word); }) : futex_lock_pi(word);
        expect("the second waiter's FUTEX_LOCK_PI", result, 0);
        expect("the owner", static_cast<long>(word->load() & FUTEX_TID_MASK), sys_gettid());
        then(word);
    });
    coming.wait();
    let_it_block(second);
    expect("the holder's FUTEX_UNLOCK_PI", futex_unlock_pi(word), 0);
    expect_child(first, 0);
    expect_child(second, 0);
}

} // namespace

void second_waiter_lock() {
    queue_second(true, [](Word*) {});
}

void second_waiter_unlock() {
    queue_second(false, [](Word* word) {
        expect("FUTEX_UNLOCK_PI", counted(word, [&] { return futex_unlock_pi(word); }), 0);
        expect("the word", static_cast<long>(word->load()), 0);
    });
}

void unlock_with_waiter() {
    const int fd = filled_memfd(1, 0);
    Word* const word = map_words(1, MAP_SHARED, fd);
    Word* const alias = map_words(1, MAP_SHARED, fd);
    word->store(own_tid());
    const int waiter = start_child([&] {
        word[1].store(1);
        expect("the waiter's FUTEX_LOCK_PI", futex_lock_pi(word), 0);
        expect("the owner", static_cast<long>(word->load() & FUTEX_TID_MASK), sys_gettid());
        expect("the waiter's FUTEX_UNLOCK_PI", futex_unlock_pi(word), 0);
    });
    await_waiter(word);
    let_it_block(waiter);
    alias->load();
    tell("  A child waits for our lock; we unlock it through a second mapping of the page, which we only read.\n");
    expect("FUTEX_UNLOCK_PI", counted(alias, [&] { return futex_unlock_pi(alias); }), 0);
    expect_child(waiter, 0);
    expect("the word", static_cast<long>(word->load()), 0);
}

void wake_op_with_waiters() {
    // A task waits on each word. The try that failed before the repair must not have woken either: both are woken,
    // once.
    Word* const first = shared_words();
    const int fd = filled_memfd(1, 0);
    Word* const second = map_words(1, MAP_SHARED, fd);
    Signal coming[2];
    Word* const words[2] = {first, second};
    int children[2];
    first->store(0);
    for (int i = 0; i < 2; ++i)
        children[i] = start_child([&, i] {
            coming[i].send();
            expect("a waiter's FUTEX_WAIT", futex_wait(words[i], 0), 0);
        });
    for (int i = 0; i < 2; ++i) {
        coming[i].wait();
        let_it_block(children[i]);
    }
    second->load();
    const long woken = counted(
        second, [&] { return futex_wake_op(first, 1, second, 1, futex_op(FUTEX_OP_ADD, 1, FUTEX_OP_CMP_EQ, 0)); });
    expect("the number of tasks woken", woken, 2);
    expect("the word", static_cast<long>(second->load()), 1);
    for (int child : children)
        expect_child(child, 0);
}

} // namespace faultline
