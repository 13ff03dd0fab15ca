// The hash table of futex waiters.
#include <algorithm>
#include <bit>
#include <new>

#include "kernel/futex/pi.hpp"
#include "kernel/futex/queue.hpp"
#include "kernel/sched/policy.hpp"
#include "kernel/sched/sched.hpp"
#include "mm/kmalloc.hpp"
#include "mm/page_alloc.hpp"

namespace faultline {

namespace {

constexpr u32 BUCKETS_PER_CPU = 1024;
constexpr u32 MEMORY_SHARE = 1024; // the table takes at most 1/1024 of memory
constexpr u32 FEWEST = 2;          // FutexTable::shift is less than 32

u32 nr_buckets_for(u32 cpus) {
    const u32 most = std::bit_floor(nr_total_pages() * (PAGE_SIZE / MEMORY_SHARE) / u32{sizeof(FutexHashBucket)});
    return std::clamp(std::bit_ceil(BUCKETS_PER_CPU * cpus), FEWEST, std::max(most, FEWEST));
}

void count_waiters(FutexHashBucket& bucket, s32 more) REQUIRES(bucket.lock) {
    schedule_point("count a waiter");
    bucket.nr_waiters = bucket.nr_waiters + static_cast<u32>(more);
}

// Inserts q behind the waiters that are at least as urgent; usually that is the end. (Linux: plist_add.)
inline void insert_by_prio(FutexHashBucket& bucket, FutexQ& q) REQUIRES(bucket.lock) {
    auto& waiters = bucket.waiters;
    if (waiters.empty() || waiters.back().prio <= q.prio)
        return waiters.push_back(q);
    auto place = waiters.begin();
    while (place->prio <= q.prio)
        ++place;
    waiters.insert(place, q);
}

} // namespace

constinit FutexTable futex_table = {nullptr, 0};

void futex_init(u32 cpus) {
    const u32 count = nr_buckets_for(cpus);
    FutexHashBucket* buckets =
        static_cast<FutexHashBucket*>(kmalloc(std::max(count * u32{sizeof(FutexHashBucket)}, PAGE_SIZE)));
    if (buckets == nullptr)
        panic("futex_init: no memory for %u buckets", count);
    for (u32 i = 0; i < count; ++i)
        new (&buckets[i]) FutexHashBucket;
    futex_table = {buckets, static_cast<u32>(std::countl_zero(count)) + 1};
    init_futex_exit();
}

u32 futex_nr_buckets() { return u32{1} << (32 - futex_table.shift); }
FutexHashBucket& futex_bucket(u32 number) { return futex_table.buckets[number]; }

void futex_queue(FutexQ& q, FutexHashBucket& bucket) {
    q.task = current();
    q.prio = std::min(q.task->normal_prio, MAX_RT_PRIO); // its own: a lent priority does not count here
    insert_by_prio(bucket, q);
    count_waiters(bucket, 1);
    q.bucket.store(&bucket, std::memory_order_relaxed);
}

void futex_unqueue_locked(FutexQ& q, FutexHashBucket& bucket) {
    bucket.waiters.erase(bucket.waiters.iterator_to(q));
    count_waiters(bucket, -1);
    q.bucket.store(nullptr, std::memory_order_release);
}

bool futex_unqueue(FutexQ& q) {
    while (FutexHashBucket* bucket = q.bucket.load(std::memory_order_acquire)) {
        Guard lock(bucket->lock);
        if (q.bucket.load(std::memory_order_relaxed) != bucket)
            continue; // requeued or woken before this task had the lock
        futex_unqueue_locked(q, *bucket);
        return true;
    }
    return false;
}

// Clears `bucket` last. Until then a waiter that wakes up for another reason finds it set, and waits for the lock held
// here. Afterwards the waiter may return, and its stack and the task may be gone.
void futex_wake_mark(FutexQ& q, FutexHashBucket& bucket) {
    bucket.waiters.erase(bucket.waiters.iterator_to(q));
    count_waiters(bucket, -1);
    wake_up_process(*q.task);
    q.bucket.store(nullptr, std::memory_order_release);
}

void requeue_futex(FutexQ& q, FutexHashBucket& from, FutexHashBucket& to, const FutexKey& key) {
    q.key = key;
    if (&from == &to)
        return;
    from.waiters.erase(from.waiters.iterator_to(q));
    count_waiters(from, -1);
    insert_by_prio(to, q);
    count_waiters(to, 1);
    q.bucket.store(&to, std::memory_order_release);
}

FutexQ* futex_top_waiter(FutexHashBucket& bucket, const FutexKey& key) {
    for (FutexQ& q : bucket.waiters)
        if (q.key == key)
            return &q;
    return nullptr;
}

CountResult wake_matching(FutexHashBucket& bucket, const FutexKey& key, s32 nr_wake, u32 bitset) {
    s32 woken = 0;
    for (auto it = bucket.waiters.begin(); it != bucket.waiters.end();) {
        FutexQ& q = *it++;
        if (q.key != key)
            continue;
        if (q.pi_state != nullptr || q.requeue_pi_key != nullptr)
            return Err(Errno::INVAL);
        if ((q.bitset & bitset) == 0)
            continue;
        futex_wake_mark(q, bucket);
        if (++woken >= nr_wake)
            break;
    }
    return static_cast<u32>(woken);
}

} // namespace faultline
