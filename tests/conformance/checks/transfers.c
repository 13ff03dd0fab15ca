// Transfers whose memory is bad in part, and transfers of several buffers: what is moved, and what is left.
#include "check.h"

#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>

static char* edge; // the first byte that cannot be used; a page before it can

static void files(void) {
    const int fd = file_of(3 * PAGE);
    lseek(fd, 0, SEEK_SET);
    CHECK(read(fd, edge - 1, 2) == 1 && lseek(fd, 0, SEEK_CUR) == 1);
    FAILS(read(fd, edge, 10), EFAULT);
    CHECK(lseek(fd, 0, SEEK_CUR) == 1);
    char text[16];
    struct iovec parts[3] = {{text, 10}, {edge - 5, 20}, {text, 10}};
    lseek(fd, 0, SEEK_SET);
    CHECK(readv(fd, parts, 3) == 15 && lseek(fd, 0, SEEK_CUR) == 15);
    // No writev() of these: Linux 6.1 on ARM never returns from it.
    parts[0].iov_base = edge;
    FAILS(readv(fd, parts, 3), EFAULT);
    parts[2].iov_len = (size_t)-1;
    FAILS(readv(fd, parts, 3), EINVAL);
    FAILS(readv(fd, parts, -1), EINVAL);
    FAILS(readv(fd, parts, 1025), EINVAL);
    FAILS(readv(fd, (struct iovec*)edge, 1), EFAULT);
    CHECK(readv(fd, parts, 0) == 0);
    close(fd);
}

static void pipes(void) {
    int ends[2];
    static char many[3 * PAGE];
    WORKS(pipe2(ends, O_NONBLOCK));
    FAILS(write(ends[1], edge - 1, 2), EFAULT); // nothing of it
    FAILS(read(ends[0], many, 1), EAGAIN);
    struct iovec parts[2] = {{"abc", 3}, {edge - 2, 4}};
    FAILS(writev(ends[1], parts, 2), EFAULT);
    FAILS(read(ends[0], many, 1), EAGAIN);
    CHECK(write(ends[1], "abc", 3) == 3);
    FAILS(write(ends[1], edge - 1, 2), EFAULT); // would share the page of "abc"
    CHECK(read(ends[0], many, 100) == 3);
    // Of a longer write, whole pages.
    parts[0] = (struct iovec){many, PAGE - 10}, parts[1] = (struct iovec){edge - 30, 100};
    CHECK(writev(ends[1], parts, 2) == PAGE);
    CHECK(read(ends[0], many, sizeof many) == PAGE);
    // A bad reader takes nothing of a page that it cannot take whole.
    CHECK(write(ends[1], "abcdef", 6) == 6);
    FAILS(read(ends[0], edge, 3), EFAULT);
    FAILS(read(ends[0], edge - 2, 6), EFAULT);
    CHECK(read(ends[0], many, 100) == 6 && memcmp(many, "abcdef", 6) == 0);
    // Several buffers are one write, and one read.
    parts[0] = (struct iovec){"one", 3}, parts[1] = (struct iovec){"two", 3};
    CHECK(writev(ends[1], parts, 2) == 6);
    char first[4], second[4];
    parts[0] = (struct iovec){first, 4}, parts[1] = (struct iovec){second, 4};
    CHECK(readv(ends[0], parts, 2) == 6 && memcmp(first, "onet", 4) == 0 && memcmp(second, "wo", 2) == 0);
    close(ends[0]);
    close(ends[1]);
    // Descriptors that could not be told to the program do not stay.
    const int before = dup(0);
    close(before);
    FAILS(syscall(SYS_pipe2, edge - 4, 0), EFAULT);
    FAILS(syscall(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, edge - 4), EFAULT);
    const int after = dup(0);
    CHECK(before == after);
    close(after);
}

static void streams(void) {
    int ends[2];
    static char many[3 * PAGE];
    WORKS(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends));
    FAILS(write(ends[1], edge - PAGE / 2, PAGE), EFAULT); // nothing of it
    FAILS(read(ends[0], many, 1), EAGAIN);
    CHECK(write(ends[1], "abcdef", 6) == 6);
    FAILS(read(ends[0], edge - 2, 6), EFAULT);
    CHECK(read(ends[0], many, 100) == 6 && memcmp(many, "abcdef", 6) == 0);
    close(ends[0]);
    close(ends[1]);
}

static void messages(void) {
    int ends[2];
    char text[16] = "", first[3] = "", rest[16] = "";
    WORKS(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, ends));
    struct iovec out[2] = {{"abcd", 4}, {"ef", 2}}, in[2] = {{first, 2}, {rest, 16}};
    CHECK(writev(ends[1], out, 2) == 6 && read(ends[0], text, 16) == 6 && memcmp(text, "abcdef", 6) == 0);
    CHECK(write(ends[1], "xyz", 3) == 3 && write(ends[1], "next", 4) == 4);
    CHECK(readv(ends[0], in, 2) == 3 && memcmp(first, "xy", 2) == 0 && rest[0] == 'z');
    CHECK(read(ends[0], text, 16) == 4);
    out[1].iov_base = edge;
    FAILS(writev(ends[1], out, 2), EFAULT);
    FAILS(read(ends[0], text, 16), EAGAIN);
    close(ends[0]);
    close(ends[1]);
}

static void devices(void) {
    const int zero = open("/dev/zero", O_RDWR);
    CHECK(read(zero, edge - 7, 7) == 7 && edge[-7] == 0 && edge[-1] == 0);
    FAILS(read(zero, edge, 100), EFAULT);
    CHECK(write(zero, edge, 100) == 100);
    close(zero);
}

// Entries of a directory up to the first that does not fit.
static void directories(void) {
    const int fd = open("/proc/self", O_RDONLY | O_DIRECTORY);
    char whole[1024], *name = whole + 19; // struct linux_dirent64 is packed
    const long bytes = syscall(SYS_getdents64, fd, whole, sizeof whole);
    lseek(fd, 0, SEEK_SET);
    FAILS(syscall(SYS_getdents64, fd, edge - 10, PAGE), EFAULT);
    CHECK(lseek(fd, 0, SEEK_CUR) == 0);
    const long first = syscall(SYS_getdents64, fd, edge - 100, PAGE);
    CHECK(first > 0 && first <= 100 && strcmp(edge - 100 + 19, name) == 0);
    const long rest = syscall(SYS_getdents64, fd, whole, sizeof whole); // none is left out
    CHECK(rest > 0 && bytes > first && strcmp(name, edge - 100 + 19) != 0 && strcmp(name, "..") != 0);
    lseek(fd, 0, SEEK_SET);
    FAILS(syscall(SYS_getdents64, fd, edge - 10, 10), EINVAL);
    close(fd);
}

int main(void) {
    edge = (char*)anonymous(3, PROT_READ | PROT_WRITE) + 2 * PAGE;
    munmap(edge, PAGE);
    files();
    pipes();
    streams();
    messages();
    devices();
    directories();
    return failures != 0;
}
