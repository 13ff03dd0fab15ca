/* Poisons pages of its own, as tests/boot/poison.sh asks. A check that fails is told on standard error, and makes the status 1. */
#define _GNU_SOURCE
#include <linux/futex.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include "disk.h"

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22
#endif

static sigjmp_buf back;
static siginfo_t seen;

static void on_signal(int signal, siginfo_t* info, void* context) {
    (void)signal, (void)context;
    seen = *info;
    siglongjmp(back, 1);
}

/* What touching the byte leads to: the code of SIGBUS, or 0. */
static int touch(volatile char* at, int write) {
    if (sigsetjmp(back, 1) != 0) {
        CHECK(seen.si_signo == SIGBUS && seen.si_addr == (void*)at);
        return seen.si_code;
    }
    if (write)
        *at = 1;
    else
        (void)*at;
    return 0;
}
static int is_lost(volatile char* at) {
    for (int write = 0; write < 2; ++write)
        if (touch(at, write) != BUS_MCEERR_AR || seen.si_addr_lsb != 12)
            return 0;
    return 1;
}

static char* map(size_t pages, int flags, int fd) {
    char* at = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, flags, fd, 0);
    if (at == MAP_FAILED) {
        perror("mmap");
        exit(2);
    }
    return at;
}
static char* map_anon(size_t pages) {
    char* at = map(pages, MAP_PRIVATE | MAP_ANONYMOUS, -1);
    memset(at, 7, pages * PAGE);
    return at;
}
static int poison(void* at) { return madvise(at, PAGE, MADV_HWPOISON); }

static long corrupted(void) { return figure("/proc/meminfo", "HardwareCorrupted"); }

static uint64_t frame(const void* page) { return pagemap(page) & ((UINT64_C(1) << 55) - 1); }

/* The status with which a child that does this ends. */
#define CHILD(...)                                                                                                     \
    ({                                                                                                                 \
        int status_ = 0;                                                                                               \
        pid_t pid_ = fork();                                                                                           \
        if (pid_ == 0) {                                                                                               \
            failures = 0;                                                                                              \
            __VA_ARGS__;                                                                                               \
            _exit(failures != 0);                                                                                      \
        }                                                                                                              \
        CHECK(waitpid(pid_, &status_, 0) == pid_);                                                                     \
        status_;                                                                                                       \
    })

static void anonymous(void) {
    char* at = map_anon(3);
    const long before = corrupted(), free_before = figure("/proc/meminfo", "MemFree");
    const uint64_t lost = frame(at + PAGE);
    CHECK(poison(at + PAGE) == 0);
    CHECK(is_lost(at + PAGE + 100) && touch(at, 0) == 0 && touch(at + 2 * PAGE, 1) == 0);
    CHECK(corrupted() == before + 4 && figure("/proc/meminfo", "MemFree") <= free_before);
    CHECK(pagemap(at + PAGE) >> 62 == 1 &&
          (pagemap(at + PAGE) >> 5 & 0xfffff) == lost); /* as Linux shows such an entry */
    CHECK(figure("/proc/self/status", "VmSwap") == 0);
    FAILS(poison(at + PAGE), EFAULT);
    FAILS(madvise(at, 3 * PAGE, MADV_POPULATE_READ), EHWPOISON);

    CHECK(CHILD(CHECK(is_lost(at + PAGE))) == 0); /* fork copies the entry */

    char* moved = mremap(at + PAGE, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, map_anon(1));
    CHECK(moved != MAP_FAILED && is_lost(moved));
    CHECK(munmap(moved, PAGE) == 0);
    char* again = mmap(moved, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    CHECK(again == moved && *again == 0 && touch(again, 1) == 0);

    /* The frame comes back to nobody. */
    enum { MANY = 2000 };
    char* many = map_anon(MANY);
    for (int i = 0; i < MANY; ++i)
        CHECK(frame(many + i * PAGE) != lost);
    CHECK(munmap(many, MANY * PAGE) == 0);

    /* Given up, the page is zeros. */
    CHECK(poison(at) == 0 && is_lost(at) && madvise(at, PAGE, MADV_DONTNEED) == 0 && *at == 0);
}

static void errors(void) {
    char* at = map(2, MAP_PRIVATE | MAP_ANONYMOUS, -1);
    CHECK(madvise(at, 0, MADV_HWPOISON) == 0);
    FAILS(madvise(at + 1, PAGE, MADV_HWPOISON), EINVAL);
    CHECK(*at == 0);
    FAILS(poison(at), EBUSY); /* the page of zeros */
    CHECK(munmap(at + PAGE, PAGE) == 0);
    FAILS(poison(at + PAGE), EFAULT);
    FAILS(madvise(at, PAGE, 101 /* MADV_SOFT_OFFLINE */), EINVAL);
    *at = 1;
    CHECK(CHILD(CHECK(setuid(1) == 0); FAILS(poison(at), EPERM); CHECK(madvise(at, 0, MADV_HWPOISON) == 0)) == 0);
    CHECK(*at == 1);
}

static void shared_by_fork(void) {
    char* at = map_anon(2);
    int ready[2], done[2];
    char byte = 0;
    CHECK(pipe(ready) == 0 && pipe(done) == 0);
    pid_t pid = fork();
    if (pid == 0) {
        failures = 0;
        CHECK(touch(at + PAGE, 1) == 0); /* a copy of its own */
        CHECK(write(ready[1], "", 1) == 1 && read(done[0], &byte, 1) == 1);
        CHECK(is_lost(at) && touch(at + PAGE, 0) == 0);
        _exit(failures != 0);
    }
    int status = -1;
    CHECK(read(ready[0], &byte, 1) == 1 && madvise(at, 2 * PAGE, MADV_HWPOISON) == 0);
    CHECK(is_lost(at) && is_lost(at + PAGE));
    CHECK(write(done[1], "", 1) == 1 && waitpid(pid, &status, 0) == pid && status == 0);
}

static void file(int fd) {
    char buffer[PAGE];
    memset(buffer, 7, sizeof buffer);
    for (int i = 0; i < 3; ++i)
        CHECK(write(fd, buffer, PAGE) == PAGE);
    char* at = map(3, MAP_SHARED, fd);
    CHECK(touch(at + PAGE, 0) == 0 && poison(at + PAGE) == 0 && is_lost(at + PAGE));
    char* other = map(3, MAP_SHARED, fd);
    CHECK(is_lost(other + PAGE) && touch(other, 1) == 0);
    char* private = map(3, MAP_PRIVATE, fd);
    CHECK(is_lost(private + PAGE));

    FAILS(pread(fd, buffer, 1, PAGE), EIO);
    FAILS(pwrite(fd, buffer, 1, PAGE), EIO);
    FAILS(pwrite(fd, buffer, PAGE, PAGE), EIO);
    CHECK(pread(fd, buffer, PAGE, 0) == PAGE && pread(fd, buffer, PAGE, 2 * PAGE) == PAGE);
    CHECK(pread(fd, buffer, 2, PAGE - 1) == 1); /* as far as it comes */
    struct stat stat;
    CHECK(fstat(fd, &stat) == 0 && stat.st_size == 3 * PAGE && stat.st_blocks == 3 * PAGE / 512);

    /* What is cut off and written again is a new page. */
    CHECK(madvise(at + PAGE, PAGE, MADV_REMOVE) == 0);
    CHECK(touch(at + PAGE, 0) == 0 && at[PAGE] == 0 && pread(fd, buffer, 1, PAGE) == 1 && buffer[0] == 0);
    CHECK(munmap(at, 3 * PAGE) == 0 && munmap(other, 3 * PAGE) == 0 && munmap(private, 3 * PAGE) == 0);
    at = map(3, MAP_SHARED, fd);
    CHECK(poison(at + 2 * PAGE) == 0 && ftruncate(fd, PAGE) == 0 && touch(at + 2 * PAGE, 0) == BUS_ADRERR);
    CHECK(ftruncate(fd, 3 * PAGE) == 0 && touch(at + 2 * PAGE, 0) == 0 && at[2 * PAGE] == 0);
    CHECK(poison(at) == 0 && munmap(at, 3 * PAGE) == 0 && close(fd) == 0); /* the file goes with its lost page */
}

/* A futex word on a lost page: `error` is what the repair of the boot makes of it. */
static void futex(int error) {
    enum { ADD_ONE = FUTEX_OP_ADD << 28 | FUTEX_OP_CMP_EQ << 24 | 1 << 12 };
    static int other;
    for (int shared = 0; shared < 2; ++shared) {
        int* word = (int*)map(1, (shared ? MAP_SHARED : MAP_PRIVATE) | MAP_ANONYMOUS, -1);
        *word = 0;
        CHECK(poison(word) == 0);
        FAILS(syscall(SYS_futex, &other, FUTEX_WAKE_OP | FUTEX_PRIVATE_FLAG, 1, 0, word, ADD_ONE), error);
        FAILS(syscall(SYS_futex, word, FUTEX_LOCK_PI | FUTEX_PRIVATE_FLAG, 0, 0, 0, 0), error);
        FAILS(syscall(SYS_futex, word, FUTEX_WAIT | FUTEX_PRIVATE_FLAG, 0, 0, 0, 0), EFAULT);
        FAILS(syscall(SYS_futex, word, FUTEX_WAIT, 0, 0, 0, 0), EFAULT);
        CHECK(is_lost((char*)word));
    }
}

static void kernel_accesses(void) {
    char* at = map_anon(1);
    char byte = 1;
    int zero = open("/dev/zero", O_RDONLY), memory = open("/proc/self/mem", O_RDWR), pipes[2];
    CHECK(poison(at) == 0 && pipe(pipes) == 0);
    FAILS(read(zero, at, 1), EFAULT);
    FAILS(write(pipes[1], at, 1), EFAULT);
    FAILS(pread(memory, &byte, 1, (off_t)(uintptr_t)at), EIO);
    FAILS(pwrite(memory, &byte, 1, (off_t)(uintptr_t)at), EIO);
    struct iovec here = {&byte, 1}, there = {at, 1};
    FAILS(process_vm_readv(getpid(), &here, 1, &there, 1, 0), EFAULT);
    FAILS(process_vm_writev(getpid(), &here, 1, &there, 1, 0), EFAULT);
    unsigned char in_core = 0;
    CHECK(mincore(at, PAGE, &in_core) == 0 && in_core == 1);
    CHECK(mlock(at, PAGE) == -1 && munlock(at, PAGE) == 0);
    CHECK(close(zero) == 0 && close(memory) == 0);
    char line[4096];
    FILE* smaps = fopen("/proc/self/smaps", "r"); /* is written without looking for a slot */
    while (fgets(line, sizeof line, smaps) != NULL)
        CHECK(strncmp(line, "Swap:", 5) != 0 || strtol(line + 5, NULL, 10) == 0);
    fclose(smaps);
}

/* Nobody handles the signal; the core has a hole where the page was. */
static void dump(void) {
    char* at = map_anon(3);
    CHECK(poison(at + PAGE) == 0);
    const int status = CHILD({
        const struct rlimit unlimited = {RLIM_INFINITY, RLIM_INFINITY};
        CHECK(chdir("/tmp") == 0 && setrlimit(RLIMIT_CORE, &unlimited) == 0);
        signal(SIGBUS, SIG_DFL);
        at[PAGE] = 1;
    });
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS && WCOREDUMP(status));
}

/* A frame named from outside; and one that is free. */
static void by_frame(void) {
    const char* path = "/sys/devices/system/memory/hard_offline_page";
    char* at = map_anon(1);
    char address[32];
    snprintf(address, sizeof address, "0x%llx\n", (unsigned long long)frame(at) * PAGE);
    const long before = corrupted();
    set(path, address);
    CHECK(is_lost(at) && corrupted() == before + 4);
    int fd = open(path, O_WRONLY);
    FAILS(write(fd, address, strlen(address)), EHWPOISON);
    FAILS(write(fd, "0x10\n", 5), ENXIO);
    FAILS(write(fd, "frame\n", 6), EINVAL);
    FAILS(write(fd, "0xfffffffff0000\n", 16), ENXIO);

    at = map_anon(64);
    uint64_t freed = frame(at + 32 * PAGE);
    CHECK(munmap(at, 64 * PAGE) == 0);
    snprintf(address, sizeof address, "%llu", (unsigned long long)freed * PAGE);
    set(path, address);
    CHECK(corrupted() == before + 8);
    close(fd);
}

static void clean_on_disk(void) {
    int fd = open_disk("/dev/vda", O_RDWR);
    unsigned char* at = (unsigned char*)map_disk(fd, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED);
    is_original(at, 0, 4 * PAGE);
    const uint64_t lost = frame(at + PAGE);
    const long before = corrupted();
    CHECK(poison(at + PAGE) == 0 && corrupted() == before + 4);
    is_original(at, 0, 4 * PAGE); /* nobody notices */
    CHECK(frame(at + PAGE) != lost && poison(at + PAGE) == 0);
    unsigned char buffer[PAGE];
    CHECK(pread(fd, buffer, PAGE, PAGE) == PAGE);
    is_original(buffer, PAGE, PAGE);
    CHECK(fsync(fd) == 0 && close(fd) == 0);
}

static void dirty_on_disk(void) {
    int fd = open_disk("/dev/vda", O_RDWR);
    char* at = map_disk(fd, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED);
    at[0] = 1;
    CHECK(poison(at) == 0 && is_lost(at) && touch(at + PAGE, 0) == 0);
    FAILS(fsync(fd), EIO);
    CHECK(fsync(fd) == 0);
    unsigned char buffer[PAGE];
    CHECK(pread(fd, buffer, PAGE, 0) == PAGE); /* what the disk has */
    is_original(buffer, 0, PAGE);
    CHECK(is_lost(at) && madvise(at, PAGE, MADV_DONTNEED) == 0);
    is_original((unsigned char*)at, 0, PAGE);
    CHECK(close(fd) == 0);
}

int main(int argc, char** argv) {
    struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO};
    sigaction(SIGBUS, &action, NULL);
    if (argc == 3 && strcmp(argv[1], "futex") == 0) {
        futex(strcmp(argv[2], "EHWPOISON") == 0 ? EHWPOISON : EFAULT);
    } else {
        errors();
        anonymous();
        shared_by_fork();
        file(open("/tmp/file", O_RDWR | O_CREAT | O_TRUNC, 0600));
        file(memfd_create("poison", 0));
        futex(EFAULT);
        kernel_accesses();
        dump();
        by_frame();
        clean_on_disk();
        dirty_on_disk();
    }
    return failures != 0;
}
