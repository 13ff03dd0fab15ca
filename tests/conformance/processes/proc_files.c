// The files of /proc/PID: whose they are when the number is given again, who may read them, and what they say (proc(5),
// ptrace(2)). mem writes past the rights of private mappings.
#define _FILE_OFFSET_BITS 64 // an address above 2 GiB is an offset, too
#include "tests/conformance/checks/check.h"

#include <elf.h>
#include <linux/sched.h>
#include <pthread.h>
#include <sched.h>
#include <sys/auxv.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>

static char* in_proc(pid_t pid, const char* name) {
    static char path[64];
    snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
    return path;
}

// The first line of a file that begins with `start`; empty if there is none.
static const char* line_of(const char* path, const char* start) {
    static char line[512];
    FILE* file = fopen(path, "r");
    while (file != NULL && fgets(line, sizeof line, file) != NULL)
        if (strncmp(line, start, strlen(start)) == 0) {
            fclose(file);
            return line;
        }
    if (file != NULL)
        fclose(file);
    return "";
}

// A new process with this number.
static pid_t fork_as(pid_t pid) {
    struct clone_args arguments = {.exit_signal = SIGCHLD, .set_tid = (uintptr_t)&pid, .set_tid_size = 1};
    const pid_t child = syscall(SYS_clone3, &arguments, sizeof arguments);
    if (child == 0)
        for (;;)
            pause();
    return child;
}

static void number_given_again(void) {
    const pid_t first = paused_child();
    const int directory = open(in_proc(first, ""), O_RDONLY | O_DIRECTORY);
    const int fds = openat(directory, "fd", O_RDONLY | O_DIRECTORY);
    const int environ_of = openat(directory, "environ", O_RDONLY), maps = openat(directory, "maps", O_RDONLY);
    const int pagemap = openat(directory, "pagemap", O_RDONLY), mem = openat(directory, "mem", O_RDWR);
    const int refs = openat(directory, "clear_refs", O_WRONLY), status = openat(directory, "status", O_RDONLY);
    const int adjust = openat(directory, "oom_score_adj", O_RDWR), auxv = openat(directory, "auxv", O_RDONLY);
    WORKS(auxv);
    end_child(first);
    const pid_t second = fork_as(first);
    CHECK(second == first);
    char buffer[512];
    CHECK(read(environ_of, buffer, sizeof buffer) == 0);
    FAILS(read(maps, buffer, sizeof buffer), ESRCH);
    CHECK(pread(pagemap, buffer, 8, 0x10 * 8) == 0);
    CHECK(pread(mem, buffer, 8, (uintptr_t)buffer & -8) == 0);
    CHECK(pwrite(mem, buffer, 8, (uintptr_t)buffer & -8) == 0);
    FAILS(write(refs, "1", 1), ESRCH);
    FAILS(read(status, buffer, sizeof buffer), ESRCH);
    FAILS(read(adjust, buffer, sizeof buffer), ESRCH);
    CHECK(read(auxv, buffer, sizeof buffer) > 0); // is kept with the address space that the file holds
    FAILS(syscall(SYS_getdents64, directory, buffer, sizeof buffer), ENOENT);
    FAILS(syscall(SYS_getdents64, fds, buffer, sizeof buffer), ENOENT);
    FAILS(openat(fds, "0", O_RDONLY), ENOENT);
    FAILS(openat(directory, "status", O_RDONLY), ESRCH);
    FAILS(syscall(SYS_pidfd_send_signal, directory, SIGKILL, NULL, 0), ESRCH);
    CHECK(kill(second, 0) == 0);
    const int opened[] = {directory, fds, environ_of, maps, pagemap, mem, refs, status, adjust, auxv};
    for (size_t i = 0; i < sizeof opened / sizeof opened[0]; ++i)
        close(opened[i]);
    end_child(second);
}

// Who is not allowed to look into a process.
static void strangers(void) {
    const pid_t child = paused_child();
    CHILD_OK({
        WORKS(setgid(1000));
        WORKS(setuid(1000));
        char text[64];
        const char* denied[] = {"maps", "smaps", "environ", "mem", "pagemap", "auxv"};
        for (size_t i = 0; i < sizeof denied / sizeof denied[0]; ++i)
            FAILS(open(in_proc(child, denied[i]), O_RDONLY), EACCES);
        const char* links[] = {"exe", "cwd", "root"};
        for (size_t i = 0; i < sizeof links / sizeof links[0]; ++i)
            FAILS(readlink(in_proc(child, links[i]), text, sizeof text), EACCES);
        FAILS(open(in_proc(child, "fd"), O_RDONLY), EACCES);
        WORKS(close(open(in_proc(child, "status"), O_RDONLY)));
        WORKS(close(open(in_proc(child, "cmdline"), O_RDONLY)));
        void* head;
        size_t length;
        FAILS(syscall(SYS_get_robust_list, child, &head, &length), EPERM);
        WORKS(syscall(SYS_get_robust_list, 0, &head, &length));

        // Its own: only what is not dumpable is root's.
        FAILS(open("/proc/self/environ", O_RDONLY), EACCES);
        WORKS(close(open("/proc/self/fd", O_RDONLY)));
        WORKS(close(open("/proc/self/maps", O_RDONLY)));
        WORKS(prctl(PR_SET_DUMPABLE, 1));
        WORKS(close(open("/proc/self/environ", O_RDONLY)));
        const pid_t own = paused_child();
        WORKS(close(open(in_proc(own, "maps"), O_RDONLY)));
        WORKS(prctl(PR_SET_DUMPABLE, 0));
        const pid_t hidden = paused_child();
        FAILS(open(in_proc(hidden, "maps"), O_RDONLY), EACCES);
        end_child(own);
        end_child(hidden);
    });
    end_child(child);
}

static void memory(void) {
    const int mem = open("/proc/self/mem", O_RDWR);
    char text[16];
    volatile char* page = anonymous(4, PROT_READ | PROT_WRITE);
    memset((char*)page, 'a', 4 * PAGE);
    mprotect((char*)page, 2 * PAGE, PROT_READ);
    munmap((char*)page + 3 * PAGE, PAGE);
    CHECK(pwrite(mem, "new", 3, (uintptr_t)page + 5) == 3 && memcmp((char*)page + 4, "anewa", 5) == 0);
    CHECK(pwrite(mem, "xy", 2, (uintptr_t)page + PAGE - 1) == 2 && page[PAGE - 1] == 'x' && page[PAGE] == 'y');
    CHECK(pread(mem, text, 10, (uintptr_t)page + 3 * PAGE - 4) == 4 && text[3] == 'a'); // up to the hole
    FAILS(pread(mem, text, 4, (uintptr_t)page + 3 * PAGE), EIO);
    FAILS(pwrite(mem, text, 4, (uintptr_t)page + 3 * PAGE), EIO);
    DIES(page[0] = 'z', SIGSEGV); // the entry did not become writable

    volatile char *zero = anonymous(1, PROT_READ), *other = anonymous(1, PROT_READ);
    CHECK(zero[0] == 0 && pwrite(mem, "Z", 1, (uintptr_t)zero) == 1 && zero[0] == 'Z' && other[0] == 0);
    volatile char* none = anonymous(1, PROT_READ | PROT_WRITE);
    none[0] = 'n';
    mprotect((char*)none, PAGE, PROT_NONE);
    CHECK(pread(mem, text, 1, (uintptr_t)none) == 1 && text[0] == 'n');
    CHECK(pwrite(mem, "N", 1, (uintptr_t)none) == 1);
    mprotect((char*)none, PAGE, PROT_READ);
    CHECK(none[0] == 'N');

    const int file = file_of(PAGE);
    char* private_map = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, file, 0);
    char* shared = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, file, 0);
    CHECK(pwrite(mem, "P", 1, (uintptr_t)private_map) == 1 && private_map[0] == 'P' && shared[0] == 'f');
    FAILS(pwrite(mem, "S", 1, (uintptr_t)shared), EIO);
    CHECK(shared[0] == 'f');

    CHILD_OK({ // the descriptor is the memory of the process that opened it
        CHECK(pwrite(mem, "parent", 6, (uintptr_t)page + 2 * PAGE) == 6 && page[2 * PAGE] == 'a');
        const int own = open("/proc/self/mem", O_RDWR);
        CHECK(pwrite(own, "C", 1, (uintptr_t)page) == 1 && page[0] == 'C');
    });
    CHECK(memcmp((char*)page + 2 * PAGE, "parent", 6) == 0 && page[0] == 'a');
    FAILS(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, mem, 0), ENODEV);
    close(mem);
    close(file);
}

static void texts(void) {
    CHECK(strstr(line_of("/proc/self/maps", "ffff0000-"), "r-xp 00000000 00:00 0") != NULL);
    CHECK(strstr(line_of("/proc/self/maps", "ffff0000-"), "[vectors]") != NULL);

    const char* in_status[] = {
        "VmPeak:", "VmHWM:", "RssShmem:", "SigQ:", "voluntary_ctxt_switches:", "nonvoluntary_ctxt_switches:"};
    for (size_t i = 0; i < sizeof in_status / sizeof in_status[0]; ++i)
        CHECK(line_of("/proc/self/status", in_status[i])[0] != '\0');
    const long before = atol(line_of("/proc/self/status", "VmHWM:") + 6);
    char* pages = (char*)anonymous(1024, PROT_READ | PROT_WRITE);
    memset(pages, 1, 1024 * PAGE);
    munmap(pages, 1024 * PAGE);
    CHECK(atol(line_of("/proc/self/status", "VmHWM:") + 6) >= before + 3500);
    CHECK(atol(line_of("/proc/self/status", "VmPeak:") + 7) >=
          atol(line_of("/proc/self/status", "VmSize:") + 7) + 3500);
    const long switches = atol(line_of("/proc/self/status", "voluntary_ctxt_switches:") + 24);
    long count = switches;
    for (int i = 0; i < 1000 && count < switches + 5; ++i) { // a sleep that is over before the switch counts as none
        usleep(1000);
        count = atol(line_of("/proc/self/status", "voluntary_ctxt_switches:") + 24);
    }
    CHECK(count >= switches + 5);
    sigset_t blocked;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGRTMIN);
    sigprocmask(SIG_BLOCK, &blocked, NULL);
    const long queued = atol(line_of("/proc/self/status", "SigQ:") + 5);
    for (int i = 0; i < 3; ++i)
        sigqueue(getpid(), SIGRTMIN, (union sigval){.sival_int = i});
    CHECK(atol(line_of("/proc/self/status", "SigQ:") + 5) == queued + 3);
    const struct timespec now = {0, 0};
    while (sigtimedwait(&blocked, NULL, &now) > 0)
        ;

    Elf32_auxv_t entries[40];
    const int auxv = open("/proc/self/auxv", O_RDONLY);
    const ssize_t bytes = read(auxv, entries, sizeof entries);
    CHECK(bytes > 0 && bytes % sizeof entries[0] == 0 && entries[bytes / sizeof entries[0] - 1].a_type == AT_NULL);
    for (int i = 0; i < (int)bytes / (int)sizeof entries[0]; ++i)
        CHECK(entries[i].a_type == AT_NULL || entries[i].a_un.a_val == getauxval(entries[i].a_type));
    close(auxv);

    const int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
    char byte, path[64];
    read(fd, &byte, 1);
    snprintf(path, sizeof path, "/proc/self/fdinfo/%d", fd);
    CHECK(strcmp(line_of(path, "pos:"), "pos:\t1\n") == 0);
    CHECK((strtol(line_of(path, "flags:") + 6, NULL, 8) & (O_CLOEXEC | O_ACCMODE)) == O_CLOEXEC);
    CHECK(line_of(path, "mnt_id:")[0] != '\0');
    close(fd);
    FAILS(open(path, O_RDONLY), ENOENT);

    CHECK(line_of("/proc/self/io", "rchar: ")[0] != '\0' && line_of("/proc/self/io", "write_bytes: ")[0] != '\0');
    const long calls = atol(line_of("/proc/self/io", "syscw: ") + 7),
               bytes_out = atol(line_of("/proc/self/io", "wchar: ") + 7);
    const int sink = open("/dev/null", O_WRONLY);
    write(sink, "12345", 5);
    close(sink);
    CHECK(atol(line_of("/proc/self/io", "syscw: ") + 7) == calls + 1);
    CHECK(atol(line_of("/proc/self/io", "wchar: ") + 7) == bytes_out + 5);
    CHECK(strlen(line_of("/proc/self/personality", "")) == 9);
    CHECK(strstr(line_of("/proc/self/mountinfo", ""), " / / rw") != NULL);
}

// What /proc/self/fdinfo says of a descriptor besides position and flags.
static void check_fdinfo(int fd, const char* start, const char* line) {
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fdinfo/%d", fd);
    CHECK(strcmp(line_of(path, start), line) == 0);
    close(fd);
}

static void descriptions(void) {
    check_fdinfo(eventfd(18, 0), "eventfd-count:", "eventfd-count:               12\n");
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    check_fdinfo(signalfd(-1, &set, 0), "sigmask:", "sigmask:\t0000000000000200\n");

    const int watched = eventfd(0, 0), epoll = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = 0xabc};
    WORKS(epoll_ctl(epoll, EPOLL_CTL_ADD, watched, &event));
    struct stat status;
    fstat(watched, &status);
    char expected[120];
    snprintf(expected, sizeof expected, "tfd: %8d events: %8x data:              abc  pos:0 ino:%lx sdev:%x\n", watched,
             EPOLLIN | EPOLLERR | EPOLLHUP, (unsigned long)status.st_ino, (unsigned)status.st_dev);
    check_fdinfo(epoll, "tfd:", expected);
    close(watched);

    const struct itimerspec hourly = {{3600, 0}, {0, 0}}, off = {{0, 5}, {0, 0}};
    int timer = timerfd_create(CLOCK_REALTIME, 0);
    timerfd_settime(timer, 0, &hourly, NULL);
    check_fdinfo(timer, "it_interval:", "it_interval: (3600, 0)\n");
    timer = timerfd_create(CLOCK_MONOTONIC, 0);
    timerfd_settime(timer, TFD_TIMER_ABSTIME, &off, NULL);
    check_fdinfo(dup(timer), "settime flags:", "settime flags: 01\n");
    check_fdinfo(dup(timer), "it_value:", "it_value: (0, 0)\n");
    check_fdinfo(timer, "clockid:", "clockid: 1\n");

    CHECK(strcmp(line_of("/proc/sys/kernel/random/entropy_avail", ""), "256\n") == 0);
    CHECK(strcmp(line_of("/proc/sys/kernel/random/poolsize", ""), "256\n") == 0);
    CHECK(strcmp(line_of("/proc/sys/kernel/random/urandom_min_reseed_secs", ""), "60\n") == 0);
}

// Where a process sleeps in the kernel. The names are each kernel's own.
static void sleeping_place(void) {
    int ends[2];
    WORKS(pipe(ends));
    const pid_t reader = fork();
    if (reader == 0) {
        char byte;
        _exit((int)read(ends[0], &byte, 1));
    }
    while (strstr(line_of(in_proc(reader, "status"), "State:"), "S (sleeping)") == NULL)
        sched_yield();
    char text[64] = "";
    const int fd = open(in_proc(reader, "wchan"), O_RDONLY);
    CHECK(read(fd, text, sizeof text - 1) > 1 && strstr(text, "read") != NULL);
    close(fd);
    CHILD_OK({
        WORKS(setuid(1000));
        CHECK(strcmp(line_of(in_proc(reader, "wchan"), ""), "0") == 0);
    });
    CHECK(strcmp(line_of("/proc/self/wchan", ""), "0") == 0);
    end_child(reader);
}

static void* sleeper(void* tid) {
    *(volatile pid_t*)tid = gettid();
    pause();
    return NULL;
}

// A process may name its threads, and nobody else's.
static void names(void) {
    volatile pid_t tid = 0;
    pthread_t thread;
    pthread_create(&thread, NULL, sleeper, (void*)&tid);
    while (tid == 0)
        sched_yield();
    CHECK(pthread_setname_np(thread, "second") == 0);
    char path[64], name[20] = "";
    snprintf(path, sizeof path, "/proc/self/task/%d/comm", (int)tid);
    CHECK(strcmp(line_of(path, ""), "second\n") == 0);
    CHECK(pthread_getname_np(thread, name, sizeof name) == 0 && strcmp(name, "second") == 0);
    CHECK(strcmp(line_of("/proc/self/comm", ""), "second\n") != 0);
    int fd = open("/proc/self/comm", O_RDWR);
    CHECK(write(fd, "longer than a name can be", 25) == 25);
    CHECK(strcmp(line_of("/proc/self/comm", ""), "longer than a n\n") == 0);
    CHILD_OK(FAILS(write(fd, "child", 5), EINVAL)); // the descriptor is the parent's
    close(fd);
    fd = open("/proc/self/oom_score_adj", O_RDWR);
    CHECK(write(fd, "+7", 2) == 2 && strcmp(line_of("/proc/self/oom_score_adj", ""), "7\n") == 0);
    FAILS(pwrite(fd, "+-7", 3, 0), EINVAL);
    CHECK(pwrite(fd, "0", 1, 0) == 1);
    close(fd);
}

static const char* link_of(int fd) {
    static char path[64], text[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    memset(text, 0, sizeof text);
    readlink(path, text, sizeof text - 1);
    close(fd);
    return text;
}

// What the links say of files that have no place in the tree.
static void links(void) {
    sigset_t none;
    sigemptyset(&none);
    CHECK(strcmp(link_of(eventfd(0, 0)), "anon_inode:[eventfd]") == 0);
    CHECK(strcmp(link_of(epoll_create1(0)), "anon_inode:[eventpoll]") == 0);
    CHECK(strcmp(link_of(timerfd_create(CLOCK_MONOTONIC, 0)), "anon_inode:[timerfd]") == 0);
    CHECK(strcmp(link_of(signalfd(-1, &none, 0)), "anon_inode:[signalfd]") == 0);
    CHECK(strcmp(link_of(syscall(SYS_pidfd_open, getpid(), 0)), "anon_inode:[pidfd]") == 0);
    CHECK(strcmp(link_of(memfd_create("name", 0)), "/memfd:name (deleted)") == 0);
    int ends[2];
    socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
    CHECK(strncmp(link_of(ends[0]), "socket:[", 8) == 0);
    close(ends[1]);
    const pid_t zombie = fork();
    if (zombie == 0)
        _exit(0);
    siginfo_t info;
    waitid(P_PID, zombie, &info, WEXITED | WNOWAIT);
    char text[16];
    FAILS(readlink(in_proc(zombie, "exe"), text, sizeof text), ENOENT);
    FAILS(readlink(in_proc(zombie, "cwd"), text, sizeof text), ENOENT);
    waitpid(zombie, NULL, 0);
}

static void signal_by_directory(void) {
    const pid_t child = paused_child();
    const int directory = open(in_proc(child, ""), O_RDONLY | O_DIRECTORY);
    const int file = open(in_proc(child, "status"), O_RDONLY);
    FAILS(syscall(SYS_pidfd_send_signal, file, 0, NULL, 0), EBADF);
    CHECK(syscall(SYS_pidfd_send_signal, directory, 0, NULL, 0) == 0);
    CHECK(syscall(SYS_pidfd_send_signal, directory, SIGTERM, NULL, 0) == 0);
    int status = 0;
    CHECK(waitpid(child, &status, 0) == child && WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
    FAILS(syscall(SYS_pidfd_send_signal, directory, 0, NULL, 0), ESRCH);
    close(directory);
    close(file);
}

int main(void) {
    number_given_again();
    strangers();
    memory();
    texts();
    descriptions();
    sleeping_place();
    names();
    links();
    signal_by_directory();
    return failures != 0;
}
