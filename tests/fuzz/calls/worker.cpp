// What a worker does: makes its mappings and descriptors, gives up root or not, and calls.
#include "tests/fuzz/calls/worker.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstring>

#include <asm/signal.h>
#include <linux/eventpoll.h>
#include <linux/fcntl.h>
#include <linux/memfd.h>
#include <linux/prctl.h>
#include <linux/resource.h>

#include <ulib/print.hpp>
#include <ulib/signal.hpp>
#include <ulib/sys.hpp>
#include <ulib/thread.hpp>

#include "tests/fuzz/calls/elf_files.hpp"
#include "tests/fuzz/calls/rules.hpp"
#include "tests/fuzz/calls/values.hpp"
#include "user/programs/every_call_table.hpp"

namespace faultline::fuzz {

extern "C" long fuzz_call(long number, const long* arguments); // call.S
extern "C" long fuzz_split(long number, const long* arguments);

namespace {

constexpr int ELF_FILE = -1; // noted in place of a number: a mutated ELF file is executed

// What a thread of a worker needs.
struct Player {
    Part part;
    unsigned thread;
    Shared* shared;
    Memory* memory;
    Thread own;
};

void nothing(int, siginfo_t*, void*) {}

// --- what a worker has ---

Memory make_memory(Shared& shared) {
    Memory memory;
    const auto map = [](char* at, unsigned first, unsigned pages, int protection, int flags, int fd) {
        return sys_mmap2(at == nullptr ? nullptr : at + first * PAGE_SIZE, pages * PAGE_SIZE, protection,
                         flags | (at == nullptr ? 0 : MAP_FIXED), fd, 0);
    };
    constexpr int writable = PROT_READ | PROT_WRITE, own = MAP_PRIVATE | MAP_ANONYMOUS;
    memory.pages = reinterpret_cast<char*>(must(map(nullptr, 0, Memory::PAGES, writable, own, -1), "fuzz: mmap"));
    char* const at = memory.pages;
    std::memset(at, 1, 8 * PAGE_SIZE); // the others are untouched
    sys_mprotect(at + 32 * PAGE_SIZE, 4 * PAGE_SIZE, PROT_READ);
    sys_mprotect(at + 36 * PAGE_SIZE, 4 * PAGE_SIZE, PROT_NONE);
    const long file = sys_open("/tmp/fuzz/arena/mapped", O_RDWR | O_CREAT, 0666);
    if (!is_error(file)) { // its last page is behind the file's end
        sys_ftruncate(static_cast<int>(file), 3 * PAGE_SIZE);
        map(at, 48, 4, writable, MAP_SHARED, static_cast<int>(file));
        map(at, 52, 4, writable, MAP_PRIVATE, static_cast<int>(file));
        sys_close(static_cast<int>(file));
    }
    map(at, 56, 4, writable, MAP_SHARED | MAP_ANONYMOUS, -1);
    sys_munmap(at + 60 * PAGE_SIZE, 4 * PAGE_SIZE);
    memory.words = shared.words;
    return memory;
}

// A descriptor of every type, from 3 on.
void make_descriptors() {
    int pair[2];
    const unsigned long long signals = 1ull << (SIGURG - 1);
    const int epoll = static_cast<int>(system_call(__NR_epoll_create1, 0));
    sys_open("/tmp/fuzz/arena/a", O_RDWR | O_CREAT, 0666);
    sys_open("/tmp/fuzz/arena/a", O_RDONLY);
    sys_open(ARENA, O_RDONLY | O_DIRECTORY);
    sys_open("/tmp/fuzz/arena/b", O_RDWR | O_CREAT | O_APPEND, 0666);
    system_call(__NR_pipe2, pair, O_NONBLOCK);
    for (const int fd : pair) {
        epoll_event event{EPOLLIN | EPOLLET, static_cast<__u64>(fd)};
        system_call(__NR_epoll_ctl, epoll, EPOLL_CTL_ADD, fd, &event);
    }
    system_call(__NR_pipe2, pair, 0);
    system_call(__NR_socketpair, 1, 1 | O_NONBLOCK, 0, pair);
    system_call(__NR_socketpair, 1, 2 | O_NONBLOCK, 0, pair);
    system_call(__NR_eventfd2, 1, O_NONBLOCK);
    system_call(__NR_timerfd_create, 1, O_NONBLOCK);
    system_call(__NR_signalfd4, -1, &signals, 8, O_NONBLOCK);
    system_call(__NR_pidfd_open, sys_getpid(), 0);
    sys_memfd_create("fuzz", MFD_ALLOW_SEALING);
    sys_open("/proc/self/maps", O_RDONLY);
    sys_open("/proc/self/mem", O_RDWR);
    sys_open("/proc/self/fd", O_RDONLY | O_DIRECTORY);
    sys_open("/tmp/fuzz/dev/zero", O_RDWR);
    sys_open("/tmp/fuzz/dev/tty", O_RDONLY | O_NONBLOCK | O_NOCTTY); // to read only: its output is the kernel's log
    sys_open("/tmp/fuzz/arena", O_PATH);
    system_call(__NR_mknod, "/tmp/fuzz/arena/fifo", 0010666, 0);
    sys_open("/tmp/fuzz/arena/fifo", O_RDWR | O_NONBLOCK);
}

void limit(int resource, unsigned soft, unsigned hard) {
    const unsigned values[2] = {soft, hard};
    system_call(__NR_setrlimit, resource, values);
}

// Root without CAP_SYS_NICE cannot make itself a real-time task.
void drop_nice() {
    constexpr unsigned sys_nice = 1u << 23;
    const unsigned header[2] = {0x20080522, 0};
    unsigned data[6] = {};
    system_call(__NR_capget, header, data);
    data[0] &= ~sys_nice;
    data[1] &= ~sys_nice;
    data[2] &= ~sys_nice;
    system_call(__NR_capset, header, data);
}

void become_user(const Part& part) {
    if (part.privileged) {
        if (!part.real_time)
            drop_nice();
        return;
    }
    const unsigned id = FIRST_USER + part.index;
    must(system_call(__NR_setgroups32, 0, nullptr), "fuzz: setgroups");
    must(system_call(__NR_setresgid32, id, id, id), "fuzz: setresgid");
    must(system_call(__NR_setresuid32, id, id, id), "fuzz: setresuid");
}

// --- calls ---

// Calls that end the process, or make another one, are rarer than the others.
bool rare(int number) {
    constexpr int numbers[] = {__NR_exit,      __NR_exit_group, __NR_execve,        __NR_execveat,   __NR_fork,
                               __NR_vfork,     __NR_clone,      __NR_clone3,        __NR_sigreturn,  __NR_rt_sigreturn,
                               __NR_pause,     __NR_munmap,     __NR_rt_sigsuspend, __NR_sigsuspend, __NR_close_range,
                               __NR_setrlimit, __NR_prlimit64,  __NR_mremap,        __NR_brk,        __NR_mlockall};
    return std::find(std::begin(numbers), std::end(numbers), number) != std::end(numbers);
}
bool splits(int number) {
    return number == __NR_fork || number == __NR_vfork || number == __NR_clone || number == __NR_clone3;
}

const Call& choose(Random& random) {
    for (;;) {
        const Call& call = calls[random.below(static_cast<unsigned>(calls.size()))];
        if (!rare(call.number) || random.once_in(12))
            return call;
    }
}

Noted& note(Slot& slot, long number, const long (&arguments)[6]) {
    const unsigned turn = slot.begun.load(std::memory_order_relaxed);
    Noted& noted = slot.noted[turn % NOTED];
    noted.number = number;
    std::copy_n(arguments, 6, noted.arguments);
    noted.result = 0;
    slot.begun.store(turn + 1, std::memory_order_release);
    return noted;
}

void ended(Slot& slot, Shared& shared, long result) {
    if (!is_error(result))
        shared.succeeded.fetch_add(1, std::memory_order_relaxed);
    slot.ended.store(slot.begun.load(std::memory_order_relaxed), std::memory_order_release);
    shared.made.fetch_add(1, std::memory_order_relaxed);
}

void one_call(Random& random, Values& values, const Player& self) {
    Shared& shared = *self.shared;
    Slot& slot = shared.slots[self.part.index][self.thread];
    long arguments[6] = {};
    values.reset();
    if (random.once_in(400)) {
        Noted& noted = note(slot, ELF_FILE, arguments);
        noted.result = run_mutated_elf(random);
        if (!is_error(noted.result))
            shared.files.fetch_add(1, std::memory_order_relaxed);
        return ended(slot, shared, noted.result);
    }
    const Call& call = choose(random);
    const unsigned count = static_cast<unsigned>(std::strcspn(call.arguments, "~"));
    for (unsigned i = 0; i < 6; ++i) {
        const Kind kind = i >= count                    ? Kind::Number
                          : call.kinds[i] != Kind::Same ? call.kinds[i]
                                                        : kind_of(call.arguments[i]);
        arguments[i] = values.argument(kind);
    }
    int number = call.number;
    if (random.once_in(200)) // a number that is not served, or one that only ARM has, or another one
        number = static_cast<int>(random.once_in(3) ? 0x0f0000 + random.below(8) : random.below(470));
    const long spare =
        static_cast<long>(reinterpret_cast<std::uintptr_t>(self.memory->pages + Memory::PAGES * PAGE_SIZE));
    if (!allow(number, arguments, {self.part.privileged, self.part.monitor, spare}))
        return;
    Noted& noted = note(slot, number, arguments);
    noted.result = splits(number) ? fuzz_split(number, arguments) : fuzz_call(number, arguments);
    ended(slot, shared, noted.result);
}

void check_identity(const Player& self) {
    unsigned ids[3] = {1, 1, 1};
    if (system_call(__NR_getresuid32, &ids[0], &ids[1], &ids[2]) == 0 && (ids[0] == 0 || ids[1] == 0 || ids[2] == 0))
        self.shared->slots[self.part.index][self.thread].became_root.store(BECAME_ROOT);
}

void call_on(void* argument) {
    const Player& self = *static_cast<Player*>(argument);
    Slot& slot = self.shared->slots[self.part.index][self.thread];
    slot.pid.store(static_cast<unsigned>(sys_getpid()));
    slot.tid.store(static_cast<unsigned>(sys_gettid()));
    Random random(self.part.seed * THREADS + self.thread);
    Values values(random, *self.memory, self.part.privileged, self.part.monitor);
    for (unsigned i = 0; i < CALLS; ++i) {
        one_call(random, values, self);
        unblock_signal(SIGUSR2);
        if (i % 16 == 0)
            set_signal_handler(SIGUSR2, nothing);
        if (!self.part.privileged && i % 16 == 0)
            check_identity(self);
    }
    slot.tid.store(0);
}

} // namespace

// The child of a call that splits: makes a call or two, and ends. It may run on any stack, and beside its creator.
extern "C" [[noreturn]] void fuzz_child() {
    for (unsigned i = 0; i < 4; ++i) {
        sys_sched_yield();
        sys_gettid();
    }
    sys_exit(3);
}

void work(const Part& part, Shared& shared) {
    system_call(__NR_setpgid, 0, 0);
    const long null = sys_open("/tmp/fuzz/dev/null", O_RDWR);
    for (int fd = 0; fd < 3; ++fd)
        system_call(__NR_dup2, null, fd);
    system_call(__NR_close_range, 3, ~0u, 0);
    must(system_call(__NR_chdir, ARENA), "fuzz: chdir");
    limit(RLIMIT_CORE, part.seed % 8 == 0 ? 1u << 20 : 0, ~0u);
    limit(RLIMIT_FSIZE, 1u << 20, ~0u);
    limit(RLIMIT_AS, 64u << 20, ~0u);
    limit(RLIMIT_NPROC, 64, ~0u);
    limit(RLIMIT_MEMLOCK, 1u << 20, ~0u);
    become_user(part);
    set_signal_handler(SIGUSR2, nothing); // by which the monitor ends a call that waits
    set_signal_handler(SIGURG, nothing);
    static Memory memory;
    memory = make_memory(shared);
    make_descriptors();

    static Player threads[THREADS];
    for (unsigned i = 0; i < THREADS; ++i) {
        threads[i].part = part;
        threads[i].thread = i;
        threads[i].shared = &shared;
        threads[i].memory = &memory;
        if (i != 0)
            threads[i].own.start(call_on, &threads[i]);
    }
    call_on(&threads[0]);
    sys_exit_group(0); // while the others still call
}

} // namespace faultline::fuzz
