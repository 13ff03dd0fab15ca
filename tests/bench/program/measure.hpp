// How a figure is measured: several batches of one operation, each between two readings of the counter. QEMU's virtual
// time advances by one nanosecond per instruction (`-icount shift=0`), so the counter tells how many were executed.
#pragma once

#include <initializer_list>
#include <new>

#include <ulib/sys.hpp>

#include "tests/bench/program/output.hpp"

namespace faultline::bench {

inline constexpr unsigned BATCHES = 9; // the figure is their median; of one that is marked, two are enough
inline constexpr unsigned LOOP = 3;    // instructions of a loop that counts down or up: add, compare, branch

extern "C" { // start.S
u64 bench_counter();
u64 bench_begin();
u64 bench_end();
long bench_calls(long number, const long* arguments, unsigned times);
void bench_write_pages(void* first, unsigned pages, unsigned stride);
void bench_read_pages(void* first, unsigned pages, unsigned stride);
}
inline constexpr unsigned BENCH_CALL_LOOP = 3, BENCH_TOUCH_LOOP = 4;

// One figure, in instructions per operation. It prints itself when it goes out of scope: name, median, minimum, maximum. If it is
// marked, it also prints how many operations lie between a begin() and the next ticks().
class Figure {
  public:
    // `suffix`: a number at the end of the name, or none.
    explicit Figure(const char* name, long suffix = NONE);
    ~Figure();

    void begin() { began_ = marked_ ? bench_begin() : bench_counter(); }

    // Ticks of the counter since begin().
    u64 ticks() {
        ++windows_;
        return (marked_ ? bench_end() : bench_counter()) - began_;
    }

    // Ends a batch of so many operations, each of which took `own` instructions for the program's own loop.
    void end(unsigned operations, unsigned own = LOOP) { add(ticks(), operations, own); }
    // A batch of one or more times from begin() to ticks(), which make `ticks` together.
    void add(u64 ticks, unsigned operations, unsigned own);

    // A batch that has been counted elsewhere, in tenths of an instruction.
    void add_tenths(s64 tenths);

    // Forgets the first batch, which may find cold caches of the allocators.
    void forget() { batches_ = 0; }

    // Tenths of an instruction. At least one batch must have been added.
    s64 median() const;

  private:
    static constexpr long NONE = -1;
    char name_[64];
    bool marked_;
    unsigned batches_ = 0;
    unsigned windows_ = 0;           // calls of ticks() in this batch
    unsigned window_operations_ = 0; // in each of the last batch
    u64 began_ = 0;
    s64 tenths_[BATCHES + 1];
};

// Whether the program's argument mark=NAME names this figure, and how many batches to measure (main.cpp).
bool is_marked(const char* name);
unsigned batches();

// Measures batches() times `times` calls of operation(i), after one batch that does not count.
template <class Operation>
void measure(Figure& figure, unsigned times, Operation operation, unsigned own = LOOP) {
    for (unsigned batch = 0; batch <= batches(); ++batch) {
        if (batch == 1)
            figure.forget();
        figure.begin();
        for (unsigned i = 0; i < times; ++i)
            operation(i);
        figure.end(times, own);
    }
}

// The same for one system call, without any instruction of a compiler in the loop. Its result must be `due`, or with
// NO_ERROR anything that is no error.
inline constexpr long NO_ERROR = 0x7fffffff;
void measure_call(Figure&& figure, unsigned times, long due, long number, long a = 0, long b = 0, long c = 0,
                  long d = 0, long e = 0, long f = 0);

// Pages of memory, unmapped at the end.
class Region {
  public:
    explicit Region(unsigned pages, int flags = MAP_PRIVATE, int protection = PROT_READ | PROT_WRITE);
    ~Region() { sys_munmap(start, size()); }
    Region(const Region&) = delete;

    std::size_t size() const { return pages * PAGE_SIZE; }
    char* page(unsigned index) const { return start + index * PAGE_SIZE; }
    void write() const { bench_write_pages(start, pages, PAGE_SIZE); }
    void read() const { bench_read_pages(start, pages, PAGE_SIZE); }

    const unsigned pages;
    char* start;
};

// fork(2). The child must end with leave().
long fork();
[[noreturn]] inline void leave() { sys_exit_group(0); }

// Writes one word to a file; 0 or −errno.
long write_file(const char* path, const char* word);

} // namespace faultline::bench
