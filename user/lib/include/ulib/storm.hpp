// How long a storm program runs: a number of rounds, or a number of seconds in which one storm follows the other.
#pragma once

#include <cstdlib>

#include <ulib/print.hpp>
#include <ulib/sys.hpp>

namespace faultline {

class StormLength {
  public:
    // The program's argument is ROUNDS, or SECONDS with an s behind it; with SECONDS, each storm has `batch` rounds.
    // Without an argument there is one storm of `rounds`. Any other argument ends the program.
    StormLength(int argc, char** argv, unsigned rounds, unsigned batch) : rounds_(rounds) {
        if (argc == 1)
            return;
        char* end = argv[1];
        const unsigned long length = std::strtoul(argv[1], &end, 10);
        const bool timed = end[0] == 's' && end[1] == '\0';
        if (argc != 2 || end == argv[1] || length == 0 || length > MOST || (!timed && end[0] != '\0'))
            fail("usage: %s [ROUNDS | SECONDSs]\n", argv[0]);
        rounds_ = timed ? batch : static_cast<unsigned>(length);
        end_ = timed ? now() + static_cast<long long>(length) : 0;
    }

    unsigned rounds() const { return rounds_; } // of each storm

    // Call it when a storm has ended. Returns whether another one follows.
    bool again() {
        played_ += rounds_;
        return now() < end_;
    }
    unsigned played() const { return played_; } // rounds of all storms so far

  private:
    static constexpr unsigned long MOST = 1'000'000;

    static long long now() { // CLOCK_MONOTONIC, in seconds
        __kernel_timespec time{};
        must(sys_clock_gettime(1, &time), "clock_gettime");
        return time.tv_sec;
    }

    unsigned rounds_;
    unsigned played_ = 0;
    long long end_ = 0; // the time after which no further storm begins; 0: after the first one
};

} // namespace faultline
