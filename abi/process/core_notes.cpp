// Builds the notes of a core file. Their layouts are those of linux/elfcore.h and arch/arm/include/asm/user.h.
#include "abi/process/core_notes.hpp"

#include <linux/elf.h>

#include <arch/context.hpp>
#include <arch/ptrace.hpp>

#include <algorithm>
#include <cstring>

#include "abi/cred/cred.hpp"
#include "abi/process/elf.hpp"
#include "abi/signal/signal.hpp"
#include "abi/task/thread_group.hpp"
#include "kernel/sched/sched.hpp"
#include "kernel/task_stack.hpp"
#include "mm/mm_struct.hpp"
#include "mm/remote_memory.hpp"

namespace faultline {

namespace {

struct TimeVal32 {
    s32 seconds = 0, microseconds = 0;
};

struct ElfPrStatus { // struct elf_prstatus
    s32 signo = 0, code = 0, error = 0;
    s16 cursig = 0;
    u32 sigpend = 0, sighold = 0;
    s32 pid = 0, ppid = 0, pgrp = 0, sid = 0;
    TimeVal32 utime, stime, cutime, cstime;
    u32 registers[18] = {}; // r0 – r15, cpsr, orig_r0
    s32 fpvalid = 0;
};
static_assert(sizeof(ElfPrStatus) == 148);

struct ElfPrPsInfo { // struct elf_prpsinfo
    char state = 0, sname = 'R', zombie = 0, nice = 0;
    u32 flags = 0;
    u16 uid = 0, gid = 0;
    s32 pid = 0, ppid = 0, pgrp = 0, sid = 0;
    char fname[16] = {};
    char psargs[80] = {};
};
static_assert(sizeof(ElfPrPsInfo) == 124);

struct ElfVfp { // ARM_VFPREGS_SIZE
    u64 d[32];
    u32 fpscr;
} __attribute__((packed));
static_assert(sizeof(ElfVfp) == 260);

s32 parent_pid(const ThreadGroup& group) { return group.parent != nullptr ? group.parent->pid : 0; }

ElfPrStatus prstatus(Task& task, s32 sig) {
    const ThreadGroup& group = *task.group;
    ElfPrStatus status;
    status.signo = status.cursig = static_cast<s16>(sig);
    status.sigpend = static_cast<u32>(task.pending.set);
    status.sighold = static_cast<u32>(task.blocked);
    status.pid = task.pid;
    status.ppid = parent_pid(group);
    status.pgrp = group.pgid;
    status.sid = group.sid;
    const PtRegs& regs = task_user_regs(task);
    std::copy_n(regs.r, 13, status.registers);
    const u32 rest[] = {regs.sp, regs.lr, regs.pc, regs.cpsr, regs.orig_r0};
    std::copy_n(rest, 5, status.registers + 13);
    return status;
}

ElfPrPsInfo prpsinfo(const Task& task) {
    const ThreadGroup& group = *task.group;
    MmStruct& mm = *task.mm.mm;
    ElfPrPsInfo info;
    info.nice = static_cast<char>(task.nice);
    info.uid = static_cast<u16>(task.cred->uid);
    info.gid = static_cast<u16>(task.cred->gid);
    info.pid = group.pid;
    info.ppid = parent_pid(group);
    info.pgrp = group.pgid;
    info.sid = group.sid;
    std::copy_n(task.comm, sizeof info.fname, info.fname);
    const u32 bytes = std::min<u32>(mm.arg_end - mm.arg_start, sizeof info.psargs - 1);
    if (read_remote_memory(mm, info.psargs, mm.arg_start, bytes).ok())
        std::replace(info.psargs, info.psargs + bytes, '\0', ' ');
    return info;
}

ElfVfp vfp_registers(const Task& task) {
    ElfVfp vfp;
    std::memcpy(vfp.d, task.context.vfp, sizeof vfp.d);
    vfp.fpscr = task.context.fpscr;
    return vfp;
}

constexpr u32 align4(u32 bytes) { return (bytes + 3) & ~3u; }

Result<void> add_thread(Notes& notes, Task& task, const SigInfo& info) {
    const ElfPrStatus status = prstatus(task, info.signo);
    TRY_VOID(notes.add("CORE", NT_PRSTATUS, &status, sizeof status));
    if (&task == current()) { // the notes about the process follow the registers of the thread that took the signal
        const ElfPrPsInfo process = prpsinfo(task);
        TRY_VOID(notes.add("CORE", NT_PRPSINFO, &process, sizeof process));
        TRY_VOID(notes.add("CORE", NT_SIGINFO, &info, sizeof info));
        const MmStruct& mm = *task.mm.mm;
        TRY_VOID(notes.add("CORE", NT_AUXV, mm.saved_auxv, auxv_words(mm) * u32{sizeof(u32)}));
    }
    const ElfVfp vfp = vfp_registers(task);
    return notes.add("LINUX", NT_ARM_VFP, &vfp, sizeof vfp);
}

} // namespace

Result<void> Notes::add(const char* owner, u32 type, const void* data, u32 bytes) {
    const Elf32_Nhdr header = {static_cast<u32>(std::strlen(owner)) + 1, bytes, type};
    bytes_ += u32{sizeof header} + align4(header.n_namesz) + align4(bytes);
    if (file_ == nullptr)
        return {};
    TRY_VOID(file_->write(&header, sizeof header));
    TRY_VOID(file_->write(owner, header.n_namesz));
    file_->align(4);
    TRY_VOID(file_->write(data, bytes));
    file_->align(4);
    return {};
}

// The thread that took the signal comes first, because debuggers start with it.
Result<void> add_notes(Notes& notes, const SigInfo& info) {
    Task& dying = *current();
    TRY_VOID(add_thread(notes, dying, info));
    for (Task& thread : dying.group->threads)
        if (&thread != &dying && thread.mm.mm != nullptr)
            TRY_VOID(add_thread(notes, thread, info));
    return {};
}

} // namespace faultline
