// socketpair(2): what goes in at one end comes out at the other.
#include "check.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

static void errors(void) {
    int ends[2];
    FAILS(socketpair(AF_UNIX, 99, 0, ends), EINVAL);
    FAILS(socketpair(AF_UNIX, SOCK_RDM, 0, ends), ESOCKTNOSUPPORT);
    FAILS(socketpair(999, SOCK_STREAM, 0, ends), EAFNOSUPPORT);
    FAILS(socketpair(AF_UNIX, SOCK_STREAM, 7, ends), EPROTONOSUPPORT);
    FAILS(socketpair(AF_UNIX, SOCK_STREAM, 0, (int*)4), EFAULT);
    WORKS(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends));
    CHECK(fcntl(ends[0], F_GETFD) == FD_CLOEXEC && (fcntl(ends[1], F_GETFL) & O_NONBLOCK) != 0);
    char byte;
    FAILS(read(ends[0], &byte, 1), EAGAIN);
    FAILS(lseek(ends[0], 0, SEEK_SET), ESPIPE);
    struct stat status;
    fstat(ends[0], &status);
    CHECK(S_ISSOCK(status.st_mode));
}

static void streams(void) {
    int ends[2], waiting = 0;
    char text[16] = "";
    WORKS(socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
    CHECK(write(ends[0], "abc", 3) == 3 && write(ends[0], "def", 3) == 3);
    CHECK(ioctl(ends[1], FIONREAD, &waiting) == 0 && waiting == 6);
    CHECK(read(ends[1], text, 2) == 2 && memcmp(text, "ab", 2) == 0);
    CHECK(read(ends[1], text, 16) == 4 && memcmp(text, "cdef", 4) == 0);
    struct pollfd poller = {ends[1], POLLIN | POLLOUT, 0};
    CHECK(poll(&poller, 1, 0) == 1 && poller.revents == POLLOUT);
    CHECK(write(ends[1], "x", 1) == 1 && read(ends[0], text, 1) == 1); // the other way
    fflush(stdout);
    const pid_t child = fork();
    static char big[300000];
    if (child == 0)
        _exit(write(ends[0], big, sizeof big) != sizeof big); // waits for room
    long total = 0, got = 0;
    while (total < (long)sizeof big && (got = read(ends[1], big, sizeof big)) > 0)
        total += got;
    int status = -1;
    waitpid(child, &status, 0);
    CHECK(total == sizeof big && status == 0);
    close(ends[0]);
    close(ends[1]);

    WORKS(socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
    write(ends[0], "z", 1);
    close(ends[0]);
    CHECK(read(ends[1], text, 16) == 1 && read(ends[1], text, 16) == 0); // what was sent, then the end
    signal(SIGPIPE, SIG_IGN);
    FAILS(write(ends[1], "x", 1), EPIPE);
    signal(SIGPIPE, SIG_DFL);
    DIES(write(ends[1], "x", 1), SIGPIPE);
    close(ends[1]);
}

static void messages(void) {
    int ends[2];
    char text[16] = "";
    WORKS(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends));
    write(ends[0], "abc", 3), write(ends[0], "def", 3);
    CHECK(read(ends[1], text, 2) == 2 && text[0] == 'a'); // the rest of the message is lost
    CHECK(read(ends[1], text, 16) == 3 && memcmp(text, "def", 3) == 0);
    // The child waits for us, and we for it.
    fflush(stdout);
    const pid_t child = fork();
    if (child == 0) {
        CHECK(read(ends[0], text, 16) == 4);
        _exit(write(ends[0], "back", 4) != 4);
    }
    CHECK(write(ends[1], "ping", 4) == 4 && read(ends[1], text, 16) == 4 && memcmp(text, "back", 4) == 0);
    int status = -1;
    waitpid(child, &status, 0);
    CHECK(status == 0);
    close(ends[0]);
    CHECK(read(ends[1], text, 16) == 0);
}

static void calls(void) {
    int ends[2];
    char text[16] = "";
    WORKS(socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
    FAILS(recv(ends[0], text, 16, MSG_DONTWAIT), EAGAIN);
    CHECK(send(ends[1], "abc", 3, MSG_NOSIGNAL) == 3);
    CHECK(recv(ends[0], text, 2, 0) == 2 && memcmp(text, "ab", 2) == 0);
    struct sockaddr name;
    socklen_t size = sizeof name;
    CHECK(recvfrom(ends[0], text, 16, 0, &name, &size) == 1 && text[0] == 'c' && size == 0);
    name.sa_family = AF_UNIX;
    FAILS(sendto(ends[0], "x", 1, 0, &name, sizeof name), EISCONN);
    CHECK(sendto(ends[0], "x", 1, 0, NULL, 0) == 1 && read(ends[1], text, 16) == 1);
    close(ends[1]);
    FAILS(send(ends[0], "x", 1, MSG_NOSIGNAL), EPIPE);
    DIES(send(ends[0], "x", 1, 0), SIGPIPE);
    const int file = file_of(1);
    FAILS(send(file, "x", 1, 0), ENOTSOCK);
    FAILS(recv(file, text, 1, 0), ENOTSOCK);
    FAILS(recv(-1, text, 1, 0), EBADF);
    close(ends[0]), close(file);
}

int main(void) {
    errors();
    calls();
    streams();
    messages();
    return finish();
}
