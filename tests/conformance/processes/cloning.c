// clone(2), clone3(2), vfork(2): every flag that is supported, and combinations that are errors. execve(2) from a
// thread.
#include "tests/conformance/checks/check.h"

#include <pthread.h>
#include <sched.h>
#include <stddef.h>
#include <sys/prctl.h>

#ifndef CLONE_PIDFD
#define CLONE_PIDFD 0x1000
#endif

static char stack[65536] __attribute__((aligned(16)));
static volatile int shared;
static volatile pid_t seen_parent, seen_tid;
static pid_t tid_word;
#define TOP (stack + sizeof stack)

static int write_shared(void* value) {
    shared = (int)(intptr_t)value;
    seen_parent = getppid();
    return 7;
}
static int close_three(void* unused) {
    (void)unused;
    return close(3) | chdir("/dev");
}
static int check_tid(void* unused) {
    (void)unused;
    seen_tid = tid_word;
    return tid_word == (pid_t)syscall(SYS_gettid) ? 0 : 1;
}
static int set_handler(void* unused) {
    (void)unused;
    signal(SIGUSR2, SIG_IGN);
    return 0;
}
static int slow(void* unused) {
    (void)unused;
    usleep(50000);
    shared = 99;
    return 0;
}
static int wait_status(pid_t child) {
    int status = -1;
    return waitpid(child, &status, __WALL) == child ? status : -1;
}

static void sharing(void) {
    shared = 0;
    pid_t child = clone(write_shared, TOP, SIGCHLD, (void*)1);
    CHECK(child > 0 && WEXITSTATUS(wait_status(child)) == 7 && shared == 0);
    child = clone(write_shared, TOP, CLONE_VM | SIGCHLD, (void*)2);
    CHECK(WEXITSTATUS(wait_status(child)) == 7 && shared == 2 && seen_parent == getpid());
    child = clone(write_shared, TOP, CLONE_VM | CLONE_PARENT | SIGCHLD, (void*)3);
    FAILS(waitpid(child, NULL, __WALL), ECHILD); // a sibling
    for (int i = 0; i < 200 && shared != 3; ++i)
        usleep(1000);
    CHECK(shared == 3 && seen_parent == getppid());

    dup2(open("/dev/null", O_RDONLY), 3);
    char directory[64];
    child = clone(close_three, TOP, SIGCHLD, NULL);
    CHECK(wait_status(child) == 0 && fcntl(3, F_GETFD) >= 0);
    child = clone(close_three, TOP, CLONE_FILES | CLONE_FS | SIGCHLD, NULL);
    CHECK(wait_status(child) == 0);
    FAILS(fcntl(3, F_GETFD), EBADF);
    CHECK(strcmp(getcwd(directory, sizeof directory), "/dev") == 0);
    chdir("/");

    struct sigaction action;
    signal(SIGUSR2, SIG_DFL);
    child = clone(set_handler, TOP, CLONE_VM | SIGCHLD, NULL);
    wait_status(child);
    sigaction(SIGUSR2, NULL, &action);
    CHECK(action.sa_handler == SIG_DFL);
    child = clone(set_handler, TOP, CLONE_VM | CLONE_SIGHAND | SIGCHLD, NULL);
    wait_status(child);
    sigaction(SIGUSR2, NULL, &action);
    CHECK(action.sa_handler == SIG_IGN);
    signal(SIGUSR2, SIG_DFL);

    shared = 0;
    child = clone(slow, TOP, CLONE_VM | CLONE_VFORK | SIGCHLD, NULL);
    CHECK(shared == 99); // CLONE_VFORK has made the parent wait
    wait_status(child);
}

static void ids(void) {
    pid_t parent_word = 0;
    tid_word = 0;
    pid_t child = clone(check_tid, TOP, CLONE_CHILD_SETTID | SIGCHLD, NULL, NULL, NULL, &tid_word);
    CHECK(wait_status(child) == 0 && tid_word == 0); // written in the child's memory only
    child = clone(check_tid, TOP, CLONE_VM | CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID | CLONE_PARENT_SETTID | SIGCHLD,
                  NULL, &parent_word, NULL, &tid_word);
    CHECK(wait_status(child) == 0 && seen_tid == child && tid_word == 0 && parent_word == child);
    // The parent gets the signal that clone asked for. wait(2) finds such a child only with __WCLONE or __WALL.
    child = clone(write_shared, TOP, SIGUSR2 | CLONE_VM, (void*)4);
    signal(SIGUSR2, SIG_IGN);
    usleep(30000);
    FAILS(waitpid(child, NULL, 0), ECHILD);
    CHECK(waitpid(child, NULL, __WCLONE) == child);
    signal(SIGUSR2, SIG_IGN);
    child = clone(write_shared, TOP, CLONE_VM, (void*)4);
    CHECK(waitpid(child, NULL, __WALL) == child);
}

static void errors(void) {
    FAILS(clone(write_shared, NULL, SIGCHLD, NULL), EINVAL);
    FAILS(clone(write_shared, TOP, CLONE_SIGHAND | SIGCHLD, NULL), EINVAL);
    FAILS(clone(write_shared, TOP, CLONE_THREAD | CLONE_VM, NULL), EINVAL);
    FAILS(clone(write_shared, TOP, CLONE_THREAD | CLONE_SIGHAND, NULL), EINVAL);
    FAILS(clone(write_shared, TOP, CLONE_NEWNS | CLONE_FS | SIGCHLD, NULL), EINVAL);
    int fd = -1;
    FAILS(syscall(SYS_clone, CLONE_PIDFD | CLONE_PARENT_SETTID | SIGCHLD, 0, &fd, 0, 0), EINVAL);
    FAILS(syscall(SYS_clone, CLONE_PIDFD | SIGCHLD, 0, (void*)-1, 0, 0), EFAULT);
    FAILS(waitpid(-1, NULL, __WALL), ECHILD); // none of these left a child
    const pid_t child = (pid_t)syscall(SYS_clone, CLONE_PIDFD | SIGCHLD, 0, &fd, 0, 0);
    if (child == 0)
        _exit(0);
    CHECK(child > 0 && fd > 2 && (fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
    close(fd);
    wait_status(child);
}

struct arguments {
    uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid, set_tid_size, cgroup,
        more;
};

static void clone3(void) {
    struct arguments arguments = {.exit_signal = SIGCHLD};
    const size_t size = offsetof(struct arguments, more);
    const pid_t child = (pid_t)syscall(SYS_clone3, &arguments, size);
    if (child == 0)
        _exit(11);
    CHECK(child > 0 && WEXITSTATUS(wait_status(child)) == 11);
    FAILS(syscall(SYS_clone3, &arguments, 8), EINVAL);
    FAILS(syscall(SYS_clone3, &arguments, 5000), E2BIG);
    FAILS(syscall(SYS_clone3, (void*)-1, size), EFAULT);
    arguments.more = 1;
    FAILS(syscall(SYS_clone3, &arguments, sizeof arguments), E2BIG);
    arguments.exit_signal = 65;
    FAILS(syscall(SYS_clone3, &arguments, size), EINVAL);
    arguments = (struct arguments){.exit_signal = SIGCHLD, .stack = 1 << 20};
    FAILS(syscall(SYS_clone3, &arguments, size), EINVAL);
    arguments = (struct arguments){.exit_signal = SIGCHLD, .stack_size = 4096};
    FAILS(syscall(SYS_clone3, &arguments, size), EINVAL);
    arguments = (struct arguments){.flags = SIGCHLD};
    FAILS(syscall(SYS_clone3, &arguments, size), EINVAL);
    arguments = (struct arguments){.flags = 1ull << 60};
    FAILS(syscall(SYS_clone3, &arguments, size), EINVAL);
}

static void* run_self(void* path) {
    execl(path, "cloning", "after", NULL);
    return NULL;
}
static void* wait_for_ever(void* unused) {
    for (;;)
        pause();
    return unused;
}

// After execve from a thread the other threads are gone, and the process keeps its id.
static void exec_from_thread(const char* path) {
    const pid_t child = fork();
    if (child == 0) {
        pthread_t thread;
        for (int i = 0; i < 3; ++i)
            pthread_create(&thread, NULL, wait_for_ever, NULL);
        char text[16];
        sprintf(text, "%d", getpid());
        setenv("EXPECTED_PID", text, 1);
        pthread_create(&thread, NULL, run_self, (void*)path);
        wait_for_ever(NULL);
    }
    const int status = wait_status(child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 23);
}

static int after_exec(void) {
    CHECK(atoi(getenv("EXPECTED_PID")) == getpid());
    CHECK(getpid() == (pid_t)syscall(SYS_gettid));
    char name[16] = "";
    prctl(PR_GET_NAME, name);
    CHECK(strcmp(name, "cloning") == 0);
    return failures ? 99 : 23;
}

static void vforks(void) {
    volatile int value = 1;
    const pid_t child = vfork();
    if (child == 0) {
        value = 2;
        _exit(3);
    }
    CHECK(value == 2 && WEXITSTATUS(wait_status(child)) == 3);
    const pid_t other = vfork();
    if (other == 0) {
        execl("/nothing/there", "x", NULL);
        _exit(errno == ENOENT ? 4 : 5);
    }
    CHECK(WEXITSTATUS(wait_status(other)) == 4);
}

int main(int argc, char** argv) {
    if (argc > 1)
        return after_exec();
    sharing();
    ids();
    errors();
    clone3();
    vforks();
    exec_from_thread(argv[0]);
    return failures != 0;
}
