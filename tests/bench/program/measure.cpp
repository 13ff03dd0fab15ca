// Figures, and their output.
#include "tests/bench/program/measure.hpp"

namespace faultline::bench {

namespace {

unsigned instructions_per_tick() {
    unsigned frequency;
    __asm__ volatile("mrc p15, 0, %0, c14, c0, 0" : "=r"(frequency)); // CNTFRQ, in Hz
    return 1'000'000'000 / frequency;
}

} // namespace

Figure::Figure(const char* name, long suffix) {
    Text text(name_, sizeof name_);
    text.add(name);
    if (suffix >= 0)
        text.add(static_cast<u64>(suffix));
    marked_ = is_marked(name_);
}

Figure::~Figure() {
    char line[160];
    Text text(line, sizeof line - 1);
    text.add(name_);
    s64 least = tenths_[0], most = tenths_[0];
    for (unsigned i = 1; i < batches_; ++i) {
        least = tenths_[i] < least ? tenths_[i] : least;
        most = tenths_[i] > most ? tenths_[i] : most;
    }
    for (const s64 tenths : {median(), least, most}) {
        text.add(" ");
        text.add_tenths(tenths);
    }
    if (marked_) {
        text.add("\noperations ");
        text.add(u64{window_operations_});
    }
    text.add("\n");
    say(line);
}

void Figure::add(u64 ticks, unsigned operations, unsigned own) {
    window_operations_ = windows_ == 0 ? 0 : operations / windows_;
    windows_ = 0;
    add_tenths(static_cast<s64>(ticks * instructions_per_tick() * 10 / operations) - s64{own} * 10);
}

void Figure::add_tenths(s64 tenths) { tenths_[batches_++] = tenths; }

s64 Figure::median() const {
    s64 sorted[BATCHES + 1];
    for (unsigned i = 0; i < batches_; ++i) {
        unsigned at = i;
        for (; at > 0 && sorted[at - 1] > tenths_[i]; --at)
            sorted[at] = sorted[at - 1];
        sorted[at] = tenths_[i];
    }
    return sorted[batches_ / 2];
}

void measure_call(Figure&& figure, unsigned times, long due, long number, long a, long b, long c, long d, long e,
                  long f) {
    const long arguments[6] = {a, b, c, d, e, f};
    bench_calls(number, arguments, 4);
    for (unsigned batch = 0; batch < batches(); ++batch) {
        figure.begin();
        const long result = bench_calls(number, arguments, times);
        figure.end(times, BENCH_CALL_LOOP);
        require(due == NO_ERROR ? !is_error(result) : result == due, "a system call", result);
    }
}

Region::Region(unsigned count, int flags, int protection) : pages(count) {
    const long at = sys_mmap2(nullptr, size(), protection, flags | MAP_ANONYMOUS, -1, 0);
    require(!is_error(at), "mmap", at);
    start = reinterpret_cast<char*>(at);
}

long fork() {
    constexpr long SIGCHLD_AT_EXIT = 17;
    const long child = system_call(__NR_clone, SIGCHLD_AT_EXIT);
    require(!is_error(child), "fork", child);
    return child;
}

long write_file(const char* path, const char* word) {
    const long fd = sys_open(path, O_WRONLY);
    if (is_error(fd))
        return fd;
    const long size = static_cast<long>(__builtin_strlen(word));
    const long written = sys_write(static_cast<int>(fd), word, static_cast<std::size_t>(size));
    sys_close(static_cast<int>(fd));
    return written == size ? 0 : written;
}

} // namespace faultline::bench
