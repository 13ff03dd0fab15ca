// fuzz SEED CALLS LATEST_MS [ROUND]: makes CALLS system calls with random arguments of the right kinds, from several
// processes with several threads each, some root's and some an ordinary user's, and watches the kernel meanwhile
// (monitor.hpp). LATEST_MS is how late the monitor may be woken; 0: any time, which is only told. ROUND is the first round,
// to repeat one that failed. Where instructions are counted, the same arguments give the same run.
#include <cstdint>
#include <cstdlib>

#include <ulib/print.hpp>

#include "tests/fuzz/calls/monitor.hpp"

using namespace faultline;

int main(int argc, char** argv) {
    if (argc < 4 || argc > 5)
        fail("usage: fuzz SEED CALLS LATEST_MS [ROUND]\n");
    const auto number = [&](int index) { return static_cast<unsigned>(std::strtoul(argv[index], nullptr, 10)); };
    return fuzz::watch(
        {.seed = number(1), .calls = number(2), .latest_ms = number(3), .first_round = argc > 4 ? number(4) : 0});
}
