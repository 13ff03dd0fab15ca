// User memory from the kernel on this machine; arch/arm/uaccess.cpp and usercopy.S define it.
#pragma once

#include "arch/contract/uaccess.hpp"

namespace faultline {

extern "C" char usercopy_probe[], usercopy_probe_end[]; // usercopy.S

// Whether the instruction at `pc` is the access of probe_user(), which only wants to know if this CPU permits it.
inline bool in_probe_user(u32 pc) {
    return pc >= reinterpret_cast<u32>(usercopy_probe) && pc < reinterpret_cast<u32>(usercopy_probe_end);
}

} // namespace faultline
