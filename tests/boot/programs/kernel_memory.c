// kernel_memory: what one user may have of the kernel (docs/memory.md). Process 1 of a small machine, with privilege. The counts
// of sockets, and the errors of all limits that Linux has, are those of Linux 6.1 on ARM.
//
//   kernel_memory     all cases at the end of this file
#define _FILE_OFFSET_BITS 64 // else the C library takes the locks of open files for others
#include "proc.h"

#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <sys/file.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

enum { RT = 34 }; // the first signal that is queued each time

#define EQUAL(a, b)                                                                                                    \
    do {                                                                                                               \
        const long is_ = (long)(a), wanted_ = (long)(b);                                                               \
        if (is_ != wanted_)                                                                                            \
            fail("line %d: %s is %ld, not %ld (errno %d)", __LINE__, #a, is_, wanted_, errno);                         \
    } while (0)
#define FAILS(call, error)                                                                                             \
    do {                                                                                                               \
        errno = 0;                                                                                                     \
        if ((long)(call) != -1 || errno != (error))                                                                    \
            fail("line %d: %s: errno %d, not %d", __LINE__, #call, errno, error);                                      \
    } while (0)

// ---- files of /proc ----

static void put_number(const char* path, long number) {
    char text[24];
    snprintf(text, sizeof text, "%ld", number);
    put(path, text);
}
static long number(const char* path) { return atol(contents(path)); }

// What a user may have of the kernel's memory beside what has limits of its own.
static long share(void) { return figure("/proc/meminfo", "MemTotal:") / 4 / 4 * PAGE; }

// ---- processes ----

static void become(unsigned id) {
    CHECK(setgid(id) == 0 && setuid(id) == 0);
    CHECK(prctl(PR_SET_DUMPABLE, 1) == 0); // else its files of /proc belong to root
}
static int end_of(pid_t pid) {
    int status;
    CHECK(waitpid(pid, &status, 0) == pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
static pid_t start_as(unsigned id, void (*body)(void)) {
    fflush(stdout);
    const pid_t pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        if (id != 0)
            become(id);
        body();
        _exit(0);
    }
    return pid;
}
static void run_as(unsigned id, void (*body)(void)) { EQUAL(end_of(start_as(id, body)), 0); }

static void limit(int resource, rlim_t most) {
    const struct rlimit limits = {most, most};
    CHECK(setrlimit(resource, &limits) == 0);
}

// A page that all processes share.
static volatile long* shared;

// ---- queued signals and timers ----

static long queued(void) { return figure("/proc/self/status", "\nSigQ:\t"); }
static int new_timer(int notify, int* id) {
    struct sigevent event = {0};
    event.sigev_notify = notify;
    event.sigev_signo = SIGALRM;
    return (int)syscall(SYS_timer_create, CLOCK_MONOTONIC, &event, id);
}
static int send_value(int signal, int value) {
    const union sigval data = {.sival_int = value};
    return sigqueue(getpid(), signal, data);
}
static siginfo_t take(int signal) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, signal);
    siginfo_t info;
    const struct timespec at_once = {0, 0};
    const int got = sigtimedwait(&set, &info, &at_once);
    if (got != signal)
        info.si_signo = 0;
    return info;
}
static void queue_to_its_limit(void) {
    limit(RLIMIT_SIGPENDING, 40);
    int timers[41], last = 0;
    for (int i = 0; i < 10; ++i)
        CHECK(new_timer(i % 2 ? SIGEV_NONE : SIGEV_SIGNAL, &timers[i]) == 0); // also one that sends no signal
    EQUAL(queued(), 10);
    for (int i = 0; i < 20; ++i)
        CHECK(send_value(RT, i) == 0);
    for (int i = 0; i < 10; ++i)
        CHECK(kill(getpid(), RT + 1) == 0);
    EQUAL(queued(), 40);
    CHECK(strstr(contents("/proc/self/status"), "\nSigQ:\t40/40\n") != NULL);

    FAILS(send_value(RT, 0), EAGAIN);
    FAILS(new_timer(SIGEV_SIGNAL, &last), EAGAIN);
    FAILS(new_timer(SIGEV_NONE, &last), EAGAIN);
    for (int i = 0; i < 100; ++i)
        CHECK(kill(getpid(), RT + 2) == 0); // goes on, but is not queued
    CHECK(send_value(SIGUSR1, 7) == 0 && kill(getpid(), SIGUSR2) == 0);
    EQUAL(queued(), 41); // below SIGRTMIN kill(2) is not bound
    shared[0] = 1;
    while (shared[0] == 1) // the other process of this user
        usleep(1000);

    siginfo_t info = take(RT + 2);
    CHECK(info.si_signo == RT + 2 && info.si_code == SI_USER && info.si_pid == 0); // what it said is lost
    CHECK(take(RT + 2).si_signo == 0);
    info = take(SIGUSR1);
    CHECK(info.si_signo == SIGUSR1 && info.si_code == SI_USER && info.si_value.sival_int == 0);
    CHECK(take(SIGUSR2).si_pid == getpid());
    EQUAL(queued(), 40);
    for (int i = 0; i < 20; ++i)
        EQUAL(take(RT).si_value.sival_int, i);
    EQUAL(queued(), 20);
    for (int i = 0; i < 10; ++i)
        CHECK(syscall(SYS_timer_delete, timers[i]) == 0);
    EQUAL(queued(), 10);
    CHECK(new_timer(SIGEV_SIGNAL, &last) == 0); // and signals go with the process
}
// One user's, whichever process they are for.
static void queue_beside(void) {
    limit(RLIMIT_SIGPENDING, 41);
    EQUAL(queued(), 41);
    FAILS(send_value(RT, 0), EAGAIN);
    limit(RLIMIT_SIGPENDING, 0);
    CHECK(kill(getpid(), SIGUSR1) == 0);
    EQUAL(queued(), 42);
}
static void queue_as_another_user(void) {
    limit(RLIMIT_SIGPENDING, 1);
    EQUAL(queued(), 0);
    CHECK(send_value(RT, 0) == 0);
    FAILS(send_value(RT, 0), EAGAIN);
}
static void case_signals(void) {
    struct rlimit limits;
    CHECK(getrlimit(RLIMIT_SIGPENDING, &limits) == 0);
    EQUAL(limits.rlim_cur, number("/proc/sys/kernel/threads-max") / 2);
    sigset_t all;
    sigfillset(&all);
    CHECK(sigprocmask(SIG_BLOCK, &all, NULL) == 0);
    shared[0] = 0;
    const pid_t first = start_as(1000, queue_to_its_limit);
    while (shared[0] == 0)
        usleep(1000);
    run_as(1000, queue_beside);
    run_as(1001, queue_as_another_user);
    shared[0] = 2;
    EQUAL(end_of(first), 0);
    CHECK(sigprocmask(SIG_UNBLOCK, &all, NULL) == 0);
}

// ---- sockets ----

// As many writes of `bytes` bytes as a new socket takes; after so many poll(2) says that it is not writable.
static int pair[2];
static char buffer[200000];
static long fill_socket(int type, size_t bytes, long* not_writable_after) {
    CHECK(socketpair(AF_UNIX, type | SOCK_NONBLOCK, 0, pair) == 0);
    struct pollfd file = {.fd = pair[0], .events = POLLOUT};
    *not_writable_after = 0;
    for (long writes = 0;; ++writes) {
        if (*not_writable_after == 0 && poll(&file, 1, 0) == 0)
            *not_writable_after = writes;
        const ssize_t done = write(pair[0], buffer, bytes);
        if (done >= 0 && (done != 0 || bytes == 0))
            continue;
        CHECK(errno == EAGAIN);
        return writes;
    }
}
static void close_pair(void) { CHECK(close(pair[0]) == 0 && close(pair[1]) == 0); }

static void case_sockets(void) {
    const struct {
        int type;
        unsigned bytes;
        long writes, not_writable_after, reads_until_writable;
    } rows[] = {
        {SOCK_DGRAM, 0, 403, 101, 303},  {SOCK_DGRAM, 1, 256, 64, 193},      {SOCK_DGRAM, 256, 256, 64, 193},
        {SOCK_DGRAM, 500, 149, 38, 112}, {SOCK_DGRAM, 1000, 81, 21, 61},     {SOCK_DGRAM, 4000, 22, 6, 17},
        {SOCK_DGRAM, 16128, 11, 3, 9},   {SOCK_DGRAM, 16129, 9, 3, 7},       {SOCK_DGRAM, 65536, 3, 1, 3},
        {SOCK_DGRAM, 180192, 1, 1, 1},   {SOCK_SEQPACKET, 10, 256, 64, 193}, {SOCK_STREAM, 1, 256, 64, 0},
        {SOCK_STREAM, 1000, 81, 21, 0},  {SOCK_STREAM, 3840, 43, 11, 0},     {SOCK_STREAM, 3841, 40, 10, 0},
        {SOCK_STREAM, 36608, 5, 2, 0},   {SOCK_STREAM, 100000, 2, 1, 0},
    };
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; ++i) {
        long not_writable_after;
        const long writes = fill_socket(rows[i].type, rows[i].bytes, &not_writable_after);
        if (writes != rows[i].writes || not_writable_after != rows[i].not_writable_after)
            fail("sockets of type %d, %u bytes: %ld writes, %ld", rows[i].type, rows[i].bytes, writes,
                 not_writable_after);
        struct pollfd file = {.fd = pair[0], .events = POLLOUT};
        long reads = 0;
        while (rows[i].type != SOCK_STREAM && poll(&file, 1, 0) == 0) {
            CHECK(read(pair[1], buffer, sizeof buffer) == (ssize_t)rows[i].bytes);
            ++reads;
        }
        EQUAL(reads, rows[i].reads_until_writable);
        close_pair();
    }
    CHECK(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair) == 0);
    FAILS(write(pair[0], buffer, 180193), EMSGSIZE);
    close_pair();
}

// ---- open files ----

static long next_file; // how many descriptors can be opened
static void open_to_the_limit(void) {
    int last = -1;
    for (long i = 0; i < next_file; ++i)
        CHECK((last = open("/proc/meminfo", O_RDONLY)) >= 0);
    FAILS(open("/proc/meminfo", O_RDONLY), ENFILE);
    FAILS(open("/", O_RDONLY | O_PATH), ENFILE);
    int two[2];
    FAILS(pipe(two), ENFILE);
    FAILS(socketpair(AF_UNIX, SOCK_STREAM, 0, two), ENFILE);
    FAILS(syscall(SYS_eventfd2, 0, 0), ENFILE);
    FAILS(memfd_create("x", 0), ENFILE);
    CHECK(dup(last) >= 0); // the same open file
    CHECK(close(last + 1) == 0 && close(last) == 0);
    FAILS(pipe(two), ENFILE); // one of its two is too many
    CHECK(open("/", O_RDONLY) >= 0);
}
static void case_files(void) {
    CHECK(number("/proc/sys/fs/file-max") == 8192);
    CHECK(strstr(contents("/proc/sys/fs/file-nr"), "\t0\t8192\n") != NULL);
    next_file = 20;
    const long begun = number("/proc/sys/fs/file-nr") - 1; // without the one that reads it
    put_number("/proc/sys/fs/file-max", begun + next_file);
    run_as(1000, open_to_the_limit);
    EQUAL(number("/proc/sys/fs/file-nr"), begun + 1);
    int files[30]; // root may have more
    for (int i = 0; i < 30; ++i)
        CHECK((files[i] = open("/", O_RDONLY)) >= 0);
    for (int i = 0; i < 30; ++i)
        close(files[i]);
    put("/proc/sys/fs/file-max", "8192");
}

// ---- mounts ----

static void case_mounts(void) {
    EQUAL(number("/proc/sys/fs/mount-max"), 100000);
    long mounts = 0;
    for (const char* at = contents("/proc/mounts"); *at != '\0'; ++at)
        mounts += *at == '\n';
    put_number("/proc/sys/fs/mount-max", mounts + 3);
    EQUAL(try_put("/proc/sys/fs/mount-max", "0"), EINVAL);
    char name[16];
    for (int i = 0; i < 4; ++i) {
        snprintf(name, sizeof name, "/m%d", i);
        CHECK(mkdir(name, 0700) == 0);
        if (i < 3)
            CHECK(mount("m", name, "tmpfs", 0, NULL) == 0);
    }
    FAILS(mount("m", "/m3", "tmpfs", 0, NULL), ENOSPC);
    CHECK(umount("/m1") == 0 && mount("m", "/m3", "tmpfs", 0, NULL) == 0);
    FAILS(mount("m", "/m1", "tmpfs", 0, NULL), ENOSPC);
    CHECK(umount("/m0") == 0 && umount("/m2") == 0 && umount("/m3") == 0);
    for (int i = 0; i < 4; ++i) {
        snprintf(name, sizeof name, "/m%d", i);
        CHECK(rmdir(name) == 0);
    }
    put("/proc/sys/fs/mount-max", "100000");
}

// ---- threads ----

static void wait_for_ever(void) {
    for (;;)
        pause();
}
static void say_and_wait(void) {
    shared[3] = 1;
    wait_for_ever();
}
static void fork_to_the_limit(void) {
    limit(RLIMIT_NPROC, 4);
    pid_t children[3];
    for (int i = 0; i < 3; ++i) // it counts itself
        children[i] = start_as(0, wait_for_ever);
    FAILS(fork(), EAGAIN);
    CHECK(kill(children[1], SIGKILL) == 0);
    siginfo_t info;
    CHECK(waitid(P_PID, (id_t)children[1], &info, WEXITED | WNOWAIT) == 0);
    FAILS(fork(), EAGAIN); // a zombie counts
    EQUAL(end_of(children[1]), 128 + SIGKILL);
    run_as(0, (void (*)(void))sync);
    CHECK(kill(children[0], SIGKILL) == 0 && kill(children[2], SIGKILL) == 0);
    EQUAL(end_of(children[0]), 128 + SIGKILL);
    EQUAL(end_of(children[2]), 128 + SIGKILL);
}
static void fork_beside(void) { // another process of the user is there
    limit(RLIMIT_NPROC, 3);
    const pid_t child = start_as(0, wait_for_ever);
    FAILS(fork(), EAGAIN);
    CHECK(kill(child, SIGKILL) == 0);
    EQUAL(end_of(child), 128 + SIGKILL);
}
static void case_threads(void) {
    const long pages = figure("/proc/meminfo", "MemTotal:") / 4, threads = number("/proc/sys/kernel/threads-max");
    if (threads > pages / 16 || threads < pages / 16 - 64) // of what was free at boot, an eighth for stacks
        fail("threads-max is %ld, of %ld pages", threads, pages);
    struct rlimit limits;
    CHECK(getrlimit(RLIMIT_NPROC, &limits) == 0 && (long)limits.rlim_max == threads / 2);
    run_as(1000, fork_to_the_limit);
    shared[3] = 0;
    const pid_t beside = start_as(1000, say_and_wait);
    while (shared[3] == 0)
        usleep(1000);
    run_as(1000, fork_beside);
    CHECK(kill(beside, SIGKILL) == 0);
    EQUAL(end_of(beside), 128 + SIGKILL);

    EQUAL(try_put("/proc/sys/kernel/threads-max", "0"), EINVAL);
    put("/proc/sys/kernel/threads-max", "3"); // for root, too
    int made = 0;
    pid_t children[3];
    while (made < 3 && (children[made] = fork()) >= 0) {
        if (children[made++] == 0)
            wait_for_ever();
    }
    CHECK(made < 3 && errno == EAGAIN);
    put_number("/proc/sys/kernel/threads-max", threads);
    while (made > 0) {
        CHECK(kill(children[--made], SIGKILL) == 0);
        EQUAL(end_of(children[made]), 128 + SIGKILL);
    }
}

// ---- pipes ----

static int pipe_bytes(int flags) {
    int two[2];
    CHECK(pipe2(two, flags) == 0);
    return fcntl(two[0], F_GETPIPE_SZ);
}
static void pipes_to_the_limits(void) {
    for (int i = 0; i < 4; ++i)
        EQUAL(pipe_bytes(0), 16 * PAGE);
    EQUAL(pipe_bytes(0), 2 * PAGE); // 64 pages are used up
    int two[2];
    CHECK(pipe(two) == 0);
    EQUAL(fcntl(two[0], F_GETPIPE_SZ), 2 * PAGE);
    FAILS(fcntl(two[0], F_SETPIPE_SZ, 4 * PAGE), EPERM);
    EQUAL(fcntl(two[0], F_SETPIPE_SZ, PAGE), PAGE);
    FAILS(fcntl(two[0], F_SETPIPE_SZ, 2 * MIB), EPERM);
    EQUAL(pipe_bytes(0), 2 * PAGE);
    EQUAL(pipe_bytes(0), 2 * PAGE); // 64 + 2 + 1 + 2 + 2: 71 of 72
    FAILS(pipe(two), ENFILE);
    EQUAL(fcntl(3, F_SETPIPE_SZ, 8 * PAGE), 8 * PAGE);
    CHECK(pipe(two) == 0);
    EQUAL(fcntl(two[0], F_GETPIPE_SZ), 2 * PAGE); // still above the soft limit: 63, and 16 more
    for (int fd = 3; fd < 100; ++fd)
        close(fd);
    EQUAL(pipe_bytes(0), 16 * PAGE);
}
static void pipe_of_another_user(void) { EQUAL(pipe_bytes(0), 16 * PAGE); }
static void open_fifo(void) { FAILS(open("/fifo", O_RDWR), ENOMEM); }
static void case_pipes(void) {
    put("/proc/sys/fs/pipe-user-pages-soft", "64");
    put("/proc/sys/fs/pipe-user-pages-hard", "72");
    run_as(1000, pipes_to_the_limits);
    run_as(1001, pipe_of_another_user);
    run_as(1000, pipe_of_another_user); // all are given back
    put("/proc/sys/fs/pipe-user-pages-hard", "1");
    CHECK(mkfifo("/fifo", 0666) == 0 && chmod("/fifo", 0666) == 0);
    run_as(1000, open_fifo);
    CHECK(unlink("/fifo") == 0);
    put("/proc/sys/fs/pipe-user-pages-hard", "0");
    put("/proc/sys/fs/pipe-user-pages-soft", "16384");
}

// ---- System V objects ----

static void case_sysv(void) {
    CHECK(strcmp(contents("/proc/sys/kernel/sem"), "32000\t1024000000\t500\t32000\n") == 0);
    put("/proc/sys/kernel/sem", "60 64 5 3");
    EQUAL(try_put("/proc/sys/kernel/sem", "60 64 5 32769"), ERANGE);
    EQUAL(try_put("/proc/sys/kernel/sem", "x"), EINVAL);
    CHECK(strcmp(contents("/proc/sys/kernel/sem"), "60\t64\t5\t3\n") == 0);
    FAILS(semget(IPC_PRIVATE, 61, 0600), EINVAL);
    const int sets[] = {semget(IPC_PRIVATE, 60, 0600), semget(IPC_PRIVATE, 3, 0600), semget(IPC_PRIVATE, 1, 0600)};
    CHECK(sets[0] >= 0 && sets[1] >= 0 && sets[2] >= 0);
    FAILS(semget(IPC_PRIVATE, 1, 0600), ENOSPC); // no set, and no semaphore
    CHECK(semctl(sets[2], 0, IPC_RMID) == 0);
    FAILS(semget(IPC_PRIVATE, 2, 0600), ENOSPC); // one semaphore is left
    struct sembuf six[6] = {{0}};
    FAILS(semop(sets[0], six, 6), E2BIG);
    CHECK(semop(sets[0], six, 5) == 0);
    CHECK(semctl(sets[0], 0, IPC_RMID) == 0 && semctl(sets[1], 0, IPC_RMID) == 0);
    put("/proc/sys/kernel/sem", "32000 1024000000 500 32000");

    EQUAL(number("/proc/sys/kernel/shmmni"), 4096);
    CHECK(strcmp(contents("/proc/sys/kernel/shmall"), "4278190079\n") == 0);
    CHECK(strcmp(contents("/proc/sys/kernel/shmmax"), "4278190079\n") == 0);
    put("/proc/sys/kernel/shmall", "10");
    put("/proc/sys/kernel/shmmax", "32768");
    FAILS(shmget(IPC_PRIVATE, 32769, 0600), EINVAL);
    const int segments[] = {shmget(IPC_PRIVATE, 32768, 0600), shmget(IPC_PRIVATE, PAGE + 1, 0600)};
    CHECK(segments[0] >= 0 && segments[1] >= 0);
    FAILS(shmget(IPC_PRIVATE, 1, 0600), ENOSPC);
    void* at = shmat(segments[1], NULL, 0);
    CHECK(at != (void*)-1 && shmctl(segments[1], IPC_RMID, NULL) == 0);
    FAILS(shmget(IPC_PRIVATE, 1, 0600), ENOSPC); // it is still there
    CHECK(shmdt(at) == 0);
    put("/proc/sys/kernel/shmmni", "1");
    FAILS(shmget(IPC_PRIVATE, 1, 0600), ENOSPC);
    EQUAL(try_put("/proc/sys/kernel/shmmni", "32769"), EINVAL);
    CHECK(shmctl(segments[0], IPC_RMID, NULL) == 0);
    put("/proc/sys/kernel/shmmni", "4096");
    put("/proc/sys/kernel/shmall", "4278190079");
    put("/proc/sys/kernel/shmmax", "4278190079");

    EQUAL(number("/proc/sys/kernel/msgmni"), 32000);
    EQUAL(number("/proc/sys/kernel/msgmax"), 8192);
    EQUAL(number("/proc/sys/kernel/msgmnb"), 16384);
    put("/proc/sys/kernel/msgmni", "2");
    put("/proc/sys/kernel/msgmax", "100");
    put("/proc/sys/kernel/msgmnb", "250");
    const int queues[] = {msgget(IPC_PRIVATE, 0600), msgget(IPC_PRIVATE, 0600)};
    CHECK(queues[0] >= 0 && queues[1] >= 0);
    FAILS(msgget(IPC_PRIVATE, 0600), ENOSPC);
    struct {
        long type;
        char text[200];
    } message = {1, {0}};
    FAILS(msgsnd(queues[0], &message, 101, IPC_NOWAIT), EINVAL);
    CHECK(msgsnd(queues[0], &message, 100, IPC_NOWAIT) == 0 && msgsnd(queues[0], &message, 100, IPC_NOWAIT) == 0);
    FAILS(msgsnd(queues[0], &message, 51, IPC_NOWAIT), EAGAIN);
    CHECK(msgsnd(queues[0], &message, 50, IPC_NOWAIT) == 0);
    CHECK(msgctl(queues[0], IPC_RMID, NULL) == 0 && msgctl(queues[1], IPC_RMID, NULL) == 0);
    put("/proc/sys/kernel/msgmni", "32000");
    put("/proc/sys/kernel/msgmax", "8192");
    put("/proc/sys/kernel/msgmnb", "16384");
}

// ---- symbolic links ----

static long blocks_left(void) {
    struct statfs now;
    CHECK(statfs("/t", &now) == 0);
    return (long)now.f_bfree;
}
static void case_symlinks(void) {
    mkdir("/t", 0777);
    CHECK(mount("t", "/t", "tmpfs", 0, "size=12k") == 0);
    char text[4001];
    memset(text, 'a', sizeof text);
    const struct {
        unsigned length;
        long blocks;
    } rows[] = {{1, 0}, {127, 0}, {128, 1}, {1000, 1}, {4000, 1}};
    char name[16];
    for (unsigned i = 0; i < 5; ++i) {
        text[rows[i].length] = '\0';
        snprintf(name, sizeof name, "/t/%u", i);
        const long before = blocks_left();
        CHECK(symlink(text, name) == 0);
        EQUAL(before - blocks_left(), rows[i].blocks);
        struct stat link;
        CHECK(lstat(name, &link) == 0);
        EQUAL(link.st_blocks, rows[i].blocks * 8);
        text[rows[i].length] = 'a';
    }
    text[4000] = '\0';
    FAILS(symlink(text, "/t/full"), ENOSPC);
    FAILS(symlink(text, "/t/2"), EEXIST);
    CHECK(symlink("short", "/t/short") == 0);
    CHECK(unlink("/t/3") == 0);
    EQUAL(blocks_left(), 1);
    FAILS(symlink(text, "/t/2"), EEXIST); // takes none
    EQUAL(blocks_left(), 1);
    CHECK(symlink(text, "/t/3") == 0 && umount("/t") == 0 && rmdir("/t") == 0);
}

// ---- locks ----

// Locks of three open files on the same 48 bytes, at random, against one table for each.
enum { OWNERS = 3, BYTES = 48 };
static char table[OWNERS][BYTES]; // F_RDLCK, F_WRLCK, F_UNLCK
static struct flock whole_lock(short type, int start, int length) {
    return (struct flock){.l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = length};
}
// What the fourth file sees of byte `at` is the whole lock of one of the others there.
static void check_byte(int fd, int at) {
    struct flock seen = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = at, .l_len = 1};
    CHECK(fcntl(fd, F_OFD_GETLK, &seen) == 0);
    int found = seen.l_type == F_UNLCK, any = 0;
    for (int owner = 0; owner < OWNERS; ++owner) {
        const char type = table[owner][at];
        if (type == F_UNLCK)
            continue;
        any = 1;
        int start = at, end = at;
        while (start > 0 && table[owner][start - 1] == type)
            --start;
        while (end + 1 < BYTES && table[owner][end + 1] == type)
            ++end;
        found |= seen.l_type == type && seen.l_start == start && seen.l_len == end - start + 1;
    }
    if (!found || any != (seen.l_type != F_UNLCK))
        fail("locks: byte %d is seen as %d, %d and %d bytes", at, seen.l_type, (int)seen.l_start, (int)seen.l_len);
}
static void case_locks(void) {
    int files[OWNERS + 1];
    for (int i = 0; i <= OWNERS; ++i)
        CHECK((files[i] = open("/locked", O_CREAT | O_RDWR, 0600)) >= 0);
    memset(table, F_UNLCK, sizeof table);
    unsigned random = 2011;
    for (int round = 0; round < 4000; ++round) {
        random = random * 1103515245 + 12345;
        const int owner = (int)(random >> 8) % OWNERS, start = (int)(random >> 12) % BYTES;
        const int length = 1 + (int)(random >> 18) % (BYTES - start);
        const char type = (char)((random >> 25) % 3);
        int refused = 0;
        for (int other = 0; other < OWNERS; ++other)
            for (int at = start; other != owner && at < start + length; ++at)
                refused |= (type == F_WRLCK && table[other][at] != F_UNLCK) ||
                           (type == F_RDLCK && table[other][at] == F_WRLCK);
        struct flock lock = {.l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = length};
        if (refused) {
            FAILS(fcntl(files[owner], F_OFD_SETLK, &lock), EAGAIN);
        } else {
            CHECK(fcntl(files[owner], F_OFD_SETLK, &lock) == 0);
            memset(table[owner] + start, type, (size_t)length);
        }
        check_byte(files[OWNERS], (int)(random >> 3) % BYTES);
        check_byte(files[OWNERS], start);
        check_byte(files[OWNERS], start + length - 1);
        if (round % 512 == 511) { // one is closed, and has no locks any more
            close(files[owner]);
            memset(table[owner], F_UNLCK, BYTES);
            CHECK((files[owner] = open("/locked", O_RDWR)) >= 0);
            for (int at = 0; at < BYTES; ++at)
                check_byte(files[OWNERS], at);
        }
    }
    for (int i = 0; i <= OWNERS; ++i)
        close(files[i]);
    CHECK(unlink("/locked") == 0);
}

// ---- what has no limit of its own ----

// Each takes until it is refused, and returns the bytes that it has by then, as far as a program can know them.
static long take_locks(void) {
    const int fd = open("/locked", O_RDWR);
    CHECK(fd >= 0);
    long locks = 0;
    for (;; ++locks) {
        struct flock lock = whole_lock(F_WRLCK, (int)locks * 2, 1);
        if (fcntl(fd, F_SETLK, &lock) < 0)
            break;
    }
    EQUAL(errno, ENOLCK);
    struct flock one = whole_lock(F_UNLCK, 0, 1); // what is unlocked can be had again
    CHECK(fcntl(fd, F_SETLK, &one) == 0);
    one.l_type = F_WRLCK;
    CHECK(fcntl(fd, F_SETLK, &one) == 0);
    FAILS(flock(fd, LOCK_EX), ENOMEM);
    return locks * 40;
}
static long take_messages(void) {
    static struct {
        long type;
        char text[8000];
    } message = {1, {0}};
    for (long bytes = 0;; bytes += 8000) {
        static int queue = -1, room;
        if (room-- == 0 || queue < 0) {
            CHECK((queue = msgget(IPC_PRIVATE, 0600)) >= 0);
            room = 1;
        }
        if (msgsnd(queue, &message, 8000, IPC_NOWAIT) < 0) {
            EQUAL(errno, ENOMEM);
            return bytes;
        }
    }
}
static long take_semaphores(void) {
    long sets = 0;
    while (semget(IPC_PRIVATE, 32000, 0600) >= 0)
        ++sets;
    EQUAL(errno, ENOMEM);
    return sets * 32000 * 8;
}
static long take_segments(void) {
    FAILS(shmget(IPC_PRIVATE, MIB + PAGE, 0600), ENOMEM);
    CHECK(shmget(IPC_PRIVATE, MIB - PAGE, 0600) >= 0 && shmget(IPC_PRIVATE, PAGE, 0600) >= 0);
    FAILS(shmget(IPC_PRIVATE, 1, 0600), ENOMEM);
    return MIB;
}
static long take_datagrams(void) {
    int two[2];
    for (long bytes = 0;;) {
        CHECK(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, two) == 0);
        while (write(two[0], buffer, 16000) == 16000)
            bytes += 16000;
        if (errno == ENOBUFS)
            return bytes;
        EQUAL(errno, EAGAIN);
    }
}
static long take_pipe_pages(void) {
    int two[2];
    for (long bytes = 0;;) {
        CHECK(pipe2(two, O_NONBLOCK) == 0);
        CHECK(fcntl(two[1], F_SETPIPE_SZ, MIB) == MIB);
        while (write(two[1], buffer, PAGE) == PAGE)
            bytes += PAGE;
        if (errno == ENOMEM)
            return bytes;
        EQUAL(errno, EAGAIN);
    }
}

static long (*taking)(void);
static void take_all(void) {
    const size_t all = (size_t)share();
    FAILS(shmget(IPC_PRIVATE, all + PAGE, 0600), ENOMEM);
    CHECK(shmget(IPC_PRIVATE, all - MIB, 0600) >= 0); // the last mebibyte is taken one by one
    shared[1] = taking();
    (void)take_pipe_pages(); // the rest, which is less than one of what it was
    struct {                 // all kinds have one limit
        long type;
        char text[8000];
    } message = {1, {0}};
    const int queue = msgget(IPC_PRIVATE, 0600);
    CHECK(queue >= 0);
    FAILS(msgsnd(queue, &message, 8000, 0), ENOMEM);
    CHECK(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair) == 0);
    FAILS(write(pair[0], buffer, 16000), ENOBUFS);
}
static void another_user(void) {
    const size_t all = (size_t)share();
    const int id = shmget(IPC_PRIVATE, all, 0600);
    CHECK(id >= 0 && shmctl(id, IPC_RMID, NULL) == 0);
}
static void remove_objects(void) {
    struct shmid_ds shm;
    struct msqid_ds msg;
    union {
        int value;
        struct semid_ds* set;
    } sem;
    struct semid_ds set;
    sem.set = &set;
    for (int i = 0; i < 2000; ++i) {
        int id = msgctl(i, 11, &msg); // MSG_STAT
        if (id >= 0)
            msgctl(id, IPC_RMID, NULL);
        id = semctl(i, 0, 18, sem); // SEM_STAT
        if (id >= 0)
            semctl(id, 0, IPC_RMID);
        id = shmctl(i, 13, &shm); // SHM_STAT
        if (id >= 0)
            shmctl(id, IPC_RMID, NULL);
    }
}
static void case_share(void) {
    const struct {
        const char* name;
        long (*take)(void);
        long least; // of the last mebibyte, per cent
    } rows[] = {
        {"locks", take_locks, 70},        {"messages", take_messages, 97},   {"semaphores", take_semaphores, 73},
        {"segments", take_segments, 100}, {"datagrams", take_datagrams, 97}, {"pipes", take_pipe_pages, 100},
    };
    close(open("/locked", O_CREAT | O_RDWR, 0666));
    CHECK(chmod("/locked", 0666) == 0);
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; ++i) {
        const long before = free_kib();
        taking = rows[i].take;
        run_as(1000, take_all);
        if (shared[1] > MIB || shared[1] < MIB / 100 * rows[i].least)
            fail("%s: %ld bytes of the last mebibyte", rows[i].name, shared[1]);
        run_as(1001, another_user);
        remove_objects();
        const long after = free_kib();
        if (after < before - 64) // what a slab or an array keeps
            fail("%s: %ld KiB are free afterwards, %ld before", rows[i].name, after, before);
    }
    CHECK(unlink("/locked") == 0);
    // Who has privilege is not bound.
    const int id = shmget(IPC_PRIVATE, (size_t)share() + PAGE, 0600);
    CHECK(id >= 0 && shmctl(id, IPC_RMID, NULL) == 0);
    EQUAL(kills(), 0);
}

// ---- the OOM killer ----

// Larger than either hog's own pages, but not in the way.
static void large(void) {
    char* own = mmap(NULL, MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(own != MAP_FAILED);
    memset(own, 1, MIB);
    shared[2] = 1;
    wait_for_ever();
}
static void hog_memfd(void) {
    const int fd = memfd_create("hog", 0);
    for (;;)
        CHECK(write(fd, buffer, 64 << 10) == 64 << 10);
}
// Many VMAs, and so has each child.
static void hog_vmas(void) {
    for (int i = 0; i < 10000; ++i)
        CHECK(mmap(NULL, PAGE, i % 2 ? PROT_READ : PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED);
    pid_t child;
    while ((child = fork()) > 0) {
    }
    if (child < 0)
        shared[3] = 1;
    wait_for_ever();
}
static void kill_users(void) {
    CHECK(setuid(1000) == 0);
    kill(-1, SIGKILL); // but for itself
}
static void case_killer(void) {
    shared[2] = shared[3] = 0;
    const pid_t neighbour = start_as(1001, large);
    while (shared[2] == 0)
        usleep(1000);
    EQUAL(end_of(start_as(1000, hog_memfd)), 128 + SIGKILL);
    EQUAL(kills(), 1);
    char* own = mmap(NULL, 24 * MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(own != MAP_FAILED && madvise(own, 24 * MIB, MADV_DONTFORK) == 0);
    memset(own, 1, 22 * MIB); // so that the hog has it done soon
    (void)start_as(1000, hog_vmas);
    while (shared[3] == 0)
        usleep(1000);
    memset(own + 22 * MIB, 1, 2 * MIB); // more than its last child was refused
    CHECK(munmap(own, 24 * MIB) == 0 && kills() >= 2);
    run_as(0, kill_users);
    EQUAL(waitpid(neighbour, NULL, WNOHANG), 0);
    CHECK(kill(neighbour, SIGKILL) == 0);
    while (waitpid(-1, NULL, 0) > 0) { // process 1 has adopted the hog's children
    }
}

static const struct {
    const char* name;
    void (*run)(void);
} cases[] = {
    {"signals", case_signals}, {"sockets", case_sockets}, {"files", case_files},   {"mounts", case_mounts},
    {"threads", case_threads}, {"pipes", case_pipes},     {"sysv", case_sysv},     {"symlinks", case_symlinks},
    {"locks", case_locks},     {"share", case_share},     {"killer", case_killer},
};

int main(void) {
    shared = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK(shared != MAP_FAILED);
    memset(buffer, 1, sizeof buffer); // so that these pages are not among what a case takes
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; ++i) {
        const long before = free_kib();
        cases[i].run();
        const long after = free_kib();
        if (after < before - 64)
            fail("%s: %ld KiB are free afterwards, %ld before", cases[i].name, after, before);
        printf("kernel_memory: %s: passed\n", cases[i].name);
        fflush(stdout);
    }
    puts("kernel_memory: passed");
    return 0;
}
