// What the monitor and its workers share: a slot for each thread, in which it notes the calls that it makes.
#pragma once

#include <atomic>

#include <ulib/system_call.hpp>

namespace faultline::fuzz {

inline constexpr unsigned WORKERS = 8; // processes at a time
inline constexpr unsigned THREADS = 3; // of each
inline constexpr unsigned CALLS = 400; // by each thread of a process, at most
inline constexpr unsigned NOTED = 8;   // the last calls of a thread

inline constexpr const char* PLACE = "/tmp/fuzz";         // a file system of its own, new in each round
inline constexpr const char* ARENA = "/tmp/fuzz/arena";   // where the workers work
inline constexpr const char* SECRET = "/tmp/fuzz/secret"; // that only root may read
inline constexpr const char* KEPT = "/tmp/fuzz/kept";     // that only root may write
inline constexpr const char* PROGRAM = "/bin/hello";      // the same, and executable

// The parts that the workers of a round play. The first ones are root's.
inline constexpr unsigned ROOTS = 3;
inline constexpr unsigned FIRST_USER = 1000; // the user id of worker 0; each has its own

struct Noted {
    long number;
    long arguments[6];
    long result; // valid when the next call is noted, or `calls` has moved on
};

// Not 1: a call that stores something here by chance must not look like it.
inline constexpr unsigned BECAME_ROOT = 0x726f6f74;

struct Slot {
    std::atomic<unsigned> pid, tid;
    std::atomic<unsigned> begun, ended; // calls; they differ while the thread is in one
    std::atomic<unsigned> became_root;  // an ordinary user's thread has found a user id 0 of its own
    Noted noted[NOTED];
};

struct Shared {
    std::atomic<unsigned> made;      // calls that have come back, of all workers so far
    std::atomic<unsigned> succeeded; // those of them without an error
    std::atomic<unsigned> files;     // those that executed a mutated ELF file
    Slot slots[WORKERS][THREADS];
    alignas(PAGE_SIZE) unsigned words[PAGE_SIZE / sizeof(unsigned)]; // futexes of all workers
};

} // namespace faultline::fuzz
