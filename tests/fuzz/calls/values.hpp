// Makes arguments of a given kind. Most make sense, some are of another kind or at an edge: see Values::argument.
#pragma once

#include <ulib/random.hpp>

#include "tests/fuzz/calls/shared.hpp"
#include "user/programs/call_kinds.hpp"

namespace faultline::fuzz {

// The mappings of a worker that its threads share, and on which calls work.
struct Memory {
    static constexpr unsigned PAGES = 96;
    char* pages = nullptr;
    unsigned* words = nullptr; // futexes that all workers share
};

class Values {
  public:
    // `privileged`: the caller is root, so rules.hpp binds it. `monitor` is the process that no call may aim at.
    Values(Random& random, const Memory& memory, bool privileged, unsigned monitor);

    // An argument of that kind. What it points to lies in this object until `reset`.
    long argument(Kind kind);
    void reset() { used_ = 0; }

  private:
    long sensible(Kind kind);
    long number();
    long length();
    long id();
    long pid();
    long fd();
    long address();
    long buffer();
    long path(bool outside, bool changed);
    long structure(Kind kind);
    unsigned* room(unsigned words);
    long placed(const unsigned* words, unsigned bytes);
    void time(unsigned* words, bool wide);
    long text(const char* string) const;

    Random& random_;
    const Memory& memory_;
    const bool privileged_;
    const unsigned monitor_;
    char* edge_; // a page that ends before a hole
    unsigned used_ = 0;
    unsigned words_[512];
};

} // namespace faultline::fuzz
