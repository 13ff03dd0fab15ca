// What makes two futexes the same (get_futex_key): the page for shared keys; the address space and the address for
// private ones.
#include <ulib/print.hpp>
#include <ulib/sys.hpp>

#include "user/scenarios/actors.hpp"
#include "user/scenarios/scenario.hpp"
#include "user/scenarios/states.hpp"
#include "user/scenarios/stories.hpp"

namespace faultline {

void one_page_at_two_addresses() {
    const int fd = filled_memfd(1, 0);
    Word* const here = map_words(1, MAP_SHARED, fd);
    Word* const there = map_words(1, MAP_SHARED, fd);
    Signal coming;
    const int waiter = start_child([&] {
        coming.send();
        expect("FUTEX_WAIT at one address", futex_wait(here, 0), 0);
    });
    coming.wait();
    let_it_block(waiter);
    expect("private FUTEX_WAKE at the other address", futex_wake(there, 1, FUTEX_PRIVATE_FLAG), 0);
    expect("FUTEX_WAKE at the other address", counted(there, [&] { return futex_wake(there, 1); }), 1);
    expect_child(waiter, 0);
}

void one_address_in_two_processes() {
    Word* const word = map_words(1, MAP_PRIVATE | MAP_ANONYMOUS);
    word->store(0);
    Signal coming;
    const int waiter = start_child([&] {
        word[1].store(1); // the child has its own copy from here on
        coming.send();
        expect("FUTEX_WAIT for 100 ms", futex_wait_for(word, 0, 100), -ETIMEDOUT);
    });
    coming.wait();
    let_it_block(waiter);
    expect("FUTEX_WAKE in the other process", counted(word, [&] { return futex_wake(word, 1); }), 0);
    expect_child(waiter, 0);
}

} // namespace faultline
