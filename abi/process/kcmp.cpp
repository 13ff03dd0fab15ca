// Compares kernel objects by their addresses. (Linux kernel/kcmp.c.)
#include "abi/process/kcmp.hpp"

#include <linux/kcmp.h>

#include <cstdint>

#include "abi/fs/file.hpp"
#include "abi/fs/files.hpp"
#include "abi/process/access.hpp"
#include "abi/signal/signal.hpp"
#include "abi/task/pid.hpp"
#include "kernel/sched/sched.hpp"

namespace faultline {

namespace {

// The result of kcmp(2) for two kernel objects: 0 if they are the same, else 1 or 2, in an arbitrary but fixed order.
u32 order(const void* first, const void* second) {
    const auto a = reinterpret_cast<std::uintptr_t>(first), b = reinterpret_cast<std::uintptr_t>(second);
    return a == b ? 0 : a < b ? 1 : 2;
}

Result<u32> compare_files(const Task& first, const Task& second, u32 fd1, u32 fd2) {
    if (first.files == nullptr || second.files == nullptr)
        return Err(Errno::BADF);
    const FileRef one(lookup_fd(*first.files, static_cast<s32>(fd1)));
    const FileRef other(lookup_fd(*second.files, static_cast<s32>(fd2)));
    if (one.get() == nullptr || other.get() == nullptr)
        return Err(Errno::BADF);
    return order(one.get(), other.get());
}

} // namespace

Result<u32> sys_kcmp(s32 pid1, s32 pid2, u32 type, u32 index1, u32 index2) {
    const Task* first = find_task_by_vpid(pid1);
    const Task* second = find_task_by_vpid(pid2);
    if (first == nullptr || second == nullptr)
        return Err(Errno::SRCH);
    if (!ptrace_may_access(*first, PtraceMode::RealCreds) || !ptrace_may_access(*second, PtraceMode::RealCreds))
        return Err(Errno::PERM);
    switch (type) {
    case KCMP_FILE:
        return compare_files(*first, *second, index1, index2);
    case KCMP_VM:
        return order(first->mm.mm, second->mm.mm);
    case KCMP_FILES:
        return order(first->files, second->files);
    case KCMP_FS:
        return order(first->fs, second->fs);
    case KCMP_SIGHAND:
        return order(first->sighand, second->sighand);
    case KCMP_IO: // no task has an I/O context, so all are the same
        return 0u;
    case KCMP_SYSVSEM:
        return order(first->sysvsem, second->sysvsem);
    default:
        return Err(Errno::INVAL);
    }
}

} // namespace faultline
