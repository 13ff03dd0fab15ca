// Threads that wait in every way that `fl ps`, `fl futexes` and `fl locks` tell of, and pages in every state that `fl pte` and
// `fl why` tell of. Stops where the debugger looks. Built static, and in ARM state.
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { PAGE = 4096, PAGES = 6, PAGEOUT = 21 };

// What the debugger must find. It reads this.
struct facts {
    uint32_t plain, shared, lock1, lock2;      // addresses of words
    uint32_t plain_tid, bits_tid, shared_tid;  // who waits for them
    uint32_t owner_tid, middle_tid, outer_tid; // PI: outer -> lock2, of middle -> lock1, of owner, who sleeps
    uint32_t caught_tid;                       // its last access made a signal
    uint32_t swapped, old, untouched;          // addresses of pages
};
static struct facts facts;
static uint32_t plain = 7, lock1, lock2;
static uint32_t* shared;

// The debugger's breakpoints.
__attribute__((noinline)) void stop_here(const struct facts* all) { asm volatile("" ::"r"(all) : "memory"); }

static long futex(uint32_t* word, int operation, uint32_t value, uint32_t bits) {
    return syscall(SYS_futex, word, operation, value, NULL, NULL, bits);
}
static void begin(const char* name, uint32_t* tid) {
    prctl(PR_SET_NAME, name);
    *tid = (uint32_t)syscall(SYS_gettid);
}

static void* plain_thread(void* unused) {
    begin("plain", &facts.plain_tid);
    futex(&plain, FUTEX_WAIT_PRIVATE, 7, 0);
    return unused;
}
static void* bits_thread(void* unused) {
    begin("bits", &facts.bits_tid);
    futex(&plain, FUTEX_WAIT_BITSET_PRIVATE, 7, 0x10);
    return unused;
}
static void* shared_thread(void* unused) {
    begin("shared", &facts.shared_tid);
    futex(shared, FUTEX_WAIT, 0, 0);
    return unused;
}
static void* owner_thread(void* unused) {
    begin("owner", &facts.owner_tid);
    futex(&lock1, FUTEX_LOCK_PI_PRIVATE, 0, 0);
    pause();
    return unused;
}
static void* middle_thread(void* unused) {
    begin("middle", &facts.middle_tid);
    const struct sched_param fifo = {.sched_priority = 10};
    syscall(SYS_sched_setscheduler, 0, SCHED_FIFO, &fifo);
    futex(&lock2, FUTEX_LOCK_PI_PRIVATE, 0, 0);
    futex(&lock1, FUTEX_LOCK_PI_PRIVATE, 0, 0);
    return unused;
}
static void* outer_thread(void* unused) {
    begin("outer", &facts.outer_tid);
    futex(&lock2, FUTEX_LOCK_PI_PRIVATE, 0, 0);
    return unused;
}

static void sleep_on(int signal) {
    (void)signal;
    pause();
}
static void* caught_thread(void* unused) {
    begin("caught", &facts.caught_tid);
    signal(SIGSEGV, sleep_on);
    *(volatile char*)24 = 1;
    return unused;
}

static void must(int good, const char* what) {
    if (!good) {
        perror(what);
        exit(1);
    }
}

static char* pages(void) {
    char* start = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    must(start != MAP_FAILED, "mmap");
    return start;
}

int main(void) {
    shared = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    *shared = 0;
    facts.plain = (uint32_t)&plain, facts.shared = (uint32_t)shared;
    facts.lock1 = (uint32_t)&lock1, facts.lock2 = (uint32_t)&lock2;
    void* (*const threads[])(void*) = {plain_thread,  bits_thread,  shared_thread, owner_thread,
                                       middle_thread, outer_thread, caught_thread};
    for (unsigned i = 0; i < sizeof threads / sizeof *threads; ++i) {
        pthread_t one;
        must(pthread_create(&one, NULL, threads[i], NULL) == 0, "pthread_create");
        usleep(20000);
    }

    signal(SIGSEGV, SIG_DFL);
    char *swapped = pages(), *old = pages();
    volatile char* untouched = pages();
    for (int i = 0; i < PAGES; ++i)
        swapped[i * PAGE] = old[i * PAGE] = (char)i;
    mknod("/dev/vda", S_IFBLK | 0600, 254 << 8);
    must(swapon("/dev/vda", 0) == 0, "swapon");
    must(madvise(swapped, PAGES * PAGE, PAGEOUT) == 0, "madvise");
    const int clear_refs = open("/proc/self/clear_refs", O_WRONLY);
    must(write(clear_refs, "1", 1) == 1, "clear_refs");
    facts.swapped = (uint32_t)swapped, facts.old = (uint32_t)old, facts.untouched = (uint32_t)untouched;
    stop_here(&facts);

    old[0] = 1;                              // a fault: the entry is old
    untouched[PAGE] = 1;                     // there is none
    umask(022);                              // a call under the kernel lock
    futex(&plain, FUTEX_WAKE_PRIVATE, 1, 0); // under the lock of a bucket
    *(volatile char*)16 = 1;                 // nothing is mapped
    return 0;
}
