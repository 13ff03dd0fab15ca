// What Linux/ARM writes on a program's stack for a signal handler. It is part of the ABI, because handlers and
// unwinders read it (Linux arch/arm/include/asm/ucontext.h, uapi/asm/sigcontext.h). Assertions below fix sizes and
// offsets.
#pragma once

#include <cstddef>

#include <arch/signal.hpp>

namespace faultline {

struct SigContext { // Linux: struct sigcontext
    u32 trap_no;
    u32 error_code;
    u32 oldmask; // the low word of the signal mask
    u32 r[13];   // arm_r0 … arm_r10, arm_fp, arm_ip
    u32 sp, lr, pc, cpsr;
    u32 fault_address;
};

// One record of the coprocessor save area. The VFP record is the first and only one.
struct alignas(8) VfpSigFrame { // Linux: struct vfp_sigframe
    u32 magic;
    u32 size;
    u64 fpregs[32];
    u32 fpscr;
    u32 padding;
    u32 fpexc, fpinst, fpinst2; // unused without trapped VFP exceptions
};

struct UContext { // Linux: struct ucontext
    u32 uc_flags;
    u32 uc_link;
    SignalStack uc_stack;
    SigContext uc_mcontext;
    u64 uc_sigmask;
    u32 unused[30];
    alignas(8) u32 uc_regspace[128];
};

struct SigFrame { // Linux: struct sigframe
    UContext uc;
    u32 retcode[4];
};

struct RtSigFrame { // Linux: struct rt_sigframe
    u8 info[SIGINFO_SIZE];
    SigFrame sig;
};

inline constexpr u32 VFP_MAGIC = 0x56465001;
inline constexpr u32 VFP_STORAGE_SIZE = 288;

static_assert(sizeof(SigContext) == 84);
static_assert(sizeof(VfpSigFrame) == VFP_STORAGE_SIZE);
static_assert(offsetof(UContext, uc_mcontext) == 20 && offsetof(UContext, uc_sigmask) == 104);
static_assert(offsetof(UContext, uc_regspace) == 232 && sizeof(UContext) == 744);
static_assert(offsetof(RtSigFrame, sig) == 128 && sizeof(RtSigFrame) == 128 + 744 + 16);

} // namespace faultline
