// Which accesses the permission bits refuse: path_resolution(7), open(2), access(2), chmod(2), chown(2), unlink(2),
// rename(2), utimensat(2), execve(2), credentials(7); and files without a name, open(2) O_TMPFILE.
#include "check.h"

#include <grp.h>

enum { NOBODY = 65534, OTHER = 1234, THEIRS = 4321 };

// Runs in a child that has this user, this group, and the supplementary group THEIRS.
#define AS(user, group, ...)                                                                                           \
    CHILD_OK({                                                                                                         \
        const gid_t more = THEIRS;                                                                                     \
        setgroups(1, &more);                                                                                           \
        setresgid(group, group, group);                                                                                \
        setresuid(user, user, user);                                                                                   \
        __VA_ARGS__;                                                                                                   \
    })

static void make(const char* path, mode_t mode, uid_t user, gid_t group) {
    const int fd = open(path, O_CREAT | O_RDWR, 0600);
    CHECK(fd >= 0 && write(fd, "text", 4) == 4);
    close(fd);
    WORKS(chown(path, user, group));
    WORKS(chmod(path, mode));
}

static void make_directory(const char* path, mode_t mode, uid_t user, gid_t group) {
    WORKS(mkdir(path, 0700));
    WORKS(chown(path, user, group));
    WORKS(chmod(path, mode));
}

static void opened(const char* path, int flags) {
    const int fd = open(path, flags);
    WORKS(fd);
    close(fd);
}

static void classes(void) {
    make("plain", 0640, OTHER, THEIRS);
    make("inverse", 0047, OTHER, THEIRS);
    // The first matching class decides: the owner's bits count, even where the others' would grant more.
    AS(OTHER, 1, opened("plain", O_RDWR); FAILS(open("inverse", O_RDONLY), EACCES));
    AS(NOBODY, THEIRS, opened("plain", O_RDONLY); FAILS(open("plain", O_WRONLY), EACCES);
       FAILS(open("plain", O_RDONLY | O_TRUNC), EACCES); opened("inverse", O_RDONLY);
       FAILS(open("inverse", O_RDWR), EACCES));
    AS(NOBODY, 1, opened("plain", O_RDONLY)); // a supplementary group
    CHILD_OK(setgroups(0, NULL); setgid(1); setuid(NOBODY); FAILS(open("plain", O_RDONLY), EACCES);
             opened("inverse", O_RDWR); FAILS(truncate("plain", 0), EACCES); WORKS(truncate("inverse", 4));
             WORKS(close(open("plain", O_PATH))));
    opened("plain", O_RDWR); // root
    AS(NOBODY, 1, FAILS(open("plain", O_RDONLY | O_NOATIME), EPERM));
}

static void asked(void) {
    AS(NOBODY, 1, WORKS(access("plain", R_OK)); FAILS(access("plain", W_OK), EACCES);
       FAILS(access("plain", R_OK | X_OK), EACCES); WORKS(access("plain", F_OK)));
    FAILS(access("plain", X_OK), EACCES);
    WORKS(access("plain", R_OK | W_OK));
    CHILD_OK(setresuid(NOBODY, 0, 0); setgroups(0, NULL); // access(2) asks for the real ids, not the effective ones
             FAILS(access("plain", R_OK), EACCES); opened("plain", O_RDONLY);
             WORKS(faccessat(AT_FDCWD, "plain", R_OK, AT_EACCESS)));
}

static void directories(void) {
    make_directory("closed", 0700, OTHER, OTHER);
    make("closed/inside", 0666, OTHER, OTHER);
    make_directory("listed", 0744, OTHER, OTHER); // may be read, not searched
    make("listed/inside", 0666, OTHER, OTHER);
    make_directory("passed", 0711, OTHER, OTHER); // the reverse
    make("passed/inside", 0666, OTHER, OTHER);
    struct stat status;
    AS(NOBODY, NOBODY, FAILS(open("closed/inside", O_RDONLY), EACCES); FAILS(stat("closed/inside", &status), EACCES);
       FAILS(stat("closed/nothing", &status), EACCES); WORKS(stat("closed", &status));
       FAILS(open("listed/inside", O_RDONLY), EACCES); opened("listed", O_RDONLY | O_DIRECTORY);
       opened("passed/inside", O_RDWR); FAILS(open("passed", O_RDONLY | O_DIRECTORY), EACCES);
       FAILS(chdir("listed"), EACCES); WORKS(chdir("passed")));
    AS(NOBODY, NOBODY, FAILS(open("passed/new", O_CREAT | O_WRONLY, 0600), EACCES);
       FAILS(mkdir("passed/new", 0700), EACCES); FAILS(mkdir("passed/inside", 0700), EEXIST);
       FAILS(unlink("passed/inside"), EACCES); FAILS(link("passed/inside", "passed/other"), EACCES);
       FAILS(symlink("x", "passed/new"), EACCES); FAILS(rename("passed/inside", "passed/new"), EACCES);
       FAILS(mkfifo("passed/new", 0600), EACCES); FAILS(rmdir("passed"), EACCES));
    AS(OTHER, OTHER, close(open("passed/new", O_CREAT | O_WRONLY, 0)); FAILS(open("passed/new", O_RDONLY), EACCES);
       WORKS(unlink("passed/new"))); // the owner of a directory may change all names in it
    make("passed/roots", 0600, 0, 0);
    AS(OTHER, OTHER, WORKS(unlink("passed/roots")));
}

static void sticky(void) {
    make_directory("common", 01777, 0, 0);
    make("common/his", 0666, OTHER, OTHER);
    make("common/mine", 0600, NOBODY, NOBODY);
    AS(NOBODY, NOBODY, FAILS(unlink("common/his"), EPERM); FAILS(rename("common/his", "common/x"), EPERM);
       FAILS(rename("common/mine", "common/his"), EPERM); WORKS(rename("common/mine", "common/still"));
       WORKS(unlink("common/still")));
}

static void ownership(void) {
    struct stat status;
    make("owned", 0644, OTHER, OTHER);
    AS(NOBODY, NOBODY, FAILS(chmod("owned", 0666), EPERM); FAILS(chown("owned", NOBODY, -1), EPERM);
       FAILS(utimensat(AT_FDCWD, "owned", NULL, 0), EACCES));
    AS(OTHER, OTHER, WORKS(chmod("owned", 06755)); FAILS(chown("owned", NOBODY, -1), EPERM);
       FAILS(chown("owned", -1, NOBODY), EPERM); WORKS(chown("owned", -1, THEIRS));
       WORKS(utimensat(AT_FDCWD, "owned", NULL, 0)));
    CHECK(stat("owned", &status) == 0 && status.st_gid == THEIRS && (status.st_mode & 07777) == 0755);
    chmod("owned", 0666);
    static const struct timespec times[2] = {{1, 0}, {2, 0}};
    AS(NOBODY, NOBODY, WORKS(utimensat(AT_FDCWD, "owned", NULL, 0));
       FAILS(utimensat(AT_FDCWD, "owned", times, 0), EPERM));
    chmod("owned", 06777);
    AS(NOBODY, NOBODY, const int fd = open("owned", O_WRONLY); WORKS(write(fd, "x", 1)));
    CHECK(stat("owned", &status) == 0 && (status.st_mode & 07777) == 0777); // a write clears the set-id bits

    make_directory("family", 02777, OTHER, THEIRS);
    AS(NOBODY, NOBODY, close(open("family/file", O_CREAT | O_WRONLY, 0644)); mkdir("family/child", 0755));
    CHECK(stat("family/file", &status) == 0 && status.st_uid == NOBODY && status.st_gid == THEIRS);
    CHECK(stat("family/child", &status) == 0 && status.st_gid == THEIRS && (status.st_mode & S_ISGID));
}

static void programs(void) {
    char* const words[] = {"program", NULL};
    make("program", 0644, 0, 0);
    FAILS(execv("program", words), EACCES);
    chmod("program", 0744);
    AS(NOBODY, NOBODY, FAILS(execv("program", words), EACCES));
    chmod("program", 0711);
    AS(NOBODY, NOBODY, FAILS(execv("program", words), ENOEXEC)); // "text" is no program
    symlink("program", "link");
    FAILS(syscall(SYS_execveat, AT_FDCWD, "link", words, NULL, AT_SYMLINK_NOFOLLOW), ELOOP);
    FAILS(execv("link", words), ENOEXEC);
    AS(NOBODY, NOBODY, FAILS(mknod("/tmp/node", S_IFCHR | 0600, 0x103), EPERM));
}

static void nameless(void) {
    const int fd = open(".", O_TMPFILE | O_RDWR, 0600);
    struct stat status;
    WORKS(fd);
    CHECK(fstat(fd, &status) == 0 && status.st_nlink == 0 && S_ISREG(status.st_mode));
    CHECK(write(fd, "data", 4) == 4);
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    WORKS(linkat(AT_FDCWD, path, AT_FDCWD, "named", AT_SYMLINK_FOLLOW));
    CHECK(stat("named", &status) == 0 && status.st_size == 4 && status.st_nlink == 1);
    close(fd);
    unlink("named");
    const int exclusive = open(".", O_TMPFILE | O_RDWR | O_EXCL, 0600);
    snprintf(path, sizeof path, "/proc/self/fd/%d", exclusive);
    FAILS(linkat(AT_FDCWD, path, AT_FDCWD, "named", AT_SYMLINK_FOLLOW), ENOENT);
    close(exclusive);
    FAILS(open(".", O_TMPFILE | O_RDONLY, 0600), EINVAL);
    FAILS(open("plain", O_TMPFILE | O_RDWR, 0600), ENOTDIR);
    AS(NOBODY, NOBODY, FAILS(open("passed", O_TMPFILE | O_RDWR, 0600), EACCES));
}

int main(void) {
    char directory[] = "/tmp/permissions.XXXXXX";
    CHECK(mkdtemp(directory) != NULL);
    chmod(directory, 0755);
    chdir(directory);
    umask(0);
    classes();
    asked();
    directories();
    sticky();
    ownership();
    programs();
    nameless();
    return finish();
}
