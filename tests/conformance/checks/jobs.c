// Process groups, sessions and the controlling terminal: setpgid(2), setsid(2), ioctl_tty(2), credentials(7); what job
// control does to which processes, and what it reports to which.
#include "check.h"

#include <sys/ioctl.h>
#include <termios.h>

static const char* const terminal = "/dev/ttyAMA0";

static void nap(int milliseconds) { usleep(milliseconds * 1000); }

static void groups(void) {
    const pid_t me = getpid(), child = fork();
    if (child == 0)
        for (;;)
            pause();
    CHECK(getsid(0) == me && getpgrp() == me); // init made this process a session leader
    FAILS(setsid(), EPERM);
    FAILS(setpgid(0, 0), EPERM); // a session leader stays where it is
    FAILS(setpgid(0, -1), EINVAL);
    FAILS(setpgid(99999, 0), ESRCH);
    FAILS(setpgid(getppid(), 0), ESRCH);
    FAILS(getpgid(99999), ESRCH);
    FAILS(getsid(99999), ESRCH);
    CHECK(getpgid(child) == me && getsid(child) == me);
    FAILS(setpgid(child, 99999), EPERM);
    WORKS(setpgid(child, 0));
    CHECK(getpgid(child) == child);
    WORKS(setpgid(child, me));
    WORKS(setpgid(child, child));
    FAILS(kill(-99999, 0), ESRCH);
    WORKS(kill(-child, SIGTERM));
    int status;
    CHECK(waitpid(-child, &status, 0) == child && WTERMSIG(status) == SIGTERM);

    const pid_t program = fork();
    if (program == 0)
        execl("/bin/jobs", "jobs", "sleep", NULL);
    nap(300);
    FAILS(setpgid(program, program), EACCES); // too late: it runs another program
    kill(program, SIGKILL);
    waitpid(program, NULL, 0);
    CHILD_OK(CHECK(setsid() == getpid()); CHECK(getpgrp() == getpid()); FAILS(setsid(), EPERM));
    CHILD_OK(WORKS(setpgid(0, 0)); FAILS(setsid(), EPERM)); // a group of its number exists
}

static void stops_are_reported(void) {
    int status;
    const pid_t child = fork();
    if (child == 0)
        for (;;)
            pause();
    CHECK(waitpid(child, &status, WNOHANG | WUNTRACED | WCONTINUED) == 0);
    kill(child, SIGSTOP);
    CHECK(waitpid(child, &status, WUNTRACED) == child && WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP);
    CHECK(waitpid(child, &status, WUNTRACED | WNOHANG) == 0); // reported once
    kill(child, SIGTERM);                                     // pending until the child continues
    nap(50);
    CHECK(waitpid(child, &status, WNOHANG) == 0);
    kill(child, SIGCONT);
    CHECK(waitpid(child, &status, WCONTINUED) == child);
    if (WIFCONTINUED(status))
        CHECK(waitpid(child, &status, 0) == child);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);

    const pid_t other = fork();
    if (other == 0)
        for (;;)
            pause();
    siginfo_t info;
    kill(other, SIGTSTP); // our group is orphaned: our parent is of another session
    nap(50);
    CHECK(waitid(P_PID, other, &info, WSTOPPED | WNOHANG) == 0);
    kill(other, SIGSTOP);
    CHECK(waitid(P_PID, other, &info, WSTOPPED) == 0 && info.si_code == CLD_STOPPED && info.si_status == SIGSTOP);
    kill(other, SIGKILL); // also kills a stopped process
    CHECK(waitid(P_PID, other, &info, WEXITED) == 0 && info.si_code == CLD_KILLED && info.si_status == SIGKILL);
}

static volatile sig_atomic_t hangups, continues;
static void count_hangup(int sig) { ++*(sig == SIGHUP ? &hangups : &continues); }

// When the last relative of a stopped job in its session dies, the job gets SIGHUP and SIGCONT.
static void orphans_are_told(void) {
    int ends[2];
    pipe(ends);
    const pid_t middle = fork();
    if (middle == 0) {
        const pid_t job = fork();
        if (job == 0) {
            setpgid(0, 0);
            signal(SIGHUP, count_hangup);
            signal(SIGCONT, count_hangup);
            raise(SIGSTOP);
            nap(100);
            const char told[2] = {(char)hangups, (char)continues};
            write(ends[1], told, 2);
            _exit(0);
        }
        int status;
        waitpid(job, &status, WUNTRACED);
        _exit(WIFSTOPPED(status) ? 0 : 1);
    }
    close(ends[1]);
    int status;
    CHECK(waitpid(middle, &status, 0) == middle && status == 0);
    char told[2] = {0, 0};
    CHECK(read(ends[0], told, 2) == 2 && told[0] == 1 && told[1] == 1);
    close(ends[0]);
}

static void without_terminal(void) {
    pid_t group;
    FAILS(open("/dev/tty", O_RDWR), ENXIO);
    const int fd = open(terminal, O_RDWR | O_NOCTTY);
    CHECK(fd >= 0 && isatty(fd));
    FAILS(ioctl(fd, TIOCGPGRP, &group), ENOTTY);
    FAILS(ioctl(fd, TIOCGSID, &group), ENOTTY);
    group = getpgrp();
    FAILS(ioctl(fd, TIOCSPGRP, &group), ENOTTY);
    FAILS(ioctl(fd, TIOCNOTTY), ENOTTY);
    CHILD_OK(FAILS(ioctl(fd, TIOCSCTTY, 0), EPERM)); // the child leads no session
    const int pipe_end = open("/dev/null", O_RDWR);
    FAILS(tcgetpgrp(pipe_end), ENOTTY);
    close(pipe_end);
    close(fd);
}

// Runs in a session of its own, whose end is part of the test.
static void with_terminal(void) {
    CHECK(setsid() == getpid());
    const int fd = open(terminal, O_RDWR); // becomes our controlling terminal
    const int tty = open("/dev/tty", O_RDWR);
    CHECK(fd >= 0 && tty >= 0);
    CHECK(tcgetpgrp(fd) == getpid() && tcgetsid(tty) == getpid());
    WORKS(ioctl(fd, TIOCSCTTY, 0)); // again
    pid_t group = -1;
    FAILS(ioctl(fd, TIOCSPGRP, &group), EINVAL);
    group = 99999;
    FAILS(ioctl(fd, TIOCSPGRP, &group), ESRCH);
    group = getppid();
    FAILS(ioctl(fd, TIOCSPGRP, &group), EPERM);

    // A background job stops when it reads from the terminal, and when it changes the terminal's settings.
    int status;
    const pid_t job = fork();
    if (job == 0) {
        setpgid(0, 0);
        char byte;
        read(fd, &byte, 1);
        const pid_t mine = getpgrp();
        ioctl(fd, TIOCSPGRP, &mine);
        _exit(tcgetpgrp(fd) == mine ? 0 : 1);
    }
    CHECK(waitpid(job, &status, WUNTRACED) == job && WIFSTOPPED(status) && WSTOPSIG(status) == SIGTTIN);
    WORKS(tcsetpgrp(fd, job)); // now the job may read
    signal(SIGTTOU, SIG_IGN);
    struct termios settings;
    tcgetattr(fd, &settings);
    settings.c_lflag &= ~ICANON;
    settings.c_cc[VMIN] = 0;
    settings.c_cc[VTIME] = 1;
    WORKS(tcsetattr(fd, TCSANOW, &settings)); // there is no input: the job's read ends after a tenth of a second
    kill(-job, SIGCONT);
    CHECK(waitpid(job, &status, 0) == job && status == 0);
    WORKS(tcsetpgrp(fd, getpgrp()));

    const pid_t changer = fork();
    if (changer == 0) {
        setpgid(0, 0);
        signal(SIGTTOU, SIG_DFL);
        tcsetattr(fd, TCSANOW, &settings);
        _exit(0);
    }
    CHECK(waitpid(changer, &status, WUNTRACED) == changer && WIFSTOPPED(status) && WSTOPSIG(status) == SIGTTOU);
    kill(changer, SIGKILL);
    waitpid(changer, NULL, 0);

    CHILD_OK(setpgid(0, 0); signal(SIGTTIN, SIG_IGN); char byte; FAILS(read(fd, &byte, 1), EIO));
    CHILD_OK(setpgid(0, 0); WORKS(tcsetattr(fd, TCSANOW, &settings))); // SIGTTOU is ignored, so it may
    settings.c_lflag |= ICANON;
    settings.c_cc[VMIN] = 1;
    settings.c_cc[VTIME] = 0;
    tcsetattr(fd, TCSANOW, &settings);
    CHILD_OK(WORKS(ioctl(tty, TIOCNOTTY)); FAILS(open("/dev/tty", O_RDWR), ENXIO));
    CHECK(tcgetpgrp(tty) == getpgrp()); // only the child has given the terminal up
}

// When the session leader ends, the foreground group gets SIGHUP, and the terminal is free again.
static void session_ends(void) {
    int ends[2];
    pipe(ends);
    const pid_t leader = fork();
    if (leader == 0) {
        setsid();
        const int fd = open(terminal, O_RDWR);
        if (fork() == 0) {
            signal(SIGHUP, count_hangup);
            write(ends[1], "r", 1);
            nap(300);
            const char told[2] = {(char)hangups, open("/dev/tty", O_RDWR) < 0 && errno == ENXIO};
            write(ends[1], told, 2);
            _exit(0);
        }
        char ready;
        read(ends[0], &ready, 1);
        _exit(fd < 0);
    }
    int status;
    CHECK(waitpid(leader, &status, 0) == leader && status == 0);
    close(ends[1]);
    char told[2] = {0, 0};
    CHECK(read(ends[0], told, 2) == 2 && told[0] == 1 && told[1] == 1);
    close(ends[0]);
    CHILD_OK(setsid(); CHECK(open(terminal, O_RDWR) >= 0); CHECK(open("/dev/tty", O_RDWR) >= 0));
}

int main(int argc, char** argv) {
    (void)argv;
    if (argc > 1)
        for (;;)
            pause();
    groups();
    stops_are_reported();
    orphans_are_told();
    without_terminal();
    CHILD_OK(with_terminal());
    session_ends();
    return failures != 0;
}
