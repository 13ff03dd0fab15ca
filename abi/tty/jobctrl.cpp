// Which session the terminal controls, and which process group may use it now (Linux drivers/tty/tty_jobctrl.c;
// credentials(7), "Sessions and process groups").
#include <asm/ioctls.h>
#include <linux/fcntl.h>
#include <linux/poll.h>

#include "abi/fs/file.hpp"
#include "abi/fs/inode.hpp"
#include "abi/signal/jobctl.hpp"
#include "abi/signal/sighand.hpp"
#include "abi/signal/signal.hpp"
#include "abi/task/pgrp.hpp"
#include "abi/task/pid.hpp"
#include "abi/task/thread_group.hpp"
#include "abi/tty/tty.hpp"
#include "abi/tty/tty_struct.hpp"

namespace faultline {

namespace {

// Makes `tty` the controlling terminal of current's session. (Linux __proc_set_tty.)
void acquire(Tty& tty) {
    ThreadGroup& own = current_group();
    tty.session = own.sid;
    tty.pgrp = own.pgid;
    own.tty = &tty;
}

// No process of the session has a controlling terminal any more.
void session_clear_tty(s32 sid) {
    for_each_process([&](ThreadGroup& group) {
        if (group.sid == sid)
            group.tty = nullptr;
    });
}

// Hangs up all open files of the terminal: they read 0 bytes, and writes are IO. /dev/console goes on. (Linux
// __tty_hangup.)
void hang_up(Tty& tty) {
    ++tty.hangups;
    n_tty_flush_input(tty);
    tty_start(tty);
    wake_up_poll(tty.readers, POLLIN | POLLRDNORM | POLLERR | POLLHUP);
    wake_up_poll(tty.writers, POLLOUT | POLLWRNORM | POLLERR | POLLHUP);
}

Result<s32> set_controlling(Tty& tty, u32 steal) {
    const ThreadGroup& own = current_group();
    if (is_session_leader(own) && tty.session == own.sid)
        return 0;
    if (!is_session_leader(own) || own.tty != nullptr)
        return Err(Errno::PERM);
    if (tty.session != 0) {
        if (steal != 1)
            return Err(Errno::PERM);
        session_clear_tty(tty.session);
    }
    acquire(tty);
    return 0;
}

Result<s32> give_up(Tty& tty) {
    ThreadGroup& own = current_group();
    if (own.tty != &tty)
        return Err(Errno::NOTTY);
    disassociate_ctty(own, false);
    own.tty = nullptr; // disassociate_ctty() has done nothing if `own` does not lead its session
    return 0;
}

Result<s32> set_foreground(Tty& tty, UserAddr from) {
    if (const auto allowed = tty_check_change(tty, SIGTTOU); !allowed.ok())
        return Err(allowed.error() == Errno::IO ? Errno::NOTTY : allowed.error());
    const ThreadGroup& own = current_group();
    if (own.tty != &tty || tty.session != own.sid)
        return Err(Errno::NOTTY);
    const s32 pgid = static_cast<s32>(TRY(get_user_u32(from)));
    if (pgid < 0)
        return Err(Errno::INVAL);
    const s32 sid = session_of_pgrp(pgid);
    if (sid == NO_SESSION)
        return Err(find_task_by_vpid(pgid) != nullptr ? Errno::PERM : Errno::SRCH);
    if (sid != own.sid)
        return Err(Errno::PERM);
    tty.pgrp = pgid;
    return 0;
}

} // namespace

bool is_console(const File& file) { return file.inode->rdev == CONSOLE_DEVICE; }

bool is_hung_up(const Tty& tty, const File& file) {
    return file.private_data != reinterpret_cast<void*>(tty.hangups) && !is_console(file);
}

Result<void> tty_open(File& file, u32 flags) {
    Tty& tty = serial_tty();
    const ThreadGroup& own = current_group();
    const u32 device = file.inode->rdev;
    if (device == TTY_DEVICE && own.tty == nullptr)
        return Err(Errno::NXIO);
    file.private_data = reinterpret_cast<void*>(tty.hangups);
    if (device == SERIAL_DEVICE && (flags & O_NOCTTY) == 0 && file.readable() && is_session_leader(own) &&
        own.tty == nullptr && tty.session == 0)
        acquire(tty);
    return {};
}

Result<void> tty_check_change(Tty& tty, s32 sig) {
    const ThreadGroup& own = current_group();
    if (own.tty != &tty || tty.pgrp == 0 || own.pgid == tty.pgrp)
        return {};
    Task& task = *current();
    const bool ignored = (task.blocked & sigmask(sig)) != 0 || task.sighand->of(sig).handler == HANDLER_IGNORE;
    if (ignored)
        return sig == SIGTTIN ? Result<void>(Err(Errno::IO)) : Result<void>();
    if (is_orphaned_pgrp(own.pgid))
        return Err(Errno::IO);
    kill_pgrp(own.pgid, sig);
    return Err(Errno::RESTARTSYS);
}

Result<s32> tty_jobctrl_ioctl(Tty& tty, File&, u32 request, u32 argument) {
    const bool is_own = current_group().tty == &tty;
    const UserAddr user(argument);
    switch (request) {
    case TIOCSCTTY:
        return set_controlling(tty, argument);
    case TIOCNOTTY:
        return give_up(tty);
    case TIOCSPGRP:
        return set_foreground(tty, user);
    case TIOCGPGRP:
    case TIOCGSID:
        if (!is_own)
            return Err(Errno::NOTTY);
        TRY_VOID(put_user_u32(user, static_cast<u32>(request == TIOCGSID ? tty.session : tty.pgrp)));
        return 0;
    default:
        return Err(Errno::NOTTY);
    }
}

void disassociate_ctty(ThreadGroup& leader, bool on_exit) {
    if (!is_session_leader(leader) || leader.tty == nullptr)
        return;
    Tty& tty = *leader.tty;
    const s32 foreground = tty.pgrp;
    if (on_exit)
        hang_up(tty);
    if (foreground != 0) {
        kill_pgrp(foreground, SIGHUP);
        if (!on_exit)
            kill_pgrp(foreground, SIGCONT);
    }
    tty.session = tty.pgrp = 0;
    session_clear_tty(leader.sid);
}

u32 tty_device_number(const Tty&) { return SERIAL_DEVICE; }
s32 tty_foreground_group(const Tty& tty) { return tty.pgrp; }

} // namespace faultline
