// pthread_mutex, pthread_cond, semaphores: every kind, between threads and processes, with time limits on either clock.
#include "tests/conformance/checks/check.h"

#include <pthread.h>
#include <semaphore.h>
#include <time.h>

static pthread_mutex_t mutex;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static int ready;
static long counter;

static struct timespec in(clockid_t clock, long ms) {
    struct timespec time;
    clock_gettime(clock, &time);
    time.tv_nsec += ms * 1000000;
    time.tv_sec += time.tv_nsec / 1000000000;
    time.tv_nsec %= 1000000000;
    return time;
}
static void make(pthread_mutex_t* at, int type, int protocol, int robust, int shared) {
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    CHECK(pthread_mutexattr_settype(&attributes, type) == 0);
    CHECK(pthread_mutexattr_setprotocol(&attributes, protocol) == 0);
    CHECK(pthread_mutexattr_setrobust(&attributes, robust) == 0);
    CHECK(pthread_mutexattr_setpshared(&attributes, shared) == 0);
    CHECK(pthread_mutex_init(at, &attributes) == 0);
}
static void* adds(void* lock) {
    for (int i = 0; i < 1000; ++i) {
        pthread_mutex_lock(lock);
        ++counter;
        if (i % 100 == 0)
            sched_yield();
        pthread_mutex_unlock(lock);
    }
    return NULL;
}
static void* tries(void* lock) { return (void*)(intptr_t)pthread_mutex_trylock(lock); }
static void* times_out(void* lock) {
    const struct timespec soon = in(CLOCK_REALTIME, 20);
    return (void*)(intptr_t)pthread_mutex_timedlock(lock, &soon);
}
static void* dies_with(void* lock) { return (void*)(intptr_t)pthread_mutex_lock(lock); }
static intptr_t in_thread(void* (*function)(void*), void* argument) {
    pthread_t thread;
    void* value;
    pthread_create(&thread, NULL, function, argument);
    pthread_join(thread, &value);
    return (intptr_t)value;
}

static void all_kinds(void) {
    const int types[] = {PTHREAD_MUTEX_NORMAL, PTHREAD_MUTEX_RECURSIVE, PTHREAD_MUTEX_ERRORCHECK};
    for (int type = 0; type < 3; ++type)
        for (int protocol = PTHREAD_PRIO_NONE; protocol <= PTHREAD_PRIO_INHERIT; ++protocol)
            for (int robust = 0; robust < 2; ++robust)
                for (int shared = 0; shared < 2; ++shared) {
                    make(&mutex, types[type], protocol, robust, shared);
                    pthread_t threads[3];
                    counter = 0;
                    for (int i = 0; i < 3; ++i)
                        pthread_create(&threads[i], NULL, adds, &mutex);
                    for (int i = 0; i < 3; ++i)
                        pthread_join(threads[i], NULL);
                    CHECK(counter == 3000);
                    CHECK(pthread_mutex_lock(&mutex) == 0);
                    CHECK(in_thread(tries, &mutex) == EBUSY);
                    CHECK(in_thread(times_out, &mutex) == ETIMEDOUT);
                    if (types[type] == PTHREAD_MUTEX_RECURSIVE)
                        CHECK(pthread_mutex_lock(&mutex) == 0 && pthread_mutex_unlock(&mutex) == 0);
                    if (types[type] == PTHREAD_MUTEX_ERRORCHECK)
                        CHECK(pthread_mutex_lock(&mutex) == EDEADLK);
                    CHECK(pthread_mutex_unlock(&mutex) == 0);
                    if (types[type] != PTHREAD_MUTEX_NORMAL)
                        CHECK(pthread_mutex_unlock(&mutex) == EPERM);
                    if (robust) {
                        CHECK(in_thread(dies_with, &mutex) == 0);
                        CHECK(pthread_mutex_lock(&mutex) == EOWNERDEAD);
                        CHECK(pthread_mutex_consistent(&mutex) == 0 && pthread_mutex_unlock(&mutex) == 0);
                        CHECK(in_thread(dies_with, &mutex) == 0);
                        CHECK(pthread_mutex_lock(&mutex) == EOWNERDEAD && pthread_mutex_unlock(&mutex) == 0);
                        CHECK(pthread_mutex_lock(&mutex) == ENOTRECOVERABLE);
                    }
                    pthread_mutex_destroy(&mutex);
                }
}

static void between_processes(void) {
    for (int protocol = PTHREAD_PRIO_NONE; protocol <= PTHREAD_PRIO_INHERIT; ++protocol) {
        struct {
            pthread_mutex_t lock;
            long count;
        }* shared = mmap(0, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        make(&shared->lock, PTHREAD_MUTEX_NORMAL, protocol, PTHREAD_MUTEX_ROBUST, PTHREAD_PROCESS_SHARED);
        for (int i = 0; i < 3; ++i)
            if (fork() == 0) {
                for (int round = 0; round < 1000; ++round) {
                    pthread_mutex_lock(&shared->lock);
                    const long seen = shared->count;
                    if (round % 50 == 0)
                        sched_yield();
                    shared->count = seen + 1;
                    pthread_mutex_unlock(&shared->lock);
                }
                _exit(0);
            }
        while (wait(NULL) > 0) {
        }
        CHECK(shared->count == 3000);
        DIES(pthread_mutex_lock(&shared->lock); raise(SIGKILL), SIGKILL);
        CHECK(pthread_mutex_lock(&shared->lock) == EOWNERDEAD);
        munmap(shared, PAGE);
    }
}

static void* waits_for(void* unused) {
    pthread_mutex_lock(&mutex);
    while (!ready)
        pthread_cond_wait(&cond, &mutex);
    --ready;
    pthread_mutex_unlock(&mutex);
    return unused;
}

static void conditions(void) {
    make(&mutex, PTHREAD_MUTEX_ERRORCHECK, PTHREAD_PRIO_NONE, 0, 0);
    const clockid_t clocks[] = {CLOCK_REALTIME, CLOCK_MONOTONIC};
    for (int i = 0; i < 2; ++i) {
        pthread_condattr_t attributes;
        pthread_cond_t timed;
        pthread_condattr_init(&attributes);
        pthread_condattr_setclock(&attributes, clocks[i]);
        pthread_cond_init(&timed, &attributes);
        pthread_mutex_lock(&mutex);
        struct timespec soon = in(clocks[i], 30);
        CHECK(pthread_cond_timedwait(&timed, &mutex, &soon) == ETIMEDOUT);
        const struct timespec now = in(clocks[i], 0);
        CHECK(now.tv_sec > soon.tv_sec || (now.tv_sec == soon.tv_sec && now.tv_nsec >= soon.tv_nsec));
        CHECK(pthread_cond_timedwait(&timed, &mutex, &soon) == ETIMEDOUT);
        soon.tv_nsec = -1;
        CHECK(pthread_cond_timedwait(&timed, &mutex, &soon) == EINVAL);
        CHECK(pthread_mutex_unlock(&mutex) == 0); // the mutex is held in every case
        pthread_cond_destroy(&timed);
    }
    pthread_t threads[5];
    for (int i = 0; i < 5; ++i)
        pthread_create(&threads[i], NULL, waits_for, NULL);
    usleep(20000);
    pthread_mutex_lock(&mutex);
    ready = 1;
    pthread_mutex_unlock(&mutex);
    pthread_cond_signal(&cond);
    usleep(20000);
    pthread_mutex_lock(&mutex);
    CHECK(ready == 0);
    ready = 4;
    pthread_cond_broadcast(&cond);
    pthread_mutex_unlock(&mutex);
    for (int i = 0; i < 5; ++i)
        pthread_join(threads[i], NULL);
    CHECK(ready == 0 && pthread_cond_destroy(&cond) == 0);
}

static void* posts(void* semaphore) {
    usleep(20000);
    sem_post(semaphore);
    return NULL;
}
static void on_alarm(int signal) { (void)signal; }

static void semaphores(void) {
    sem_t semaphore;
    int value;
    FAILS(sem_init(&semaphore, 0, 0x80000000u), EINVAL);
    sem_init(&semaphore, 0, 2);
    CHECK(sem_wait(&semaphore) == 0 && sem_trywait(&semaphore) == 0);
    FAILS(sem_trywait(&semaphore), EAGAIN);
    struct timespec soon = in(CLOCK_REALTIME, 20);
    FAILS(sem_timedwait(&semaphore, &soon), ETIMEDOUT);
    soon.tv_nsec = 1000000000;
    FAILS(sem_timedwait(&semaphore, &soon), EINVAL);
    pthread_t thread;
    pthread_create(&thread, NULL, posts, &semaphore);
    CHECK(sem_wait(&semaphore) == 0);
    pthread_join(thread, NULL);
    const struct sigaction action = {.sa_handler = on_alarm};
    sigaction(SIGALRM, &action, NULL);
    alarm(1);
    FAILS(sem_wait(&semaphore), EINTR);
    sem_post(&semaphore);
    CHECK(sem_getvalue(&semaphore, &value) == 0 && value == 1);
    sem_destroy(&semaphore);

    sem_unlink("/check");
    CHECK(sem_open("/check", 0) == SEM_FAILED && errno == ENOENT);
    sem_t* named = sem_open("/check", O_CREAT | O_EXCL, 0600, 0);
    CHECK(named != SEM_FAILED);
    CHECK(sem_open("/check", O_CREAT | O_EXCL, 0600, 0) == SEM_FAILED && errno == EEXIST);
    const pid_t child = fork();
    if (child == 0) {
        sem_t* same = sem_open("/check", 0);
        usleep(20000);
        _exit(sem_post(same));
    }
    CHECK(sem_wait(named) == 0);
    waitpid(child, NULL, 0);
    WORKS(sem_close(named));
    WORKS(sem_unlink("/check"));
    FAILS(sem_unlink("/check"), ENOENT);
}

int main(void) {
    all_kinds();
    between_processes();
    conditions();
    semaphores();
    return failures != 0;
}
