// The modelled machine with real threads. Usually its CPUs take turns and nothing runs in parallel. A test may instead
// give each CPU a thread of the host. Portable code, with its locks, then runs in parallel; the machine still serves
// one access, one descriptor store or one invalidation at a time.
#pragma once

#include "base/types.hpp"

namespace faultline::model {

// This thread is `cpu` until the end of the scope. The machine must be created before and destroyed after all such
// scopes.
class [[nodiscard]] OwnCpu {
  public:
    explicit OwnCpu(u32 cpu);
    ~OwnCpu();
    OwnCpu(const OwnCpu&) = delete;
    OwnCpu& operator=(const OwnCpu&) = delete;
};

// The CPU that this thread is; if it is none, the machine's acting CPU.
u32 cpu_of_thread();

// Whether this thread may read the data that belongs to `cpu` alone. False if another thread is that CPU.
bool may_look_into(u32 cpu);

// The machine serves this thread, and the thread's CPU acts, until the end of the scope. Turns nest. No effect if the
// thread is no CPU.
class [[nodiscard]] Turn {
  public:
    Turn();
    ~Turn();
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;
};

} // namespace faultline::model
