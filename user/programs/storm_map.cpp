// storm_map [ROUNDS | SECONDSs]: threads of one process map, touch, protect, discard and unmap memory, each its own.
// Two more threads pass a page to and fro. Its address stays, but the page is a new one every round: a processor that
// kept a translation too long would read what the page before it held.
#include <cstring>

#include <ulib/cpus.hpp>
#include <ulib/print.hpp>
#include <ulib/storm.hpp>
#include <ulib/sys.hpp>
#include <ulib/thread.hpp>

using namespace faultline;

namespace {

constexpr unsigned MAX_THREADS = 8, PAGES = 16, PAGE = 4096;
constexpr int READ_WRITE = PROT_READ | PROT_WRITE, PRIVATE = MAP_PRIVATE | MAP_ANONYMOUS;

unsigned rounds = 100, cpus = 1;

volatile unsigned& word(void* region, unsigned page) {
    return *reinterpret_cast<volatile unsigned*>(static_cast<unsigned char*>(region) + page * PAGE);
}

void* map(void* where, unsigned pages, int flags) {
    const long at = sys_mmap2(where, pages * PAGE, READ_WRITE, PRIVATE | flags, -1, 0);
    must(at < 0 && at > -4096 ? at : 0, "storm_map: mmap");
    return reinterpret_cast<void*>(at);
}

void expect(void* region, unsigned page, unsigned value) {
    if (const unsigned found = word(region, page); found != value)
        fail("storm_map: page %u holds %u, expected %u\n", page, found, value);
}

void use_own_memory(void* argument) {
    const unsigned self = static_cast<unsigned>(reinterpret_cast<std::uintptr_t>(argument));
    for (unsigned round = 0; round < rounds; ++round) {
        void* const region = map(nullptr, PAGES, 0);
        for (unsigned page = 0; page < PAGES; ++page) {
            expect(region, page, 0);
            word(region, page) = self * rounds + round + page;
        }
        must(sys_mprotect(region, PAGES * PAGE, PROT_READ), "storm_map: mprotect");
        for (unsigned page = 0; page < PAGES; ++page)
            expect(region, page, self * rounds + round + page);
        must(sys_mprotect(region, PAGES * PAGE, READ_WRITE), "storm_map: mprotect");
        must(sys_madvise(region, PAGES * PAGE / 2, MADV_DONTNEED), "storm_map: madvise");
        for (unsigned page = 0; page < PAGES; ++page)
            expect(region, page, page < PAGES / 2 ? 0 : self * rounds + round + page);
        word(region, 0) = 1;
        must(sys_munmap(region, PAGES * PAGE), "storm_map: munmap");
    }
}

// The page that is passed, and whose turn it is. Even: renew() maps it anew and writes. Odd: read_renewed() reads and
// writes.
void* passed = nullptr;
Word turn{0};

void await(unsigned mine) {
    for (unsigned now = turn; now != mine; now = turn)
        futex_wait(&turn, now, FUTEX_PRIVATE_FLAG);
}
void pass() {
    ++turn;
    futex_wake(&turn, 1, FUTEX_PRIVATE_FLAG);
}

void renew(void*) {
    run_on(0);
    for (unsigned round = 0; round < rounds; ++round) {
        await(2 * round);
        if (round != 0)
            expect(passed, 0, 2 * round - 1);
        map(passed, 1, MAP_FIXED);
        expect(passed, 0, 0);
        if (round % 2 == 0)
            word(passed, 0) = 2 * round;
        pass();
    }
}

void read_renewed(void*) {
    run_on(cpus - 1);
    for (unsigned round = 0; round < rounds; ++round) {
        await(2 * round + 1);
        expect(passed, 0, round % 2 == 0 ? 2 * round : 0);
        word(passed, 0) = 2 * round + 1;
        pass();
    }
}

void storm() {
    turn = 0;
    passed = map(nullptr, 1, 0);
    Thread running[MAX_THREADS], renewing, reading;
    for (unsigned i = 0; i < cpus; ++i)
        must(running[i].start(use_own_memory, reinterpret_cast<void*>(i)), "storm_map: clone");
    must(renewing.start(renew, nullptr), "storm_map: clone");
    must(reading.start(read_renewed, nullptr), "storm_map: clone");
    for (unsigned i = 0; i < cpus; ++i)
        running[i].join();
    renewing.join();
    reading.join();
    must(sys_munmap(passed, PAGE), "storm_map: munmap");
}

} // namespace

int main(int argc, char** argv) {
    StormLength length(argc, argv, 100, 6);
    rounds = length.rounds();
    cpus = cpu_count();
    do
        storm();
    while (length.again());
    print("storm_map: %u threads, %u rounds, every page its own\n", cpus + 2, length.played());
    return 0;
}
