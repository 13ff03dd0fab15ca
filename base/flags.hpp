// A set of flags of one family, as a type of its own: flags of different families do not mix.
//
//   using FollFlags = Flags<struct FollFlagsTag>;
//   inline constexpr FollFlags FOLL_WRITE{0x1}, FOLL_TOUCH{0x2};
//
// A constant passed to a function that wants another family does not compile. Costs nothing: a u32 in a register.
#pragma once

#include "base/types.hpp"

namespace faultline {

template <class Tag>
class Flags {
  public:
    constexpr Flags() = default; // none
    constexpr explicit Flags(u32 bits) : bits_(bits) {}

    constexpr u32 bits() const { return bits_; }
    constexpr bool none() const { return bits_ == 0; }
    constexpr bool has(Flags all) const { return (bits_ & all.bits_) == all.bits_; }
    constexpr bool has_any(Flags some) const { return (bits_ & some.bits_) != 0; }
    constexpr Flags without(Flags removed) const { return Flags(bits_ & ~removed.bits_); }
    constexpr Flags& operator|=(Flags more) {
        bits_ |= more.bits_;
        return *this;
    }

    friend constexpr Flags operator|(Flags a, Flags b) { return Flags(a.bits_ | b.bits_); }
    friend constexpr Flags operator&(Flags a, Flags b) { return Flags(a.bits_ & b.bits_); }
    friend constexpr bool operator==(Flags, Flags) = default;

  private:
    u32 bits_ = 0;
};

} // namespace faultline
