// Operations on files and their names.
#include <cstdint>

#include <linux/fcntl.h>
#include <linux/uio.h>

#include "tests/boot/fail_nth/scenario.hpp"

namespace faultline::fail_nth {

namespace {

constexpr const char* FILE_NAME = "/tmp/fail_nth/file";
constexpr const char* OTHER_NAME = "/tmp/fail_nth/a name that is too long for the smallest objects";
constexpr const char* DIRECTORY = "/tmp/fail_nth/directory";

int fd = -1, ends[2];
alignas(8) char buffer[8 * PAGE_SIZE];

void make_file() { sys_close(static_cast<int>(must(sys_open(FILE_NAME, O_RDWR | O_CREAT, 0600), "fail_nth: open"))); }
void open_file() {
    make_file();
    fd = static_cast<int>(must(sys_open(FILE_NAME, O_RDWR), "fail_nth: open"));
}
const char* sweep(long) {
    sys_unlink(FILE_NAME);
    sys_unlink(OTHER_NAME);
    system_call(__NR_rmdir, DIRECTORY);
    system_call(__NR_rmdir, OTHER_NAME);
    return nullptr;
}
const char* close_and_sweep(long) {
    sys_close(fd);
    return sweep(0);
}
const char* close_result_and_sweep(long result) {
    close_it(result);
    return sweep(0);
}
// A name is there if, and only if, the call that should make it says so.
const char* name_agrees(long result, const char* name) {
    const bool there = system_call(__NR_access, name, 0) == 0;
    sweep(0);
    return there == !is_error(result) ? nullptr : "the name does not agree with what the call returned";
}
const char* close_both(long result) {
    if (!is_error(result)) {
        sys_close(ends[0]);
        sys_close(ends[1]);
    }
    return nullptr;
}

long read_all(const char* path) {
    const long file = sys_open(path, O_RDONLY);
    if (is_error(file))
        return file;
    long got;
    while ((got = sys_read(static_cast<int>(file), buffer, sizeof buffer)) > 0) {
    }
    sys_close(static_cast<int>(file));
    return got;
}
long list(const char* path) {
    const long file = sys_open(path, O_RDONLY | O_DIRECTORY);
    if (is_error(file))
        return file;
    long got;
    while ((got = system_call(__NR_getdents64, file, buffer, sizeof buffer)) > 0) {
    }
    sys_close(static_cast<int>(file));
    return got;
}

struct Flock { // struct flock64 of the ARM EABI
    short type, whence;
    int fill;
    long long start, length;
    int pid, fill2;
};
long lock(short type, long long start, long long length) {
    Flock wanted{type, 0, 0, start, length, 0, 0};
    return system_call(__NR_fcntl64, fd, F_SETLK64, &wanted);
}
// What F_GETLK says to another owner (the open file) about a byte.
short locked(long long start) {
    Flock asked{F_WRLCK, 0, 0, start, 1, 0, 0};
    system_call(__NR_fcntl64, fd, F_OFD_GETLK, &asked);
    return asked.type;
}
// F_UNLCK of bytes 10 … 19 out of 0 … 29.
const char* unlocked_whole(long result) {
    const bool outside = locked(5) == F_WRLCK && locked(25) == F_WRLCK, inside = locked(15) == F_WRLCK;
    close_and_sweep(0);
    return outside && inside == is_error(result) ? nullptr : "some bytes are locked, others are not";
}

iovec vectors[64];

constexpr Scenario scenarios[] = {
    {.name = "open",
     .at_least = 2,
     .run = [] { return sys_open(FILE_NAME, O_RDWR); },
     .prepare = make_file,
     .undo = close_result_and_sweep},
    {.name = "openat with O_CREAT",
     .at_least = 3,
     .run = [] { return system_call(__NR_openat, AT_FDCWD, FILE_NAME, O_RDWR | O_CREAT, 0600); },
     .undo = close_result_and_sweep},
    {.name = "open with O_TMPFILE",
     .at_least = 3,
     .run = [] { return sys_open(PLACE, O_RDWR | O_TMPFILE, 0600); },
     .undo = close_it},
    {.name = "mkdir",
     .at_least = 3,
     .run = [] { return system_call(__NR_mkdir, DIRECTORY, 0700); },
     .undo = [](long result) { return name_agrees(result, DIRECTORY); }},
    {.name = "rename",
     .at_least = 3,
     .run = [] { return system_call(__NR_rename, FILE_NAME, OTHER_NAME); },
     .prepare = make_file,
     .undo = [](long result) -> const char* {
         const bool old_one = system_call(__NR_access, FILE_NAME, 0) == 0;
         const char* const wrong = name_agrees(result, OTHER_NAME);
         return old_one == is_error(result) ? wrong : "the old name does not agree with what the call returned";
     }},
    {.name = "rename over another file",
     .at_least = 3,
     .run = [] { return system_call(__NR_rename, FILE_NAME, OTHER_NAME); },
     .prepare =
         [] {
             make_file();
             must(system_call(__NR_link, FILE_NAME, DIRECTORY), "fail_nth: link");
             must(system_call(__NR_mknod, OTHER_NAME, 0100600, 0), "fail_nth: mknod");
         },
     .undo = [](long result) -> const char* {
         sys_unlink(DIRECTORY);
         static_cast<void>(result);
         const bool there = system_call(__NR_access, OTHER_NAME, 0) == 0;
         sweep(0);
         return there ? nullptr : "the name is gone";
     }},
    {.name = "link",
     .at_least = 3,
     .run = [] { return system_call(__NR_link, FILE_NAME, OTHER_NAME); },
     .prepare = make_file,
     .undo = [](long result) { return name_agrees(result, OTHER_NAME); }},
    {.name = "symlink",
     .at_least = 3,
     .run = [] { return system_call(__NR_symlink, FILE_NAME, OTHER_NAME); },
     .prepare = make_file,
     .undo = [](long result) { return name_agrees(result, OTHER_NAME); }},
    {.name = "unlink", .at_least = 1, .run = [] { return sys_unlink(FILE_NAME); }, .prepare = make_file, .undo = sweep},
    {.name = "setxattr",
     .at_least = 2,
     .run = [] { return system_call(__NR_setxattr, FILE_NAME, "trusted.name", buffer, 100, 0); },
     .prepare = make_file,
     .undo = sweep},
    {.name = "chdir, getcwd",
     .at_least = 2,
     .run =
         [] {
             const long changed = system_call(__NR_chdir, PLACE);
             return is_error(changed) ? changed : system_call(__NR_getcwd, buffer, sizeof buffer);
         },
     .undo = [](long) -> const char* {
         system_call(__NR_chdir, "/");
         return nullptr;
     }},
    {.name = "write a new file",
     .at_least = 3,
     .run = [] { return sys_write(fd, buffer, 3 * PAGE_SIZE); },
     .prepare = open_file,
     .undo = close_and_sweep},
    {.name = "readv of many buffers",
     .at_least = 1,
     .run = [] { return system_call(__NR_readv, fd, vectors, 64); },
     .prepare =
         [] {
             open_file();
             must(sys_write(fd, buffer, PAGE_SIZE), "fail_nth: write");
             sys_lseek(fd, 0, 0);
             for (iovec& vector : vectors)
                 vector = {buffer, 16};
         },
     .undo = close_and_sweep},
    {.name = "sendfile",
     .at_least = 2,
     .run = [] { return system_call(__NR_sendfile, ends[1], fd, nullptr, PAGE_SIZE); },
     .prepare =
         [] {
             open_file();
             must(sys_write(fd, buffer, PAGE_SIZE), "fail_nth: write");
             sys_lseek(fd, 0, 0);
             must(sys_pipe(ends), "fail_nth: pipe");
         },
     .undo =
         [](long) {
             close_both(0);
             return close_and_sweep(0);
         }},
    {.name = "fcntl locks a range",
     .at_least = 1,
     .run = [] { return lock(F_WRLCK, 0, 30); },
     .prepare = open_file,
     .undo = close_and_sweep,
     .error = -ENOLCK},
    {.name = "fcntl unlocks the middle",
     .at_least = 1,
     .run = [] { return lock(F_UNLCK, 10, 10); },
     .prepare =
         [] {
             open_file();
             must(lock(F_WRLCK, 0, 30), "fail_nth: F_SETLK64");
         },
     .undo = unlocked_whole,
     .error = -ENOLCK},
    {.name = "fcntl unlocks everything", // which needs nothing
     .at_least = 0,
     .run = [] { return lock(F_UNLCK, 0, 0); },
     .prepare =
         [] {
             open_file();
             must(lock(F_WRLCK, 0, 30), "fail_nth: F_SETLK64");
         },
     .undo = close_and_sweep},
    {.name = "flock",
     .at_least = 1,
     .run = [] { return system_call(__NR_flock, fd, LOCK_EX | LOCK_NB); },
     .prepare = open_file,
     .undo = close_and_sweep},
    {.name = "flock changes its kind",
     .at_least = 1,
     .run = [] { return system_call(__NR_flock, fd, LOCK_EX | LOCK_NB); },
     .prepare =
         [] {
             open_file();
             must(system_call(__NR_flock, fd, LOCK_SH), "fail_nth: flock");
         },
     .undo = close_and_sweep},
    {.name = "dup into a larger table",
     .at_least = 1,
     .run = [] { return system_call(__NR_fcntl64, 0, F_DUPFD, 900); },
     .prepare = [] {}, // of one process only the first makes the table larger: a failure before that is what counts
     .undo = close_it},
    {.name = "pipe", .at_least = 3, .run = [] { return sys_pipe(ends); }, .undo = close_both},
    {.name = "write into a pipe",
     .at_least = 3,
     .run = [] { return sys_write(ends[1], buffer, 3 * PAGE_SIZE); },
     .prepare = [] { must(sys_pipe(ends), "fail_nth: pipe"); },
     .undo = [](long) { return close_both(0); }},
    {.name = "F_SETPIPE_SZ",
     .at_least = 1,
     .run = [] { return system_call(__NR_fcntl64, ends[0], 1031, 64 * PAGE_SIZE); },
     .prepare = [] { must(sys_pipe(ends), "fail_nth: pipe"); },
     .undo = [](long) { return close_both(0); }},
    {.name = "open a FIFO",
     .at_least = 3,
     .run = [] { return sys_open(FILE_NAME, O_RDWR); },
     .prepare = [] { must(system_call(__NR_mknod, FILE_NAME, 0010600, 0), "fail_nth: mknod"); },
     .undo = close_result_and_sweep},
    {.name = "memfd_create", .at_least = 3, .run = [] { return sys_memfd_create("fail_nth"); }, .undo = close_it},
    {.name = "mount",
     .at_least = 3,
     .run = [] { return sys_mount("none", DIRECTORY, "tmpfs"); },
     .prepare = [] { must(system_call(__NR_mkdir, DIRECTORY, 0700), "fail_nth: mkdir"); },
     .undo = [](long result) -> const char* {
         const long undone = system_call(__NR_umount2, DIRECTORY, 0);
         sweep(0);
         return is_error(undone) == is_error(result) ? nullptr : "mounted, or not, in spite of what the call returned";
     }},
    {.name = "umount",
     .at_least = 1,
     .run = [] { return system_call(__NR_umount2, DIRECTORY, 0); },
     .prepare =
         [] {
             must(system_call(__NR_mkdir, DIRECTORY, 0700), "fail_nth: mkdir");
             must(sys_mount("none", DIRECTORY, "tmpfs"), "fail_nth: mount");
         },
     .undo = [](long result) -> const char* {
         const long undone = system_call(__NR_umount2, DIRECTORY, 0);
         sweep(0);
         return is_error(undone) != is_error(result) ? nullptr : "mounted, or not, in spite of what the call returned";
     }},
    {.name = "read /proc/self/maps", .at_least = 9, .run = [] { return read_all("/proc/self/maps"); }},
    {.name = "read /proc/self/smaps", .at_least = 9, .run = [] { return read_all("/proc/self/smaps"); }},
    {.name = "read /proc/self/status", .at_least = 6, .run = [] { return read_all("/proc/self/status"); }},
    {.name = "read /proc/self/mounts", .at_least = 7, .run = [] { return read_all("/proc/self/mounts"); }},
    {.name = "read /proc/meminfo", .at_least = 3, .run = [] { return read_all("/proc/meminfo"); }},
    {.name = "read /proc/slabinfo", .at_least = 3, .run = [] { return read_all("/proc/slabinfo"); }},
    {.name = "list /proc", .at_least = 3, .run = [] { return list("/proc"); }},
    {.name = "list /proc/self/fd", .at_least = 7, .run = [] { return list("/proc/self/fd"); }},
    {.name = "readlink /proc/self/exe",
     .at_least = 6,
     .run = [] { return system_call(__NR_readlink, "/proc/self/exe", buffer, sizeof buffer); }},
};

} // namespace

std::span<const Scenario> file_scenarios() { return scenarios; }

} // namespace faultline::fail_nth
