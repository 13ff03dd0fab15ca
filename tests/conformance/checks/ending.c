// How processes end: the first thread before the others, a core dump that is killed; and how much of a list of ranges one
// call takes.
#include "check.h"

#include <pthread.h>
#include <sched.h>
#include <sys/uio.h>

static char self[256]; // /proc/self/exe is the first thread's

// The letter of the process's first thread in /proc.
static char state_of(pid_t pid) {
    char path[64], text[512];
    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    const int fd = open(path, O_RDONLY);
    const ssize_t length = read(fd, text, sizeof text - 1);
    close(fd);
    text[length > 0 ? length : 0] = '\0';
    const char* after = strrchr(text, ')');
    return after ? after[2] : '?';
}

static void* last_to_end(void* how) {
    while (state_of(getpid()) != 'Z')
        sched_yield();
    switch ((int)(intptr_t)how) {
    case 1:
        syscall(SYS_exit_group, 7);
        break;
    case 2:
        kill(getpid(), SIGTERM);
        pause();
        break;
    case 3:
        execl(self, "ending", "image", (char*)NULL);
        break;
    }
    syscall(SYS_exit, 5);
    return NULL;
}

// The status is that of the thread that ends last.
static void first_thread_first(void) {
    static const int statuses[] = {5 << 8, 7 << 8, SIGTERM, 11 << 8};
    for (int how = 0; how < 4; ++how) {
        const int status = IN_CHILD({
            pthread_t thread;
            pthread_create(&thread, NULL, last_to_end, (void*)(intptr_t)how);
            syscall(SYS_exit, 3);
        });
        if (status != statuses[how])
            printf("way %d: status %x\n", how, status), ++failures;
    }
}

static void killed_dump(void) {
    char directory[] = "/tmp/ending.XXXXXX";
    CHECK(mkdtemp(directory) != NULL);
    chdir(directory);
    setrlimit(RLIMIT_CORE, &(struct rlimit){RLIM_INFINITY, RLIM_INFINITY});
    fflush(stdout);
    const pid_t child = fork();
    if (child == 0) {
        enum { PAGES = 16384 };
        volatile char* const memory = anonymous(PAGES, PROT_READ | PROT_WRITE);
        for (unsigned i = 0; i < PAGES; ++i)
            memory[i * PAGE] = 1;
        abort();
    }
    struct stat core;
    siginfo_t ended = {.si_pid = 0};
    while (stat("core", &core) != 0 && waitid(P_PID, child, &ended, WEXITED | WNOHANG | WNOWAIT) == 0 &&
           ended.si_pid == 0)
        sched_yield();
    kill(child, SIGKILL);
    int status;
    WORKS(waitpid(child, &status, 0));
    CHECK(status == SIGKILL);
    unlink("core");
    chdir("/");
    rmdir(directory);
}

// One call takes 2 GiB less a page at most, so that its result is no error.
static void much_at_once(void) {
    const size_t bytes = 512 << 20;
    void* const memory = mmap(NULL, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    CHECK(memory != MAP_FAILED);
    struct iovec ranges[12];
    for (unsigned i = 0; i < 12; ++i)
        ranges[i] = (struct iovec){memory, bytes};
    const int fd = syscall(SYS_pidfd_open, getpid(), 0);
    CHECK(syscall(SYS_process_madvise, fd, ranges, 8, MADV_COLD, 0) == 0x7ffff000);
    CHECK(syscall(SYS_process_madvise, fd, ranges, 12, MADV_COLD, 0) == 0x7ffff000);
    ranges[11].iov_len = 0x80000000u;
    FAILS(syscall(SYS_process_madvise, fd, ranges, 12, MADV_COLD, 0), EINVAL);
    FAILS(process_vm_readv(getpid(), ranges, 12, ranges, 1, 0), EINVAL);
    FAILS(process_vm_readv(getpid(), ranges, 1, ranges, 12, 0), EINVAL);
    close(fd);
}

int main(int argc, char** argv) {
    (void)argv;
    if (argc > 1)
        return 11;
    readlink("/proc/self/exe", self, sizeof self - 1);
    first_thread_first();
    killed_dump();
    much_at_once();
    return finish();
}
