// Signal frames: how they are built and how they are read back (arch/arm/arch/signal.hpp).
#include <arch/context.hpp>
#include <arch/signal.hpp>

#include "arch/arm/layout.h"
#include "arch/arm/signal_frame.hpp"
#include "arch/armv7/registers.hpp"
#include "arch/contract/uaccess.hpp"

namespace faultline {

namespace {

inline constexpr u32 SA_RESTORER = 0x04000000; // uapi/asm/signal.h
inline constexpr u32 SA_ONSTACK = 0x08000000;
inline constexpr u32 SIGFRAME_FLAGS = 0x5ac3c35a; // uc_flags of a frame without siginfo

// CPSR bits that a program can change itself.
inline constexpr u32 PSR_USER_BITS = PSR_FLAGS | PSR_IT | PSR_GE | PSR_E | PSR_T;

// The address of a frame of `bytes` bytes (Linux: get_sigframe).
u32 frame_address(const PtRegs& regs, const SignalDelivery& delivery, u32 bytes) {
    u32 sp = regs.sp;
    const SignalStack& altstack = delivery.altstack;
    if ((delivery.flags & SA_ONSTACK) != 0 && altstack.size != 0 && !on_sig_stack(altstack, sp))
        sp = altstack.sp + altstack.size;
    return (sp - bytes) & ~7u;
}

template <class T>
Result<void> put(u32 address, const T& value) {
    return copy_struct_to_user(UserAddr(address), &value, sizeof(value));
}
template <class T>
Result<void> get(u32 address, T& value) {
    return copy_struct_from_user(&value, UserAddr(address), sizeof(value));
}

// Writes the VFP registers as they are now, and the end mark of the save area.
Result<void> put_vfp(u32 regspace) {
    struct {
        VfpSigFrame frame;
        u32 end_magic;
    } area{};
    CpuContext live;
    save_user_state(live);
    area.frame.magic = VFP_MAGIC;
    area.frame.size = VFP_STORAGE_SIZE;
    for (u32 i = 0; i < 32; ++i)
        area.frame.fpregs[i] = live.vfp[i];
    area.frame.fpscr = live.fpscr;
    area.frame.fpexc = armv7::FPEXC_EN;
    TRY_VOID(copy_struct_to_user(UserAddr(regspace), &area.frame, sizeof(area.frame)));
    return put_user_u32(UserAddr(regspace + VFP_STORAGE_SIZE), area.end_magic);
}

// Writes the frame without its siginfo (Linux: setup_sigframe). Everything up to the end of uc_sigmask is one copy; the
// unused words behind it are not written.
Result<void> put_frame(u32 frame, const PtRegs& regs, const SignalDelivery& delivery, u32 uc_flags, bool rt) {
    struct {
        u32 uc_flags, uc_link;
        SignalStack uc_stack;
        SigContext context;
        u64 uc_sigmask;
    } head{.uc_flags = uc_flags,
           .uc_link = 0,
           .uc_stack = rt ? delivery.altstack : SignalStack{},
           .context = {.trap_no = delivery.trap_no,
                       .error_code = delivery.error_code,
                       .oldmask = static_cast<u32>(delivery.blocked),
                       .r = {},
                       .sp = regs.sp,
                       .lr = regs.lr,
                       .pc = regs.pc,
                       .cpsr = regs.cpsr,
                       .fault_address = delivery.fault_address},
           .uc_sigmask = delivery.blocked};
    static_assert(sizeof(head) == offsetof(UContext, unused));
    for (u32 i = 0; i < 13; ++i)
        head.context.r[i] = regs.r[i];
    TRY_VOID(put(frame, head));
    return put_vfp(frame + offsetof(UContext, uc_regspace));
}

// Where the handler returns to. Linux also writes the trampoline's code to the frame, for debuggers; this kernel does
// not.
u32 return_address(const SignalDelivery& delivery, bool rt) {
    if ((delivery.flags & SA_RESTORER) != 0)
        return delivery.restorer;
    if ((delivery.handler & INTERWORKING_THUMB) != 0)
        return (rt ? RT_SIGRETURN_THUMB : SIGRETURN_THUMB) | 1;
    return rt ? RT_SIGRETURN_ARM : SIGRETURN_ARM;
}

// Linux: setup_return. The handler starts in ARM or Thumb state as its address says, with clear flags and little-endian
// data.
void enter_handler(PtRegs& regs, const SignalDelivery& delivery, u32 frame, bool rt) {
    const bool thumb = (delivery.handler & INTERWORKING_THUMB) != 0;
    regs.r[0] = static_cast<u32>(delivery.signal);
    regs.sp = frame;
    regs.lr = return_address(delivery, rt);
    regs.pc = delivery.handler & (thumb ? ~1u : ~3u);
    regs.cpsr = (regs.cpsr & ~(PSR_FLAGS | PSR_E | PSR_IT | PSR_T)) | (thumb ? PSR_T : 0);
}

// Restores registers and mask from the frame at `frame` (Linux: restore_sigframe). Reads and checks everything before
// it changes anything.
Result<SignalReturn> take_frame(PtRegs& regs, u32 frame, bool rt) {
    SigContext context;
    VfpSigFrame vfp;
    SignalReturn result;
    TRY_VOID(get(frame + offsetof(UContext, uc_mcontext), context));
    TRY_VOID(get(frame + offsetof(UContext, uc_sigmask), result.blocked));
    TRY_VOID(get(frame + offsetof(UContext, uc_regspace), vfp));
    if (rt)
        TRY_VOID(get(frame + offsetof(UContext, uc_stack), result.altstack));
    if (vfp.magic != VFP_MAGIC || vfp.size != VFP_STORAGE_SIZE)
        return Err(Errno::FAULT);
    if ((context.cpsr & PSR_MODE_MASK) != PSR_MODE_USER || (context.cpsr & PSR_I) != 0)
        return Err(Errno::FAULT);

    for (u32 i = 0; i < 13; ++i)
        regs.r[i] = context.r[i];
    regs.sp = context.sp;
    regs.lr = context.lr;
    regs.cpsr = (context.cpsr & PSR_USER_BITS) | PSR_MODE_USER;
    regs.pc = context.pc & ((regs.cpsr & PSR_T) != 0 ? ~1u : ~3u);

    CpuContext live;
    save_user_state(live); // for the thread registers
    for (u32 i = 0; i < 32; ++i)
        live.vfp[i] = vfp.fpregs[i];
    live.fpscr = vfp.fpscr;
    load_user_state(live);
    return result;
}

Result<u32> checked_frame(const PtRegs& regs) {
    if ((regs.sp & 7) != 0)
        return Err(Errno::FAULT);
    return regs.sp;
}

} // namespace

Result<void> setup_frame(PtRegs& regs, const SignalDelivery& delivery) {
    const u32 frame = frame_address(regs, delivery, sizeof(SigFrame));
    TRY_VOID(put_frame(frame, regs, delivery, SIGFRAME_FLAGS, false));
    enter_handler(regs, delivery, frame, false);
    return {};
}

Result<void> setup_rt_frame(PtRegs& regs, const SignalDelivery& delivery, const void* info) {
    const u32 frame = frame_address(regs, delivery, sizeof(RtSigFrame));
    TRY_VOID(copy_struct_to_user(UserAddr(frame), info, SIGINFO_SIZE));
    TRY_VOID(put_frame(frame + offsetof(RtSigFrame, sig), regs, delivery, 0, true));
    enter_handler(regs, delivery, frame, true);
    regs.r[1] = frame;
    regs.r[2] = frame + offsetof(RtSigFrame, sig);
    return {};
}

Result<SignalReturn> restore_frame(PtRegs& regs) { return take_frame(regs, TRY(checked_frame(regs)), false); }

Result<SignalReturn> restore_rt_frame(PtRegs& regs) {
    return take_frame(regs, TRY(checked_frame(regs)) + offsetof(RtSigFrame, sig), true);
}

} // namespace faultline
