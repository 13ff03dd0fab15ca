// signalfd(2): a thread reads its pending signals from a file; no handler is called.
#include "abi/fs/signalfd.hpp"

#include <linux/fcntl.h>
#include <linux/poll.h>
#include <linux/signalfd.h>

#include "abi/fs/anon_inode.hpp"
#include "abi/fs/file.hpp"
#include "abi/fs/files.hpp"
#include "abi/fs/poll_table.hpp"
#include "abi/fs/seq_file.hpp"
#include "abi/signal/pending.hpp"
#include "abi/signal/signal.hpp"
#include "abi/signal/upcalls.hpp"
#include "abi/task/thread_group.hpp"
#include "base/late.hpp"
#include "kernel/sched/wait.hpp"
#include "mm/slab.hpp"

namespace faultline {

namespace {

struct SignalFd {
    u64 mask = 0;
};

constinit KmemCache cache{"signalfd", sizeof(SignalFd), alignof(SignalFd)};
constinit Late<WaitQueue> readers; // one queue for all signalfds, which are few
constinit u32 open_files = 0;      // while it is zero, senders skip the notification

u64 mask_of(const File& file) { return static_cast<const SignalFd*>(file.private_data)->mask; }

bool waits(u64 mask) {
    const Task& task = *current();
    return ((task.pending.set | task.group->shared_pending.set) & mask) != 0;
}

// A siginfo as the reader gets it (Linux signalfd_copyinfo). The code decides which fields it has.
signalfd_siginfo describe(const SigInfo& info) {
    signalfd_siginfo out = {};
    out.ssi_signo = static_cast<u32>(info.signo);
    out.ssi_errno = info.error;
    out.ssi_code = info.code;
    const auto& field = info.fields;
    if (info.code == SI_TIMER) {
        out.ssi_tid = field[0];
        out.ssi_overrun = field[1];
        out.ssi_ptr = field[2];
        out.ssi_int = static_cast<s32>(field[2]);
    } else if (info.code <= 0) {
        out.ssi_pid = field[0];
        out.ssi_uid = field[1];
        if (info.code != SI_USER && info.code != SI_TKILL) {
            out.ssi_ptr = field[2];
            out.ssi_int = static_cast<s32>(field[2]);
        }
    } else if (info.signo == SIGCHLD) {
        out.ssi_pid = field[0];
        out.ssi_uid = field[1];
        out.ssi_status = static_cast<s32>(field[2]);
        out.ssi_utime = field[3];
        out.ssi_stime = field[4];
    } else if (in_set(info.signo, SYNCHRONOUS_SIGNALS) && info.code != SI_KERNEL) {
        out.ssi_addr = field[0];
        if (info.signo == SIGBUS && (info.code == BUS_MCEERR_AR || info.code == BUS_MCEERR_AO))
            out.ssi_addr_lsb = static_cast<u16>(field[1]);
    } else {
        out.ssi_pid = field[0];
        out.ssi_uid = field[1];
    }
    return out;
}

Result<u32> signalfd_read(File& file, UserAddr buffer, u32 bytes, u64&) {
    if (bytes < sizeof(signalfd_siginfo))
        return Err(Errno::INVAL);
    for (;;) {
        u32 done = 0;
        while (bytes - done >= sizeof(signalfd_siginfo)) {
            const SigInfo info = take_signal(mask_of(file));
            if (info.signo == 0)
                break;
            const signalfd_siginfo out = describe(info);
            if (copy_to_user(buffer + done, &out, sizeof out) != 0)
                return done != 0 ? Result<u32>(done) : Result<u32>(Err(Errno::FAULT));
            done += u32{sizeof out};
        }
        if (done != 0)
            return done;
        if ((file.flags & O_NONBLOCK) != 0)
            return Err(Errno::AGAIN);
        TRY_VOID(wait_event_interruptible(*readers, [&] { return waits(mask_of(file)); }));
    }
}

u32 signalfd_poll(File& file, PollTable* table) {
    poll_wait(file, *readers, table);
    return waits(mask_of(file)) ? u32{POLLIN} : 0u;
}

void signalfd_release(File& file) {
    --open_files;
    kmem_delete(cache, static_cast<SignalFd*>(file.private_data));
}

void signalfd_show_fdinfo(const File& file, SeqFile& out) {
    out.printf("sigmask:\t%016llx\n", static_cast<unsigned long long>(mask_of(file)));
}

constexpr FileOps signalfd_ops = {
    .read = signalfd_read,
    .poll = signalfd_poll,
    .release = signalfd_release,
    .show_fdinfo = signalfd_show_fdinfo,
    .noop_seek = true,
};

Result<s32> open_signalfd(u64 mask, u32 flags) {
    auto* own = kmem_new<SignalFd>(cache);
    if (own == nullptr)
        return Err(Errno::NOMEM);
    own->mask = mask;
    auto file = anon_inode_getfile("anon_inode:[signalfd]", signalfd_ops, own, O_RDWR | (flags & SFD_NONBLOCK));
    if (!file) {
        kmem_delete(cache, own);
        return Err(file.error());
    }
    ++open_files;
    return fd_install(std::move(file.value()), (flags & SFD_CLOEXEC) != 0);
}

} // namespace

void init_signalfd() { readers.emplace(); }

void signalfd_notify() {
    if (open_files != 0)
        wake_up_poll(*readers, POLLIN);
}

Result<s32> sys_signalfd4(s32 fd, UserAddr user_mask, u32 mask_bytes, u32 flags) {
    u64 mask = 0;
    if (mask_bytes != sizeof mask)
        return Err(Errno::INVAL);
    TRY_VOID(copy_struct_from_user(&mask, user_mask, sizeof mask));
    if ((flags & ~u32{SFD_CLOEXEC | SFD_NONBLOCK}) != 0)
        return Err(Errno::INVAL);
    mask &= ~KERNEL_ONLY_SIGNALS;
    if (fd == -1)
        return open_signalfd(mask, flags);
    const FileRef file = TRY(fget_ref(fd));
    if (file->ops != &signalfd_ops)
        return Err(Errno::INVAL);
    static_cast<SignalFd*>(file->private_data)->mask = mask;
    signalfd_notify();
    return fd;
}

Result<s32> sys_signalfd(s32 fd, UserAddr mask, u32 mask_bytes) { return sys_signalfd4(fd, mask, mask_bytes, 0); }

} // namespace faultline
