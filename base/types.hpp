// The types that all code uses: addresses, frames and ids, so that a physical address cannot be passed for a user
// address. All addresses of the target have 32 bits, on the host too; only pointers to the host's own memory have 64
// bits there.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>

namespace faultline {

// Defined by their C names, so that %u and %llu print u32 and u64 on the target and on the host. (std::uint32_t is
// `unsigned long` for arm-none-eabi; std::uint64_t is `unsigned long` for x86-64.)
using u8 = unsigned char;
using u16 = unsigned short;
using s16 = short;
using u32 = unsigned int;
using u64 = unsigned long long;
using s32 = int;
using s64 = long long;
static_assert(sizeof(u16) == 2 && sizeof(u32) == 4 && sizeof(u64) == 8);

inline constexpr u32 PAGE_SHIFT = 12;
inline constexpr u32 PAGE_SIZE = 1u << PAGE_SHIFT;
inline constexpr u32 PAGE_MASK = ~(PAGE_SIZE - 1);

// A cache line of the Cortex-A15. What two CPUs write lies on two of them. (Linux: the same name.)
inline constexpr u32 L1_CACHE_BYTES = 64;

// One past the last user address. With its 3:1 split Linux/ARM has 0xbf000000. Here tasks own TTBR0's 2 GiB (ARM ARM
// DDI 0406C B3.5.4, TTBCR.N = 1), less a guard area, so that `address + length` cannot reach kernel addresses.
inline constexpr u32 TASK_SIZE = 0x7f000000;

// Round to a page boundary. page_align_up() returns 0 if the result would be 2^32.
constexpr u32 page_align_down(u32 value) { return value & PAGE_MASK; }
constexpr u32 page_align_up(u32 value) { return (value + PAGE_SIZE - 1) & PAGE_MASK; }
constexpr bool page_aligned(u32 value) { return (value & ~PAGE_MASK) == 0; }

// A 32-bit address of one kind. `Tag` only distinguishes the kinds.
template <class Tag>
class Address {
  public:
    constexpr Address() = default;
    constexpr explicit Address(u32 value) : value_(value) {}

    constexpr u32 value() const { return value_; }
    constexpr u32 page_offset() const { return value_ & ~PAGE_MASK; }
    constexpr Address page() const { return Address(page_align_down(value_)); }

    constexpr Address operator+(u32 bytes) const { return Address(value_ + bytes); }
    constexpr Address operator-(u32 bytes) const { return Address(value_ - bytes); }
    constexpr u32 operator-(Address other) const { return value_ - other.value_; } // bytes from `other` to this
    constexpr Address& operator+=(u32 bytes) {
        value_ += bytes;
        return *this;
    }
    constexpr auto operator<=>(const Address&) const = default;

  private:
    u32 value_ = 0;
};

using UserAddr = Address<struct UserTag>; // an address in a task's address space; any 32-bit value until it is checked
using PhysAddr = Address<struct PhysTag>; // a physical address

// A physical frame number: PhysAddr >> PAGE_SHIFT.
class Pfn {
  public:
    constexpr Pfn() = default;
    constexpr explicit Pfn(u32 value) : value_(value) {}
    static constexpr Pfn of(PhysAddr address) { return Pfn(address.value() >> PAGE_SHIFT); }

    constexpr u32 value() const { return value_; }
    constexpr PhysAddr address() const { return PhysAddr(value_ << PAGE_SHIFT); }
    constexpr Pfn operator+(u32 frames) const { return Pfn(value_ + frames); }
    constexpr u32 operator-(Pfn other) const { return value_ - other.value_; }
    constexpr auto operator<=>(const Pfn&) const = default;

  private:
    u32 value_ = 0;
};

// An address space identifier: 8 bits in ARMv7 (CONTEXTIDR.ASID).
class Asid {
  public:
    constexpr Asid() = default;
    constexpr explicit Asid(u8 value) : value_(value) {}
    constexpr u8 value() const { return value_; }
    constexpr auto operator<=>(const Asid&) const = default;

  private:
    u8 value_ = 0;
};

// A CPU's number, below machine::MAX_CPUS. On ARM it is affinity level 0 of MPIDR.
class CpuId {
  public:
    constexpr CpuId() = default;
    constexpr explicit CpuId(u8 value) : value_(value) {}
    constexpr u8 value() const { return value_; }
    constexpr auto operator<=>(const CpuId&) const = default;

  private:
    u8 value_ = 0;
};

} // namespace faultline
