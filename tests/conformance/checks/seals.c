// Seals (fcntl(2), "File Sealing"), and extended attributes (xattr(7)), of a memfd: a file of a tmpfs everywhere.
#include "check.h"

#include <sys/xattr.h>

static int sealed(int seals) {
    const int fd = memfd_create("check", MFD_ALLOW_SEALING);
    ftruncate(fd, 2 * PAGE);
    WORKS(fcntl(fd, F_ADD_SEALS, seals));
    CHECK(fcntl(fd, F_GET_SEALS) == seals);
    return fd;
}

static void seals(void) {
    static char page[PAGE];
    int fd = memfd_create("check", 0);
    CHECK(fcntl(fd, F_GET_SEALS) == F_SEAL_SEAL);
    FAILS(fcntl(fd, F_ADD_SEALS, F_SEAL_GROW), EPERM);
    close(fd);
    int ends[2];
    pipe(ends);
    FAILS(fcntl(ends[1], F_GET_SEALS), EINVAL);
    FAILS(fcntl(ends[1], F_ADD_SEALS, F_SEAL_GROW), EINVAL);
    close(ends[0]);
    close(ends[1]);

    fd = sealed(F_SEAL_GROW);
    FAILS(fcntl(fd, F_ADD_SEALS, 0x4000), EINVAL);
    FAILS(ftruncate(fd, 3 * PAGE), EPERM);
    FAILS(pwrite(fd, page, 10, 2 * PAGE), EPERM);
    FAILS(pwrite(fd, page, 20, 2 * PAGE + 5), EPERM);
    CHECK(pwrite(fd, page, PAGE, PAGE + 5) == PAGE - 5);
    FAILS(fallocate(fd, 0, 0, 3 * PAGE), EPERM);
    WORKS(ftruncate(fd, PAGE));
    close(fd);

    fd = sealed(F_SEAL_SHRINK);
    FAILS(ftruncate(fd, PAGE), EPERM);
    WORKS(ftruncate(fd, 4 * PAGE));
    WORKS(fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL));
    FAILS(fcntl(fd, F_ADD_SEALS, F_SEAL_GROW), EPERM);
    close(fd);

    fd = sealed(0);
    void* at = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);
    FAILS(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), EBUSY);
    munmap(at, PAGE);
    WORKS(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE));
    FAILS(write(fd, page, 1), EPERM);
    FAILS(mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), EPERM);
    at = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    CHECK(at != MAP_FAILED);
    munmap(at, PAGE);
    at = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);
    CHECK(at != MAP_FAILED);
    FAILS(mprotect(at, PAGE, PROT_READ | PROT_WRITE), EACCES);
    munmap(at, PAGE);
    close(fd);

    fd = sealed(0);
    at = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    WORKS(fcntl(fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE));
    *(volatile char*)at = 1; // was mapped before
    FAILS(write(fd, page, 1), EPERM);
    FAILS(mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), EPERM);
    void* only_read = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);
    CHECK(only_read != MAP_FAILED);
    FAILS(mprotect(only_read, PAGE, PROT_READ | PROT_WRITE), EACCES);
    munmap(at, PAGE);
    munmap(only_read, PAGE);
    close(fd);
}

static void attributes(void) {
    char text[16];
    const int fd = memfd_create("check", 0);
    CHECK(flistxattr(fd, NULL, 0) == 0);
    FAILS(fgetxattr(fd, "user.check", text, 16), EOPNOTSUPP);
    FAILS(fsetxattr(fd, "user.check", "x", 1, 0), EOPNOTSUPP);
    FAILS(fgetxattr(fd, "trusted.check", text, 16), ENODATA);
    FAILS(fgetxattr(fd, "trusted.", text, 16), EINVAL);
    FAILS(fgetxattr(fd, "strange", text, 16), EOPNOTSUPP);
    FAILS(fgetxattr(fd, "", text, 16), ERANGE);
    FAILS(fgetxattr(fd, (char*)8, text, 16), EFAULT);
    FAILS(fgetxattr(-1, "trusted.check", text, 16), EBADF);
    FAILS(fsetxattr(fd, "trusted.check", "x", 1, XATTR_REPLACE), ENODATA);
    WORKS(fsetxattr(fd, "trusted.check", "value", 5, XATTR_CREATE));
    FAILS(fsetxattr(fd, "trusted.check", "x", 1, XATTR_CREATE), EEXIST);
    FAILS(fsetxattr(fd, "trusted.check", "x", 1, 4), EINVAL);
    FAILS(fsetxattr(fd, "trusted.check", "x", 65537, 0), E2BIG);
    CHECK(fgetxattr(fd, "trusted.check", NULL, 0) == 5);
    FAILS(fgetxattr(fd, "trusted.check", text, 4), ERANGE);
    CHECK(fgetxattr(fd, "trusted.check", text, 16) == 5 && memcmp(text, "value", 5) == 0);
    CHECK(flistxattr(fd, text, 16) == 14 && strcmp(text, "trusted.check") == 0);
    FAILS(flistxattr(fd, text, 13), ERANGE);
    WORKS(fsetxattr(fd, "trusted.check", "", 0, 0));
    CHECK(fgetxattr(fd, "trusted.check", text, 16) == 0);
    CHILD_OK({
        setuid(1000);
        FAILS(fgetxattr(fd, "trusted.check", text, 16), ENODATA);
        FAILS(fsetxattr(fd, "trusted.check", "x", 1, 0), EPERM);
        // "security." is not asked for here: with Debian's security modules Linux 6.1 forgets to look for CAP_SYS_ADMIN.
        CHECK(flistxattr(fd, NULL, 0) == 0);
    });
    WORKS(fremovexattr(fd, "trusted.check"));
    FAILS(fremovexattr(fd, "trusted.check"), ENODATA);
    close(fd);

    const int proc = open("/proc/self/stat", O_RDONLY);
    FAILS(fgetxattr(proc, "trusted.check", text, 16), EOPNOTSUPP);
    CHECK(flistxattr(proc, text, 16) == 0);
    close(proc);
    const int path = open("/proc", O_PATH);
    FAILS(fgetxattr(path, "trusted.check", text, 16), EBADF);
    close(path);
    FAILS(getxattr("/nowhere", "trusted.check", text, 16), ENOENT);
}

int main(void) {
    seals();
    attributes();
    return failures != 0;
}
