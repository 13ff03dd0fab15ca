// The sizes of pipes, and packets in pipes: pipe(7), pipe(2), fcntl(2) F_SETPIPE_SZ, proc(5).
#include "tests/conformance/checks/check.h"

#include <poll.h>
#include <sys/ioctl.h>

static char bytes[1 << 20];

static long number(const char* path) {
    char line[64] = "";
    const int fd = open(path, O_RDONLY);
    read(fd, line, sizeof line - 1);
    close(fd);
    return strtol(line, NULL, 10);
}

static int set(const char* path, const char* text) {
    const int fd = open(path, O_WRONLY);
    const int done = write(fd, text, strlen(text));
    const int error = errno;
    close(fd);
    errno = error;
    return done;
}

static void sizes(void) {
    int ends[2], left = 0;
    pipe(ends);
    CHECK(fcntl(ends[0], F_GETPIPE_SZ) == 65536);
    CHECK(fcntl(ends[0], F_SETPIPE_SZ, 1) == 4096 && fcntl(ends[1], F_GETPIPE_SZ) == 4096);
    CHECK(fcntl(ends[0], F_SETPIPE_SZ, 5000) == 8192);
    CHECK(fcntl(ends[0], F_SETPIPE_SZ, (1 << 20) + 1) == 2 << 20); // root may
    FAILS(fcntl(ends[0], F_SETPIPE_SZ, -1), EINVAL);
    write(ends[1], bytes, 3 * PAGE);
    FAILS(fcntl(ends[0], F_SETPIPE_SZ, PAGE), EBUSY);
    CHECK(fcntl(ends[0], F_SETPIPE_SZ, 4 * PAGE) == 4 * PAGE);
    CHECK(ioctl(ends[0], FIONREAD, &left) == 0 && left == 3 * PAGE);
    CHECK(read(ends[0], bytes, sizeof bytes) == 3 * PAGE);
    FAILS(fcntl(open("/dev/null", O_RDONLY), F_GETPIPE_SZ), EBADF);
    close(ends[0]), close(ends[1]);

    const char* const most = "/proc/sys/fs/pipe-max-size";
    CHECK(number(most) == 1 << 20 && number("/proc/sys/fs/pipe-user-pages-soft") == 16384 &&
          number("/proc/sys/fs/pipe-user-pages-hard") == 0);
    pipe(ends);
    CHILD_OK(setuid(65534); FAILS(fcntl(ends[0], F_SETPIPE_SZ, 2 << 20), EPERM);
             CHECK(fcntl(ends[0], F_SETPIPE_SZ, 1 << 20) == 1 << 20);
             CHECK(fcntl(ends[0], F_SETPIPE_SZ, PAGE) == PAGE));
    CHECK(set(most, "5000") == 4 && number(most) == 8192);
    CHILD_OK(setuid(65534); FAILS(fcntl(ends[0], F_SETPIPE_SZ, 4 * PAGE), EPERM); int small[2]; pipe(small);
             CHECK(fcntl(small[0], F_GETPIPE_SZ) == 8192));
    FAILS(set(most, "4294967296"), EINVAL);
    CHECK(set(most, "1048576") == 7);
    CHECK(set("/proc/sys/fs/pipe-user-pages-soft", "40") == 2);
    CHILD_OK(setuid(4712); int three[6]; pipe(three), pipe(three + 2), pipe(three + 4);
             CHECK(fcntl(three[2], F_GETPIPE_SZ) == 65536 && fcntl(three[4], F_GETPIPE_SZ) == 2 * PAGE);
             FAILS(fcntl(three[4], F_SETPIPE_SZ, 65536), EPERM));
    CHECK(set("/proc/sys/fs/pipe-user-pages-soft", "16384") == 5);
    close(ends[0]), close(ends[1]);
}

// Writes fill whole pages; small writes share the last page.
static void filling(void) {
    int ends[2];
    pipe2(ends, O_NONBLOCK);
    long total = 0;
    for (ssize_t done; (done = write(ends[1], bytes, 5000)) > 0;)
        total += done;
    CHECK(errno == EAGAIN && total > 50000 && total < 65536);
    CHECK(read(ends[0], bytes, 100) == 100); // less than a page
    struct pollfd writer = {ends[1], POLLOUT, 0};
    CHECK(poll(&writer, 1, 0) == 0);
    FAILS(write(ends[1], bytes, PAGE), EAGAIN);
    CHECK(read(ends[0], bytes, PAGE) == PAGE);
    CHECK(poll(&writer, 1, 0) == 1);
    CHECK(write(ends[1], bytes, PAGE) == PAGE);
    while (read(ends[0], bytes, sizeof bytes) > 0)
        ;
    total = 0;
    while (write(ends[1], bytes, 1) == 1)
        ++total;
    CHECK(total == 65536);
    close(ends[0]), close(ends[1]);
}

static void packets(void) {
    int ends[2];
    WORKS(pipe2(ends, O_DIRECT));
    CHECK((fcntl(ends[1], F_GETFL) & O_DIRECT) && !(fcntl(ends[0], F_GETFL) & O_DIRECT));
    write(ends[1], "abc", 3), write(ends[1], "defgh", 5), write(ends[1], "i", 1);
    CHECK(read(ends[0], bytes, 2) == 2 && memcmp(bytes, "ab", 2) == 0); // the c is lost
    CHECK(read(ends[0], bytes, 100) == 5 && memcmp(bytes, "defgh", 5) == 0);
    CHECK(read(ends[0], bytes, 100) == 1);
    CHECK(write(ends[1], bytes, PAGE + 10) == PAGE + 10); // two packets
    CHECK(read(ends[0], bytes, sizeof bytes) == PAGE && read(ends[0], bytes, sizeof bytes) == 10);
    WORKS(fcntl(ends[1], F_SETFL, 0));
    write(ends[1], "abc", 3), write(ends[1], "de", 2);
    CHECK(read(ends[0], bytes, 100) == 5);
    FAILS(pipe2(ends, O_EXCL), ENOPKG);
    FAILS(pipe2(ends, O_APPEND), EINVAL);
    close(ends[0]), close(ends[1]);
    FAILS(fcntl(file_of(1), F_SETFL, O_DIRECT), EINVAL); // tmpfs has no direct I/O
}

int main(void) {
    sizes();
    filling();
    packets();
    return finish();
}
