// storm_files [ROUNDS | SECONDSs]: random calls on files by several processes, with several threads each, which share
// names, descriptors, locks, pipes and mounts. Some arguments are bad, and some threads sleep in a call until they are
// killed. Afterwards the kernel must have as many inodes, open files, locks, pipes, … as before: all are given back.
//
// The random numbers are the same in every run, so what the threads call is, too. Their turns differ, unless
// instructions are counted.
#include <cstdint>
#include <cstdio>
#include <cstring>

#include <asm/signal.h>
#include <linux/fcntl.h>
#include <linux/poll.h>

#include <ulib/cpus.hpp>
#include <ulib/print.hpp>
#include <ulib/random.hpp>
#include <ulib/resources.hpp>
#include <ulib/storm.hpp>
#include <ulib/sys.hpp>
#include <ulib/thread.hpp>

using namespace faultline;

namespace {

constexpr unsigned PROCESSES = 4, THREADS = 3, CALLS = 400;
constexpr int MOST_FDS = 40;
constexpr long LONGEST_NS = 400'000'000; // then what still sleeps is killed
const char* const PLACE = "/tmp/storm_files";

// --- arguments -------------------------------------------------------------------------------------------------------

// A path of one to three names out of a few, so that the threads meet; or a link of /proc.
class Path {
  public:
    explicit Path(Random& random) {
        text_[0] = '\0';
        if (random.once_in(12)) {
            snprintf(text_, sizeof text_, "/proc/self/fd/%u", 3 + random.below(MOST_FDS - 3));
            return;
        }
        if (random.once_in(20)) {
            std::strcpy(text_, random.once_in(2) ? "/proc/self/cwd" : "/proc/self/fd");
            return;
        }
        if (random.once_in(2))
            snprintf(text_, sizeof text_, "%s/", PLACE);
        static const char* const names[] = {"a", "b", "c", "d", "e", ".", "a", "f"};
        for (unsigned i = 0, count = 1 + random.below(3); i < count; ++i) {
            std::strcat(text_, i == 0 ? "" : "/");
            // No "..": it could lead out of the storm.
            std::strcat(text_, names[random.below(i == 0 ? 5 : 8)]);
        }
        bad_ = random.once_in(40);
    }
    const char* get() const { return bad_ ? reinterpret_cast<const char*>(8) : text_; }

  private:
    char text_[128];
    bool bad_ = false;
};

int some_fd(Random& random) { return 3 + static_cast<int>(random.below(MOST_FDS - 3)); }
int directory_fd(Random& random) { return random.once_in(4) ? some_fd(random) : AT_FDCWD; }

// A buffer of two pages, of which the second may be missing.
struct Buffer {
    char* memory;
    Buffer()
        : memory(reinterpret_cast<char*>(
              sys_mmap2(nullptr, 3 * PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0))) {
        sys_munmap(memory + 2 * PAGE_SIZE, PAGE_SIZE);
    }
    void* some(Random& random) const { return memory + random.below(2 * PAGE_SIZE); }
};

int open_flags(Random& random) {
    static const int extra[] = {O_CREAT, O_CREAT | O_EXCL, O_TRUNC, O_APPEND, O_DIRECTORY, O_PATH, O_TMPFILE, O_CREAT};
    const int access = static_cast<int>(random.below(3));
    const int flags = access | (random.once_in(8) ? 0 : O_NONBLOCK) | (random.once_in(4) ? O_CLOEXEC : 0);
    return random.once_in(4) ? flags : flags | extra[random.below(8)];
}

// --- calls -----------------------------------------------------------------------------------------------------------

struct Lock { // struct flock64 of the ARM EABI
    short type, whence;
    int fill;
    long long start, length;
    int pid, fill2;
};

void lock(Random& random) {
    static const int commands[] = {F_SETLK64, F_SETLKW64, F_GETLK64, F_SETLK64, F_OFD_SETLK, F_OFD_SETLKW, F_OFD_GETLK};
    Lock lock{static_cast<short>(random.below(3)), 0, 0, random.below(100), random.below(50), 0, 0};
    system_call(__NR_fcntl64, some_fd(random), commands[random.below(7)], &lock);
    if (random.once_in(3))
        system_call(__NR_flock, some_fd(random), (1 << random.below(4)) & ~4 ? 1 << random.below(2) : 8);
}

void transfer(Random& random, const Buffer& buffer) {
    const int fd = some_fd(random);
    const unsigned bytes = random.below(5000);
    struct {
        void* base;
        unsigned bytes;
    } vector[2] = {{buffer.some(random), random.below(600)}, {buffer.some(random), random.below(5000)}};
    switch (random.below(9)) {
    case 0:
        sys_read(fd, buffer.some(random), bytes);
        break;
    case 1:
        sys_write(fd, buffer.some(random), bytes);
        break;
    case 2:
        system_call(__NR_readv, fd, vector, 2);
        break;
    case 3:
        system_call(__NR_writev, fd, vector, 2);
        break;
    case 4:
        system_call(__NR_sendfile, fd, some_fd(random), nullptr, bytes);
        break;
    case 5:
        system_call(__NR_getdents64, fd, buffer.some(random), bytes);
        break;
    case 6:
        sys_ftruncate(fd, random.below(20000));
        break;
    case 7:
        sys_lseek(fd, static_cast<long>(random.below(5000)), static_cast<int>(random.below(4)));
        break;
    default: {
        pollfd entry{fd, POLLIN | POLLOUT, 0};
        system_call(__NR_poll, &entry, 1, 0);
    }
    }
}

void name(Random& random) {
    const Path one(random), other(random);
    switch (random.below(12)) {
    case 0:
    case 1:
        sys_unlink(one.get());
        break;
    case 2:
        system_call(__NR_rmdir, one.get());
        break;
    case 3:
    case 4:
        system_call(__NR_mkdir, one.get(), 0777);
        break;
    case 5:
    case 6:
        system_call(__NR_rename, one.get(), other.get());
        break;
    case 7:
        system_call(__NR_linkat, directory_fd(random), one.get(), directory_fd(random), other.get(),
                    random.once_in(2) ? AT_SYMLINK_FOLLOW : 0);
        break;
    case 8:
        system_call(__NR_symlink, one.get(), other.get());
        break;
    case 9:
        system_call(__NR_mknod, one.get(), 0010666, 0);
        break;
    case 10:
        system_call(__NR_chdir, one.get());
        break;
    default:
        if (random.once_in(2))
            sys_mount("none", one.get(), "tmpfs");
        else
            system_call(__NR_umount2, one.get(), random.once_in(2) ? 2 : 0);
    }
}

void make(Random& random) {
    int pair[2];
    int* const to = random.once_in(10) ? reinterpret_cast<int*>(8) : pair;
    const unsigned long long mask = 1ull << 9;
    switch (random.below(6)) {
    case 0:
        system_call(__NR_pipe2, to, random.once_in(6) ? 0 : O_NONBLOCK);
        break;
    case 1:
        system_call(__NR_socketpair, 1, (1 << random.below(2)) | O_NONBLOCK, 0, to);
        break;
    case 2:
        sys_memfd_create("storm", random.below(4));
        break;
    case 3:
        system_call(__NR_pidfd_open, sys_getpid(), 0);
        break;
    case 4:
        system_call(__NR_signalfd4, random.once_in(2) ? -1 : some_fd(random), &mask, 8, O_NONBLOCK);
        break;
    default:
        system_call(__NR_openat, directory_fd(random), Path(random).get(), open_flags(random), 0666);
    }
}

void descriptor(Random& random) {
    switch (random.below(8)) {
    case 0:
        system_call(__NR_dup2, some_fd(random), some_fd(random));
        break;
    case 1:
        system_call(__NR_dup, some_fd(random));
        break;
    case 2:
        system_call(__NR_fcntl64, some_fd(random), F_DUPFD, some_fd(random));
        break;
    case 3:
        system_call(__NR_fchdir, some_fd(random));
        break;
    default:
        sys_close(some_fd(random));
    }
}

void map(Random& random) {
    const long at =
        sys_mmap2(nullptr, 2 * PAGE_SIZE, PROT_READ, random.once_in(2) ? MAP_SHARED : MAP_PRIVATE, some_fd(random), 0);
    if (!is_error(at) && random.once_in(2))
        sys_munmap(reinterpret_cast<void*>(at), random.once_in(2) ? PAGE_SIZE : 2 * PAGE_SIZE);
}

void calls(Random& random, unsigned count, bool may_fork);

void fork(Random& random) {
    const long child = sys_fork();
    if (child == 0) {
        Random own(random.below(1 << 20));
        calls(own, 10, false);
        sys_exit_group(0);
    }
    if (is_error(child))
        return;
    if (random.once_in(2))
        sys_kill(static_cast<int>(child), SIGKILL);
    int status = 0;
    sys_wait4(static_cast<int>(child), &status, WNOHANG);
}

void calls(Random& random, unsigned count, bool may_fork) {
    const Buffer buffer;
    for (unsigned i = 0; i < count; ++i)
        switch (random.below(16)) {
        case 0:
        case 1:
        case 2:
            make(random);
            break;
        case 3:
        case 4:
        case 5:
            system_call(__NR_open, Path(random).get(), open_flags(random), 0666);
            break;
        case 6:
        case 7:
        case 8:
            name(random);
            break;
        case 9:
        case 10:
            descriptor(random);
            break;
        case 11:
            lock(random);
            break;
        case 12:
            map(random);
            break;
        case 13:
            if (may_fork && random.once_in(4))
                fork(random);
            break;
        default:
            transfer(random, buffer);
        }
}

// --- processes -------------------------------------------------------------------------------------------------------

struct Part {
    unsigned seed;
    Thread thread;
};

[[noreturn]] void live(unsigned seed) {
    Part parts[THREADS];
    for (unsigned i = 0; i < THREADS; ++i) {
        parts[i].seed = seed * THREADS + i;
        if (i != 0)
            must(parts[i].thread.start(
                     [](void* part) {
                         Random random(static_cast<Part*>(part)->seed);
                         calls(random, CALLS, true);
                     },
                     &parts[i]),
                 "storm_files: clone");
    }
    Random random(parts[0].seed);
    calls(random, CALLS, true);
    sys_exit_group(0); // while the others still call
}

long long now_ns() {
    __kernel_timespec time{};
    sys_clock_gettime(1, &time);
    return time.tv_sec * 1'000'000'000ll + time.tv_nsec;
}

// Waits for all children and what they left to this program, its subreaper; after a while, kills them.
void reap(const int* groups) {
    const long long end = now_ns() + LONGEST_NS;
    for (;;) {
        const long ended = sys_wait4(-1, nullptr, WNOHANG | __WALL);
        if (ended == -ECHILD)
            return;
        if (ended > 0)
            continue;
        for (unsigned i = 0; i < PROCESSES && now_ns() > end; ++i)
            sys_kill(-groups[i], SIGKILL);
        sys_nanosleep(0, 1'000'000);
    }
}

void storm(unsigned rounds, unsigned seed) {
    system_call(__NR_prctl, 36, 1); // PR_SET_CHILD_SUBREAPER: what the children leave comes here
    for (unsigned round = 0; round < rounds; ++round) {
        int groups[PROCESSES];
        for (unsigned i = 0; i < PROCESSES; ++i, ++seed) {
            groups[i] = static_cast<int>(must(sys_fork(), "storm_files: fork"));
            if (groups[i] == 0) {
                system_call(__NR_setpgid, 0, 0);
                live(seed);
            }
            system_call(__NR_setpgid, groups[i], groups[i]);
        }
        reap(groups);
    }
}

// --- what is left ----------------------------------------------------------------------------------------------------

// Removes what is in the directory at `path`, which has room for longer paths. False: it is not a directory.
bool remove_all(char* path, std::size_t size);
bool empty(char* path, std::size_t size) {
    const long fd = sys_open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    if (is_error(fd))
        return false;
    alignas(8) char entries[1024];
    const std::size_t length = std::strlen(path);
    for (bool any = true; any;) {
        any = false;
        must(sys_lseek(static_cast<int>(fd), 0, 0), "storm_files: lseek");
        const long bytes = must(system_call(__NR_getdents64, fd, entries, sizeof entries), "storm_files: getdents64");
        for (long at = 0; at < bytes;) {
            unsigned short record;
            std::memcpy(&record, entries + at + 16, sizeof record);
            const char* name = entries + at + 19;
            at += record;
            if (std::strcmp(name, ".") == 0 || std::strcmp(name, "..") == 0)
                continue;
            any = true;
            snprintf(path + length, size - length, "/%s", name);
            remove_all(path, size);
            path[length] = '\0';
        }
    }
    sys_close(static_cast<int>(fd));
    return true;
}

// Removes `path` itself, too, and whatever is mounted on it or below it.
bool remove_all(char* path, std::size_t size) {
    do
        if (!empty(path, size))
            return !is_error(must(sys_unlink(path), path));
    while (system_call(__NR_umount2, path, 2) == 0);
    return !is_error(must(system_call(__NR_rmdir, path), path));
}

// How many objects of each kind are in use, from /proc/slabinfo.
const char* const KINDS[] = {"inode",      "file",  "files",    "fs",    "file_lock",     "pipe",
                             "socketpair", "mount", "signalfd", "pidfd", "vm_area_struct"};
constexpr unsigned KIND_COUNT = sizeof KINDS / sizeof KINDS[0];
struct Counts {
    long of[KIND_COUNT];
};

Counts count() {
    static Slabs slabs;
    slabs.read();
    Counts counts{};
    for (unsigned i = 0; i < KIND_COUNT; ++i)
        counts.of[i] = slabs.objects(KINDS[i]);
    return counts;
}

} // namespace

int main(int argc, char** argv) {
    StormLength length(argc, argv, 20, 2);
    system_call(__NR_mkdir, "/tmp", 0777);
    unsigned seed = 1;
    const Counts before = count();
    do {
        must(system_call(__NR_mkdir, PLACE, 0777), "storm_files: mkdir");
        const long runner = must(sys_fork(), "storm_files: fork");
        if (runner == 0) {
            must(system_call(__NR_chdir, PLACE), "storm_files: chdir");
            storm(length.rounds(), seed);
            sys_exit_group(0);
        }
        int status = 0;
        must(sys_wait4(static_cast<int>(runner), &status), "storm_files: wait4");
        if (status != 0)
            fail("storm_files: the storm ended with %d\n", shell_status(status));
        seed += length.rounds() * PROCESSES;
        char path[512];
        std::strcpy(path, PLACE);
        remove_all(path, sizeof path);
    } while (length.again());
    const Counts after = count();
    for (unsigned i = 0; i < KIND_COUNT; ++i)
        if (before.of[i] != after.of[i])
            fail("storm_files: %s: %ld in use before, %ld after\n", KINDS[i], before.of[i], after.of[i]);
    print("storm_files: %u rounds of %u calls\n", length.played(), PROCESSES * THREADS * CALLS);
    return 0;
}
