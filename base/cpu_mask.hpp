// A set of CPUs. (Linux: struct cpumask.)
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

    // Bit n is CPU n: as programs, device trees and registers have it.
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
    constexpr u32 first() const { return static_cast<u32>(std::countr_zero(bits_)); } // of a set that is not empty
    constexpr u32 end_number() const {
        return static_cast<u32>(std::bit_width(bits_));
    } // one more than the last; 0: empty

    constexpr CpuMask operator|(CpuMask other) const { return from_bits(bits_ | other.bits_); }
    constexpr CpuMask operator&(CpuMask other) const { return from_bits(bits_ & other.bits_); }
    constexpr CpuMask operator-(CpuMask other) const { return from_bits(bits_ & ~other.bits_); }
    constexpr CpuMask& operator|=(CpuMask other) { return *this = *this | other; }
    constexpr CpuMask& operator-=(CpuMask other) { return *this = *this - other; }
    constexpr bool operator==(const CpuMask&) const = default;

    // for (const u32 cpu : mask): the numbers, from the lowest.
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

// One that CPUs enter by themselves. Nothing is ordered by it: whoever needs that has a fence beside it.
class AtomicCpuMask {
  public:
    CpuMask load() const { return CpuMask::from_bits(bits_.load(std::memory_order_relaxed)); }
    void clear() { bits_.store(0, std::memory_order_relaxed); }
    void add(CpuId cpu) { bits_.fetch_or(CpuMask::of(cpu).bits(), std::memory_order_relaxed); }

  private:
    std::atomic<u32> bits_{0};
};

} // namespace faultline
