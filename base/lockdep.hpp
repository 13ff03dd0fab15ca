// A small lockdep (Linux kernel/locking/lockdep.c): watches how locks are used, in debug builds (FAULTLINE_DEBUG), and
// ends the machine with a panic at the first use that *could* go wrong, whether or not it does this time:
//
//   - two locks taken in one order here and in the other order elsewhere, over any number of locks in between;
//   - two locks of one name not in order of their addresses, or one lock twice;
//   - a sleep with a spin lock held, with interrupts masked, or in an interrupt handler; an access to user memory, which
//     may fault and then sleeps, with a spin lock held;
//   - a lock that an interrupt handler takes, taken elsewhere with interrupts on: the handler may interrupt its holder
//     and wait for ever;
//   - such a lock held while a second one is taken that is held with interrupts on elsewhere: the handler may interrupt
//     the holder of the second, and wait for the first, whose holder waits for the second.
//
// Locks are known by name. One without a name is watched for sleeps only. Without FAULTLINE_DEBUG all of this is
// nothing.
#pragma once

#include <atomic>

#include "base/types.hpp"

namespace faultline {

namespace lockdep {

// No fewer than machine::MAX_CPUS, which base/ does not know: arch/contract/per_cpu.hpp asserts it.
inline constexpr u32 MOST_CPUS = 8;

enum class Kind : u8 {
    Spin,
    SpinNested, // several of one name may be held, in an order that is not that of addresses and cannot form a circle
    GivenUpInSleep, // a spin lock that its holder's sleep gives up by itself: the kernel lock
    Sleeping,       // taking it may sleep, and its holder may; it belongs to a task, the others to a CPU
};

#ifdef FAULTLINE_DEBUG

inline constexpr bool WATCHES = true;

class Watch {
  public:
    constexpr Watch() = default;
    constexpr Watch(const char* name, Kind kind) : name_(name), kind_(kind) {}

    void about_to_wait(const void* lock); // checks; panics
    void taken(const void* lock);
    void released(const void* lock); // panics if it is not held here

    const char* name() const { return name_ != nullptr ? name_ : "a lock without a name"; }
    Kind kind() const { return kind_; }
    u32 number() const; // of all names; NAMELESS

    static constexpr u32 NAMELESS = 0;

  private:
    const char* name_ = nullptr;
    mutable std::atomic<u8> number_{NAMELESS}; // once known
    Kind kind_ = Kind::Spin;
};

// A lock that is held or wanted, and how it is watched.
struct Use {
    const Watch* watch = nullptr;
    const void* lock = nullptr;
};

// The locks that a CPU holds, or the sleeping ones that a task holds.
struct Held {
    static constexpr u32 MOST = 16;
    Use locks[MOST] = {};
    u32 count = 0;
};

// Those that a CPU holds: for whoever looks from outside while the CPU stands still.
const Held& held_by_cpu(u32 cpu);
// The lock that a CPU is about to take, or waits for; nullptr in it: none.
Use wanted_by_cpu(u32 cpu);

// The running task's. Supplied by mm/, found by the linker.
Held& held_by_task();

// Whether page faults are disabled: then an access to user memory fails at once. Supplied likewise.
bool faults_at_once();

// The caller is going to sleep, or may have to.
void might_sleep();
// It is going to touch user memory.
void might_fault();

// An interrupt handler runs, for a scope. (Linux: lockdep_hardirq_enter.)
class [[nodiscard]] InterruptScope {
  public:
    InterruptScope();
    ~InterruptScope();
    InterruptScope(const InterruptScope&) = delete;
    InterruptScope& operator=(const InterruptScope&) = delete;
};

// From here on nothing is checked: the machine ends, and the report is printed whatever locks are held. For panic().
void stop_watching();

// No CPU holds anything: another machine begins (on the host, where one follows another).
void forget_held();

#else

inline constexpr bool WATCHES = false;

class Watch {
  public:
    constexpr Watch() = default;
    constexpr Watch(const char*, Kind) {}
    void about_to_wait(const void*) {}
    void taken(const void*) {}
    void released(const void*) {}
};
struct Held {};
inline void might_sleep() {}
inline void might_fault() {}
inline void stop_watching() {}
struct [[nodiscard]] InterruptScope {
    InterruptScope() {}
    ~InterruptScope() {}
};

#endif

} // namespace lockdep

} // namespace faultline
