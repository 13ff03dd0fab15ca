// The values of each kind: sets of numbers and flags, addresses, descriptors, names, and what structures hold.
#include "tests/fuzz/calls/values.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <span>

#include <asm/ioctls.h>
#include <asm/signal.h>
#include <linux/capability.h>
#include <linux/close_range.h>
#include <linux/eventpoll.h>
#include <linux/fadvise.h>
#include <linux/falloc.h>
#include <linux/fcntl.h>
#include <linux/futex.h>
#include <linux/membarrier.h>
#include <linux/memfd.h>
#include <linux/prctl.h>
#include <linux/resource.h>
#include <linux/time.h>

#include <ulib/sys.hpp>

namespace faultline::fuzz {

extern "C" void ulib_rt_sigreturn(); // user/lib/sigreturn.S

namespace {

void handler(int) {}

// The values that a kind of number may have. With `flags`, several of them at once.
struct Set {
    Kind kind;
    bool flags;
    std::span<const long> values;
};

template <long... VALUES>
constexpr std::array<long, sizeof...(VALUES)> listed{VALUES...};

template <long... VALUES>
constexpr Set one_of(Kind kind) {
    return {kind, false, listed<VALUES...>};
}
template <long... VALUES>
constexpr Set some_of(Kind kind) {
    return {kind, true, listed<VALUES...>};
}

// Names that are macros in headers which user programs cannot include beside these (sys/ipc.h, poll.h, …), and
// commands that are in no header: man pages of section 2.
constexpr Set sets[] = {
    some_of<1, 2, 4>(Kind::AccessMode),
    one_of<0, 1, 2, 3, 4, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 100, 101>(Kind::Advice),
    some_of<AT_SYMLINK_NOFOLLOW, AT_REMOVEDIR, AT_SYMLINK_FOLLOW, AT_EMPTY_PATH, AT_NO_AUTOMOUNT>(Kind::AtFlags),
    one_of<0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 11, -2, -6, -10>(Kind::Clock),
    some_of<CLONE_VM, CLONE_FS, CLONE_FILES, CLONE_SIGHAND, CLONE_THREAD, CLONE_SYSVSEM, CLONE_PARENT_SETTID,
            CLONE_CHILD_CLEARTID, CLONE_CHILD_SETTID, CLONE_VFORK, CLONE_PIDFD, CLONE_PARENT, CLONE_SETTLS, 17, 0>(
        Kind::CloneFlags),
    one_of<EPOLL_CTL_ADD, EPOLL_CTL_MOD, EPOLL_CTL_DEL, EPOLL_CTL_ADD>(Kind::EpollOperation),
    some_of<0, 0, FALLOC_FL_KEEP_SIZE, FALLOC_FL_PUNCH_HOLE, FALLOC_FL_ZERO_RANGE>(Kind::FallocateMode),
    one_of<F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_GETLK, F_SETLK, F_SETLKW, F_GETLK64, F_SETLK64, F_SETLKW64,
           F_OFD_GETLK, F_OFD_SETLK, F_OFD_SETLKW, F_DUPFD_CLOEXEC, F_SETPIPE_SZ, F_GETPIPE_SZ, F_ADD_SEALS,
           F_GET_SEALS, F_SETOWN, F_GETOWN, F_SETSIG, F_SETLEASE>(Kind::FcntlCommand),
    one_of<1, 2, 5, 6, 8, 4>(Kind::FlockOperation),
    one_of<FUTEX_WAIT, FUTEX_WAKE, FUTEX_REQUEUE, FUTEX_CMP_REQUEUE, FUTEX_WAKE_OP, FUTEX_LOCK_PI, FUTEX_UNLOCK_PI,
           FUTEX_TRYLOCK_PI, FUTEX_WAIT_BITSET, FUTEX_WAKE_BITSET, FUTEX_WAIT_REQUEUE_PI, FUTEX_CMP_REQUEUE_PI,
           FUTEX_LOCK_PI2, 2, 128, 129, 131, 132, 133, 134, 135, 136, 137, 138, 139, 140, 141, 256, 265>(
        Kind::FutexOperation),
    one_of<0, 1, 2, 3>(Kind::IdType),
    one_of<FIONREAD, FIONBIO, FIOCLEX, FIONCLEX, FIOASYNC, TCGETS, TCSETS, TCSETSW, TIOCGWINSZ, TIOCGPGRP, TIOCSPGRP,
           TIOCGSID, TIOCSCTTY, TIOCNOTTY, TIOCOUTQ, TCFLSH>(Kind::IoctlRequest),
    one_of<0, 1, 2, 3, 11, 12, 13, 14, 15, 16, 17, 18, 19, 0x100, 0x101, 0x102, 0x10d, 0x10e, 0x110, 0x111, 0x112>(
        Kind::IpcCommand),
    some_of<0600, 0666, 01000, 01000, 02000, 04000, 010000, 020000>(Kind::IpcFlags),
    some_of<1, 2, 4>(Kind::LockAllFlags),
    some_of<MAP_SHARED, MAP_PRIVATE, MAP_PRIVATE | MAP_ANONYMOUS, MAP_SHARED | MAP_ANONYMOUS, MAP_FIXED, MAP_POPULATE,
            MAP_NORESERVE, MAP_GROWSDOWN, MAP_LOCKED, MAP_FIXED_NOREPLACE>(Kind::MapFlags),
    one_of<0, 1, 2, 3>(Kind::MaskHow),
    one_of<0, 1, 2, 4, 8, 16, 32, 64, 128>(Kind::Membarrier),
    some_of<MFD_CLOEXEC, MFD_ALLOW_SEALING, MFD_HUGETLB>(Kind::MemfdFlags),
    some_of<0x40, 0x40, 0x4000, 2, 0x100, 0x20, 1>(Kind::MessageFlags),
    some_of<0, 0, 1, 32, 4096>(Kind::MountFlags),
    some_of<1, 2, 4>(Kind::MsyncFlags),
    some_of<O_RDWR, O_WRONLY, O_CREAT, O_CREAT, O_EXCL, O_TRUNC, O_APPEND, O_NONBLOCK, O_NONBLOCK, O_DIRECTORY,
            O_CLOEXEC, O_PATH, O_NOFOLLOW, O_TMPFILE, O_DIRECT, O_NOATIME, 1>(Kind::OpenFlags),
    one_of<0, 0x0400000, 0x0040000, -1, 0x0100000, 0x8000000>(Kind::Personality),
    one_of<0, 0, 1, 2, 3, 5, 6, 0x40000000, 0x40000001>(Kind::Policy),
    one_of<PR_SET_PDEATHSIG, PR_GET_PDEATHSIG, PR_GET_DUMPABLE, PR_SET_DUMPABLE, PR_GET_KEEPCAPS, PR_SET_KEEPCAPS,
           PR_SET_NAME, PR_GET_NAME, PR_GET_SECCOMP, PR_CAPBSET_READ, PR_CAPBSET_DROP, PR_GET_SECUREBITS,
           PR_SET_SECUREBITS, PR_SET_TIMERSLACK, PR_GET_TIMERSLACK, PR_SET_CHILD_SUBREAPER, PR_GET_CHILD_SUBREAPER,
           PR_SET_NO_NEW_PRIVS, PR_GET_NO_NEW_PRIVS, PR_GET_TID_ADDRESS, PR_SET_THP_DISABLE, PR_GET_THP_DISABLE,
           PR_CAP_AMBIENT, PR_SET_MM, PR_GET_TIMING>(Kind::PrctlOption),
    one_of<0, 1, 2>(Kind::PriorityOf),
    some_of<PROT_READ, PROT_WRITE, PROT_READ | PROT_WRITE, PROT_EXEC, PROT_GROWSDOWN>(Kind::Protection),
    some_of<1, 1, 2, 4>(Kind::RemapFlags),
    some_of<0, 1, 2, 4>(Kind::RenameFlags),
    one_of<0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15>(Kind::Resource),
    some_of<010000, 020000, 040000, 0100000>(Kind::ShmFlags),
    some_of<1, 2, 5, 0x800, 0x800, 0x80000>(Kind::SocketType),
    one_of<0, 1, 2, 3, 4, 9, 10>(Kind::SyslogAction),
    some_of<0, 1, 2>(Kind::TimerFlags),
    some_of<0, 1, 2, 4, 8>(Kind::UmountFlags),
    one_of<0, -1, 1, -2>(Kind::UsageOf),
    some_of<WNOHANG, WNOHANG, WUNTRACED, WEXITED, WCONTINUED, WNOWAIT, static_cast<long>(0x40000000), 0x20000000>(
        Kind::WaitOptions),
    one_of<0, 1, 2, 3, 4>(Kind::Whence),
};

const Set* set_of(Kind kind) {
    const auto* found =
        std::find_if(std::begin(sets), std::end(sets), [=](const Set& set) { return set.kind == kind; });
    return found == std::end(sets) ? nullptr : found;
}

constexpr unsigned edges[] = {0,          1,           2,          ~0u,         4095,        4096,        4097,
                              0x7fffffff, 0x80000000u, 0x7ffff000, 0xbefff000u, 0xc0008000u, 0xffff0000u, 0xffff0ff0u,
                              0xfffff000, 0x3fffffff,  0x10000,    255,         256,         0x1000000,   0xfffff001u};

// Names inside the arena. No "..": it could lead out.
constexpr const char* names[] = {"a", "b", "c", "d", "e", "f", ".", "a"};
// What every worker may open.
constexpr const char* readable[] = {"/proc/self/maps",
                                    "/proc/self/status",
                                    "/proc/self/mem",
                                    "/proc/self/fd",
                                    "/proc/self/task",
                                    "/proc/self/stat",
                                    "/proc/self/pagemap",
                                    "/proc/self/limits",
                                    "/proc/self/exe",
                                    "/proc/self/cwd",
                                    "/proc/self/mounts",
                                    "/proc/meminfo",
                                    "/proc/stat",
                                    "/proc/slabinfo",
                                    "/proc/sysvipc/shm",
                                    "/proc/sysvipc/msg",
                                    "/proc/sysvipc/sem",
                                    "/proc/cpuinfo",
                                    "/proc/interrupts",
                                    "/proc/loadavg",
                                    "/proc/self/oom_adj",
                                    "/proc/self/cmdline",
                                    "/proc/self/auxv",
                                    "/tmp/fuzz/dev/null",
                                    "/tmp/fuzz/dev/zero",
                                    "/tmp/fuzz/dev/urandom",
                                    "/tmp/fuzz/dev/full",
                                    "/proc/self/fd/3",
                                    "/proc/self/fd/7",
                                    "/proc/self/fd/12",
                                    "/dev/fd/5",
                                    "/proc/self/smaps",
                                    "/proc/faultline/tlb",
                                    "/proc",
                                    "/sys/devices/system/cpu/online"};
// What root could break for those that come after it; an ordinary user may try (rules.hpp).
constexpr const char* forbidden[] = {SECRET,
                                     KEPT,
                                     PROGRAM,
                                     "/sbin/init",
                                     "/proc/1/mem",
                                     "/proc/1/maps",
                                     "/proc/1/fd",
                                     "/proc/sysrq-trigger",
                                     "/proc/sys/kernel/core_pattern",
                                     "/proc/sys/kernel/pid_max",
                                     "/proc/sys/fs/pipe-max-size",
                                     "/proc/sys/vm/overcommit_memory",
                                     "/dev/console",
                                     "/"};

constexpr unsigned PATH_BYTES = 4096; // of the longest path, with its NUL
constexpr unsigned FDS = 48;          // descriptors are mostly below this

} // namespace

Values::Values(Random& random, const Memory& memory, bool privileged, unsigned monitor)
    : random_(random), memory_(memory), privileged_(privileged), monitor_(monitor) {
    const long at = sys_mmap2(nullptr, 2 * PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    edge_ = is_error(at) ? memory.pages : reinterpret_cast<char*>(at);
    if (!is_error(at))
        sys_munmap(edge_ + PAGE_SIZE, PAGE_SIZE);
}

long Values::text(const char* string) const { return static_cast<long>(reinterpret_cast<std::uintptr_t>(string)); }

long Values::argument(Kind kind) {
    const bool bound = kind == Kind::LinkTarget || (kind == Kind::Name && privileged_); // no path out of the arena
    switch (random_.below(24)) {
    case 0: {
        const auto another = static_cast<Kind>(1 + random_.below(static_cast<unsigned>(Kind::COUNT) - 1));
        return sensible(bound || (another == Kind::Program && privileged_) ? kind
                                                                           : another); // no program to be written
    }
    case 1:
        return static_cast<long>(edges[random_.below(std::size(edges))]);
    default:
        return sensible(kind);
    }
}

long Values::number() {
    switch (random_.below(6)) {
    case 0:
        return static_cast<long>(edges[random_.below(std::size(edges))]);
    case 1:
        return static_cast<long>(random_.word());
    case 2:
        return static_cast<long>(1u << random_.below(32));
    default:
        return static_cast<long>(random_.below(10));
    }
}

long Values::length() {
    static constexpr unsigned limits[] = {8, 64, 4096, 8192, 70000};
    switch (random_.below(8)) {
    case 0:
        return number();
    case 1:
    case 2:
        return static_cast<long>(PAGE_SIZE * random_.below(20));
    default:
        return static_cast<long>(random_.below(limits[random_.below(std::size(limits))]));
    }
}

long Values::id() {
    static constexpr long ids[] = {-1, 0, 1000, 1001, 1002, 1003, 65534, 65535};
    return ids[random_.below(std::size(ids))];
}

// Of a process or a thread. Never the monitor or process 1, and for root never "all" (rules.hpp).
long Values::pid() {
    switch (random_.below(8)) {
    case 0:
        return 0;
    case 1:
        return sys_gettid();
    case 2:
        return static_cast<long>(monitor_ + 1 + random_.below(64)); // another worker, perhaps
    case 3:
        return -sys_getpid();
    case 4:
        return number();
    default:
        return sys_getpid();
    }
}

long Values::fd() {
    return random_.once_in(30) ? number() : 3 + static_cast<long>(random_.below(random_.once_in(3) ? FDS : 28));
}

// In the arena's mappings, mostly at a page's start.
long Values::address() {
    const long at = static_cast<long>(reinterpret_cast<std::uintptr_t>(memory_.pages)) +
                    static_cast<long>(random_.below(Memory::PAGES) * PAGE_SIZE);
    return random_.once_in(6) ? at + static_cast<long>(random_.below(PAGE_SIZE)) : at;
}

long Values::buffer() {
    const long at = static_cast<long>(reinterpret_cast<std::uintptr_t>(memory_.pages));
    switch (random_.below(8)) {
    case 0:
        return static_cast<long>(reinterpret_cast<std::uintptr_t>(edge_)) + static_cast<long>(PAGE_SIZE) -
               static_cast<long>(random_.below(64));
    case 1:
        return address();
    case 2:
        return at + static_cast<long>(random_.below(32 * PAGE_SIZE));
    default:
        return at + static_cast<long>(random_.below(64) * 512);
    }
}

// `outside`: it may lie outside the arena. `changed`: the call changes, makes or removes the file.
long Values::path(bool outside, bool changed) {
    unsigned* const memory = room(64);
    char* const to = reinterpret_cast<char*>(memory);
    if (outside && random_.once_in(changed ? 40 : 5)) {
        const bool harmless = privileged_ || random_.once_in(2);
        std::strcpy(to, harmless ? readable[random_.below(std::size(readable))]
                                 : forbidden[random_.below(std::size(forbidden))]);
        return placed(memory, static_cast<unsigned>(std::strlen(to)) + 1);
    }
    to[0] = '\0';
    if (random_.once_in(2))
        snprintf(to, 64, "%s/", ARENA);
    for (unsigned i = 0, count = 1 + random_.below(3); i < count; ++i) {
        std::strcat(to, i == 0 ? "" : "/");
        std::strcat(to, names[random_.below(i == 0 ? 5 : std::size(names))]);
    }
    if (random_.once_in(60)) { // a name that is too long, or a path
        const unsigned bytes = random_.once_in(3) ? PATH_BYTES : random_.once_in(2) ? 255 : 257;
        for (unsigned i = 0; i < bytes; ++i)
            memory_.pages[i] = bytes == PATH_BYTES && i % 2 == 1 ? '/' : '.';
        memory_.pages[bytes - random_.below(2)] = '\0';
        return static_cast<long>(reinterpret_cast<std::uintptr_t>(memory_.pages));
    }
    if (random_.once_in(60))
        to[0] = '\0';
    return placed(memory, static_cast<unsigned>(std::strlen(to)) + 1);
}

// Room for a structure, until reset(); zeroed. At most 128 words at a time.
unsigned* Values::room(unsigned words) {
    if (used_ + words > std::size(words_))
        used_ = 0;
    unsigned* const at = &words_[used_];
    used_ += words;
    std::memset(at, 0, words * sizeof *at);
    return at;
}

// Where the structure is that the call gets: mostly where it was made, sometimes at the very end of a page before a hole,
// or across that end.
long Values::placed(const unsigned* words, unsigned bytes) {
    if (!random_.once_in(12) || bytes > PAGE_SIZE)
        return static_cast<long>(reinterpret_cast<std::uintptr_t>(words));
    const unsigned cut = random_.once_in(2) ? 0 : std::min(bytes, 1 + random_.below(8));
    char* const to = edge_ + PAGE_SIZE - bytes + cut;
    std::memcpy(to, words, bytes - cut);
    return static_cast<long>(reinterpret_cast<std::uintptr_t>(to));
}

// Short, so that few calls wait long. `wide`: seconds and nanoseconds have 64 bits.
void Values::time(unsigned* words, bool wide) {
    const unsigned seconds = random_.once_in(12) ? static_cast<unsigned>(number()) : 0;
    const unsigned fraction = random_.once_in(12)  ? static_cast<unsigned>(number())
                              : random_.once_in(4) ? 0
                                                   : random_.below(900'000);
    words[0] = seconds;
    words[wide ? 2 : 1] = fraction;
    if (wide) {
        words[1] = static_cast<int>(seconds) < 0 ? ~0u : 0;
        words[3] = random_.once_in(20) ? random_.word() : 0;
    }
}

long Values::structure(Kind kind) {
    unsigned* const w = room(128);
    const auto ref = [](auto* pointer) { return static_cast<unsigned>(reinterpret_cast<std::uintptr_t>(pointer)); };
    const auto done = [&](unsigned words) { return placed(w, words * 4); };
    const auto some = [&](auto&& fill, unsigned most, unsigned each) {
        const unsigned count = 1 + random_.below(most);
        for (unsigned i = 0; i < count; ++i)
            fill(w + i * each);
        return done(count * each);
    };
    const auto signal = [&] { return static_cast<unsigned>(sensible(Kind::Signal)); };
    const auto action = [&] {
        switch (random_.below(6)) {
        case 0:
            return 0u; // SIG_DFL
        case 1:
            return 1u; // SIG_IGN
        case 2:
            return random_.once_in(4) ? static_cast<unsigned>(number()) : ref(&handler);
        default:
            return ref(&handler);
        }
    };
    const unsigned action_flags = (random_.word() & (SA_NODEFER | SA_RESTART | SA_ONSTACK | SA_RESETHAND |
                                                     SA_NOCLDSTOP | SA_NOCLDWAIT | SA_SIGINFO)) |
                                  (random_.once_in(8) ? 0u : SA_RESTORER);
    switch (kind) {
    case Kind::AlternateStack:
        w[0] = static_cast<unsigned>(address());
        w[1] = random_.once_in(3) ? static_cast<unsigned>(number()) : 0;
        w[2] = random_.once_in(3) ? static_cast<unsigned>(length()) : 4 * PAGE_SIZE;
        return done(3);
    case Kind::CapabilityData:
        for (unsigned i = 0; i < 6; ++i)
            w[i] = random_.once_in(2) ? ~0u : random_.word();
        return done(6);
    case Kind::CapabilityHeader: {
        static constexpr unsigned versions[] = {_LINUX_CAPABILITY_VERSION_3, _LINUX_CAPABILITY_VERSION_2,
                                                _LINUX_CAPABILITY_VERSION_1, 0};
        w[0] = versions[random_.below(4)];
        w[1] = random_.once_in(3) ? static_cast<unsigned>(pid()) : 0;
        return done(2);
    }
    case Kind::CloneArguments:
        w[0] = static_cast<unsigned>(sensible(Kind::CloneFlags)) & ~0xffu;
        w[2] = w[4] = w[6] = static_cast<unsigned>(buffer()); // pidfd, child_tid, parent_tid
        w[8] = random_.once_in(3) ? signal() : SIGCHLD;
        if ((w[0] & CLONE_VM) != 0) {
            w[10] = static_cast<unsigned>(sensible(Kind::Stack)) - 2 * PAGE_SIZE;
            w[12] = 2 * PAGE_SIZE;
        }
        w[14] = static_cast<unsigned>(buffer()); // tls
        w[18] = random_.once_in(20) ? 1 : 0;     // set_tid_size
        w[16] = w[18] != 0 ? static_cast<unsigned>(buffer()) : 0;
        return done(22);
    case Kind::CpuSet:
        w[0] = random_.once_in(2) ? ~0u : random_.word();
        return done(2);
    case Kind::EpollEvent:
        w[0] = random_.word() & 0xf000'201fu;
        w[2] = random_.word();
        return done(4);
    case Kind::FcntlArgument:
        if (random_.once_in(2))
            return random_.once_in(2) ? number() : sensible(Kind::OpenFlags);
        w[0] = random_.below(4) | random_.below(3) << 16; // struct flock64 of the EABI: type and whence
        w[2] = random_.below(100);
        w[4] = random_.below(50);
        w[6] = random_.once_in(4) ? static_cast<unsigned>(pid()) : 0;
        return done(8);
    case Kind::Ids:
        return some([&](unsigned* one) { *one = static_cast<unsigned>(id()); }, 40, 1);
    case Kind::Interval32:
        time(w, false);
        time(w + 2, false);
        return done(4);
    case Kind::Interval64:
        time(w, true);
        time(w + 4, true);
        return done(8);
    case Kind::Limit32:
    case Kind::Limit64: {
        const unsigned step = kind == Kind::Limit64 ? 2 : 1;
        w[0] = random_.once_in(2) ? static_cast<unsigned>(length()) : 1u << random_.below(31);
        w[step] = random_.once_in(3) ? static_cast<unsigned>(number()) : 0x7fffffff;
        return done(2 * step);
    }
    case Kind::Message:
        w[0] = random_.once_in(6) ? static_cast<unsigned>(number()) : 1 + random_.below(4);
        return done(32);
    case Kind::OldSignalAction:
        w[0] = action();
        w[1] = random_.word();
        w[2] = action_flags;
        w[3] = ref(&ulib_rt_sigreturn);
        return done(4);
    case Kind::PollFds:
        return some(
            [&](unsigned* one) {
                one[0] = static_cast<unsigned>(fd());
                one[1] = random_.word() & 0xffff;
            },
            8, 2);
    case Kind::RobustList: { // a ring of some words, or what is not one
        unsigned* const node = reinterpret_cast<unsigned*>(memory_.pages) + 16 * random_.below(64);
        w[0] = random_.once_in(3) ? ref(w) : ref(node);
        w[1] = random_.once_in(3) ? random_.word() : 4 * random_.below(16);
        w[2] = random_.once_in(2) ? 0 : static_cast<unsigned>(buffer());
        return ref(w);
    }
    case Kind::SchedAttributes:
        w[0] = random_.once_in(6) ? static_cast<unsigned>(number()) : 48;
        w[1] = static_cast<unsigned>(sensible(Kind::Policy)) & 7;
        w[2] = random_.once_in(2) ? 0 : random_.word() & 0x7f;
        w[4] = static_cast<unsigned>(sensible(Kind::Nice));
        w[5] = w[1] == 1 || w[1] == 2 ? 1 + random_.below(50) : 0;
        w[6] = w[8] = w[10] = random_.below(1'000'000);
        return ref(w);
    case Kind::SchedParam: // below the monitor's priority
        w[0] = random_.once_in(2) ? 0 : random_.below(60);
        return ref(w);
    case Kind::SemaphoreOperations:
        return some(
            [&](unsigned* one) {
                auto* const parts = reinterpret_cast<unsigned short*>(one);
                parts[0] = static_cast<unsigned short>(random_.below(4));
                parts[1] = static_cast<unsigned short>(random_.below(7) - 3);
                parts[2] =
                    static_cast<unsigned short>((random_.once_in(2) ? 04000 : 0) | (random_.once_in(2) ? 010000 : 0));
            },
            4, 2);
    case Kind::SignalAction:
        w[0] = action();
        w[1] = action_flags;
        w[2] = ref(&ulib_rt_sigreturn);
        w[3] = random_.word();
        w[4] = random_.word();
        return done(5);
    case Kind::SignalEvent: {
        static constexpr unsigned how[] = {0, 1, 2, 4};
        w[0] = random_.word();
        w[1] = signal();
        w[2] = how[random_.below(4)];
        w[3] = static_cast<unsigned>(sensible(Kind::Tid));
        return done(16);
    }
    case Kind::SignalInfo:
        w[0] = signal();
        w[2] = random_.once_in(4) ? static_cast<unsigned>(number()) : ~0u; // SI_QUEUE
        w[3] = static_cast<unsigned>(sys_getpid());
        w[5] = random_.word();
        return done(32);
    case Kind::SignalSet:
        w[0] = random_.once_in(3) ? ~0u : random_.once_in(2) ? 0 : random_.word() & random_.word();
        w[1] = random_.once_in(2) ? w[0] : random_.word() & random_.word();
        return done(2);
    case Kind::Time32:
        if (random_.once_in(20))
            return 0;
        time(w, false);
        time(w + 2, false);
        return done(4);
    case Kind::Time64:
        if (random_.once_in(20))
            return 0;
        time(w, true);
        time(w + 4, true);
        return done(8);
    case Kind::Vector:
        return some(
            [&](unsigned* one) {
                one[0] = static_cast<unsigned>(buffer());
                one[1] = random_.once_in(10) ? static_cast<unsigned>(number()) : random_.below(5000);
            },
            6, 2);
    case Kind::Waiters:
        return some(
            [&](unsigned* one) {
                one[0] = random_.below(3);
                one[2] = static_cast<unsigned>(sensible(Kind::FutexWord));
                one[4] = random_.once_in(6) ? static_cast<unsigned>(number()) : 2u | (random_.once_in(2) ? 128u : 0u);
            },
            8, 6);
    default:
        return number();
    }
}

long Values::sensible(Kind kind) {
    if (const Set* set = set_of(kind); set != nullptr) {
        long value = 0;
        for (unsigned i = 0, count = set->flags ? 1 + random_.below(4) : 1; i < count; ++i)
            value |= set->values[random_.below(static_cast<unsigned>(set->values.size()))];
        return value;
    }
    switch (kind) {
    case Kind::Same:
    case Kind::Number:
    case Kind::COUNT:
        return number();
    case Kind::Any: {
        static constexpr Kind some[] = {Kind::Number, Kind::Buffer, Kind::Fd,     Kind::Address,
                                        Kind::Pid,    Kind::Signal, Kind::Number, Kind::Length};
        return sensible(some[random_.below(std::size(some))]);
    }
    case Kind::Count:
        return random_.once_in(10) ? number() : static_cast<long>(random_.below(9));
    case Kind::Length:
        return length();
    case Kind::Offset:
        return random_.once_in(6) ? number() : static_cast<long>(random_.below(20000));
    case Kind::OffsetHigh:
        return random_.once_in(12) ? number() : 0;
    case Kind::SetSize:
        return random_.once_in(20) ? number() : 8;
    case Kind::Milliseconds:
        return random_.once_in(20) ? number() : static_cast<long>(random_.below(3));
    case Kind::Id:
        return id();
    case Kind::Pid:
    case Kind::Tid:
        return pid();
    case Kind::Signal: {
        static constexpr long some[] = {SIGURG, SIGCHLD, SIGUSR1, SIGCONT, SIGWINCH, SIGALRM, 34, 35, 64, 0};
        return random_.once_in(12) ? static_cast<long>(random_.below(66)) : some[random_.below(std::size(some))];
    }
    case Kind::Fd:
        return fd();
    case Kind::DirectoryFd:
        return random_.once_in(3) ? fd() : AT_FDCWD;
    case Kind::Key:
        return random_.once_in(3) ? 0 : 1 + static_cast<long>(random_.below(4));
    case Kind::IpcId:
    case Kind::TimerId:
        return random_.once_in(10) ? number() : static_cast<long>(random_.below(6));
    case Kind::Nice:
        return static_cast<long>(random_.below(44)) - 22;
    case Kind::Mode:
        return random_.once_in(3) ? static_cast<long>(random_.word() & 07777) : 0777;
    case Kind::NodeMode: {
        static constexpr long types[] = {0100000, 0010000, 0010000, 0020000, 0060000, 0040000, 0};
        return types[random_.below(std::size(types))] | 0666;
    }
    case Kind::Address:
        return address();
    case Kind::Buffer:
        return buffer();
    case Kind::Stack: // the last pages of the arena
        return static_cast<long>(reinterpret_cast<std::uintptr_t>(memory_.pages)) +
               static_cast<long>((Memory::PAGES - 2 * random_.below(8)) * PAGE_SIZE);
    case Kind::FutexWord:
        return random_.once_in(2)
                   ? static_cast<long>(reinterpret_cast<std::uintptr_t>(memory_.words + random_.below(8)))
                   : (random_.once_in(8) ? buffer()
                                         : static_cast<long>(reinterpret_cast<std::uintptr_t>(memory_.pages)) +
                                               static_cast<long>(random_.below(64) * 512));
    case Kind::Path:
        return path(true, false);
    case Kind::Name:
        return path(!privileged_, true);
    case Kind::LinkTarget:
        return path(false, true);
    case Kind::Program:
        return random_.once_in(3) ? text(PROGRAM) : path(true, false);
    case Kind::Strings: {
        static const char* const lists[][4] = {
            {nullptr}, {"hello", nullptr}, {"fuzz", "one", "two", nullptr}, {"", "", nullptr}};
        return random_.once_in(6) ? buffer()
                                  : static_cast<long>(reinterpret_cast<std::uintptr_t>(lists[random_.below(4)]));
    }
    case Kind::Type: {
        static const char* const types[] = {"tmpfs", "tmpfs", "proc", "sysfs", "devtmpfs", "ramfs", "no"};
        return text(types[random_.below(std::size(types))]);
    }
    case Kind::AttributeName: {
        static const char* const some[] = {"trusted.a", "security.a", "user.a",
                                           "trusted.b", "system.x",   "security.capability"};
        return text(some[random_.below(std::size(some))]);
    }
    default:
        return structure(kind);
    }
}

} // namespace faultline::fuzz
