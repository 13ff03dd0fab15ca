// memory: what happens when there is not enough (docs/memory.md). Process 1 of a small machine, with privilege.
//
//   memory NAME       one of the cases at the end of this file
#include "proc.h"

#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>

// ---- files of /proc ----

static long meminfo(const char* name) { return figure("/proc/meminfo", name); } // in KiB
static long committed(void) { return meminfo("\nCommitted_AS:"); }

static long number_of(pid_t pid, const char* file) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, file);
    return atol(contents(path));
}
static void adjust(pid_t pid, const char* value) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/oom_score_adj", (int)pid);
    put(path, value);
}

static int64_t now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000ll + now.tv_nsec / 1000000;
}

// ---- processes ----

static char* map(size_t bytes, int flags) {
    char* at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, flags | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED)
        fail("mmap of %u: errno %d", (unsigned)bytes, errno);
    return at;
}
static void touch(volatile char* from, size_t bytes) {
    for (size_t at = 0; at < bytes; at += PAGE)
        from[at] = 1;
}

// A page that all processes share, for counters.
static volatile uint32_t* shared;

static void become_user(void) { CHECK(setgid(1000) == 0 && setuid(1000) == 0); }

static pid_t start(void (*body)(void)) {
    const pid_t pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        body();
        _exit(0);
    }
    return pid;
}
// How a child ended: its exit status, or 128 + signal.
static int end_of(pid_t pid) {
    int status;
    CHECK(waitpid(pid, &status, 0) == pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

// Takes memory until it is killed.
static void hog(void) {
    become_user();
    for (;;)
        touch(map(MIB, MAP_PRIVATE | MAP_NORESERVE), MIB);
}

// Some of its own memory, then short calls, for ever. Counts them.
enum { NEIGHBOURS = 4, OWN_BYTES = 256 << 10 };
static int my_place;
static void neighbour(void) {
    become_user();
    char* own = map(OWN_BYTES, MAP_PRIVATE);
    for (;;) {
        touch(own, OWN_BYTES);
        CHECK(own[0] == 1 && own[OWN_BYTES - PAGE] == 1);
        CHECK(madvise(own, OWN_BYTES, MADV_DONTNEED) == 0); // and get it again
        ++shared[my_place];
        usleep(1000);
    }
}

static pid_t neighbours[NEIGHBOURS];
static void start_neighbours(void) {
    for (my_place = 0; my_place < NEIGHBOURS; ++my_place)
        neighbours[my_place] = start(neighbour);
}
// All of them are there, and go on.
static void stop_neighbours(void) {
    uint32_t before[NEIGHBOURS];
    for (int i = 0; i < NEIGHBOURS; ++i)
        before[i] = shared[i];
    for (int i = 0; i < NEIGHBOURS; ++i)
        while (shared[i] == before[i]) { // a machine that hangs is ended by its time-out
            CHECK(waitpid(neighbours[i], NULL, WNOHANG) == 0);
            usleep(1000);
        }
    for (int i = 0; i < NEIGHBOURS; ++i) {
        CHECK(kill(neighbours[i], SIGKILL) == 0);
        CHECK(end_of(neighbours[i]) == 128 + SIGKILL);
    }
}

// ---- the OOM killer ----

// The hog dies, the others live. So does process 1 when it needs memory itself.
static void case_hog(void) {
    start_neighbours();
    for (uint32_t round = 1; round <= 3; ++round) {
        const long before = kills();
        CHECK(end_of(start(hog)) == 128 + SIGKILL);
        CHECK(kills() == before + 1);
        char* own = map(4 * MIB, MAP_PRIVATE);
        touch(own, 4 * MIB);
        CHECK(munmap(own, 4 * MIB) == 0);
    }
    stop_neighbours();
}

// Two hogs for each processor at once: all die, in their turn.
static void case_hogs(void) {
    start_neighbours();
    pid_t hogs[16];
    const int count = 2 * (int)sysconf(_SC_NPROCESSORS_ONLN);
    for (int i = 0; i < count; ++i)
        hogs[i] = start(hog);
    for (int i = 0; i < count; ++i)
        CHECK(end_of(hogs[i]) == 128 + SIGKILL);
    CHECK(kills() == count);
    stop_neighbours();
}

static void* hog_thread(void* unused) {
    for (;;)
        touch(map(64 << 10, MAP_PRIVATE | MAP_NORESERVE), 64 << 10);
    return unused;
}
static int share_memory(void* unused) {
    for (;;)
        pause();
    return unused != NULL;
}
// Four threads take memory, and a process that is no thread of theirs shares it: all are killed.
static void hog_of_threads(void) {
    static char stack[64 << 10];
    shared[8] = (uint32_t)clone(share_memory, stack + sizeof stack, CLONE_VM | SIGCHLD, NULL);
    pthread_t threads[3];
    for (int i = 0; i < 3; ++i)
        CHECK(pthread_create(&threads[i], NULL, hog_thread, NULL) == 0);
    hog_thread(NULL);
}
static void case_threads(void) {
    start_neighbours();
    CHECK(end_of(start(hog_of_threads)) == 128 + SIGKILL);
    CHECK(end_of((pid_t)shared[8]) == 128 + SIGKILL); // process 1 has adopted it
    CHECK(kills() == 1);
    stop_neighbours();
}

// Large, but quiet.
static void large(void) {
    touch(map(8 * MIB, MAP_PRIVATE), 8 * MIB);
    shared[9] = 1;
    for (;;)
        pause();
}
static pid_t start_large(void) {
    shared[9] = 0;
    const pid_t pid = start(large);
    while (shared[9] == 0)
        usleep(1000);
    return pid;
}
static void middling(void) {
    touch(map(6 * MIB, MAP_PRIVATE | MAP_NORESERVE), 6 * MIB);
    shared[10] = 1;
    for (;;)
        pause();
}

// oom_score_adj decides: -1000 protects, +1000 attracts.
static void case_adjusted(void) {
    const pid_t big = start_large();
    CHECK(number_of(big, "oom_score") > 667); // 8 MiB above nothing, which is 666
    adjust(big, "-1000");
    CHECK(number_of(big, "oom_score") == 0 && number_of(big, "oom_adj") == -17);
    CHECK(end_of(start(hog)) == 128 + SIGKILL); // the hog, long before it is larger than `big`
    CHECK(waitpid(big, NULL, WNOHANG) == 0);

    const pid_t small = start(middling);
    while (shared[10] == 0)
        usleep(1000);
    adjust(small, "1000");
    CHECK(number_of(small, "oom_score") > 1333 && number_of(small, "oom_adj") == 15);
    adjust(big, "0");
    char* own = map(24 * MIB, MAP_PRIVATE | MAP_NORESERVE); // process 1 itself takes what there is
    size_t taken = 0;
    int status;
    pid_t ended;
    while ((ended = waitpid(small, &status, WNOHANG)) == 0)
        touch(own + (taken += 16 * PAGE), 16 * PAGE);
    CHECK(ended == small && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    CHECK(waitpid(big, NULL, WNOHANG) == 0);
    CHECK(munmap(own, 24 * MIB) == 0);
    CHECK(kill(big, SIGKILL) == 0 && end_of(big) == 128 + SIGKILL);
}

// What a user may set, and what a file says.
static void user_adjusts(void) {
    become_user();
    CHECK(prctl(PR_SET_DUMPABLE, 1) == 0); // else its files belong to root
    CHECK(try_put("/proc/self/oom_score_adj", "-1") == EACCES);
    CHECK(try_put("/proc/self/oom_score_adj", "300") == 0);
    CHECK(try_put("/proc/self/oom_score_adj", "100") == 0); // not below what root set
    CHECK(try_put("/proc/self/oom_adj", "1") == EACCES);    // 58 of 1000, below the present 100
    CHECK(try_put("/proc/self/oom_adj", "2") == 0 && number_of(getpid(), "oom_score_adj") == 117);
    CHECK(try_put("/proc/self/oom_adj", "16") == EINVAL && try_put("/proc/self/oom_adj", "-18") == EINVAL);
    CHECK(try_put("/proc/self/oom_score_adj", "1001") == EINVAL);
    CHECK(open("/proc/self/oom_score", O_WRONLY) < 0 && errno == EACCES);
}
static void case_files(void) {
    CHECK(number_of(1, "oom_score") == 0); // never killed
    CHECK(end_of(start(user_adjusts)) == 0);
    CHECK(try_put("/proc/sys/vm/panic_on_oom", "3") == EINVAL);
    CHECK(strcmp(contents("/proc/sys/vm/oom_dump_tasks"), "1\n") == 0);
    CHECK(strcmp(contents("/proc/sys/vm/oom_kill_allocating_task"), "0\n") == 0);
    CHECK(try_put("/proc/sys/vm/overcommit_memory", "3") == EINVAL);
    put("/proc/sys/vm/overcommit_kbytes", "8192");
    CHECK(strcmp(contents("/proc/sys/vm/overcommit_ratio"), "0\n") == 0 && meminfo("\nCommitLimit:") == 8192);
    put("/proc/sys/vm/overcommit_ratio", "25");
    CHECK(strcmp(contents("/proc/sys/vm/overcommit_kbytes"), "0\n") == 0);
    CHECK(meminfo("\nCommitLimit:") == meminfo("MemTotal:") / 4 / 4 * 4);
}

// oom_kill_allocating_task: not the largest dies, but who asks.
static void case_allocating(void) {
    put("/proc/sys/vm/oom_kill_allocating_task", "1");
    const pid_t big = start_large();
    CHECK(end_of(start(hog)) == 128 + SIGKILL);
    CHECK(waitpid(big, NULL, WNOHANG) == 0);
    CHECK(kill(big, SIGKILL) == 0 && end_of(big) == 128 + SIGKILL);
}

// System calls that need pages for a program wait, too: the hog's, and then the caller's own.
static char* source; // 64 KiB
static void write_memfd(void) {
    become_user();
    const int fd = memfd_create("hog", 0);
    for (;;)
        CHECK(write(fd, source, 64 << 10) == 64 << 10);
}
static void copy_to_untouched(void) {
    const int fd = open("/dev/zero", O_RDONLY);
    char* own = map(32 * MIB, MAP_PRIVATE | MAP_NORESERVE);
    for (size_t at = 0;; at += 64 << 10)
        CHECK(read(fd, own + at, 64 << 10) == 64 << 10);
}
static void populate(void) {
    for (;;)
        CHECK(mmap(NULL, MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_POPULATE, -1,
                   0) != MAP_FAILED);
}
static void write_shared(void) {
    char* own = map(24 * MIB, MAP_SHARED);
    touch(own, 24 * MIB);
    for (;;)
        touch(map(MIB, MAP_PRIVATE | MAP_NORESERVE), MIB);
}
static void case_calls(void) {
    start_neighbours();
    source = map(64 << 10, MAP_PRIVATE);
    memset(source, 7, 64 << 10);
    void (*const takes[])(void) = {write_memfd, copy_to_untouched, populate, write_shared};
    for (size_t i = 0; i < sizeof takes / sizeof takes[0]; ++i) {
        // The neighbours have more memory of their own than who writes a memfd has, so what has to die is said.
        const pid_t pid = fork();
        CHECK(pid >= 0);
        if (pid == 0) {
            adjust(getpid(), "500");
            takes[i]();
        }
        CHECK(end_of(pid) == 128 + SIGKILL);
        CHECK(kills() == (long)i + 1);
    }
    stop_neighbours();
}

// The victim waits for a lock that who waits for the victim's memory holds: one writes a file, the other wants to. The pages are
// taken from it without its doing anything.
static void wants_the_lock(void) {
    touch(map(8 * MIB, MAP_PRIVATE), 8 * MIB);
    const int fd = open("/t/file", O_WRONLY);
    const struct sched_param urgent = {.sched_priority = 1}; // it must wait for the lock before memory is short
    CHECK(sched_setscheduler(0, SCHED_FIFO, &urgent) == 0);
    shared[11] = 1;
    struct stat file;
    do { // until the other's write has begun
        usleep(100);
        CHECK(fstat(fd, &file) == 0);
    } while (file.st_size == 0);
    shared[12] = 1;
    char byte = 1;
    (void)!pwrite(fd, &byte, 1, 0);
    shared[12] = 2;
    for (;;)
        pause();
}
static void case_stuck(void) {
    mkdir("/t", 0777);
    // The other has a large part of memory; this file may have what is left, and half of what the other has.
    CHECK(mount("t", "/t", "tmpfs", 0, "size=0") == 0);
    const int fd = open("/t/file", O_CREAT | O_RDWR, 0600);
    static struct iovec parts[1024];
    source = map(64 << 10, MAP_PRIVATE);
    touch(source, 64 << 10);
    for (int i = 0; i < 1024; ++i)
        parts[i] = (struct iovec){source, 64 << 10};
    const pid_t other = start(wants_the_lock);
    while (shared[11] == 0)
        usleep(1000);
    const long left = free_kib();
    const int count = (int)((left + 4096) / 64);
    CHECK(count <= 1024);
    const int64_t begun = now_ms();
    const ssize_t written = writev(fd, parts, count); // in one call
    CHECK(written == (ssize_t)count << 16);
    CHECK(shared[12] == 1 && now_ms() - begun >= 2000); // it was waiting for the lock, and has been waited for
    CHECK(end_of(other) == 128 + SIGKILL);
    CHECK(kills() == 1);
}

// ---- promises ----

static void must_not_change(const char* what, long before) {
    if (committed() != before)
        fail("%s: %ld kB are promised, before %ld", what, committed(), before);
}

__attribute__((noinline)) static void deepen(void) {
    volatile char deep[512 << 10];
    deep[0] = 1;
    CHECK(deep[0] == 1);
}

// Each call that makes, changes or ends memory keeps the count.
static void case_committed(void) {
    long before = committed();
    char* a = map(MIB, MAP_PRIVATE);
    must_not_change("mmap", before + 1024);
    CHECK(mprotect(a + PAGE, 4 * PAGE, PROT_READ) == 0); // keeps what it was promised
    must_not_change("mprotect to read", before + 1024);
    CHECK(munmap(a + 2 * PAGE, PAGE) == 0);
    must_not_change("munmap inside", before + 1020);
    char* b = mremap(a + 64 * PAGE, 16 * PAGE, 32 * PAGE, MREMAP_MAYMOVE);
    CHECK(b != MAP_FAILED);
    must_not_change("mremap to twice", before + 1020 + 64);
    CHECK(mremap(b, 32 * PAGE, 8 * PAGE, 0) == b);
    must_not_change("mremap to a quarter", before + 1020 - 32);
    CHECK(mmap(b, 8 * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == b);
    must_not_change("mmap over it, to read", before + 1020 - 64);
    CHECK(mprotect(b, 4 * PAGE, PROT_READ | PROT_WRITE) == 0);
    must_not_change("mprotect to write", before + 1020 - 48);
    CHECK(munmap(b, 8 * PAGE) == 0 && munmap(a, MIB) == 0);
    must_not_change("munmap of all", before);

    a = map(MIB, MAP_PRIVATE | MAP_NORESERVE);
    must_not_change("MAP_NORESERVE", before);
    CHECK(munmap(a, MIB) == 0);
    a = map(MIB, MAP_SHARED);
    must_not_change("shared", before + 1024);
    if (fork() == 0)
        _exit(0);
    wait(NULL);
    must_not_change("shared, after a child", before + 1024);
    CHECK(munmap(a, MIB / 2) == 0);
    must_not_change("half of shared", before + 1024); // the file is still as large
    CHECK(munmap(a + MIB / 2, MIB / 2) == 0);
    must_not_change("shared, unmapped", before);

    const int memfd = memfd_create("promise", 0);
    CHECK(ftruncate(memfd, MIB) == 0);
    must_not_change("a memfd of holes", before);
    CHECK(pwrite(memfd, "x", 1, 10 * PAGE) == 1);
    must_not_change("a memfd with a page", before + 4);
    CHECK(ftruncate(memfd, PAGE) == 0);
    must_not_change("a truncated memfd", before);
    CHECK(pwrite(memfd, "x", 1, 0) == 1 && close(memfd) == 0);
    must_not_change("a closed memfd", before);

    const int id = shmget(IPC_PRIVATE, MIB, 0600);
    CHECK(id >= 0);
    must_not_change("shmget", before + 1024);
    CHECK(shmctl(id, IPC_RMID, NULL) == 0);
    must_not_change("IPC_RMID", before);

    char* heap = sbrk(64 * PAGE);
    CHECK(heap != (void*)-1);
    must_not_change("brk", before + 256);
    CHECK(brk(heap) == 0);
    must_not_change("brk back", before);

    deepen();
    CHECK(committed() >= before + 300);
    before = committed(); // a stack does not shrink

    const pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        for (;;)
            pause();
    }
    const long with_child = committed();
    CHECK(with_child >= before + 512);
    CHECK(kill(child, SIGKILL) == 0 && end_of(child) == 128 + SIGKILL);
    must_not_change("fork and exit", before);
}

// Mode 2: what is promised stays below the limit; what is refused leaves nothing behind.
static void case_strict(void) {
    const long before = committed(), free_before = free_kib();
    put("/proc/sys/vm/overcommit_memory", "2");
    put("/proc/sys/vm/overcommit_ratio", "50");
    const long limit = meminfo("\nCommitLimit:");
    CHECK(limit > 8192);
    for (int round = 0; round < 2; ++round) { // with more than half, then with nearly all
        const size_t part = (size_t)(limit - committed()) * 1024 / 8 * (round == 0 ? 5 : 7) & -(size_t)PAGE;
        char* own = map(part, MAP_PRIVATE);
        touch(own, 64 * PAGE);
        CHECK(mmap(NULL, part, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED &&
              errno == ENOMEM);
        CHECK(mmap(NULL, part, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0) ==
              MAP_FAILED);
        CHECK(mmap(NULL, part, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0) == MAP_FAILED &&
              errno == ENOMEM);
        CHECK(mremap(own, part, 2 * part, MREMAP_MAYMOVE) == MAP_FAILED && errno == ENOMEM);
        CHECK(sbrk((intptr_t)part) == (void*)-1 && errno == ENOMEM);
        CHECK(shmget(IPC_PRIVATE, part, 0600) < 0 && errno == ENOMEM);
        char* none = mmap(NULL, part, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0); // costs nothing
        CHECK(none != MAP_FAILED);
        CHECK(mprotect(none, part, PROT_READ | PROT_WRITE) < 0 && errno == ENOMEM);
        CHECK(munmap(none, part) == 0);
        for (int i = 0; i < 20; ++i)
            CHECK(fork() < 0 && errno == ENOMEM);
        CHECK(own[0] == 1 && own[63 * PAGE] == 1);
        CHECK(munmap(own, part) == 0);
        must_not_change("refused calls", before);
    }
    const pid_t child = fork(); // small again
    CHECK(child >= 0);
    if (child == 0)
        _exit(0);
    CHECK(end_of(child) == 0);
    CHECK(free_kib() == free_before);

    // Not even the stack of a new program can be promised: execve fails, and the caller lives on.
    put("/proc/sys/vm/overcommit_ratio", "0");
    const pid_t caller = vfork();
    if (caller == 0) {
        execl("/proc/self/exe", "memory", NULL);
        _exit(errno);
    }
    CHECK(end_of(caller) == ENOMEM);
    put("/proc/sys/vm/overcommit_ratio", "50");
    CHECK(free_kib() == free_before);

    put("/proc/sys/vm/overcommit_memory", "1");
    char* beyond = map(256 * MIB, MAP_PRIVATE);
    CHECK(munmap(beyond, 256 * MIB) == 0);
    put("/proc/sys/vm/overcommit_memory", "0");
    CHECK(mmap(NULL, 256 * MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED &&
          errno == ENOMEM);
    must_not_change("all modes", before);
}

// Many processes make and change memory at once: nothing is counted twice or lost.
static void churn(void) {
    unsigned random = (unsigned)getpid();
    for (int i = 0; i < 300; ++i) {
        random = random * 1103515245 + 12345;
        const size_t bytes = (1 + (random >> 16) % 64) * PAGE;
        char* at = map(bytes, (random & 1) != 0 ? MAP_PRIVATE : MAP_SHARED);
        touch(at, bytes);
        CHECK(mprotect(at + bytes / 2 / PAGE * PAGE, PAGE, PROT_READ) == 0);
        if ((random & 6) == 0) {
            const pid_t child = fork();
            if (child == 0)
                _exit(0);
            CHECK(child >= 0 && end_of(child) == 0);
        }
        if ((random & 8) != 0)
            CHECK(munmap(at, bytes) == 0);
        else if ((random & 16) != 0)
            CHECK(munmap(at, PAGE) == 0 && (bytes == PAGE || munmap(at + PAGE, bytes - PAGE) == 0));
        else if (i < 280) // the last ones stay until the end of the process
            CHECK(munmap(at, bytes) == 0);
    }
}
static void case_churn(void) {
    const long before = committed(), free_before = free_kib();
    pid_t children[8];
    for (int i = 0; i < 8; ++i)
        children[i] = start(churn);
    for (int i = 0; i < 8; ++i)
        CHECK(end_of(children[i]) == 0);
    must_not_change("eight processes", before);
    CHECK(free_kib() == free_before);
}

// ---- tmpfs ----

static struct statfs sizes(void) {
    struct statfs result;
    CHECK(statfs("/t", &result) == 0);
    return result;
}
static sigjmp_buf after_sigbus;
static void on_sigbus(int signal) {
    (void)signal;
    siglongjmp(after_sigbus, 1);
}

static void case_tmpfs(void) {
    mkdir("/t", 0777);
    CHECK(mount("t", "/t", "tmpfs", 0, "size=1m,nr_inodes=10,mode=750,uid=5,gid=6") == 0);
    struct stat root;
    CHECK(stat("/t", &root) == 0 && (root.st_mode & 07777) == 0750 && root.st_uid == 5 && root.st_gid == 6);
    struct statfs now = sizes();
    CHECK(now.f_type == 0x01021994 && now.f_bsize == PAGE && now.f_blocks == 256 && now.f_bfree == 256 &&
          now.f_bavail == 256);
    CHECK(now.f_files == 10 && now.f_ffree == 9);
    CHECK(strstr(contents("/proc/mounts"), "t /t tmpfs rw,size=1024k,nr_inodes=10,mode=750,uid=5,gid=6 0 0\n") != NULL);

    source = map(64 << 10, MAP_PRIVATE);
    memset(source, 7, 64 << 10);
    const int fd = open("/t/full", O_CREAT | O_RDWR, 0600);
    long written = 0;
    ssize_t done;
    CHECK(pwrite(fd, "x", 1, 5 * PAGE + 7) == 1); // a hole in front
    while ((done = pwrite(fd, source, 60000, 20 * PAGE + written)) > 0)
        written += done;
    CHECK(done < 0 && errno == ENOSPC && written == 255 * PAGE); // the last write was cut short, to the page
    now = sizes();
    CHECK(now.f_bfree == 0 && now.f_ffree == 8);
    CHECK(ftruncate(fd, 400 * PAGE) == 0);    // holes cost nothing
    CHECK(pwrite(fd, "y", 1, 5 * PAGE) == 1); // a page that is there can be written
    CHECK(pwrite(fd, "y", 1, 390 * PAGE) < 0 && errno == ENOSPC);

    // A hole reads as zeros. A fault for it is SIGBUS, for reading as well: Linux makes a page then, too.
    char byte = 1;
    CHECK(pread(fd, &byte, 1, 390 * PAGE) == 1 && byte == 0);
    volatile char* mapped = mmap(NULL, 400 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    CHECK(mapped != MAP_FAILED && mapped[5 * PAGE] == 'y');
    signal(SIGBUS, on_sigbus);
    for (volatile int write = 0; write < 2; ++write) {
        if (sigsetjmp(after_sigbus, 1) == 0) {
            if (write)
                mapped[391 * PAGE] = 1;
            else
                (void)mapped[391 * PAGE];
            fail("a page in a full file system");
        }
    }
    CHECK(pwrite(fd, (char*)(uintptr_t)mapped + 391 * PAGE, 1, 20 * PAGE) < 0 && errno == EFAULT);
    CHECK(madvise((char*)(uintptr_t)mapped + 5 * PAGE, PAGE, MADV_REMOVE) == 0); // one comes free
    CHECK(sizes().f_bfree == 1);
    mapped[391 * PAGE] = 1;
    CHECK(sizes().f_bfree == 0);
    CHECK(munmap((char*)(uintptr_t)mapped, 400 * PAGE) == 0);

    // Inodes, and further names of one.
    char name[32];
    for (int i = 0; i < 6; ++i) {
        snprintf(name, sizeof name, "/t/%d", i);
        CHECK(mknod(name, S_IFREG | 0600, 0) == 0);
    }
    CHECK(sizes().f_ffree == 2);
    CHECK(link("/t/0", "/t/second") == 0 && mkdir("/t/d", 0700) == 0 && sizes().f_ffree == 0);
    CHECK(mkdir("/t/e", 0700) < 0 && errno == ENOSPC);
    CHECK(mkdir("/t/d", 0700) < 0 && errno == EEXIST);
    CHECK(open("/t/new", O_CREAT | O_RDWR, 0600) < 0 && errno == ENOSPC);
    CHECK(symlink("x", "/t/s") < 0 && errno == ENOSPC);
    CHECK(link("/t/0", "/t/third") < 0 && errno == ENOSPC);
    CHECK(open("/t", O_TMPFILE | O_RDWR, 0600) < 0 && errno == ENOSPC);
    CHECK(rename("/t/1", "/t/d/1") == 0 && rename("/t/d/1", "/t/0") == 0); // full or not; one goes
    CHECK(sizes().f_ffree == 1);
    CHECK(unlink("/t/second") == 0 && sizes().f_ffree == 2);
    const int tmpfile = open("/t", O_TMPFILE | O_RDWR, 0600);
    CHECK(tmpfile >= 0 && sizes().f_ffree == 1);
    snprintf(name, sizeof name, "/proc/self/fd/%d", tmpfile);
    CHECK(linkat(AT_FDCWD, name, AT_FDCWD, "/t/tmpfile", AT_SYMLINK_FOLLOW) == 0 && sizes().f_ffree == 1);
    CHECK(close(tmpfile) == 0 && unlink("/t/tmpfile") == 0 && sizes().f_ffree == 2);

    // Other limits.
    CHECK(mount(NULL, "/t", NULL, MS_REMOUNT, "size=512k") < 0 && errno == EINVAL); // it holds more
    CHECK(mount(NULL, "/t", NULL, MS_REMOUNT, "nr_blocks=2k,nr_inodes=20") == 0);
    CHECK(sizes().f_blocks == 2048 && sizes().f_files == 20 && sizes().f_ffree == 12);
    CHECK(ftruncate(fd, 0) == 0 && sizes().f_bfree == 2048);
    CHECK(close(fd) == 0 && unlink("/t/full") == 0);

    // Without and with wrong options.
    const char* const wrong[] = {"size",          "size=",  "size=x",      "size=1z",
                                 "nr_inodes=1k%", "mode=9", "huge=always", "blocks=5"};
    for (unsigned i = 0; i < sizeof wrong / sizeof wrong[0]; ++i)
        CHECK(mount("t", "/t", "tmpfs", 0, wrong[i]) < 0 && errno == EINVAL);
    CHECK(umount("/t") == 0 && mount("t", "/t", "tmpfs", 0, NULL) == 0);
    CHECK((long)sizes().f_blocks == meminfo("MemTotal:") / 4 / 2 && sizes().f_files == sizes().f_blocks);
    CHECK(umount("/t") == 0 && mount("t", "/t", "tmpfs", 0, "size=25%,nr_inodes=0") == 0);
    CHECK((long)sizes().f_blocks == meminfo("MemTotal:") / 4 / 4 && sizes().f_files == 0);
    CHECK(umount("/t") == 0);
    // A memfd has no limit of that kind.
    const int memfd = memfd_create("x", 0);
    struct statfs none;
    CHECK(fstatfs(memfd, &none) == 0 && none.f_type == 0x01021994 && none.f_blocks == 0 && none.f_files == 0);
    for (int i = 0; i < 17 * 16; ++i)
        CHECK(write(memfd, source, 64 << 10) == 64 << 10); // more than half of memory
    CHECK(close(memfd) == 0 && meminfo("\nShmem:") < 8192);
}

static void fill(void) {
    become_user();
    const int fd = open("/t/fill", O_CREAT | O_WRONLY, 0600);
    while (write(fd, source, 64 << 10) > 0) {
    }
    CHECK(errno == ENOSPC);
}
// A user fills a tmpfs without size, and nobody dies of it.
static void case_filled(void) {
    mkdir("/t", 0777);
    CHECK(mount("t", "/t", "tmpfs", 0, NULL) == 0);
    source = map(64 << 10, MAP_PRIVATE);
    start_neighbours();
    CHECK(end_of(start(fill)) == 0);
    touch(map(2 * MIB, MAP_PRIVATE), 2 * MIB);
    stop_neighbours();
    CHECK(kills() == 0);
}

// ---- the end ----

// There is nobody to kill: the machine stops.
static void case_alone(void) { hog(); }

static void case_panic(void) {
    put("/proc/sys/vm/panic_on_oom", "1");
    start(hog);
    wait(NULL);
}

static const struct {
    const char* name;
    void (*run)(void);
} cases[] = {
    {"hog", case_hog},           {"hogs", case_hogs},   {"threads", case_threads},
    {"adjusted", case_adjusted}, {"files", case_files}, {"allocating", case_allocating},
    {"calls", case_calls},       {"stuck", case_stuck}, {"committed", case_committed},
    {"strict", case_strict},     {"churn", case_churn}, {"tmpfs", case_tmpfs},
    {"filled", case_filled},     {"alone", case_alone}, {"panic", case_panic},
};

int main(int argc, char** argv) {
    shared = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK(shared != MAP_FAILED);
    for (unsigned i = 0; argc == 2 && i < sizeof cases / sizeof cases[0]; ++i)
        if (strcmp(argv[1], cases[i].name) == 0) {
            cases[i].run();
            printf("memory: %s: passed\n", argv[1]);
            return 0;
        }
    fail("no such case");
}
