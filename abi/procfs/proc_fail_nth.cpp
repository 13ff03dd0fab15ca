// /proc/PID/fail-nth of the debug kernel: which allocation of a task fails (mm/fail_alloc.hpp). Reading and writing
// allocate nothing, so that a program sees what its own calls have used. (Linux fs/proc/base.c proc_fail_nth_read and
// _write.)
#ifdef FAULTLINE_DEBUG

#include <algorithm>

#include "abi/fs/file.hpp"
#include "abi/procfs/procfs.hpp"
#include "arch/contract/uaccess.hpp"
#include "base/format.hpp"
#include "kernel/sched/task.hpp"

namespace faultline {

namespace {

constexpr u32 NUMBER_SIZE = 13; // Linux's PROC_NUMBUF: sign, digits, newline and NUL

Result<u32> fail_nth_read(File& file, UserAddr buffer, u32 bytes, u64& position) {
    const Task& task = *TRY(proc_task(*file.inode));
    char text[NUMBER_SIZE];
    const auto size = static_cast<u32>(scnprintf(text, sizeof text, "%u\n", static_cast<unsigned>(task.mm.fail_nth)));
    if (position >= size)
        return 0u;
    const u32 part = std::min(bytes, size - static_cast<u32>(position));
    TRY_VOID(copy_struct_to_user(buffer, text + position, part));
    position += part;
    return part;
}

Result<u32> fail_nth_write(File& file, UserAddr buffer, u32 bytes, u64&) {
    char text[NUMBER_SIZE];
    const u32 part = std::min<u32>(bytes, sizeof text - 1);
    TRY_VOID(copy_struct_from_user(text, buffer, part));
    std::string_view number(text, part);
    if (!number.empty() && number.back() == '\n')
        number.remove_suffix(1);
    const u64 nth = TRY(parse_unsigned(number));
    if (nth > ~u32{0})
        return Err(Errno::INVAL);
    TRY(proc_task(*file.inode))->mm.fail_nth = static_cast<u32>(nth);
    return bytes;
}

} // namespace

constinit const FileOps fail_nth_ops{.read = fail_nth_read, .write = fail_nth_write, .seekable = true};

} // namespace faultline

#endif
