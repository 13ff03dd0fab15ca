// What a process may do to others: process_vm_readv(2), process_madvise(2), kcmp(2), pidfd_getfd(2), kill(2); and
// corners of wait(2), clone(2), clone3(2) and mlock(2) that few programs use.
#include "tests/conformance/checks/check.h"

#include <linux/kcmp.h>
#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <sys/ipc.h>
#include <sys/shm.h>
#include <sys/uio.h>

static int pidfd_of(pid_t pid, unsigned flags) { return syscall(SYS_pidfd_open, pid, flags); }

static void memory(void) {
    static char text[2 * PAGE];
    memset(text, 'p', sizeof text);
    const pid_t child = paused_child();
    memset(text, 'x', sizeof text);
    char first[100], second[PAGE];
    struct iovec local[] = {{first, sizeof first}, {second, sizeof second}};
    struct iovec remote[] = {{text + 10, 50}, {text + PAGE - 5, PAGE}};
    CHECK(process_vm_readv(child, local, 2, remote, 2, 0) == 50 + PAGE);
    CHECK(first[0] == 'p' && second[PAGE - 60] == 'p' && text[0] == 'x');
    memset(first, 'w', sizeof first);
    CHECK(process_vm_writev(child, local, 1, remote, 1, 0) == 50);
    CHECK(process_vm_readv(child, local, 1, remote, 1, 0) == 50 && first[0] == 'w' && text[10] == 'x');
    remote[1].iov_base = (void*)8;
    CHECK(process_vm_readv(child, local, 2, remote, 2, 0) == 50); // up to the first bad address
    FAILS(process_vm_readv(child, local, 1, remote + 1, 1, 0), EFAULT);
    FAILS(process_vm_readv(child, local, 1, remote, 1, 1), EINVAL);
    FAILS(process_vm_readv(child, local, 1025, remote, 1, 0), EINVAL);
    FAILS(process_vm_readv(99999, local, 1, remote, 1, 0), ESRCH);
    CHECK(process_vm_readv(99999, local, 0, remote, 1, 0) == 0);
    CHILD_OK(setuid(65534); FAILS(process_vm_readv(child, local, 1, remote, 1, 0), EPERM));

    const int fd = pidfd_of(child, 0);
    struct iovec range = {(void*)((uintptr_t)text & -PAGE), PAGE};
    CHECK(syscall(SYS_process_madvise, fd, &range, 1, MADV_COLD, 0) == PAGE);
    FAILS(syscall(SYS_process_madvise, fd, &range, 1, MADV_DONTNEED, 0), EINVAL);
    FAILS(syscall(SYS_process_madvise, fd, &range, 1, MADV_COLD, 1), EINVAL);
    FAILS(syscall(SYS_process_madvise, -1, &range, 1, MADV_COLD, 0), EBADF);
    close(fd);
    end_child(child);
}

static void descriptors(void) {
    const int own = open("/dev/null", O_RDONLY);
    const pid_t child = paused_child();
    const int fd = pidfd_of(child, 0), copy = syscall(SYS_pidfd_getfd, fd, own, 0);
    WORKS(copy);
    CHECK(fcntl(copy, F_GETFD) == FD_CLOEXEC);
    CHECK(syscall(SYS_kcmp, getpid(), child, KCMP_FILE, copy, own) == 0);
    CHECK(syscall(SYS_kcmp, getpid(), getpid(), KCMP_FILE, copy, fd) > 0);
    CHECK(syscall(SYS_kcmp, getpid(), child, KCMP_VM, 0, 0) > 0);
    CHECK(syscall(SYS_kcmp, getpid(), getpid(), KCMP_FILES, 0, 0) == 0);
    FAILS(syscall(SYS_kcmp, getpid(), child, KCMP_FILE, 999, own), EBADF);
    FAILS(syscall(SYS_kcmp, getpid(), child, 99, 0, 0), EINVAL);
    FAILS(syscall(SYS_kcmp, getpid(), 99999, KCMP_VM, 0, 0), ESRCH);
    FAILS(syscall(SYS_pidfd_getfd, fd, 999, 0), EBADF);
    FAILS(syscall(SYS_pidfd_getfd, fd, own, 1), EINVAL);
    FAILS(syscall(SYS_pidfd_getfd, -1, own, 0), EBADF);
    CHILD_OK(setuid(65534); FAILS(syscall(SYS_pidfd_getfd, fd, own, 0), EPERM));
    close(copy), close(fd), close(own);
    end_child(child);
}

static void nothing(int signal) { (void)signal; }

static void waits(void) {
    siginfo_t info;
    FAILS(waitid(P_ALL, 0, (siginfo_t*)4, WEXITED), EFAULT); // this is checked before ECHILD
    FAILS(waitid(3 /* P_PIDFD */, -1, &info, WEXITED), EINVAL);
    const pid_t child = paused_child();
    const int fd = pidfd_of(child, O_NONBLOCK);
    FAILS(waitid(3, fd, &info, WEXITED), EAGAIN);
    kill(child, SIGKILL);
    struct pollfd ended = {fd, POLLIN, 0};
    CHECK(poll(&ended, 1, -1) == 1);
    CHECK(waitid(3, fd, &info, WEXITED) == 0 && info.si_status == SIGKILL);
    close(fd);

    struct sigaction action = {.sa_handler = nothing}, old; // without SA_RESTART
    sigaction(SIGCHLD, &action, &old);
    const pid_t quick = fork();
    if (quick == 0) {
        usleep(50000);
        _exit(3);
    }
    int status = 0;
    CHECK(wait(&status) == quick && WEXITSTATUS(status) == 3); // the child, not the signal that reports it
    action.sa_flags = SA_NOCLDWAIT;
    sigaction(SIGCHLD, &action, NULL);
    if (fork() == 0) {
        usleep(50000);
        _exit(0);
    }
    FAILS(wait(&status), ECHILD);
    sigaction(SIGCHLD, &old, NULL);

    action.sa_flags = 0x400 | 0x100 | SA_RESTART;
    sigaction(SIGUSR1, &action, NULL);
    sigaction(SIGUSR1, NULL, &old);
    CHECK((old.sa_flags & 0x500) == 0 && (old.sa_flags & SA_RESTART)); // unknown flags are dropped
    signal(SIGUSR1, SIG_DFL);
}

static int seven(void* unused) {
    (void)unused;
    return 7;
}

// A child that is of this user, and waits.
static pid_t paused_as(unsigned uid) {
    int ready[2];
    char byte = 'x';
    WORKS(pipe(ready));
    const pid_t child = fork();
    if (child == 0) {
        WORKS(setuid(uid));
        write(ready[1], &byte, 1);
        for (;;)
            pause();
    }
    CHECK(read(ready[0], &byte, 1) == 1);
    close(ready[0]), close(ready[1]);
    return child;
}

// setuid(2) succeeds, whoever has too many processes then: it is execve(2) that fails, as long as they are too many.
static void becomes_one_too_many(void) {
    const pid_t first = paused_as(4712), second = paused_as(4712);
    char* const words[] = {"/bin/none", NULL};
    const struct rlimit few = {1, 5}, enough = {5, 5}, none = {0, 0};
    CHILD_OK({
        setrlimit(RLIMIT_NPROC, &few);
        WORKS(setuid(4712));
        FAILS(execv(words[0], words), EAGAIN);
        FAILS(execv(words[0], words), EAGAIN);
        setrlimit(RLIMIT_NPROC, &enough);
        FAILS(execv(words[0], words), ENOENT);
        setrlimit(RLIMIT_NPROC, &none);
        FAILS(execv(words[0], words), ENOENT); // once is enough
    });
    CHILD_OK({
        setrlimit(RLIMIT_NPROC, &none);
        WORKS(setreuid(0, 4712)); // it still counts with root
        FAILS(execv(words[0], words), ENOENT);
    });
    end_child(first);
    end_child(second);
}

static void clones(void) {
    static char stack[16384] __attribute__((aligned(16)));
    int pidfd = -1, status = 0;
    const pid_t odd = clone(seven, stack + sizeof stack, 0xff, NULL); // no valid signal: none is sent
    CHECK(odd > 0 && waitpid(odd, &status, __WALL) == odd && WEXITSTATUS(status) == 7);
    FAILS(clone(seven, stack + sizeof stack, CLONE_PIDFD | CLONE_DETACHED | SIGCHLD, NULL, &pidfd), EINVAL);
    pid_t wanted = 12345;
    struct clone_args arguments = {.exit_signal = SIGCHLD, .set_tid = (uintptr_t)&wanted, .set_tid_size = 1};
    const pid_t chosen = syscall(SYS_clone3, &arguments, sizeof arguments);
    if (chosen == 0)
        _exit(getpid() == 12345 ? 5 : 6);
    CHECK(chosen == 12345 && waitpid(chosen, &status, 0) == chosen && WEXITSTATUS(status) == 5);
    wanted = getpid();
    FAILS(syscall(SYS_clone3, &arguments, sizeof arguments), EEXIST);
    wanted = -1;
    FAILS(syscall(SYS_clone3, &arguments, sizeof arguments), EINVAL);
    wanted = 12345;
    CHILD_OK(setuid(65534); FAILS(syscall(SYS_clone3, &arguments, sizeof arguments), EPERM));
    arguments = (struct clone_args){.flags = CLONE_INTO_CGROUP, .exit_signal = SIGCHLD, .cgroup = 999};
    FAILS(syscall(SYS_clone3, &arguments, sizeof arguments), EBADF);

    CHILD_OK(struct rlimit most = {1, 1}; setrlimit(RLIMIT_NPROC, &most); setuid(4711);
             FAILS(fork(), EAGAIN)); // the child is one process already
    becomes_one_too_many();
    CHILD_OK(setuid(4711); CHECK(kill(-1, 0) == 0)); // it may signal no process, which is no error
}

static int locks(int segment) { return shmctl(segment, SHM_LOCK, NULL); }
static unsigned mode_of(int segment) {
    struct shmid_ds status;
    CHECK(shmctl(segment, IPC_STAT, &status) == 0);
    return status.shm_perm.mode;
}
static void locked_segments(void) {
    enum { LOCKED = 02000 }; // SHM_LOCKED
    const int roots = shmget(IPC_PRIVATE, PAGE, 0600 | IPC_CREAT);
    CHILD_OK({
        const struct rlimit two_pages = {2 * PAGE, 2 * PAGE};
        setrlimit(RLIMIT_MEMLOCK, &two_pages);
        WORKS(setuid(65534));
        FAILS(locks(roots), EPERM);
        FAILS(shmctl(roots, SHM_UNLOCK, NULL), EPERM);
        const int one = shmget(IPC_PRIVATE, PAGE, 0600 | IPC_CREAT),
                  two = shmget(IPC_PRIVATE, PAGE + 1, 0600 | IPC_CREAT);
        WORKS(locks(one));
        WORKS(locks(one)); // counts once
        CHECK((mode_of(one) & LOCKED) != 0);
        FAILS(locks(two), ENOMEM);
        CHECK((mode_of(two) & LOCKED) == 0);
        WORKS(shmctl(one, SHM_UNLOCK, NULL));
        WORKS(locks(two));
        FAILS(locks(one), ENOMEM); // all segments of a user together
        WORKS(shmctl(two, IPC_RMID, NULL));
        WORKS(locks(one));
        WORKS(shmctl(one, IPC_RMID, NULL));
    });
    CHILD_OK({
        const struct rlimit none = {0, 0};
        setrlimit(RLIMIT_MEMLOCK, &none);
        WORKS(locks(roots)); // with CAP_IPC_LOCK
        WORKS(setuid(65534));
        const int own = shmget(IPC_PRIVATE, PAGE, 0600 | IPC_CREAT);
        FAILS(locks(own), EPERM);
        WORKS(shmctl(own, SHM_UNLOCK, NULL));
        WORKS(shmctl(own, IPC_RMID, NULL));
    });
    CHECK((mode_of(roots) & LOCKED) != 0);
    WORKS(shmctl(roots, IPC_RMID, NULL));
}

static void locking(void) {
    locked_segments();
    char* page = (char*)anonymous(1, PROT_READ | PROT_WRITE);
    CHILD_OK(struct rlimit most = {PAGE - 1, PAGE - 1}; setrlimit(RLIMIT_MEMLOCK, &most); setuid(65534);
             FAILS(mlock(page, PAGE), ENOMEM); FAILS(mlockall(MCL_CURRENT), ENOMEM));
    CHILD_OK(struct rlimit most = {0, 0}; setrlimit(RLIMIT_MEMLOCK, &most); setuid(65534);
             FAILS(mlock(page, PAGE), EPERM); FAILS(mlockall(MCL_CURRENT), EPERM));
    WORKS(madvise(page, PAGE, MADV_MERGEABLE));
    WORKS(madvise(page, PAGE, MADV_UNMERGEABLE));
    CHECK(msync(page, -1, MS_SYNC) == 0);
    const int zero = open("/dev/zero", O_RDONLY);
    CHECK(mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, zero, 0) == MAP_FAILED && errno == EACCES);
    close(zero);
}

static void busy_programs(void) {
    FAILS(open("/proc/self/exe", O_RDWR), ETXTBSY);
    FAILS(truncate("/proc/self/exe", 0), ETXTBSY);
    char path[] = "/tmp/program.XXXXXX";
    const int fd = mkstemp(path);
    fchmod(fd, 0755);
    CHILD_OK(FAILS(execl(path, path, NULL), ETXTBSY));
    close(fd);
    CHILD_OK(FAILS(execl(path, path, NULL), ENOEXEC));
    unlink(path);
}

// remap_file_pages(2): the pages of a file in another order.
static void remapped(void) {
    const int fd = file_of(4 * PAGE);
    char* pages = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    for (int i = 0; i < 4; ++i)
        pages[i * PAGE] = (char)('0' + i);
    WORKS(remap_file_pages(pages, PAGE, 0, 2, 0));
    CHECK(pages[0] == '2' && pages[PAGE] == '1');
    FAILS(remap_file_pages(pages, PAGE, PROT_READ, 2, 0), EINVAL);
    FAILS(remap_file_pages(pages, -PAGE, 0, 2, 0), EINVAL);
    FAILS(remap_file_pages((void*)anonymous(1, PROT_READ), PAGE, 0, 0, 0), EINVAL);
}

static struct shmid_ds status_of(int segment) {
    struct shmid_ds status;
    CHECK(shmctl(segment, IPC_STAT, &status) == 0);
    return status;
}

// A segment that is removed goes with its last mapping, also if the call that ends it would map it again.
static void removed_segment(void) {
    const int segment = shmget(IPC_PRIVATE, 2 * PAGE, 0600 | IPC_CREAT);
    char* const pages = shmat(segment, NULL, 0);
    CHECK(pages != (void*)-1 && status_of(segment).shm_nattch == 1);
    CHECK(status_of(segment).shm_dtime == 0 && status_of(segment).shm_atime != 0);
    WORKS(remap_file_pages(pages, PAGE, 0, 1, 0));
    CHECK(status_of(segment).shm_nattch == 2);
    WORKS(remap_file_pages(pages, PAGE, 0, 0, 0));
    WORKS(shmctl(segment, IPC_RMID, NULL));
    pages[PAGE] = 1;
    char* const again = shmat(segment, NULL, 0); // others may attach it while it is mapped
    CHECK(again != (void*)-1 && again[PAGE] == 1);
    WORKS(remap_file_pages(pages, 2 * PAGE, 0, 0, 0));
    WORKS(shmdt(again));
    FAILS(remap_file_pages(pages, 2 * PAGE, 0, 0, 0), EINVAL);
    struct shmid_ds status;
    FAILS(shmctl(segment, IPC_STAT, &status), EINVAL);
    FAILS(msync(pages, PAGE, MS_SYNC), ENOMEM); // nothing is mapped there any more
}

int main(void) {
    memory();
    descriptors();
    waits();
    clones();
    locking();
    busy_programs();
    remapped();
    removed_segment();
    return finish();
}
