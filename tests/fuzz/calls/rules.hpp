// What the fuzzer leaves out, and why: calls that would end the test and show nothing.
#pragma once

namespace faultline::fuzz {

struct Caller {
    bool privileged;  // it has been root, and may be
    unsigned monitor; // the process that watches
    long spare_stack; // for a new thread
};

// Changes the arguments of a call so that no rule forbids it. False: it must not be made at all.
bool allow(int number, long (&arguments)[6], const Caller& caller);

} // namespace faultline::fuzz
