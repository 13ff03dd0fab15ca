// A set of CPUs, by their numbers. (Linux: struct cpumask.)
#pragma once

#include <atomic>
#include <bit>

#include "base/types.hpp"

namespace faultline {

class CpuMask {
  public:
    constexpr CpuMask() = default; // none
    static constexpr CpuMask of(u32 cpu) { return from_bits(1u << cpu); }
    static constexpr CpuMask of(CpuId cpu) { return of(u32{cpu.value()}); }
    static constexpr CpuMask all() { return from_bits(~0u); }

    // As programs and registers have it: bit n is CPU n.
    static constexpr CpuMask from_bits(u32 bits) {
        CpuMask mask;
        mask.bits_ = bits;
        return mask;
    }
    constexpr u32 bits() const { return bits_; }

    constexpr bool has(u32 cpu) const { return (bits_ & 1u << cpu) != 0; }
    constexpr bool has(CpuId cpu) const { return has(u32{cpu.value()}); }
    constexpr bool empty() const { return bits_ == 0; }
    constexpr u32 count() const { return static_cast<u32>(std::popcount(bits_)); }
    // One more than the highest number in it; 0 if it is empty.
    constexpr u32 end_number() const { return static_cast<u32>(std::bit_width(bits_)); }

    constexpr CpuMask operator|(CpuMask other) const { return from_bits(bits_ | other.bits_); }
    constexpr CpuMask operator&(CpuMask other) const { return from_bits(bits_ & other.bits_); }
    constexpr CpuMask operator-(CpuMask other) const { return from_bits(bits_ & ~other.bits_); }
    constexpr CpuMask& operator|=(CpuMask other) { return *this = *this | other; }
    constexpr bool operator==(const CpuMask&) const = default;

    // Enters `cpu` while other CPUs may read or enter. Orders nothing. Other accesses use std::atomic_ref then.
    void add_atomically(CpuId cpu) { std::atomic_ref(bits_).fetch_or(of(cpu).bits_, std::memory_order_relaxed); }

    // for (const u32 cpu : mask): the numbers of the CPUs, from the lowest.
    class Iterator {
      public:
        constexpr explicit Iterator(u32 left) : left_(left) {}
        constexpr u32 operator*() const { return static_cast<u32>(std::countr_zero(left_)); }
        constexpr Iterator& operator++() {
            left_ &= left_ - 1;
            return *this;
        }
        constexpr bool operator==(const Iterator&) const = default;

      private:
        u32 left_;
    };
    constexpr Iterator begin() const { return Iterator(bits_); }
    constexpr Iterator end() const { return Iterator(0); }

  private:
    u32 bits_ = 0;
};

} // namespace faultline
