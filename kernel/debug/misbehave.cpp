#include "kernel/debug/misbehave.hpp"

#include "base/spinlock.hpp"
#include "base/types.hpp"
#include "kernel/sched/sched.hpp"

namespace faultline {

namespace {

constinit SpinLock one("one lock"), other("the other lock");

void nest(SpinLock& outer, SpinLock& inner) {
    const Guard first(outer);
    const Guard second(inner);
}

} // namespace

bool misbehave(char how) {
    if (how == 'c') {
        u32* nothing = nullptr;
        asm volatile("" : "+r"(nothing)); // the compiler must not know
        *nothing = 1;
    } else if (lockdep::WATCHES && how == 'o') {
        nest(one, other);
        nest(other, one); // nobody waits for anybody now, but two who do this at the same time would
    } else if (lockdep::WATCHES && how == 's') {
        const Guard held(one);
        schedule();
    } else {
        return false;
    }
    return true;
}

} // namespace faultline
