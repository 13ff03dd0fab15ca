// syslog(2). (Linux 6.1 kernel/printk/printk.c do_syslog.)
#include "abi/system/syslog.hpp"

#include <linux/capability.h>

#include <algorithm>
#include <utility>

#include "abi/cred/cred.hpp"
#include "arch/contract/clock.hpp"
#include "arch/contract/uaccess.hpp"
#include "kernel/debug/printk.hpp"
#include "kernel/sched/sched.hpp"
#include "kernel/sched/timer.hpp"
#include "kernel/upcalls.hpp"
#include "mm/kmalloc.hpp"

namespace faultline {

namespace {

enum Type : s32 {
    CLOSE,
    OPEN,
    READ,
    READ_ALL,
    READ_CLEAR,
    CLEAR,
    CONSOLE_OFF,
    CONSOLE_ON,
    CONSOLE_LEVEL,
    UNREAD,
    SIZE
};

constexpr s32 LEVEL_MIN = 1, LEVEL_MAX = 8; // of the console
constinit u64 read_to = 0;                  // READ goes on here. The kernel lock guards these four
constinit u64 cleared_to = 0;               // READ_ALL begins here
constinit int saved_level = -1;             // the console's, while it is off
constinit bool restricted = false;

bool may(s32 type) {
    return (!restricted && (type == READ_ALL || type == SIZE)) || capable(CAP_SYSLOG) || capable(CAP_SYS_ADMIN);
}

Result<void> check_buffer(UserAddr buffer, s32 length) {
    if (buffer == UserAddr() || length < 0)
        return Err(Errno::INVAL);
    if (!access_ok(buffer, static_cast<u32>(length)))
        return Err(Errno::FAULT);
    return {};
}

// Copies messages from `from` on, and moves `from` behind what was copied: the oldest ones, which may end inside a
// line, or the newest ones, in whole lines.
Result<s32> copy_messages(u64& from, UserAddr buffer, u32 length, bool newest) {
    char* const text = static_cast<char*>(kmalloc(LOG_SIZE));
    if (text == nullptr)
        return Err(Errno::NOMEM);
    const LogPart part = log_copy(from, text, LOG_SIZE);
    const char* first = text;
    const char* end = text + part.length;
    if (newest)
        while (static_cast<u32>(end - first) > length)
            first = std::find(first, end, '\n') + 1;
    else
        end = std::min(end, first + length);
    from = part.next - part.length + static_cast<u64>(end - text);
    const auto bytes = static_cast<u32>(end - first);
    const bool copied = copy_to_user(buffer, first, bytes) == 0;
    kfree(text);
    return copied ? Result<s32>(static_cast<s32>(bytes)) : Err(Errno::FAULT);
}

// Waits for a message. Messages come from anywhere, under any lock, so nobody can wake this task: it looks again and
// again.
Result<s32> read_next(UserAddr buffer, u32 length) {
    constexpr u64 PAUSE_NS = NSEC_PER_SEC / 10;
    Task& task = *current();
    while (log_end() == read_to) {
        task.state = TaskState::Interruptible;
        if (signal_pending()) {
            task.state = TaskState::Running;
            return Err(Errno::RESTARTSYS);
        }
        schedule_until(Deadline(clock_ns() + PAUSE_NS));
    }
    return copy_messages(read_to, buffer, length, false);
}

Result<s32> read_all(UserAddr buffer, u32 length, bool clear) {
    u64 from = cleared_to;
    const s32 done = TRY(copy_messages(from, buffer, length, true));
    if (clear)
        cleared_to = from;
    return done;
}

} // namespace

bool dmesg_restrict() { return restricted; }
void set_dmesg_restrict(bool on) { restricted = on; }

Result<s32> sys_syslog(s32 type, UserAddr buffer, s32 length) {
    if (!may(type))
        return Err(Errno::PERM);
    switch (type) {
    case CLOSE:
    case OPEN:
        return 0;
    case READ:
    case READ_ALL:
    case READ_CLEAR: {
        TRY_VOID(check_buffer(buffer, length));
        if (length == 0)
            return 0;
        const u32 bytes = static_cast<u32>(length);
        return type == READ ? read_next(buffer, bytes) : read_all(buffer, bytes, type == READ_CLEAR);
    }
    case CLEAR:
        cleared_to = log_end();
        return 0;
    case CONSOLE_OFF:
        if (saved_level < 0)
            saved_level = std::exchange(console_loglevel, LEVEL_MIN);
        return 0;
    case CONSOLE_ON:
        if (saved_level >= 0)
            console_loglevel = std::exchange(saved_level, -1);
        return 0;
    case CONSOLE_LEVEL:
        if (length < LEVEL_MIN || length > LEVEL_MAX)
            return Err(Errno::INVAL);
        console_loglevel = length;
        saved_level = -1;
        return 0;
    case UNREAD:
        return static_cast<s32>(std::min<u64>(log_end() - read_to, LOG_SIZE));
    case SIZE:
        return static_cast<s32>(LOG_SIZE);
    default:
        return Err(Errno::INVAL);
    }
}

} // namespace faultline
