// An operation of the kernel's that is made over and over, while the first, the second, the third, … of its allocations
// fails. The tables of them, by subject.
#pragma once

#include <cstring>
#include <span>

#include <ulib/print.hpp>
#include <ulib/sys.hpp>

namespace faultline::fail_nth {

inline constexpr const char* PLACE = "/tmp/fail_nth"; // a file system of their own
inline constexpr int FAIL_NTH_FD = 60;                // /proc/self/fail-nth of whoever is under test

// All functions run in a process made for this, which an allocation that fails may kill.
struct Scenario {
    const char* name;
    unsigned at_least; // so many failures there must have been, on every machine; 0: none, for it needs no memory
    // The operation, with failures switched on. What it returns: not below 0, or −errno. It touches only memory that is
    // present, unless a fault is what it is about.
    long (*run)();
    void (*prepare)() = nullptr; // before that; it does not fail
    // After it, without failures: takes back what the operation did. Returns what is wrong; nullptr: nothing.
    const char* (*undo)(long result) = nullptr;
    long error = -ENOMEM;    // what a failure leads to, if it leads to an error
    long also = 0;           // or to this one; 0: none
    bool keeps_maps = false; // after an error the address space is as before
    bool replaces = false;   // `run` ends in another program, which tells the rest (after_exec)
    bool ends = false;       // `run` ends the process, in whatever way
};

std::span<const Scenario> memory_scenarios();
std::span<const Scenario> file_scenarios();
std::span<const Scenario> event_scenarios(); // signals, timers, futexes, IPC
std::span<const Scenario> process_scenarios();

// Makes the nth allocation of this task fail; 0: none any more.
void arm(unsigned nth);
// How many are left until that one; 0: it has failed.
unsigned left();

// How the program into which a scenario has turned ends, so that the one that watches knows whether the allocation failed.
inline constexpr int EXIT_FAILED = 40, EXIT_NOT_REACHED = 41;
[[noreturn]] void after_exec();

inline char* map(std::size_t bytes, int flags = MAP_PRIVATE | MAP_ANONYMOUS, int fd = -1) {
    return reinterpret_cast<char*>(
        must(sys_mmap2(nullptr, bytes, PROT_READ | PROT_WRITE, flags, fd, 0), "fail_nth: mmap"));
}
inline void unmap(char* at, std::size_t bytes) { must(sys_munmap(at, bytes), "fail_nth: munmap"); }

inline const char* close_it(long fd) {
    if (!is_error(fd))
        sys_close(static_cast<int>(fd));
    return nullptr;
}

} // namespace faultline::fail_nth
