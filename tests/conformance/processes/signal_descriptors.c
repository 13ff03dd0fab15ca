// Signals read from a descriptor: signalfd(2).
#include "tests/conformance/checks/check.h"

#include <poll.h>
#include <sys/signalfd.h>

static sigset_t set_of(int signal) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, signal);
    return set;
}

int main(void) {
    struct signalfd_siginfo info[3];
    sigset_t set = set_of(SIGUSR1);
    sigaddset(&set, SIGCHLD);
    sigaddset(&set, SIGRTMIN);
    sigprocmask(SIG_BLOCK, &set, NULL);
    const int fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    WORKS(fd);
    CHECK(fcntl(fd, F_GETFD) == FD_CLOEXEC && (fcntl(fd, F_GETFL) & O_NONBLOCK));
    FAILS(read(fd, info, sizeof *info), EAGAIN);
    FAILS(read(fd, info, sizeof *info - 1), EINVAL);
    struct pollfd ready = {fd, POLLIN, 0};
    CHECK(poll(&ready, 1, 0) == 0);

    kill(getpid(), SIGUSR1);
    kill(getpid(), SIGUSR1); // merges with the first
    sigqueue(getpid(), SIGRTMIN, (union sigval){.sival_int = 5});
    sigqueue(getpid(), SIGRTMIN, (union sigval){.sival_int = 6});
    CHECK(poll(&ready, 1, 0) == 1 && ready.revents == POLLIN);
    CHECK(read(fd, info, sizeof info) == 3 * sizeof *info);
    CHECK(info[0].ssi_signo == SIGUSR1 && info[0].ssi_code == SI_USER && info[0].ssi_pid == getpid() &&
          info[0].ssi_uid == 0);
    CHECK(info[1].ssi_signo == SIGRTMIN && info[1].ssi_code == SI_QUEUE && info[1].ssi_int == 5 &&
          info[2].ssi_int == 6);
    FAILS(read(fd, info, sizeof info), EAGAIN);

    const pid_t child = fork();
    if (child == 0)
        _exit(9);
    CHECK(poll(&ready, 1, -1) == 1);
    CHECK(read(fd, info, sizeof info) == sizeof *info && info[0].ssi_signo == SIGCHLD && info[0].ssi_pid == child &&
          info[0].ssi_status == 9 && info[0].ssi_code == CLD_EXITED);
    waitpid(child, NULL, 0);

    fcntl(fd, F_SETFL, 0); // and now a read that waits
    const pid_t sender = fork();
    if (sender == 0) {
        usleep(20000);
        kill(getppid(), SIGUSR1);
        for (;;)
            pause();
    }
    CHECK(read(fd, info, sizeof info) == sizeof *info && info[0].ssi_signo == SIGUSR1 && info[0].ssi_pid == sender);
    kill(sender, SIGKILL);
    waitpid(sender, NULL, 0);
    read(fd, info, sizeof info); // its SIGCHLD

    set = set_of(SIGRTMIN);
    CHECK(signalfd(fd, &set, 0) == fd); // another set for the same descriptor
    kill(getpid(), SIGUSR1);
    CHECK(poll(&ready, 1, 0) == 0);

    FAILS(signalfd(-1, &set, 0x40000000), EINVAL);
    FAILS(signalfd(0, &set, 0), EINVAL);
    FAILS(signalfd(99, &set, 0), EBADF);
    FAILS(syscall(SYS_signalfd4, -1, &set, 4, 0), EINVAL);
    FAILS(syscall(SYS_signalfd4, -1, 8, 8, 0), EFAULT);
    close(fd);
    return finish();
}
