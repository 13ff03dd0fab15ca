// A waiter is woken when the bucket's lock has been given up already: it may have returned, and its stack be used again.
// clang error: calling function 'futex_wake_mark' requires holding spin lock 'bucket.lock'
#include "kernel/futex/queue.hpp"

namespace faultline {

void wake_first(FutexHashBucket& bucket, const FutexKey& key) {
    FutexQ* q = nullptr;
    {
        const Guard lock(bucket.lock);
        q = futex_top_waiter(bucket, key);
#ifdef CORRECT
        futex_wake_mark(*q, bucket);
    }
#else
    }
    futex_wake_mark(*q, bucket);
#endif
}

} // namespace faultline
