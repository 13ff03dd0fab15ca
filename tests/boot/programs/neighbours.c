// neighbours: whatever other processes do, a sleeper wakes up and gets through a short system call within LIMIT_MS for each
// processor, and SIGKILL ends them within that. Each neighbour makes one long call over and over, without privilege; there
// are two of each for each processor. Run it under --icount, where time is counted in instructions: of all processors,
// which take turns of up to 10 ms. So a task is charged for time in which its processor stood still, and then waits until
// the others of that processor have had as much.
//
//   neighbours        all of them
//   neighbours NAME   one
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { LIMIT_MS = 50, ROUNDS = 8, VECTORS = 1024, SIZE = 8 << 20 };
#define SPARSE_BYTES 0x1000000000ll

static char* memory; // SIZE bytes, all present
static struct iovec whole[VECTORS], far_end[VECTORS];

static int64_t now_us(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000ll + t.tv_nsec / 1000;
}

static char* map(size_t bytes, int flags) {
    char* at = mmap(0, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);
    if (at == MAP_FAILED) {
        perror("neighbours: mmap");
        _exit(1);
    }
    return at;
}

static int sparse_file(void) {
    const int fd = open("/tmp/sparse", O_CREAT | O_RDWR, 0666);
    if (fd < 0 || ftruncate64(fd, SPARSE_BYTES) != 0) {
        perror("neighbours: /tmp/sparse");
        _exit(1);
    }
    return fd;
}

static void read_device(const char* path) {
    const int fd = open(path, O_RDONLY);
    for (;;)
        if (readv(fd, whole, VECTORS) <= 0)
            _exit(1);
}
static void urandom(void) { read_device("/dev/urandom"); }
static void zero(void) { read_device("/dev/zero"); }

static void random_bytes(void) {
    for (;;)
        if (getrandom(memory, SIZE, 0) <= 0)
            _exit(1);
}

static void sparse(void) {
    const int fd = sparse_file();
    for (;;)
        if (preadv64(fd, whole, VECTORS, 0) <= 0)
            _exit(1);
}

static void send(void) {
    const int from = sparse_file(), to = open("/dev/null", O_WRONLY);
    for (;;) {
        off64_t offset = 0;
        if (sendfile64(to, from, &offset, 0x7ffff000) <= 0)
            _exit(1);
    }
}

static void write_and_truncate(void) {
    char name[32];
    snprintf(name, sizeof name, "/tmp/big%d", (int)getpid());
    const int fd = open(name, O_CREAT | O_RDWR, 0600);
    for (;;)
        if (pwrite(fd, memory, SIZE, 0) != SIZE || ftruncate(fd, 0) != 0)
            _exit(1);
}

static void other_memory(void) {
    for (;;)
        if (process_vm_readv(getpid(), whole, VECTORS, far_end, VECTORS, 0) <= 0)
            _exit(1);
}

static void in_core(void) {
    const size_t bytes = 1500u << 20;
    char* place = map(bytes, MAP_NORESERVE);
    for (;;)
        if (mincore(place, bytes, (unsigned char*)memory) != 0)
            _exit(1);
}

static void protect(void) {
    for (;;)
        for (int prot = PROT_READ; prot <= (PROT_READ | PROT_WRITE); prot += PROT_WRITE)
            if (mprotect(memory, SIZE, prot) != 0)
                _exit(1);
}

static void populate(void) {
    for (;;) {
        char* place = map(SIZE, MAP_POPULATE);
        if (munmap(place, SIZE) != 0)
            _exit(1);
    }
}

static void move(void) {
    char* at = memory;
    for (;;) {
        char* to = map(SIZE, 0);
        if (mremap(at, SIZE, SIZE, MREMAP_MAYMOVE | MREMAP_FIXED, to) == MAP_FAILED)
            _exit(1);
        at = to;
    }
}

static void forks(void) {
    for (;;) {
        const pid_t child = fork();
        if (child < 0)
            _exit(1);
        if (child == 0)
            _exit(0);
        waitpid(child, 0, 0);
    }
}

static void many_areas(void) { // more than one way to have them: every second page has other rights
    const size_t bytes = 16 << 20;
    for (;;) {
        char* place = map(bytes, 0);
        for (size_t at = 0; at < bytes; at += 8192)
            if (mprotect(place + at, 4096, PROT_READ) != 0)
                _exit(1);
        if (munmap(place, bytes) != 0)
            _exit(1);
    }
}

static void paths(void) {
    char path[4096] = "";
    for (int i = 0; i < 1300; ++i)
        strcat(path, "./");
    for (int i = 0; i < 200; ++i)
        strcat(path, "tmp/../");
    for (struct stat s;;)
        if (stat(path, &s) != 0)
            _exit(1);
}

static void computes(void) {
    for (;;) {
    }
}

static void* takes_signals(void* none) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGURG);
    sigprocmask(SIG_UNBLOCK, &set, 0);
    for (;;)
        pause();
    return none;
}

// A timer of a nanosecond, whose signal a thread takes and ignores by default. It is sent all the same, because the first
// thread blocks it, and it is sent again before the thread that took it has looked for the next one.
static void ignored(void) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGURG);
    sigprocmask(SIG_BLOCK, &set, 0);
    pthread_t thread;
    if (pthread_create(&thread, 0, takes_signals, 0) != 0)
        _exit(1);
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGURG};
    const struct itimerspec often = {{0, 1}, {0, 1}};
    timer_t timer;
    if (timer_create(CLOCK_MONOTONIC, &event, &timer) != 0 || timer_settime(timer, 0, &often, 0) != 0)
        _exit(1);
    for (;;)
        pause();
}

static const struct neighbour {
    const char* name;
    void (*run)(void);
} NEIGHBOURS[] = {
    {"urandom", urandom},   {"zero", zero},       {"getrandom", random_bytes},
    {"sparse", sparse},     {"sendfile", send},   {"write", write_and_truncate},
    {"vm", other_memory},   {"mincore", in_core}, {"mprotect", protect},
    {"populate", populate}, {"mremap", move},     {"fork", forks},
    {"areas", many_areas},  {"paths", paths},     {"ignored", ignored},
    {"computes", computes},
};

static pid_t start(const struct neighbour* of) {
    const pid_t child = fork();
    if (child != 0)
        return child;
    if (setgid(1000) != 0 || setuid(1000) != 0 || chdir("/") != 0)
        _exit(1);
    memory = map(SIZE, MAP_POPULATE);
    for (int i = 0; i < VECTORS; ++i) {
        whole[i] = (struct iovec){memory, SIZE};
        far_end[i] = (struct iovec){memory, SIZE};
    }
    of->run();
    _exit(1);
}

// Returns by how much the latest was late, in us.
static int64_t sleep_beside(void) {
    int64_t latest = 0;
    for (int i = 0; i < ROUNDS; ++i) {
        const struct timespec ms = {0, 1000000};
        const int64_t begin = now_us();
        nanosleep(&ms, 0);
        if (access("/", R_OK) != 0) // needs the kernel lock
            return -1;
        const int64_t late = now_us() - begin - 1000;
        latest = late > latest ? late : latest;
    }
    return latest;
}

static int beside(const struct neighbour* of, int processors) {
    const int count = 2 * processors, limit_us = LIMIT_MS * 1000 * processors;
    pid_t children[16];
    for (int i = 0; i < count; ++i)
        children[i] = start(of);
    const struct timespec begin = {0, 30000000}; // they make their memory present
    nanosleep(&begin, 0);
    const int64_t late = sleep_beside(), killing = now_us();
    int bad = late < 0 || late > limit_us;
    for (int i = 0; i < count; ++i)
        kill(children[i], SIGKILL);
    for (int i = 0; i < count; ++i) {
        int status = 0;
        waitpid(children[i], &status, 0);
        if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL) {
            printf("neighbours: %s ended by itself, status 0x%x\n", of->name, status);
            bad = 1;
        }
    }
    const int64_t dying = now_us() - killing;
    bad |= dying > limit_us;
    printf("neighbours: beside %s: %d us late, killed in %d us%s\n", of->name, (int)late, (int)dying,
           bad ? " (too long)" : "");
    fflush(stdout);
    return bad;
}

int main(int argc, char** argv) {
    mkdir("/tmp", 0777);
    chmod("/tmp", 01777);
    const int processors = (int)sysconf(_SC_NPROCESSORS_ONLN);
    int bad = 0;
    for (size_t i = 0; i < sizeof NEIGHBOURS / sizeof *NEIGHBOURS; ++i)
        if (argc < 2 || strcmp(argv[1], NEIGHBOURS[i].name) == 0)
            bad |= beside(&NEIGHBOURS[i], processors);
    return bad;
}
