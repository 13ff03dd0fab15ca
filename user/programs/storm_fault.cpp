// storm_fault [ROUNDS | SECONDSs]: a thread on each processor. All of them touch the same new pages at the same time,
// of a private and of a shared mapping, at addresses where other pages were a moment ago. Each thread writes its own
// word of every page. A thread that loses the race for a page must use the winner's page, and not bring another one.
// Then each thread reads all words: no page and no word was lost, and no processor still sees what was there before.
#include <ulib/cpus.hpp>
#include <ulib/futex.hpp>
#include <ulib/print.hpp>
#include <ulib/storm.hpp>
#include <ulib/sys.hpp>
#include <ulib/thread.hpp>

using namespace faultline;

namespace {

constexpr unsigned MAX_THREADS = 8, PAGES = 16, REGION = PAGES * PAGE_SIZE;

unsigned rounds = 100, threads = 1;

// The pages of this round, of both kinds, and the flags they are mapped with.
struct Memory {
    int flags;
    volatile unsigned char* region;
};
Memory memories[] = {{MAP_PRIVATE | MAP_ANONYMOUS, nullptr}, {MAP_SHARED | MAP_ANONYMOUS, nullptr}};

void renew(Memory& memory) {
    void* const old = const_cast<unsigned char*>(memory.region);
    const long at = sys_mmap2(old, REGION, PROT_READ | PROT_WRITE, memory.flags | (old ? MAP_FIXED : 0), -1, 0);
    must(is_error(at) ? at : 0, "storm_fault: mmap");
    memory.region = reinterpret_cast<volatile unsigned char*>(at);
}

volatile unsigned& word(const Memory& memory, unsigned page, unsigned thread) {
    return reinterpret_cast<volatile unsigned*>(memory.region + page * PAGE_SIZE)[thread];
}

// A place where all threads meet.
class Meeting {
  public:
    // The last thread that arrives calls `prepare` before all go on.
    template <class Prepare>
    void meet(Prepare&& prepare) {
        const unsigned turn = turn_;
        if (++arrived_ == threads) {
            prepare();
            arrived_ = 0;
            ++turn_;
            futex_wake(&turn_, MAX_THREADS, FUTEX_PRIVATE_FLAG);
            return;
        }
        while (turn_ == turn)
            futex_wait(&turn_, turn, FUTEX_PRIVATE_FLAG);
    }

  private:
    Word arrived_{0}, turn_{0};
};
Meeting meeting;

unsigned value(unsigned round, unsigned page, unsigned thread) {
    return 1 + (round * PAGES + page) * MAX_THREADS + thread;
}

void expect(const Memory& memory, unsigned page, unsigned thread, unsigned due) {
    if (const unsigned found = word(memory, page, thread); found != due)
        fail("storm_fault: word %u of page %u, %s, holds %u, expected %u\n", thread, page,
             (memory.flags & MAP_SHARED) != 0 ? "shared" : "private", found, due);
}

// Half of the threads read before they write. So some break copy-on-write of the zero page, or make a clean page dirty,
// while others install the page that they write to.
void fault_with_the_others(unsigned self, unsigned round) {
    for (const Memory& memory : memories)
        for (unsigned page = 0; page < PAGES; ++page) {
            if ((self + round) % 2 == 0)
                expect(memory, page, self, 0);
            word(memory, page, self) = value(round, page, self);
        }
}

void check_all(unsigned round) {
    for (const Memory& memory : memories)
        for (unsigned page = 0; page < PAGES; ++page)
            for (unsigned thread = 0; thread < threads; ++thread)
                expect(memory, page, thread, value(round, page, thread));
}

void take_part(void* argument) {
    const unsigned self = static_cast<unsigned>(reinterpret_cast<std::uintptr_t>(argument));
    run_on(self);
    for (unsigned round = 0; round < rounds; ++round) {
        meeting.meet([] {
            for (Memory& memory : memories)
                renew(memory);
        });
        fault_with_the_others(self, round);
        meeting.meet([] {});
        check_all(round);
    }
}

void storm() {
    Thread running[MAX_THREADS];
    for (unsigned i = 0; i < threads; ++i)
        must(running[i].start(take_part, reinterpret_cast<void*>(i)), "storm_fault: clone");
    for (unsigned i = 0; i < threads; ++i)
        running[i].join();
}

} // namespace

int main(int argc, char** argv) {
    StormLength length(argc, argv, 100, 50);
    rounds = length.rounds();
    threads = cpu_count();
    const long before = minor_faults();
    do
        storm();
    while (length.again());
    const long pages = 2L * PAGES * length.played();
    print("storm_fault: %u threads, %u rounds, no page and no word lost; %ld faults on %ld pages\n", threads,
          length.played(), minor_faults() - before, pages);
    return 0;
}
