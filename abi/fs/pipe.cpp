// Reading, writing and opening pipes. (Linux fs/pipe.c.)
#include "abi/fs/pipe.hpp"

#include <algorithm>
#include <cstring>

#include <asm/ioctls.h>
#include <linux/fcntl.h>
#include <linux/poll.h>

#include "abi/fs/file.hpp"
#include "abi/fs/files.hpp"
#include "abi/fs/inode.hpp"
#include "abi/fs/iov_iter.hpp"
#include "abi/fs/open.hpp"
#include "abi/fs/pipe_ring.hpp"
#include "abi/fs/poll_table.hpp"
#include "abi/signal/send.hpp"
#include "abi/signal/signal.hpp"

namespace faultline {

namespace {

constexpr u32 READABLE = POLLIN | POLLRDNORM, WRITABLE = POLLOUT | POLLWRNORM;

// An end was opened or closed: both sides look again.
void wake_both(Pipe& pipe) {
    wake_up_poll(pipe.read_queue, READABLE | POLLERR | POLLHUP);
    wake_up_poll(pipe.write_queue, WRITABLE | POLLERR | POLLHUP);
}

// Copies bytes to the program until its buffers are full, the pipe is empty, or a packet ends. Returns the bytes done.
// FAULT: none could be copied. What a bad buffer takes of a slot stays in the pipe. Caller holds pipe.lock.
Result<u32> read_slots(Pipe& pipe, IovIter& to) {
    u32 done = 0;
    while (to.left() != 0 && !pipe.empty()) {
        PipeSlot& slot = pipe.slot(pipe.tail);
        const u32 part = std::min(to.left(), slot.bytes);
        if (to.copy_to_user(static_cast<u8*>(page_address(*slot.page)) + slot.offset, part) != part)
            return done == 0 ? Result<u32>(Err(Errno::FAULT)) : Result<u32>(done);
        done += part;
        slot.offset += part;
        slot.bytes = slot.packet ? 0 : slot.bytes - part; // the rest of a packet is lost
        if (slot.bytes == 0) {
            ++pipe.tail;
            if (slot.packet)
                return done;
        }
    }
    return done;
}

Result<u32> pipe_read(File& file, IovIter& to, u64&) {
    Pipe& pipe = *file.inode->pipe;
    if (to.left() == 0)
        return 0u;
    for (;;) {
        {
            WriteGuard guard(pipe.lock);
            if (!pipe.empty()) {
                const bool was_full = pipe.full();
                const u32 done = TRY(read_slots(pipe, to));
                if (was_full && !pipe.full())
                    wake_up_poll(pipe.write_queue, WRITABLE);
                return done;
            }
            if (pipe.writers == 0)
                return 0u;
        }
        if ((file.flags & O_NONBLOCK) != 0)
            return Err(Errno::AGAIN);
        TRY_VOID(wait_event_interruptible(pipe.read_queue, [&] { return !pipe.empty() || pipe.writers == 0; }));
    }
}

// Appends the first `bytes` bytes of a write to the last slot if they fit there, so that small writes share pages.
// Returns how many it appended: all or none. FAULT. `fill` as for write_pipe().
template <class Fill>
Result<u32> append_to_last(Pipe& pipe, u32 bytes, Fill&& fill) {
    if (bytes == 0 || pipe.empty())
        return 0u;
    PipeSlot& last = pipe.slot(pipe.head - 1);
    const u32 end = last.offset + last.bytes;
    if (last.packet || end + bytes > PAGE_SIZE)
        return 0u;
    if (fill(static_cast<u8*>(page_address(*last.page)) + end, bytes) != bytes)
        return Err(Errno::FAULT);
    last.bytes += bytes;
    return bytes;
}

// Puts at most a page into a new slot; the ring has a free one. NOMEM; FAULT: not all could be copied, so no slot is
// filled.
template <class Fill>
Result<void> fill_slot(Pipe& pipe, u32 bytes, bool packet, Fill&& fill) {
    PipeSlot& slot = pipe.slot(pipe.head);
    TRY_VOID(fill_page(pipe, slot));
    if (fill(static_cast<u8*>(page_address(*slot.page)), bytes) != bytes)
        return Err(Errno::FAULT);
    slot.offset = 0;
    slot.bytes = bytes;
    slot.packet = packet;
    ++pipe.head;
    return {};
}

// Writes `bytes` bytes. fill(to, n) copies the next n bytes of the write and returns how many it could copy. A write of
// at most a page (PIPE_BUF) goes into one slot, so it is not split. Of a write whose end cannot be read, the pages
// before the bad one are written (Linux pipe_write).
template <class Fill>
Result<u32> write_pipe(File& file, u32 bytes, Fill&& fill) {
    Pipe& pipe = *file.inode->pipe;
    if (bytes == 0)
        return 0u;
    const bool packet = (file.flags & O_DIRECT) != 0;
    u32 done = 0;
    const auto so_far = [&](Errno error) { return done == 0 ? Result<u32>(Err(error)) : Result<u32>(done); };
    for (bool first = true;; first = false) {
        {
            WriteGuard guard(pipe.lock);
            if (pipe.readers == 0) {
                (void)send_sig_info(siginfo_user(SIGPIPE, SI_USER), *current());
                return so_far(Errno::PIPE);
            }
            if (first)
                done = TRY(append_to_last(pipe, bytes % PAGE_SIZE, fill));
            Result<void> state{};
            while (state.ok() && done < bytes && !pipe.full()) {
                const u32 part = std::min(bytes - done, PAGE_SIZE);
                state = fill_slot(pipe, part, packet, fill);
                done += state.ok() ? part : 0;
            }
            if (done != 0)
                wake_up_poll(pipe.read_queue, READABLE);
            if (!state.ok())
                return so_far(state.error());
            if (done == bytes)
                return done;
        }
        if ((file.flags & O_NONBLOCK) != 0)
            return so_far(Errno::AGAIN);
        const auto waited =
            wait_event_interruptible(pipe.write_queue, [&] { return !pipe.full() || pipe.readers == 0; });
        if (!waited.ok())
            return so_far(waited.error());
    }
}

Result<u32> pipe_write(File& file, IovIter& from, u64&) {
    return write_pipe(file, from.left(), [&](u8* to, u32 count) { return from.copy_from_user(to, count); });
}

Result<u32> pipe_splice_write(File& file, const void* data, u32 bytes, u64&) {
    const auto* from = static_cast<const u8*>(data);
    return write_pipe(file, bytes, [&](u8* to, u32 count) {
        std::memcpy(to, from, count);
        from += count;
        return count;
    });
}

u32 pipe_poll(File& file, PollTable* table) {
    Pipe& pipe = *file.inode->pipe;
    if (file.readable())
        poll_wait(file, pipe.read_queue, table);
    if (file.writable())
        poll_wait(file, pipe.write_queue, table);
    u32 events = 0;
    if (file.readable()) {
        events |= !pipe.empty() ? READABLE : 0;
        events |= pipe.writers == 0 && pipe.writer_opens != 0 ? POLLHUP : 0;
    }
    if (file.writable()) {
        events |= !pipe.full() ? WRITABLE : 0;
        events |= pipe.readers == 0 ? POLLERR : 0;
    }
    return events;
}

Result<s32> pipe_ioctl(File& file, u32 request, u32 argument) {
    if (request != FIONREAD)
        return Err(Errno::NOTTY);
    Pipe& pipe = *file.inode->pipe;
    u32 bytes = 0;
    {
        ReadGuard guard(pipe.lock);
        for (u32 at = pipe.tail; at != pipe.head; ++at)
            bytes += pipe.slot(at).bytes;
    }
    TRY_VOID(put_user_u32(UserAddr(argument), bytes));
    return 0;
}

void drop_pipe(Inode& inode) {
    if (inode.pipe->references.dec_and_test())
        free_pipe(std::exchange(inode.pipe, nullptr));
}

void pipe_close(Inode& inode, bool reader, bool writer) {
    Pipe& pipe = *inode.pipe;
    pipe.readers -= reader ? 1 : 0;
    pipe.writers -= writer ? 1 : 0;
    wake_both(pipe);
    drop_pipe(inode);
}

} // namespace

constinit const FileOps pipe_file_ops{
    .read_iter = pipe_read,
    .write_iter = pipe_write,
    .splice_write = pipe_splice_write,
    .ioctl = pipe_ioctl,
    .poll = pipe_poll,
    .release = [](File& file) { pipe_close(*file.inode, file.readable(), file.writable()); },
};

Result<void> fifo_open(Inode& inode, File& file) {
    if (inode.pipe != nullptr) {
        inode.pipe->references.inc();
    } else {
        Result<Pipe*> made = new_pipe();
        if (!made) // of a FIFO, too many are no reason of their own (Linux fifo_open)
            return Err(inode.names.empty() ? made.error() : Errno::NOMEM);
        inode.pipe = *made;
    }
    Pipe& pipe = *inode.pipe;
    const bool reader = file.readable(), writer = file.writable(), nonblock = (file.flags & O_NONBLOCK) != 0;
    if (writer && !reader && nonblock && pipe.readers == 0) {
        drop_pipe(inode);
        return Err(Errno::NXIO);
    }
    pipe.readers += reader ? 1 : 0;
    pipe.writers += writer ? 1 : 0;
    pipe.reader_opens += reader ? 1 : 0;
    pipe.writer_opens += writer ? 1 : 0;
    wake_both(pipe);

    Result<void> waited{};
    const bool named = !inode.names.empty();
    if (named && reader && !writer && !nonblock && pipe.writers == 0) {
        const u32 seen = pipe.writer_opens;
        waited = wait_event_interruptible(pipe.read_queue, [&] { return pipe.writer_opens != seen; });
    } else if (named && writer && !reader && pipe.readers == 0) {
        const u32 seen = pipe.reader_opens;
        waited = wait_event_interruptible(pipe.write_queue, [&] { return pipe.reader_opens != seen; });
    }
    if (!waited.ok())
        pipe_close(inode, reader, writer);
    return waited;
}

Result<u32> sys_pipe2(UserAddr fds, u32 flags) {
    if ((flags & ~u32(O_CLOEXEC | O_NONBLOCK | O_DIRECT | O_EXCL)) != 0)
        return Err(Errno::INVAL);
    if ((flags & O_EXCL) != 0) // asks for a notification pipe
        return Err(Errno::NOPKG);
    InodeRef inode(TRY(new_inode(S_IFIFO | 0600)));
    FileRef reader = TRY(open_inode(*inode, O_RDONLY | (flags & O_NONBLOCK)));
    FileRef writer = TRY(open_inode(*inode, O_WRONLY | (flags & (O_NONBLOCK | O_DIRECT))));
    return fd_install_pair(std::move(reader), std::move(writer), (flags & O_CLOEXEC) != 0, fds);
}

Result<u32> sys_pipe(UserAddr fds) { return sys_pipe2(fds, 0); }

} // namespace faultline
