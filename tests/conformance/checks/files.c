// Locks, sendfile, limits, and names across file systems: fcntl(2), flock(2), sendfile(2), setrlimit(2), rename(2).
#include "check.h"

#include <sys/file.h>
#include <sys/mount.h>
#include <sys/sendfile.h>
#include <sys/statfs.h>

static struct flock range(short type, off_t start, off_t length) {
    return (struct flock){.l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = length};
}

static int lock(int fd, short type, off_t start, off_t length) {
    struct flock wanted = range(type, start, length);
    return fcntl(fd, F_SETLK, &wanted);
}

// What F_GETLK tells another process that asks for a write lock.
static struct flock seen(int fd, off_t start, off_t length) {
    int ends[2];
    pipe(ends);
    if (fork() == 0) {
        struct flock wanted = range(F_WRLCK, start, length);
        fcntl(fd, F_GETLK, &wanted);
        write(ends[1], &wanted, sizeof wanted);
        _exit(0);
    }
    struct flock answer = {0};
    read(ends[0], &answer, sizeof answer);
    wait(NULL);
    close(ends[0]);
    close(ends[1]);
    return answer;
}

static void record_locks(void) {
    const int fd = file_of(100);
    WORKS(lock(fd, F_WRLCK, 10, 10));
    WORKS(lock(fd, F_WRLCK, 20, 10)); // grows the first
    struct flock told = seen(fd, 0, 0);
    CHECK(told.l_type == F_WRLCK && told.l_start == 10 && told.l_len == 20 && told.l_pid == getpid());
    WORKS(lock(fd, F_UNLCK, 15, 5)); // cuts it in two
    CHECK(seen(fd, 15, 5).l_type == F_UNLCK);
    CHECK(seen(fd, 14, 2).l_start == 10 && seen(fd, 14, 2).l_len == 5 && seen(fd, 19, 2).l_start == 20);
    WORKS(lock(fd, F_RDLCK, 12, 1)); // in the middle of a lock: now there are three
    CHECK(seen(fd, 12, 1).l_type == F_RDLCK && seen(fd, 11, 1).l_type == F_WRLCK && seen(fd, 13, 1).l_type == F_WRLCK);
    CHILD_OK(FAILS(lock(fd, F_WRLCK, 0, 0), EAGAIN); FAILS(lock(fd, F_WRLCK, 12, 1), EAGAIN);
             WORKS(lock(fd, F_RDLCK, 12, 1)); WORKS(lock(fd, F_WRLCK, 50, 0)));
    WORKS(lock(fd, F_WRLCK, 50, 0)); // the child's locks have gone with it
    CHECK(seen(fd, 1000000, 1).l_start == 50 && seen(fd, 1000000, 1).l_len == 0);
    FAILS(lock(fd, 99, 0, 0), EINVAL);
    FAILS(lock(fd, F_RDLCK, -1, 1), EINVAL);
    const int reader = open("/proc/self/exe", O_RDONLY);
    FAILS(lock(reader, F_WRLCK, 0, 0), EBADF);
    close(reader);
    close(dup(fd)); // closing any descriptor drops all locks
    CHECK(seen(fd, 0, 0).l_type == F_UNLCK);

    WORKS(lock(fd, F_WRLCK, 0, 0));
    const pid_t waiter = fork();
    if (waiter == 0) {
        struct flock wanted = range(F_WRLCK, 5, 1);
        _exit(fcntl(fd, F_SETLKW, &wanted) == 0 ? 7 : 8);
    }
    usleep(100000);
    int status = -1;
    CHECK(waitpid(waiter, &status, WNOHANG) == 0);
    WORKS(lock(fd, F_UNLCK, 0, 0));
    CHECK(waitpid(waiter, &status, 0) == waiter && WEXITSTATUS(status) == 7);
    close(fd);
}

// Two processes that wait for each other: the second one gets EDEADLK.
static void deadlock(void) {
    const int fd = file_of(100);
    int ends[2];
    pipe(ends);
    WORKS(lock(fd, F_WRLCK, 0, 1));
    const pid_t other = fork();
    if (other == 0) {
        struct flock first = range(F_WRLCK, 0, 1);
        lock(fd, F_WRLCK, 1, 1);
        write(ends[1], "", 1);
        _exit(fcntl(fd, F_SETLKW, &first) == 0 ? 7 : 8);
    }
    char byte;
    read(ends[0], &byte, 1);
    for (char state = ' '; state != 'S';) { // until it sleeps
        char path[64], line[256] = "";
        snprintf(path, sizeof path, "/proc/%d/stat", other);
        FILE* file = fopen(path, "r");
        fgets(line, sizeof line, file);
        fclose(file);
        state = strrchr(line, ')')[2];
    }
    struct flock second = range(F_WRLCK, 1, 1);
    FAILS(fcntl(fd, F_SETLKW, &second), EDEADLK);
    WORKS(lock(fd, F_UNLCK, 0, 1));
    int status = -1;
    CHECK(waitpid(other, &status, 0) == other && WEXITSTATUS(status) == 7);
    close(fd), close(ends[0]), close(ends[1]);
}

static void whole_file_locks(void) {
    char path[] = "/tmp/lock.XXXXXX";
    const int fd = mkstemp(path), other = open(path, O_RDWR), copy = dup(fd);
    WORKS(flock(fd, LOCK_SH));
    WORKS(flock(other, LOCK_SH | LOCK_NB));
    FAILS(flock(fd, LOCK_EX | LOCK_NB), EAGAIN);
    WORKS(flock(other, LOCK_UN));
    WORKS(flock(copy, LOCK_EX | LOCK_NB)); // the same open file
    FAILS(flock(other, LOCK_SH | LOCK_NB), EAGAIN);
    close(fd);
    FAILS(flock(other, LOCK_SH | LOCK_NB), EAGAIN); // `copy` still holds it
    close(copy);
    WORKS(flock(other, LOCK_EX | LOCK_NB));
    WORKS(lock(other, F_WRLCK, 0, 0)); // the two kinds do not see each other
    FAILS(flock(other, 16), EINVAL);
    WORKS(flock(other, LOCK_MAND | LOCK_READ)); // does nothing
    FAILS(flock(-1, LOCK_SH), EBADF);
    close(other);
    unlink(path);
}

static void sends(void) {
    const int in = file_of(3 * PAGE + 100), out = file_of(0);
    int ends[2];
    off_t offset = 10;
    static char bytes[4 * PAGE];
    lseek(in, 0, SEEK_SET);
    CHECK(sendfile(out, in, &offset, 20) == 20 && offset == 30 && lseek(in, 0, SEEK_CUR) == 0);
    CHECK(sendfile(out, in, NULL, 1 << 20) == 3 * PAGE + 100);
    CHECK(sendfile(out, in, NULL, 10) == 0); // the end
    CHECK(pread(out, bytes, sizeof bytes, 0) == 3 * PAGE + 120 && bytes[0] == 'f' && bytes[3 * PAGE + 119] == 'f');
    pipe(ends);
    lseek(in, 0, SEEK_SET);
    CHECK(sendfile(ends[1], in, NULL, 5000) == 5000 && read(ends[0], bytes, sizeof bytes) == 5000);
    FAILS(sendfile(-1, in, NULL, 1), EBADF);
    FAILS(sendfile(out, -1, NULL, 1), EBADF);
    FAILS(sendfile(out, in, (off_t*)4, 1), EFAULT);
    const int reader = open("/proc/self/exe", O_RDONLY);
    FAILS(sendfile(reader, in, NULL, 1), EBADF);
    close(reader);
    close(in), close(out), close(ends[0]), close(ends[1]);
}

static void descriptor_limit(void) {
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = 10;
    WORKS(setrlimit(RLIMIT_NOFILE, &limit));
    FAILS(dup2(0, 10), EBADF);
    FAILS(fcntl(0, F_DUPFD, 10), EINVAL);
    int last = 0, fd;
    while ((fd = dup(0)) >= 0)
        last = fd;
    CHECK(last == 9 && errno == EMFILE);
    FAILS(open("/dev/null", O_RDONLY), EMFILE);
}

static void size_limit(void) {
    struct rlimit limit = {100, 1000};
    static char bytes[200];
    const int fd = file_of(90);
    WORKS(setrlimit(RLIMIT_FSIZE, &limit));
    lseek(fd, 90, SEEK_SET);
    CHECK(write(fd, bytes, sizeof bytes) == 10); // what fits
    DIES(write(fd, bytes, 1), SIGXFSZ);
    signal(SIGXFSZ, SIG_IGN);
    FAILS(write(fd, bytes, 1), EFBIG);
    FAILS(ftruncate(fd, 101), EFBIG);
    WORKS(ftruncate(fd, 20));
    WORKS(ftruncate(fd, 100));
    CHECK(pwrite(fd, bytes, 50, 10) == 50);
}

static void file_systems(void) {
    struct stat here, there;
    mkdir("/tmp/other", 0700);
    WORKS(mount("none", "/tmp/other", "tmpfs", 0, ""));
    close(open("/tmp/here", O_CREAT | O_WRONLY, 0600));
    WORKS(stat("/tmp/here", &here));
    WORKS(stat("/tmp/other", &there));
    CHECK(here.st_dev != there.st_dev);
    FAILS(rename("/tmp/here", "/tmp/other/here"), EXDEV);
    FAILS(link("/tmp/here", "/tmp/other/here"), EXDEV);
    FAILS(rename("/tmp/here", "/tmp/other"), EISDIR);
    FAILS(rmdir("/tmp/other"), EBUSY);
    mkdir("/tmp/tree", 0700);
    mkdir("/tmp/tree/below", 0700);
    FAILS(rename("/tmp/tree", "/tmp/tree/below/x"), EINVAL);
    FAILS(rename("/tmp/here", "/tmp/tree"), EISDIR);
    FAILS(rename("/tmp/tree", "/tmp/here"), ENOTDIR);
    FAILS(rename("/tmp/tree/below", "/tmp/tree"), ENOTEMPTY);
    FAILS(rename("/tmp/tree/.", "/tmp/x"), EBUSY);
    WORKS(rename("/tmp/here", "/tmp/here"));
    rmdir("/tmp/tree/below"), rmdir("/tmp/tree"), unlink("/tmp/here");
    WORKS(umount("/tmp/other"));
    rmdir("/tmp/other");
}

int main(void) {
    record_locks();
    deadlock();
    whole_file_locks();
    sends();
    CHILD_OK(descriptor_limit());
    CHILD_OK(size_limit());
    file_systems();
    return failures != 0;
}
