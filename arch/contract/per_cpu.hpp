// A variable with one instance for each CPU, each on cache lines of its own.
#pragma once

#include <array>

#include "arch/contract/machine.hpp"
#include "base/concurrency.hpp"
#include "base/lockdep.hpp"

namespace faultline {

static_assert(lockdep::MOST_CPUS >= machine::MAX_CPUS);

// CPUs with this number or a higher one never run. (Linux: nr_cpu_ids.) The boot CPU lowers it before it starts
// another.
inline constinit u32 nr_cpu_ids = machine::MAX_CPUS;

template <class T>
class PerCpu {
  public:
    constexpr PerCpu() = default;
    PerCpu(const PerCpu&) = delete;
    PerCpu& operator=(const PerCpu&) = delete;

    // The instance of this CPU. The caller must not move to another CPU while it uses the reference: it has interrupts
    // masked, or it does not sleep.
    T& here() { return each_[smp_processor_id()].value; }
    T& of(u32 cpu) { return each_[cpu].value; }
    const T& of(u32 cpu) const { return each_[cpu].value; }

  private:
    struct alignas(L1_CACHE_BYTES) Padded {
        T value{};
    };
    std::array<Padded, machine::MAX_CPUS> each_{};
};

} // namespace faultline
