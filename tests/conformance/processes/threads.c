// pthreads(7): creation, joining, cancelling, keys, once, barriers, rwlocks, spin locks, signals to threads.
#include "tests/conformance/checks/check.h"

#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <time.h>

static volatile int number;
static pthread_key_t key;
static volatile int destroyed, cleaned, once_count;
static pthread_barrier_t barrier;
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static pthread_spinlock_t spinlock;
static long written, spun; /* each guarded by a lock of its own */

static void* returns(void* value) { return value; }
static void* exits(void* value) { pthread_exit(value); }
static void* sleeps(void* unused) {
    for (;;)
        sleep(100);
    return unused;
}
static void cleanup(void* value) { cleaned += (int)(intptr_t)value; }
static void* cleans(void* unused) {
    pthread_cleanup_push(cleanup, (void*)1);
    pthread_cleanup_push(cleanup, (void*)10);
    for (;;)
        pause();
    pthread_cleanup_pop(0);
    pthread_cleanup_pop(0);
    return unused;
}
static void* refuses(void* unused) {
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
    number = 1;
    usleep(50000);
    number = 2;
    pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, NULL);
    pthread_testcancel();
    number = 3;
    return unused;
}
static void* spins(void* unused) {
    pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
    number = 1;
    for (;;) {
    }
    return unused;
}
static void destroy(void* value) { destroyed += (int)(intptr_t)value; }
static void* sets_key(void* value) {
    pthread_setspecific(key, value);
    return pthread_getspecific(key);
}
static void once(void) { ++once_count; }
static pthread_once_t once_control = PTHREAD_ONCE_INIT;
static void* does_once(void* unused) {
    pthread_once(&once_control, once);
    return unused;
}
static void* meets(void* serials) {
    for (int i = 0; i < 50; ++i)
        if (pthread_barrier_wait(&barrier) == PTHREAD_BARRIER_SERIAL_THREAD)
            __atomic_add_fetch((int*)serials, 1, __ATOMIC_SEQ_CST);
    return NULL;
}
static void* adds_locked(void* unused) {
    for (int i = 0; i < 2000; ++i) {
        pthread_rwlock_wrlock(&rwlock);
        ++written;
        pthread_rwlock_unlock(&rwlock);
        pthread_spin_lock(&spinlock);
        ++spun;
        pthread_spin_unlock(&spinlock);
    }
    return unused;
}
static pthread_t start(void* (*function)(void*), void* argument) {
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, function, argument) == 0);
    return thread;
}
static void* result_of(pthread_t thread) {
    void* value = NULL;
    CHECK(pthread_join(thread, &value) == 0);
    return value;
}

static void creation(void) {
    CHECK(result_of(start(returns, (void*)5)) == (void*)5);
    CHECK(result_of(start(exits, (void*)6)) == (void*)6);
    pthread_t many[64];
    for (int i = 0; i < 64; ++i)
        many[i] = start(returns, (void*)(intptr_t)i);
    for (int i = 0; i < 64; ++i)
        CHECK(result_of(many[i]) == (void*)(intptr_t)i);
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, 1 << 18);
    pthread_t thread;
    CHECK(pthread_create(&thread, &attributes, returns, NULL) == 0);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_JOINABLE);
    pthread_attr_setinheritsched(&attributes, PTHREAD_EXPLICIT_SCHED);
    pthread_attr_setschedpolicy(&attributes, SCHED_FIFO);
    const struct sched_param parameter = {7};
    pthread_attr_setschedparam(&attributes, &parameter);
    CHECK(pthread_create(&thread, &attributes, returns, (void*)3) == 0 && result_of(thread) == (void*)3);
    CHECK(pthread_join(pthread_self(), NULL) == EDEADLK);
    for (int i = 0; i < 500; ++i)
        result_of(start(returns, NULL));
}

static void cancellation(void) {
    CHECK(pthread_cancel(start(sleeps, NULL)) == 0);
    pthread_t thread = start(cleans, NULL);
    usleep(20000);
    pthread_cancel(thread);
    CHECK(result_of(thread) == PTHREAD_CANCELED && cleaned == 11);
    thread = start(refuses, NULL);
    while (number != 1)
        usleep(1000);
    pthread_cancel(thread);
    CHECK(result_of(thread) == PTHREAD_CANCELED && number == 2);
    number = 0;
    thread = start(spins, NULL);
    while (number != 1)
        usleep(1000);
    pthread_cancel(thread);
    CHECK(result_of(thread) == PTHREAD_CANCELED);
}

static void private_data(void) {
    CHECK(pthread_key_create(&key, destroy) == 0);
    CHECK(result_of(start(sets_key, (void*)100)) == (void*)100 && destroyed == 100 && pthread_getspecific(key) == NULL);
    pthread_key_delete(key);
    pthread_t threads[8];
    for (int i = 0; i < 8; ++i)
        threads[i] = start(does_once, NULL);
    for (int i = 0; i < 8; ++i)
        result_of(threads[i]);
    CHECK(once_count == 1);
}

static void meeting(void) {
    int serials = 0;
    pthread_barrier_init(&barrier, NULL, 4);
    pthread_t threads[4];
    for (int i = 0; i < 4; ++i)
        threads[i] = start(meets, &serials);
    for (int i = 0; i < 4; ++i)
        result_of(threads[i]);
    CHECK(serials == 50 && pthread_barrier_destroy(&barrier) == 0);
}

static void locks(void) {
    pthread_spin_init(&spinlock, 0);
    pthread_t threads[4];
    for (int i = 0; i < 4; ++i)
        threads[i] = start(adds_locked, NULL);
    for (int i = 0; i < 4; ++i)
        result_of(threads[i]);
    CHECK(written == 8000 && spun == 8000);
    pthread_rwlock_rdlock(&rwlock);
    CHECK(pthread_rwlock_tryrdlock(&rwlock) == 0 && pthread_rwlock_trywrlock(&rwlock) == EBUSY);
    struct timespec soon;
    clock_gettime(CLOCK_REALTIME, &soon);
    soon.tv_nsec += 20000000;
    if (soon.tv_nsec >= 1000000000)
        soon.tv_nsec -= 1000000000, ++soon.tv_sec;
    CHECK(pthread_rwlock_timedwrlock(&rwlock, &soon) == ETIMEDOUT);
    pthread_rwlock_unlock(&rwlock);
    pthread_rwlock_unlock(&rwlock);
    CHECK(pthread_rwlock_wrlock(&rwlock) == 0 && pthread_rwlock_wrlock(&rwlock) == EDEADLK);
    CHECK(pthread_rwlock_tryrdlock(&rwlock) == EBUSY);
    pthread_rwlock_unlock(&rwlock);
    CHECK(pthread_spin_trylock(&spinlock) == 0 && pthread_spin_trylock(&spinlock) == EBUSY);
}

static volatile pthread_t handled_by;
static void handler(int signal) {
    (void)signal;
    handled_by = pthread_self();
}

static void signals(void) {
    signal(SIGUSR1, handler);
    const pthread_t thread = start(sleeps, NULL);
    usleep(10000);
    CHECK(pthread_kill(thread, SIGUSR1) == 0);
    for (int i = 0; i < 100 && handled_by == 0; ++i)
        usleep(1000);
    CHECK(pthread_equal(handled_by, thread));
    CHECK(pthread_kill(thread, 0) == 0 && pthread_kill(thread, 65) == EINVAL);
    pthread_cancel(thread);
    result_of(thread);
    int policy;
    struct sched_param parameter = {0};
    CHECK(pthread_getschedparam(pthread_self(), &policy, &parameter) == 0 && policy == SCHED_OTHER);
    parameter.sched_priority = 5;
    CHECK(pthread_setschedparam(pthread_self(), SCHED_RR, &parameter) == 0);
    CHECK(pthread_getschedparam(pthread_self(), &policy, &parameter) == 0 && policy == SCHED_RR &&
          parameter.sched_priority == 5);
    parameter.sched_priority = 0;
    CHECK(pthread_setschedparam(pthread_self(), SCHED_FIFO, &parameter) == EINVAL);
    CHECK(pthread_setschedparam(pthread_self(), SCHED_OTHER, &parameter) == 0);
}

static volatile int prepared, in_parent, in_child;
static void prepare(void) { ++prepared; }
static void parent(void) { ++in_parent; }
static void child(void) { ++in_child; }
static void forks(void) {
    pthread_atfork(prepare, parent, child);
    CHILD_OK(CHECK(prepared == 1 && in_parent == 0 && in_child == 1); result_of(start(returns, NULL)));
    CHECK(prepared == 1 && in_parent == 1 && in_child == 0);
}

int main(void) {
    creation();
    cancellation();
    private_data();
    meeting();
    locks();
    signals();
    forks();
    return failures != 0;
}
