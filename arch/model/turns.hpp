// The modelled machine under real threads. As a rule its CPUs take turns and nothing runs in parallel; a test may instead
// give each CPU a thread of the host, and then the portable rooms run in parallel, locks and all, while the machine itself
// serves one access, one store of a descriptor, one invalidation at a time.
#pragma once

#include "base/types.hpp"

namespace faultline::model {

// This thread is `cpu` from now on, until the end of the scope. Set up the machine before, and end it after, without.
class [[nodiscard]] OwnCpu {
  public:
    explicit OwnCpu(u32 cpu);
    ~OwnCpu();
    OwnCpu(const OwnCpu&) = delete;
    OwnCpu& operator=(const OwnCpu&) = delete;
};

// The CPU that this thread is, or else the machine's acting one.
u32 cpu_of_thread();

// Whether what the kernel keeps for `cpu` alone may be looked at from here: not if that is another thread.
bool may_look_into(u32 cpu);

// The machine serves this thread, whose CPU acts, until the end of the scope. Nests. Nothing if the thread is no CPU.
class [[nodiscard]] Turn {
  public:
    Turn();
    ~Turn();
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;
};

} // namespace faultline::model
