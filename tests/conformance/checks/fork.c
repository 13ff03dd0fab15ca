// fork(2): what a child shares, what it has of its own, what it inherits; many children.
#include "check.h"

#include <sys/file.h>
#include <sys/time.h>

static void memory(void) {
    static volatile int data = 1;
    volatile char* own = anonymous(64, PROT_READ | PROT_WRITE);
    volatile char* shared = mmap(0, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    volatile int local = 1;
    memset((void*)own, 3, 64 * PAGE);
    CHILD_OK(CHECK(data == 1 && local == 1 && own[63 * PAGE] == 3); data = local = 2; memset((void*)own, 4, 64 * PAGE);
             shared[0] = 1; CHILD_OK(CHECK(data == 2 && own[5] == 4); own[5] = 5; shared[1] = 1); CHECK(own[5] == 4));
    CHECK(data == 1 && local == 1 && own[5] == 3 && shared[0] == 1 && shared[1] == 1);
}

static void files(void) {
    const int fd = file_of(100);
    lseek(fd, 10, SEEK_SET);
    CHILD_OK(CHECK(lseek(fd, 0, SEEK_CUR) == 10); lseek(fd, 20, SEEK_SET)); // there is one position
    CHECK(lseek(fd, 0, SEEK_CUR) == 20);
    CHILD_OK(close(fd));
    WORKS(lseek(fd, 0, SEEK_CUR)); // but two descriptors
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    CHILD_OK(CHECK(fcntl(fd, F_GETFD) == FD_CLOEXEC); fcntl(fd, F_SETFD, 0));
    CHECK(fcntl(fd, F_GETFD) == FD_CLOEXEC);
    CHILD_OK(fcntl(fd, F_SETFL, O_APPEND));
    CHECK((fcntl(fd, F_GETFL) & O_APPEND) != 0);
}

static void inherited(void) {
    umask(0123);
    chdir("/dev");
    nice(3);
    struct sigaction action = {.sa_handler = SIG_IGN}, seen;
    sigaction(SIGUSR1, &action, NULL);
    sigset_t set, now;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    sigprocmask(SIG_BLOCK, &set, NULL);
    raise(SIGUSR2);
    const struct rlimit core = {12345, 23456};
    setrlimit(RLIMIT_CORE, &core);
    alarm(1000);
    const pid_t parent = getpid(), group = getpgrp(), session = getsid(0);
    CHILD_OK(char directory[64]; struct rlimit limit; CHECK(umask(0) == 0123);
             CHECK(strcmp(getcwd(directory, sizeof directory), "/dev") == 0); errno = 0;
             CHECK(getpriority(PRIO_PROCESS, 0) == 3); sigaction(SIGUSR1, NULL, &seen);
             CHECK(seen.sa_handler == SIG_IGN); sigprocmask(SIG_BLOCK, NULL, &now);
             CHECK(sigismember(&now, SIGUSR2) == 1); sigpending(&now);
             CHECK(sigismember(&now, SIGUSR2) == 0); // pending signals are not inherited
             getrlimit(RLIMIT_CORE, &limit); CHECK(limit.rlim_cur == 12345 && limit.rlim_max == 23456);
             CHECK(alarm(0) == 0); // timers neither
             CHECK(getppid() == parent && getpid() != parent && getpgrp() == group && getsid(0) == session));
    CHECK(alarm(0) > 900 && umask(022) == 0123);
    sigpending(&now);
    CHECK(sigismember(&now, SIGUSR2) == 1);
}

static void many(void) {
    enum { CHILDREN = 300 };
    static pid_t children[CHILDREN];
    static char seen[CHILDREN];
    for (int i = 0; i < CHILDREN; ++i) {
        fflush(stdout);
        children[i] = fork();
        if (children[i] == 0)
            _exit(i % 100);
        CHECK(children[i] > 0);
    }
    for (int n = 0; n < CHILDREN; ++n) {
        int status = 0;
        const pid_t ended = wait(&status);
        for (int i = 0; i < CHILDREN; ++i)
            if (children[i] == ended) {
                CHECK(!seen[i] && WIFEXITED(status) && WEXITSTATUS(status) == i % 100);
                seen[i] = 1;
            }
    }
    FAILS(wait(NULL), ECHILD);
}

// Process ids increase, wrap round, and skip those of living processes.
static void wrapping(void) {
    long most = 0;
    FILE* file = fopen("/proc/sys/kernel/pid_max", "r");
    CHECK(file && fscanf(file, "%ld", &most) == 1 && most >= 1024);
    fclose(file);
    const int fd = open("/proc/sys/kernel/pid_max", O_WRONLY);
    FAILS(write(fd, "300\n", 4), EINVAL);
    FAILS(write(fd, "32769\n", 6), EINVAL);
    CHECK(pwrite(fd, "2000\n", 5, 0) == 5);
    most = 2000;
    pid_t before = getpid();
    int wraps = 0;
    for (long i = 0; i < most + 100 && wraps < 2; ++i) {
        const pid_t child = vfork();
        if (child == 0)
            _exit(0);
        if (child < 0) {
            CHECK(child > 0);
            break;
        }
        wraps += child < before;
        CHECK(child != getpid() && child != getppid() && child < most && (!wraps || child >= 300 || child > before));
        before = child;
        waitpid(child, NULL, 0);
    }
    CHECK(wraps >= 1);
    CHECK(pwrite(fd, "32768\n", 6, 0) == 6);
    close(fd);
}

int main(void) {
    memory();
    files();
    many();
    wrapping();
    inherited();
    return finish();
}
