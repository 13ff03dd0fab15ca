// sent_away: when sched_setaffinity(2) returns, a thread that it moved no longer runs on its old processor, whether it
// was in its program or in the kernel. The processor in /proc/ID/stat is right at once.
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <ulib/cpus.hpp>
#include <ulib/futex.hpp>
#include <ulib/print.hpp>
#include <ulib/sys.hpp>
#include <ulib/thread.hpp>

using namespace faultline;

namespace {

constexpr unsigned ROUNDS = 20;

Word steps{0}; // of the thread that is sent
Word over{0};

void compute(void*) {
    while (over == 0)
        ++steps;
}

void make_calls(void*) {
    static char buffer[256 << 10];
    const int zeros = static_cast<int>(must(sys_open("/dev/zero", O_RDONLY), "/dev/zero"));
    while (over == 0) {
        must(sys_read(zeros, buffer, sizeof buffer), "sent_away: read of /dev/zero");
        ++steps;
    }
    sys_close(zeros);
}

// The processor: field 39 of /proc/ID/stat (proc(5)). The first field after the program's name is field 3.
unsigned processor_of(int id) {
    char path[32], text[512] = {};
    snprintf(path, sizeof path, "/proc/%d/stat", id);
    const int fd = static_cast<int>(must(sys_open(path, O_RDONLY), path));
    must(sys_read(fd, text, sizeof text - 1), "sent_away: read of /proc/ID/stat");
    sys_close(fd);
    const char* at = std::strrchr(text, ')');
    for (int field = 2; field < 39; ++field)
        at = std::strchr(at + 1, ' ');
    return static_cast<unsigned>(std::atoi(at + 1));
}

void send(int id, unsigned cpu) {
    const unsigned mask = 1u << cpu;
    must(system_call(__NR_sched_setaffinity, id, sizeof mask, &mask), "sent_away: sched_setaffinity");
    if (const unsigned where = processor_of(id); where != cpu)
        fail("sent_away: a thread that may run on CPU %u only is on CPU %u\n", cpu, where);
}

void wait_until_it_runs() {
    const unsigned before = steps;
    while (steps == before)
        sys_sched_yield();
}

void chase(void (*life)(void*)) {
    Thread runaway;
    over = 0;
    must(runaway.start(life, nullptr), "sent_away: clone");
    for (unsigned round = 0; round < ROUNDS; ++round) {
        send(runaway.id(), 1);
        wait_until_it_runs();
        send(runaway.id(), 0);
        wait_until_it_runs();
    }
    over = 1;
    runaway.join();
}

} // namespace

int main() {
    if (cpu_count() < 2)
        fail("sent_away: this needs two processors\n");
    run_on(0);
    chase(compute);
    chase(make_calls);
    print("sent_away: %u times there and back, and never late\n", 2 * ROUNDS);
    return 0;
}
