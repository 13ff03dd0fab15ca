// Random numbers that are the same in every run: Marsaglia's xorshift with 32 bits. Each thread has its own.
#pragma once

namespace faultline {

class Random {
  public:
    explicit Random(unsigned seed) : state_(seed * 2654435761u + 88172645u) {}

    // From 0 to limit − 1; limit is 1 at least.
    unsigned below(unsigned limit) { return (next() >> 8) % limit; }
    bool once_in(unsigned times) { return below(times) == 0; }
    unsigned word() { return next() ^ next() << 13; }

  private:
    unsigned next() {
        state_ ^= state_ << 13;
        state_ ^= state_ >> 17;
        state_ ^= state_ << 5;
        return state_;
    }
    unsigned state_;
};

} // namespace faultline
