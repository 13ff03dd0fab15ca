// What keeps files from being unmounted, written or mapped.
#include "check.h"

#include <poll.h>
#include <sys/mount.h>
#include <sys/sendfile.h>
#include <sys/signalfd.h>
#include <sys/statvfs.h>

static void mounts(void) {
    const char* const place = "/tmp/check.busy";
    mkdir(place, 0777);
    WORKS(mount("none", place, "tmpfs", 0, NULL));
    FAILS(rmdir(place), EBUSY);
    mkdir("/tmp/check.busy/a", 0777);
    mkdir("/tmp/check.busy/a/b", 0777);
    int fd = open("/tmp/check.busy/a/b/c", O_CREAT | O_RDWR, 0666);
    write(fd, "x", 1);
    FAILS(umount(place), EBUSY);
    unlink("/tmp/check.busy/a/b/c");
    FAILS(umount(place), EBUSY); // open, without a name
    void* at = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);
    close(fd);
    FAILS(umount(place), EBUSY); // mapped
    munmap(at, PAGE);
    chdir("/tmp/check.busy/a");
    FAILS(umount(place), EBUSY); // a working directory
    chdir("/");
    fd = open("/tmp/check.busy/a", O_PATH);
    FAILS(umount(place), EBUSY);
    close(fd);
    WORKS(mount("none", "/tmp/check.busy/a/b", "tmpfs", 0, NULL));
    FAILS(umount(place), EBUSY);
    WORKS(umount("/tmp/check.busy/a/b"));
    WORKS(umount(place));
    FAILS(umount(place), EINVAL);

    // Lazily, with what is mounted below and what is open.
    WORKS(mount("none", place, "tmpfs", 0, NULL));
    mkdir("/tmp/check.busy/a", 0777);
    WORKS(mount("none", "/tmp/check.busy/a", "tmpfs", 0, NULL));
    fd = open("/tmp/check.busy/a/b", O_CREAT | O_RDWR, 0666);
    write(fd, "still", 5);
    WORKS(umount2(place, MNT_DETACH));
    char text[8];
    CHECK(pread(fd, text, 8, 0) == 5 && memcmp(text, "still", 5) == 0);
    FAILS(open("/tmp/check.busy/a/b", O_RDONLY), ENOENT);
    close(fd);

    // A directory without a name in the tree.
    chdir(place);
    rmdir(place);
    FAILS(mount("none", ".", "tmpfs", 0, NULL), ENOENT);
    FAILS(mount("none", "/proc/self/cwd", "tmpfs", 0, NULL), ENOENT);
    chdir("/");
}

static void copy_program(const char* to, int mode) {
    static char bytes[65536];
    const int from = open("/proc/self/exe", O_RDONLY), fd = open(to, O_CREAT | O_WRONLY | O_TRUNC, mode);
    for (ssize_t got; (got = read(from, bytes, sizeof bytes)) > 0;)
        write(fd, bytes, got);
    close(from);
    close(fd);
}

static void programs(void) {
    const char* const path = "/tmp/check.program";
    copy_program(path, 0755);
    int out[2], in[2];
    char byte;
    pipe(out);
    pipe(in);
    fflush(stdout);
    const pid_t child = fork();
    if (child == 0) {
        close(in[1]); // its end would never come
        dup2(in[0], 0);
        dup2(out[1], 1);
        execl(path, path, "wait", NULL);
        _exit(1);
    }
    read(out[0], &byte, 1); // it runs
    FAILS(open(path, O_WRONLY), ETXTBSY);
    FAILS(truncate(path, 0), ETXTBSY);
    chmod(path, 0644); // whether it may be executed again does not matter
    FAILS(open(path, O_WRONLY), ETXTBSY);
    FAILS(open(path, O_RDONLY | O_TRUNC), ETXTBSY);
    chmod(path, 0755);
    close(in[1]);
    in[1] = -1;
    waitpid(child, NULL, 0);
    const int fd = open(path, O_WRONLY);
    WORKS(fd);
    FAILS(execl(path, path, "wait", NULL), ETXTBSY);
    close(fd);
    unlink(path);
    for (int i = 0; i < 2; ++i) {
        close(in[i]);
        close(out[i]);
    }
    // Opened for reading and truncated.
    const int file = open("/tmp/check.truncated", O_CREAT | O_RDWR, 0666);
    write(file, "abc", 3);
    close(open("/tmp/check.truncated", O_RDONLY | O_TRUNC));
    CHECK(lseek(file, 0, SEEK_END) == 0);
    unlink("/tmp/check.truncated");
    close(file);
}

// A memfd is run by the descriptor that made it, which may write it (fexecve(3)); not while another one may.
static void nameless_programs(void) {
    copy_program("/tmp/check.program", 0755);
    const int from = open("/tmp/check.program", O_RDONLY), fd = memfd_create("check", MFD_CLOEXEC);
    while (sendfile(fd, from, NULL, 1 << 20) > 0)
        ;
    close(from);
    unlink("/tmp/check.program");
    char path[32];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    char* const arguments[] = {path, "leave", NULL};
    CHECK(IN_CHILD(syscall(SYS_execveat, fd, "", arguments, NULL, AT_EMPTY_PATH)) == 5 << 8);
    CHECK(IN_CHILD(execv(path, arguments)) == 5 << 8);
    const int writer = open(path, O_WRONLY);
    WORKS(writer);
    FAILS(execv(path, arguments), ETXTBSY);
    close(writer);
    CHECK(IN_CHILD(execv(path, arguments)) == 5 << 8);
    close(fd);
}

static void kinds(void) {
    struct stat status;
    sigset_t none;
    sigemptyset(&none);
    int fd = signalfd(-1, &none, 0);
    fstat(fd, &status);
    CHECK(status.st_mode == 0600);
    close(fd);
    fd = syscall(SYS_pidfd_open, getpid(), 0);
    fstat(fd, &status);
    CHECK(status.st_mode == 0600);
    close(fd);
    fd = open("/proc", O_PATH);
    FAILS(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 0), EBADF);
    struct pollfd entry = {fd, POLLIN, 0};
    CHECK(poll(&entry, 1, 0) == 1 && entry.revents == POLLNVAL);
    close(fd);
    fd = open("/dev/zero", O_RDONLY);
    FAILS(mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), EACCES);
    char* zeros = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);
    CHECK(zeros != MAP_FAILED && *zeros == 0);
    FAILS(mprotect(zeros, PAGE, PROT_READ | PROT_WRITE), EACCES);
    munmap(zeros, PAGE);
    close(fd);
}

static void counts(void) {
    const char* const place = "/tmp/check.counts";
    mkdir(place, 0777);
    WORKS(mount("none", place, "tmpfs", 0, NULL));
    struct statvfs before, after;
    statvfs(place, &before);
    CHECK(before.f_files > 0 && before.f_ffree > 0 && before.f_ffree < before.f_files);
    char path[64];
    for (int i = 0; i < 100; ++i) {
        snprintf(path, sizeof path, "%s/%d", place, i);
        close(open(path, O_CREAT | O_WRONLY, 0666));
    }
    statvfs(place, &after);
    CHECK(after.f_files - after.f_ffree >= before.f_files - before.f_ffree + 100);
    WORKS(umount(place));
    rmdir(place);
}

int main(int argc, char** argv) {
    if (argc == 2 && strcmp(argv[1], "leave") == 0)
        return 5;
    if (argc == 2 && strcmp(argv[1], "wait") == 0) {
        char byte = 'x';
        write(1, &byte, 1);
        return read(0, &byte, 1) != 0;
    }
    mounts();
    programs();
    nameless_programs();
    kinds();
    counts();
    return failures != 0;
}
