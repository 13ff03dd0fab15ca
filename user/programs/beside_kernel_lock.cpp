// beside_kernel_lock: page faults and futex calls run while another processor holds the kernel lock. One processor
// makes a long system call that holds the kernel lock from beginning to end. Meanwhile another one touches fresh pages
// or makes futex calls, and many of these must complete during one long call. The counter-check is a read of a single
// byte, which does need the lock: at most one completes as the long call begins, and one as it ends.
//
// The long call is the letter `k` in /proc/sysrq-trigger, which is there for this: an ordinary call would give the lock
// up to the one that waits. Run it under `--icount`. The emulator then changes processors when a timer is due, or when
// a processor says that it waits (YIELD); after a timer, processor 0 continues. So a timer interrupts the long call on
// processor 1 every 100 us, and processor 0 yields after each operation.
#include <algorithm>

#include <linux/fcntl.h>
#include <linux/time.h>

#include <ulib/cpus.hpp>
#include <ulib/futex.hpp>
#include <ulib/print.hpp>
#include <ulib/signal.hpp>
#include <ulib/sys.hpp>
#include <ulib/thread.hpp>

using namespace faultline;

namespace {

constexpr unsigned LONG_CALLS = 5;     // for each operation
constexpr unsigned MANY = 20, FEW = 2; // operations during one long call: at least without the lock, at most with it
constexpr long INTERVAL_US = 100;      // the shortest that the kernel allows
constexpr unsigned PAGES = 2048;

int random_bytes, trigger;
char *anonymous, *file;
Word first{0}, second{0};

void expect(long answer, long due, const char* what) {
    if (answer != due)
        fail("beside_kernel_lock: %s answered %ld, not %ld\n", what, answer, due);
}

void touch(char* pages, unsigned i) {
    if (i >= PAGES)
        fail("beside_kernel_lock: all pages have been touched\n");
    *const_cast<volatile char*>(pages + i * PAGE_SIZE) = 1;
}

template <int PRIVATE>
void wake(unsigned) {
    expect(futex_wake(&first, 1, PRIVATE), 0, "FUTEX_WAKE");
}

template <int PRIVATE>
void wake_op(unsigned) {
    expect(futex_wake_op(&first, 1, &second, 1, futex_op(FUTEX_OP_ADD, 0, FUTEX_OP_CMP_EQ, 1), PRIVATE), 0,
           "FUTEX_WAKE_OP");
}

template <int PRIVATE>
void wait(unsigned) {
    expect(futex_wait(&first, 1, PRIVATE), -EAGAIN, "FUTEX_WAIT");
}

void read_a_byte(unsigned) {
    char byte;
    expect(sys_read(random_bytes, &byte, 1), 1, "read");
}

struct Operation {
    const char* name;
    void (*run)(unsigned i);
    bool needs_lock = false;
};

constexpr Operation OPERATIONS[] = {
    {"anonymous_write_fault", [](unsigned i) { touch(anonymous, i); }},
    {"file_write_fault", [](unsigned i) { touch(file, i); }},
    {"private_futex_wake", wake<FUTEX_PRIVATE_FLAG>},
    {"private_futex_wake_op", wake_op<FUTEX_PRIVATE_FLAG>},
    {"private_futex_wait_eagain", wait<FUTEX_PRIVATE_FLAG>},
    {"shared_futex_wake", wake<0>},
    {"shared_futex_wake_op", wake_op<0>},
    {"shared_futex_wait_eagain", wait<0>},
    {"read_a_byte", read_a_byte, true},
};

Word done{0}, enough{0};

void give_way() { __asm__ volatile("yield"); }

void work(void* operation) {
    run_on(0);
    for (unsigned i = 0; enough == 0; ++i) {
        static_cast<const Operation*>(operation)->run(i);
        ++done;
        give_way();
    }
}

void call_at_length() { expect(sys_write(trigger, "k", 1), 1, "write"); } // 4 ms

struct Counts {
    unsigned fewest = ~0u, most = 0;
};

Counts count_during_long_calls(const Operation& operation) {
    Thread other;
    done = enough = 0;
    must(other.start(work, const_cast<Operation*>(&operation)), "beside_kernel_lock: clone");
    while (done == 0) // the thread begins on this processor, and moves to its own
        sys_sched_yield();
    Counts counts;
    for (unsigned call = 0; call < LONG_CALLS; ++call) {
        const unsigned before = done;
        call_at_length();
        const unsigned during = done - before;
        counts = {std::min(counts.fewest, during), std::max(counts.most, during)};
    }
    enough = 1;
    other.join();
    return counts;
}

// Measures one operation. Returns whether it ran as often as it should.
bool measure(const Operation& operation) {
    const auto [fewest, most] = count_during_long_calls(operation);
    print("%s: %u to %u during one long call\n", operation.name, fewest, most);
    if (operation.needs_lock && most > FEW)
        complain("beside_kernel_lock: the long call does not hold the kernel lock; this test needs another\n");
    else if (!operation.needs_lock && fewest < MANY)
        complain("beside_kernel_lock: %s waits for the kernel lock\n", operation.name);
    else
        return true;
    return false;
}

char* map(std::size_t size, int flags, int fd = -1) {
    return reinterpret_cast<char*>(
        must(sys_mmap2(nullptr, size, PROT_READ | PROT_WRITE, flags, fd, 0), "beside_kernel_lock: mmap"));
}

// The test needs only the timer's interrupts, so the signal stays blocked.
void start_timer() {
    must(block_signal(SIGALRM), "beside_kernel_lock: rt_sigprocmask");
    const itimerval interval{{0, INTERVAL_US}, {0, INTERVAL_US}};
    must(system_call(__NR_setitimer, ITIMER_REAL, &interval, nullptr), "beside_kernel_lock: setitimer");
}

} // namespace

int main() {
    if (cpu_count() < 2)
        fail("beside_kernel_lock: there is one processor only\n");
    run_on(1);
    random_bytes = static_cast<int>(must(sys_open("/dev/urandom", O_RDONLY), "beside_kernel_lock: /dev/urandom"));
    trigger = static_cast<int>(must(sys_open("/proc/sysrq-trigger", O_WRONLY), "beside_kernel_lock: sysrq-trigger"));
    const int fd = static_cast<int>(must(sys_memfd_create("pages"), "beside_kernel_lock: memfd_create"));
    must(sys_ftruncate(fd, PAGES * PAGE_SIZE), "beside_kernel_lock: ftruncate");
    anonymous = map(PAGES * PAGE_SIZE, MAP_PRIVATE | MAP_ANONYMOUS);
    file = map(PAGES * PAGE_SIZE, MAP_SHARED, fd);
    start_timer();
    bool good = true;
    for (const Operation& operation : OPERATIONS)
        good = measure(operation) && good;
    return good ? 0 : 1;
}
