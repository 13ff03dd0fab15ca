// A bucket's waiters are counted with the lock of another bucket held.
// clang error: reading variable 'waiters' requires holding spin lock 'to.lock'
#include "kernel/futex/queue.hpp"

namespace faultline {

std::size_t count_waiters(FutexHashBucket& from, FutexHashBucket& to) {
#ifdef CORRECT
    const BothLocked locks(from.lock, to.lock);
#else
    const Guard lock(from.lock);
#endif
    return from.waiters.size() + to.waiters.size();
}

} // namespace faultline
