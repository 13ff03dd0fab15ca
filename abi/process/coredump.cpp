// Decides whether a core is written and to which file, and stops the other threads meanwhile. (Linux fs/coredump.c.)
#include "abi/process/coredump.hpp"

#include <algorithm>
#include <cstring>

#include <linux/fcntl.h>
#include <linux/resource.h>

#include "abi/cred/cred.hpp"
#include "abi/fs/file.hpp"
#include "abi/fs/inode.hpp"
#include "abi/fs/open.hpp"
#include "abi/fs/unlink.hpp"
#include "abi/signal/send.hpp"
#include "abi/signal/signal.hpp"
#include "abi/signal/upcalls.hpp"
#include "abi/system/utsname.hpp"
#include "abi/task/thread_group.hpp"
#include "abi/time/realtime.hpp"
#include "base/format.hpp"
#include "mm/kmalloc.hpp"
#include "mm/mm_struct.hpp"
#include "mm/upcalls.hpp"

namespace faultline {

namespace {

constexpr u32 CORE_NAME_MAX = 512;
constexpr u64 SMALLEST_CORE = PAGE_SIZE; // Linux: ELF_MIN_CORE_SIZE

constinit char pattern[CORE_PATTERN_MAX + 1] = "core";
constinit bool pid_is_added = false;

// Makes the file's name from the pattern. In names that are inserted, '!' replaces '/'. (Linux format_corename.)
class CoreName {
  public:
    Result<void> make(const Task& task, s32 sig) {
        bool has_pid = false;
        for (const char* at = pattern; *at != '\0'; ++at) {
            if (*at != '%') {
                put(*at);
                continue;
            }
            if (*++at == '\0')
                break;
            has_pid |= *at == 'p';
            TRY_VOID(expand(*at, task, sig));
        }
        if (pid_is_added && !has_pid)
            number('.', task.group->pid);
        return full_ ? Result<void>(Err(Errno::NAMETOOLONG)) : Result<void>();
    }
    std::string_view text() const { return {text_, used_}; }

  private:
    Result<void> expand(char letter, const Task& task, s32 sig) {
        switch (letter) {
        case '%':
            put('%');
            break;
        case 'p':
        case 'P':
            number('\0', task.group->pid);
            break;
        case 'i':
        case 'I':
            number('\0', task.pid);
            break;
        case 'u':
            number('\0', static_cast<s32>(task.cred->uid));
            break;
        case 'g':
            number('\0', static_cast<s32>(task.cred->gid));
            break;
        case 'd':
            number('\0', 1);
            break;
        case 's':
            number('\0', sig);
            break;
        case 't':
            number('\0', static_cast<s32>(realtime_ns() / NSEC_PER_SEC));
            break;
        case 'h':
            name(system_name().nodename);
            break;
        case 'e':
        case 'f':
            name(letter == 'e' ? task.comm : group_comm(task));
            break;
        case 'E':
            return exe_path(*task.mm.mm);
        case 'c':
            limit(task.group->limits[RLIMIT_CORE].soft);
            break;
        default: // an unknown letter is dropped (core(5))
            break;
        }
        return {};
    }

    void put(char c) {
        full_ |= used_ == sizeof text_;
        if (!full_)
            text_[used_++] = c;
    }
    void name(const char* from) {
        for (; *from != '\0'; ++from)
            put(*from == '/' ? '!' : *from);
    }
    void number(char before, s32 value) {
        char digits[16];
        snprintf(digits, sizeof digits, "%d", static_cast<int>(value));
        if (before != '\0')
            put(before);
        name(digits);
    }
    void limit(u64 bytes) {
        char digits[24];
        snprintf(digits, sizeof digits, "%llu", static_cast<unsigned long long>(bytes));
        name(digits);
    }
    static const char* group_comm(const Task& task) { return task.group->leader->comm; }
    Result<void> exe_path(MmStruct& mm) {
        auto* path = static_cast<char*>(kmalloc(PATH_LENGTH_MAX));
        if (path == nullptr)
            return Err(Errno::NOMEM);
        if (mm.exe_file != nullptr)
            name(mm.exe_file->ops->name(*mm.exe_file, path, PATH_LENGTH_MAX));
        kfree(path);
        return {};
    }

    char text_[CORE_NAME_MAX];
    u32 used_ = 0;
    bool full_ = false;
};

// Creates the core file: a new regular file that belongs to the process. An old core is removed first, and a symbolic
// link is not followed (core(5)).
Result<FileRef> open_core(std::string_view name) {
    (void)kernel_unlink(name);
    FileRef file = TRY(kernel_open(name, O_CREAT | O_EXCL | O_RDWR | O_NOFOLLOW | O_LARGEFILE, 0600));
    const Inode& inode = *file->inode;
    if (!inode.is_regular() || inode.uid != current_cred().fsuid)
        return Err(Errno::ACCES);
    return file;
}

// Kills all other threads and sleeps until they are in coredump_task_exit(). Returns false if the process is already
// exiting.
bool stop_others(ThreadGroup& group, CoreState& core, s32 sig) {
    if (group.group_exit || group.exec_task != nullptr)
        return false;
    group.group_exit = true;
    group.exit_code = sig;
    group.core_state = &core;
    core.awaited = zap_other_threads(*current());
    if (core.awaited != 0)
        wait_for_completion(core.arrived);
    return true;
}

void release_others(ThreadGroup& group, CoreState& core) {
    group.core_state = nullptr;
    while (!core.others.empty()) {
        CoreThread& other = core.others.front();
        core.others.pop_front();
        complete(other.released);
    }
}

Result<void> write_core(const Task& task, const SigInfo& info, u64 limit) {
    auto* name = static_cast<CoreName*>(kmalloc(sizeof(CoreName)));
    if (name == nullptr)
        return Err(Errno::NOMEM);
    new (name) CoreName;
    const auto named = name->make(task, info.signo);
    auto file = named ? open_core(name->text()) : Result<FileRef>(Err(named.error()));
    kfree(name);
    return file ? elf_core_dump(*file.value(), info, limit) : Result<void>(Err(file.error()));
}

} // namespace

void do_coredump(const SigInfo& info) {
    Task& task = *current();
    ThreadGroup& group = *task.group;
    const u64 limit = group.limits[RLIMIT_CORE].soft;
    // A pattern that starts with '|' names a program that reads the core. This kernel cannot start one.
    if (!group.dumpable || limit < SMALLEST_CORE || pattern[0] == '\0' || pattern[0] == '|')
        return;
    CoreState core;
    if (!stop_others(group, core, info.signo))
        return;
    if (write_core(task, info, limit).ok() && !fatal_signal_pending())
        group.exit_code |= CORE_DUMPED;
    release_others(group, core);
}

void coredump_task_exit(Task& task) {
    ThreadGroup& group = *task.group;
    CoreState* core = group.core_state;
    if (core == nullptr)
        return;
    CoreThread own;
    core->others.push_back(own);
    if (--core->awaited == 0)
        complete(core->arrived);
    wait_for_completion(own.released);
}

const char* core_pattern() { return pattern; }
void set_core_pattern(std::string_view text) {
    const std::size_t length = std::min<std::size_t>(text.size(), CORE_PATTERN_MAX);
    std::memcpy(pattern, text.data(), length);
    pattern[length] = '\0';
}
bool core_uses_pid() { return pid_is_added; }
void set_core_uses_pid(bool on) { pid_is_added = on; }

} // namespace faultline
