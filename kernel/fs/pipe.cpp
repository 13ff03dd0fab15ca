// The ring of a pipe, in pages that appear as it fills for the first time.
#include "kernel/fs/pipe.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include <asm/ioctls.h>
#include <linux/fcntl.h>
#include <linux/poll.h>

#include "kernel/fs/poll.hpp"
#include "kernel/proc/signal.hpp"
#include "kernel/sched/wait.hpp"
#include "mm/page_alloc.hpp"
#include "mm/slab.hpp"

namespace faultline {

struct Pipe {
    RwSemaphore lock; // held while bytes are copied
    u32 head = 0,
        tail = 0; // bytes ever written and read, modulo 2^32; their difference is what is in the ring
    u32 readers = 0, writers = 0;
    u32 reader_opens = 0, writer_opens = 0; // how often, for FIFO opens that wait for each other
    WaitQueue read_queue, write_queue;
    std::array<Page*, PIPE_CAPACITY / PAGE_SIZE> pages{};

    u32 used() const { return head - tail; }
    u32 room() const { return PIPE_CAPACITY - used(); }
    ~Pipe() {
        for (Page* page : pages)
            if (page != nullptr)
                put_page(*page);
    }
};

namespace {

constinit KmemCache pipe_cache("pipe", sizeof(Pipe), alignof(Pipe));

void wake_both(Pipe& pipe) {
    wake_up_all(pipe.read_queue);
    wake_up_all(pipe.write_queue);
    poll_wake();
}

// Copies between the ring, from its position `at` on, and the user's buffer; returns the bytes copied. NOMEM
// if nothing was, for want of a page.
template <class Copy>
Result<u32> copy_ring(Pipe& pipe, u32 at, u32 bytes, Copy&& copy) {
    u32 done = 0;
    while (done < bytes) {
        const u32 place = (at + done) % PIPE_CAPACITY;
        const u32 offset = place % PAGE_SIZE, part = std::min(bytes - done, PAGE_SIZE - offset);
        Page*& page = pipe.pages[place / PAGE_SIZE];
        if (page == nullptr)
            page = alloc_page();
        if (page == nullptr)
            return done == 0 ? Result<u32>(Err(Errno::NOMEM)) : Result<u32>(done);
        const u32 copied = copy(static_cast<u8*>(page_address(*page)) + offset, done, part);
        done += copied;
        if (copied != part)
            break;
    }
    return done;
}

Result<u32> pipe_read(File& file, UserAddr buffer, u32 bytes, u64&) {
    Pipe& pipe = *file.inode->pipe;
    if (bytes == 0)
        return 0u;
    for (;;) {
        {
            WriteGuard guard(pipe.lock);
            if (pipe.used() != 0) {
                const u32 done = TRY(copy_ring(pipe, pipe.tail, std::min(bytes, pipe.used()),
                                               [&](const u8* from, u32 at_byte, u32 count) {
                                                   return count - copy_to_user(buffer + at_byte, from, count);
                                               }));
                pipe.tail += done;
                wake_up_all(pipe.write_queue);
                poll_wake();
                return done == 0 ? Result<u32>(Err(Errno::FAULT)) : Result<u32>(done);
            }
            if (pipe.writers == 0)
                return 0u;
        }
        if ((file.flags & O_NONBLOCK) != 0)
            return Err(Errno::AGAIN);
        TRY_VOID(
            wait_event_interruptible(pipe.read_queue, [&] { return pipe.used() != 0 || pipe.writers == 0; }));
    }
}

// `fill(to, at, n)` copies n bytes, from the byte `at` of what is written; it returns how many it could.
template <class Fill>
Result<u32> write_pipe(File& file, u32 bytes, Fill&& fill) {
    Pipe& pipe = *file.inode->pipe;
    if (bytes == 0)
        return 0u;
    const u32 needed = bytes <= PIPE_BUF_BYTES ? bytes : 1;
    u32 done = 0;
    const auto so_far = [&](Errno error) { return done == 0 ? Result<u32>(Err(error)) : Result<u32>(done); };
    for (;;) {
        {
            WriteGuard guard(pipe.lock);
            if (pipe.readers == 0) {
                (void)send_sig_info(siginfo_user(SIGPIPE, SI_USER), *current());
                return so_far(Errno::PIPE);
            }
            if (pipe.room() >= needed) {
                const u32 part = std::min(bytes - done, pipe.room());
                const auto copied = copy_ring(pipe, pipe.head, part, [&](u8* to, u32 at_byte, u32 count) {
                    return fill(to, done + at_byte, count);
                });
                if (!copied.ok())
                    return so_far(copied.error());
                pipe.head += copied.value();
                done += copied.value();
                wake_up_all(pipe.read_queue);
                poll_wake();
                if (copied.value() != part)
                    return so_far(Errno::FAULT);
                if (done == bytes)
                    return done;
            }
        }
        if ((file.flags & O_NONBLOCK) != 0)
            return so_far(Errno::AGAIN);
        const auto waited = wait_event_interruptible(
            pipe.write_queue, [&] { return pipe.room() >= needed || pipe.readers == 0; });
        if (!waited.ok())
            return so_far(waited.error());
    }
}

Result<u32> pipe_write(File& file, UserAddr buffer, u32 bytes, u64&) {
    return write_pipe(file, bytes, [&](u8* to, u32 at_byte, u32 count) {
        return count - copy_from_user(to, buffer + at_byte, count);
    });
}

Result<u32> pipe_splice_write(File& file, const void* data, u32 bytes, u64&) {
    return write_pipe(file, bytes, [&](u8* to, u32 at_byte, u32 count) {
        std::memcpy(to, static_cast<const u8*>(data) + at_byte, count);
        return count;
    });
}

u32 pipe_poll(File& file) {
    const Pipe& pipe = *file.inode->pipe;
    u32 events = 0;
    if (file.readable()) {
        events |= pipe.used() != 0 ? POLLIN | POLLRDNORM : 0;
        events |= pipe.writers == 0 && pipe.writer_opens != 0 ? POLLHUP : 0;
    }
    if (file.writable()) {
        events |= pipe.room() >= PIPE_BUF_BYTES ? POLLOUT | POLLWRNORM : 0;
        events |= pipe.readers == 0 ? POLLERR : 0;
    }
    return events;
}

Result<s32> pipe_ioctl(File& file, u32 request, u32 argument) {
    if (request != FIONREAD)
        return Err(Errno::NOTTY);
    TRY_VOID(put_user_u32(UserAddr(argument), file.inode->pipe->used()));
    return 0;
}

void drop_pipe(Inode& inode) {
    if (--inode.pipe_users == 0)
        kmem_delete(pipe_cache, std::exchange(inode.pipe, nullptr));
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
    .read = pipe_read,
    .write = pipe_write,
    .splice_write = pipe_splice_write,
    .ioctl = pipe_ioctl,
    .poll = pipe_poll,
    .release = [](File& file) { pipe_close(*file.inode, file.readable(), file.writable()); },
};

Result<void> fifo_open(Inode& inode, File& file) {
    if (inode.pipe == nullptr)
        inode.pipe = kmem_new<Pipe>(pipe_cache);
    if (inode.pipe == nullptr)
        return Err(Errno::NOMEM);
    Pipe& pipe = *inode.pipe;
    const bool reader = file.readable(), writer = file.writable(), nonblock = (file.flags & O_NONBLOCK) != 0;
    ++inode.pipe_users;
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

} // namespace faultline
