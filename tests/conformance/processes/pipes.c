// pipe(2), pipe(7): capacity, atomicity, ends, flags, signals.
#include "tests/conformance/checks/check.h"

#include <poll.h>
#include <sys/ioctl.h>

static volatile int broken;
static void on_pipe(int signal) {
    (void)signal;
    ++broken;
}

static void errors(void) {
    int ends[2];
    FAILS(syscall(SYS_pipe, (void*)-1), EFAULT);
    FAILS(pipe2(ends, 0x7fffffff), EINVAL);
    pipe(ends);
    FAILS(read(ends[1], ends, 1), EBADF);
    FAILS(write(ends[0], ends, 1), EBADF);
    FAILS(lseek(ends[0], 0, SEEK_SET), ESPIPE);
    FAILS(pread(ends[0], ends, 1, 0), ESPIPE);
    FAILS(ftruncate(ends[1], 0), EINVAL);
    WORKS(write(ends[1], "x", 1));
    FAILS(read(ends[0], (void*)-1, 1), EFAULT);
    FAILS(write(ends[1], (void*)-1, 1), EFAULT);
    CHECK(write(ends[1], NULL, 0) == 0);
    close(ends[0]);
    close(ends[1]);
    CHILD_OK(struct rlimit few = {20, 20}; setrlimit(RLIMIT_NOFILE, &few); int count = 0;
             while (count < 100 && pipe(ends) == 0)++ count; CHECK(errno == EMFILE && count <= 10));
}

static void flags(void) {
    int ends[2];
    pipe2(ends, O_CLOEXEC | O_NONBLOCK);
    CHECK(fcntl(ends[0], F_GETFD) == FD_CLOEXEC && (fcntl(ends[1], F_GETFL) & O_NONBLOCK) != 0);
    char byte;
    FAILS(read(ends[0], &byte, 1), EAGAIN);
    static char page[4096];
    int total = 0;
    ssize_t written;
    while ((written = write(ends[1], page, sizeof page)) > 0)
        total += written;
    CHECK(errno == EAGAIN && total == 65536);
    struct pollfd ready = {ends[1], POLLOUT, 0};
    CHECK(poll(&ready, 1, 0) == 0);
    int queued = 0;
    CHECK(ioctl(ends[0], FIONREAD, &queued) == 0 && queued == 65536);
    read(ends[0], page, 4096);
    CHECK(poll(&ready, 1, 0) == 1 && ready.revents == POLLOUT);
    close(ends[0]);
    close(ends[1]);
    pipe(ends);
    CHECK(fcntl(ends[0], F_GETFD) == 0 && (fcntl(ends[0], F_GETFL) & O_ACCMODE) == O_RDONLY &&
          (fcntl(ends[1], F_GETFL) & O_ACCMODE) == O_WRONLY);
    struct stat status;
    fstat(ends[0], &status);
    CHECK(S_ISFIFO(status.st_mode));
    close(ends[0]);
    close(ends[1]);
}

static void ends_of_pipes(void) {
    int ends[2];
    char byte;
    pipe(ends);
    write(ends[1], "ab", 2);
    close(ends[1]);
    CHECK(read(ends[0], &byte, 1) == 1 && byte == 'a');
    CHECK(read(ends[0], &byte, 1) == 1 && byte == 'b');
    CHECK(read(ends[0], &byte, 1) == 0); // end of file
    struct pollfd ready = {ends[0], POLLIN, 0};
    CHECK(poll(&ready, 1, 0) == 1 && (ready.revents & POLLHUP) != 0);
    close(ends[0]);
    pipe(ends);
    close(ends[0]);
    DIES(write(ends[1], "x", 1), SIGPIPE);
    signal(SIGPIPE, on_pipe);
    FAILS(write(ends[1], "x", 1), EPIPE);
    CHECK(broken == 1);
    signal(SIGPIPE, SIG_IGN);
    FAILS(write(ends[1], "x", 1), EPIPE);
    close(ends[1]);
}

// Writes of up to PIPE_BUF bytes are not mixed with others'.
static void atomic(void) {
    int ends[2];
    pipe(ends);
    for (int writer = 0; writer < 4; ++writer)
        if (fork() == 0) {
            char record[512];
            memset(record, 'a' + writer, sizeof record);
            for (int i = 0; i < 200; ++i)
                write(ends[1], record, sizeof record);
            _exit(0);
        }
    close(ends[1]);
    char record[512];
    int records = 0, mixed = 0;
    size_t have = 0;
    ssize_t got;
    while ((got = read(ends[0], record + have, sizeof record - have)) > 0) {
        have += (size_t)got;
        if (have < sizeof record)
            continue;
        for (size_t i = 1; i < sizeof record; ++i)
            mixed += record[i] != record[0];
        ++records;
        have = 0;
    }
    CHECK(records == 800 && mixed == 0 && have == 0);
    while (wait(NULL) > 0) {
    }
    close(ends[0]);
}

static void large(void) {
    int ends[2];
    pipe(ends);
    static char data[300000];
    for (size_t i = 0; i < sizeof data; ++i)
        data[i] = (char)(i * 7);
    const pid_t child = fork();
    if (child == 0) {
        close(ends[0]);
        _exit(write(ends[1], data, sizeof data) == sizeof data ? 0 : 1); // blocks until all is taken
    }
    close(ends[1]);
    static char back[sizeof data];
    size_t done = 0;
    ssize_t got;
    while ((got = read(ends[0], back + done, 10000)) > 0)
        done += (size_t)got;
    CHECK(done == sizeof data && memcmp(data, back, sizeof data) == 0);
    int status;
    waitpid(child, &status, 0);
    CHECK(status == 0);
    close(ends[0]);
}

int main(void) {
    errors();
    flags();
    ends_of_pipes();
    atomic();
    large();
    return failures != 0;
}
