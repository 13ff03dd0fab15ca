// parallel_cost [PROCESSORS [INTERVAL_US]]: what page faults and futex calls cost when all processors make them at the
// same time, each on pages and words of its own. Run it under `--icount`: the emulator then executes one instruction
// after the other, whichever processor it belongs to, and each takes a nanosecond. So the time during which all
// processors are busy, divided by the number of operations, is the number of instructions that one operation costs the
// whole machine. What exceeds the figure for one processor is spent on waiting for the others, or on calling them.
//
// The emulator changes processors when a timer is due, or when a processor says that it waits. So that processors stop
// anywhere, with any lock held, one more thread sleeps for INTERVAL_US at a time (0: there is no such thread).
#include <cstdlib>

#include <linux/sched.h>
#include <linux/time.h>

#include <ulib/cpus.hpp>
#include <ulib/futex.hpp>
#include <ulib/sys.hpp>
#include <ulib/thread.hpp>

using namespace faultline;

namespace {

constexpr unsigned MAX_CPUS = 8, CALLS = 20'000;
constexpr std::size_t REGION = 8 << 20, PAGES = REGION / PAGE_SIZE, TABLE_SPAN = 2 << 20;

unsigned cpus, interval_us;

// What one processor uses alone.
struct alignas(64) Own {
    unsigned cpu = 0;
    volatile unsigned char* pages = nullptr;
    Thread thread;
    unsigned long long began = 0, ended = 0; // ns
    alignas(64) Word word{0};
    alignas(64) Word second{0};
};
Own each[MAX_CPUS];

unsigned long long now_ns() {
    __kernel_timespec now{};
    sys_clock_gettime(CLOCK_MONOTONIC, &now);
    return static_cast<unsigned long long>(now.tv_sec) * 1'000'000'000 + static_cast<unsigned long long>(now.tv_nsec);
}

void expect(long answer, long due, const char* what) {
    if (answer != due)
        fail("parallel_cost: %s answered %ld, not %ld\n", what, answer, due);
}

struct Operation {
    const char* name;
    unsigned times;
    void (*run)(Own& own, unsigned i);
};

constexpr Operation OPERATIONS[] = {
    {"anonymous_write_fault", PAGES, [](Own& own, unsigned i) { own.pages[i * PAGE_SIZE] = 1; }},
    {"futex_wake", CALLS,
     [](Own& own, unsigned) { expect(futex_wake(&own.word, 1, FUTEX_PRIVATE_FLAG), 0, "FUTEX_WAKE"); }},
    {"futex_wake_op", CALLS,
     [](Own& own, unsigned) {
         expect(futex_wake_op(&own.word, 1, &own.second, 1, futex_op(FUTEX_OP_ADD, 0, FUTEX_OP_CMP_EQ, 1),
                              FUTEX_PRIVATE_FLAG),
                0, "FUTEX_WAKE_OP");
     }},
    {"futex_wait_eagain", CALLS,
     [](Own& own, unsigned) { expect(futex_wait(&own.word, 1, FUTEX_PRIVATE_FLAG), -EAGAIN, "FUTEX_WAIT"); }},
};

const Operation* operation;
Word ready{0}, done{0};

// Waits until all processors are here. YIELD lets the emulator run another one.
void meet(Word& here) {
    ++here;
    while (here.load() % cpus != 0)
        __asm__ volatile("yield");
}

void work(Own& own) {
    run_on(own.cpu);
    now_ns(); // touches its pages beforehand
    meet(ready);
    own.began = now_ns();
    for (unsigned i = 0; i < operation->times; ++i)
        operation->run(own, i);
    own.ended = now_ns();
    meet(done); // no thread ends while others are measured
}

void measure() {
    ready = done = 0;
    for (unsigned i = 1; i < cpus; ++i)
        must(each[i].thread.start([](void* own) { work(*static_cast<Own*>(own)); }, &each[i]), "parallel_cost: clone");
    work(each[0]);
    unsigned long long began = each[0].began, ended = each[0].ended;
    for (unsigned i = 1; i < cpus; ++i) {
        each[i].thread.join();
        began = each[i].began < began ? each[i].began : began;
        ended = each[i].ended > ended ? each[i].ended : ended;
    }
    print("%s: %u instructions each on %u processors\n", operation->name,
          static_cast<unsigned>((ended - began) / (cpus * operation->times)), cpus);
}

void map_pages() {
    const std::size_t size = cpus * REGION + TABLE_SPAN;
    const long at = must(sys_mmap2(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
                         "parallel_cost: mmap");
    const unsigned long first = (static_cast<unsigned long>(at) + TABLE_SPAN - 1) & ~(TABLE_SPAN - 1);
    for (unsigned i = 0; i < cpus; ++i) {
        each[i].cpu = i;
        each[i].pages = reinterpret_cast<volatile unsigned char*>(first + i * REGION);
        each[i].word = each[i].second = 0;
    }
}

// Sleeps for INTERVAL_US again and again, and preempts all other threads when it wakes.
void interrupt_for_ever(void*) {
    run_on(0);
    const int priority = 1;
    must(system_call(__NR_sched_setscheduler, 0, SCHED_FIFO, &priority), "parallel_cost: sched_setscheduler");
    ready = 1;
    futex_wake(&ready, 1);
    for (;;)
        sys_nanosleep(0, static_cast<long>(interval_us) * 1000);
}

} // namespace

int main(int argc, char** argv) {
    cpus = argc > 1 ? static_cast<unsigned>(std::atoi(argv[1])) : cpu_count();
    if (cpus < 1 || cpus > cpu_count() || cpus > MAX_CPUS)
        fail("usage: parallel_cost [PROCESSORS, at most %u [INTERVAL_US]]\n", cpu_count());
    interval_us = argc > 2 ? static_cast<unsigned>(std::atoi(argv[2])) : 0;
    Thread interrupter;
    if (interval_us != 0) {
        must(interrupter.start(interrupt_for_ever, nullptr), "parallel_cost: clone");
        futex_wait(&ready, 0);
    }
    map_pages();
    for (const Operation& next : OPERATIONS) {
        operation = &next;
        measure();
    }
    sys_exit_group(0);
}
