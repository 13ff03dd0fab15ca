// A variable of which each CPU has its own, on cache lines of its own.
#pragma once

#include <array>

#include "arch/contract/machine.hpp"
#include "base/concurrency.hpp"
#include "base/lockdep.hpp"

namespace faultline {

static_assert(lockdep::MOST_CPUS >= machine::MAX_CPUS);

// CPUs from this number on never run. (Linux: nr_cpu_ids.) Lowered before the second one is started.
inline constinit u32 nr_cpu_ids = machine::MAX_CPUS;

template <class T>
class PerCpu {
  public:
    constexpr PerCpu() = default;
    PerCpu(const PerCpu&) = delete;
    PerCpu& operator=(const PerCpu&) = delete;

    // This CPU's. The caller stays on it: interrupts masked, or it does not sleep meanwhile.
    T& here() { return each_[smp_processor_id()].value; }
    T& of(u32 cpu) { return each_[cpu].value; }
    const T& of(u32 cpu) const { return each_[cpu].value; }

  private:
    struct alignas(64) Padded {
        T value{};
    };
    std::array<Padded, machine::MAX_CPUS> each_{};
};

} // namespace faultline
