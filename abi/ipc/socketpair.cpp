// Two files; each reads what is written to the other. Every write is kept as a message. Streams join messages, the
// other types keep them apart. (unix(7); Linux 6.1 net/unix/af_unix.c.)
#include "abi/ipc/socketpair.hpp"

#include <algorithm>

#include <asm/ioctls.h>
#include <linux/fcntl.h>
#include <linux/poll.h>

#include "abi/fs/file.hpp"
#include "abi/fs/files.hpp"
#include "abi/fs/inode.hpp"
#include "abi/fs/poll_table.hpp"
#include "abi/signal/send.hpp"
#include "abi/signal/signal.hpp"
#include "arch/contract/uaccess.hpp"
#include "kernel/sched/wait.hpp"
#include "mm/kmalloc.hpp"
#include "mm/slab.hpp"

namespace faultline {

namespace {

// linux/net.h, where these are for the kernel only.
constexpr s32 AF_UNIX = 1;
constexpr s32 SOCK_STREAM = 1, SOCK_DGRAM = 2, SOCK_SEQPACKET = 5, SOCK_MAX = 11;
constexpr s32 SOCK_CLOEXEC = O_CLOEXEC, SOCK_NONBLOCK = O_NONBLOCK;

constexpr u32 QUEUE_BYTES = 64 << 10;   // the most that waits for a reader (Linux: net.core.wmem_default, 212992)
constexpr u32 STREAM_CHUNK = 2032 - 32; // streams are cut into messages that fit into one slab object

struct Message {
    ListHook link;
    u32 bytes = 0, read = 0;
    u8* data() { return reinterpret_cast<u8*>(this + 1); }
};

// The messages that can be read at one end.
struct Inbox {
    List<Message, &Message::link> messages;
    u32 bytes = 0;
    bool reader_closed = false, writer_closed = false;
    WaitQueue readers, writers; // woken when there is more to read, or more room; both when an end is closed

    bool has_room(u32 wanted) const { return messages.empty() || bytes + wanted <= QUEUE_BYTES; }
};

struct SocketPair {
    s32 type = SOCK_STREAM;
    u32 ends = 0; // open files
    Inbox inbox[2];
};

constinit KmemCache pair_cache("socketpair", sizeof(SocketPair), alignof(SocketPair));

struct End {
    SocketPair& pair;
    Inbox &in, &out;
};
template <u32 Side>
End end_of(const File& file) {
    auto& pair = *static_cast<SocketPair*>(file.private_data);
    return {pair, pair.inbox[Side], pair.inbox[1 - Side]};
}

void wake_readers(Inbox& inbox) { wake_up_poll(inbox.readers, POLLIN | POLLRDNORM); }
void wake_writers(Inbox& inbox) { wake_up_poll(inbox.writers, POLLOUT | POLLWRNORM); }
void wake_both(Inbox& inbox) {
    wake_up_poll(inbox.readers, POLLIN | POLLRDNORM | POLLHUP | POLLRDHUP);
    wake_up_poll(inbox.writers, POLLOUT | POLLWRNORM | POLLHUP | POLLRDHUP);
}

bool nonblock(const File& file) { return (file.flags & O_NONBLOCK) != 0; }

Result<void> wait_for(bool at_once, WaitQueue& queue, auto&& condition) {
    if (condition())
        return {};
    if (at_once)
        return Err(Errno::AGAIN);
    return wait_event_interruptible(queue, condition);
}

// Frees a message. It is off its queue: a reader removes a message before it copies, because copying may sleep.
void drop(Message* message) { kfree(message); }

Result<u32> receive(bool at_once, const End& end, UserAddr buffer, u32 bytes) {
    Inbox& in = end.in;
    const bool stream = end.pair.type == SOCK_STREAM;
    if (stream && bytes == 0)
        return 0u; // even if there is nothing to read
    TRY_VOID(wait_for(at_once, in.readers, [&] { return !in.messages.empty() || in.writer_closed; }));
    u32 done = 0;
    while (!in.messages.empty() && (done < bytes || !stream)) {
        Message& message = in.messages.front();
        in.messages.pop_front();
        const u32 part = std::min(bytes - done, message.bytes - message.read);
        const u32 missed = copy_to_user(buffer + done, message.data() + message.read, part);
        done += part - missed;
        if (stream && (missed != 0 || message.read + part < message.bytes)) { // the rest is for the next reader
            message.read += part - missed;
            in.bytes -= part - missed;
            in.messages.push_front(message);
            wake_both(in); // the rest is for another reader
            return done == 0 && missed != 0 ? Result<u32>(Err(Errno::FAULT)) : Result<u32>(done);
        }
        in.bytes -= message.bytes - message.read;
        drop(&message);
        if (!stream) {
            wake_writers(in);
            return missed != 0 ? Result<u32>(Err(Errno::FAULT)) : Result<u32>(done);
        }
    }
    wake_writers(in);
    return done;
}

// Puts one message into the peer's inbox. NOMEM, FAULT, AGAIN, RESTARTSYS; PIPE: the peer is closed.
Result<void> send_message(bool at_once, Inbox& out, UserAddr buffer, u32 bytes) {
    void* memory = kmalloc(static_cast<u32>(sizeof(Message)) + bytes);
    if (memory == nullptr)
        return Err(Errno::NOMEM);
    auto* message = new (memory) Message;
    message->bytes = bytes;
    Result<void> result{};
    if (copy_from_user(message->data(), buffer, bytes) != 0)
        result = Err(Errno::FAULT);
    else
        result = wait_for(at_once, out.writers, [&] { return out.has_room(bytes) || out.reader_closed; });
    if (result.ok() && out.reader_closed)
        result = Err(Errno::PIPE);
    if (!result.ok()) {
        drop(message);
        return result;
    }
    out.messages.push_back(*message);
    out.bytes += bytes;
    wake_readers(out);
    return {};
}

// `quietly`: without SIGPIPE.
Result<u32> transmit(bool at_once, bool quietly, const End& end, UserAddr buffer, u32 bytes) {
    const bool stream = end.pair.type == SOCK_STREAM;
    if (!stream && bytes > QUEUE_BYTES)
        return Err(Errno::MSGSIZE);
    u32 done = 0;
    do {
        const u32 part = stream ? std::min(bytes - done, STREAM_CHUNK) : bytes;
        if (stream && part == 0)
            return 0u;
        if (const auto sent = send_message(at_once, end.out, buffer + done, part); !sent.ok()) {
            if (done != 0)
                return done;
            if (sent.error() == Errno::PIPE && end.pair.type != SOCK_DGRAM && !quietly)
                (void)send_sig_info(siginfo_user(SIGPIPE, SI_USER), *current());
            return Err(sent.error() == Errno::PIPE && end.pair.type == SOCK_DGRAM ? Errno::CONNREFUSED : sent.error());
        }
        done += part;
    } while (done < bytes);
    return done;
}

u32 poll_end(File& file, const End& end, PollTable* table) {
    poll_wait(file, end.in.readers, table);
    poll_wait(file, end.out.writers, table);
    u32 events = 0;
    events |= !end.in.messages.empty() || end.in.writer_closed ? POLLIN | POLLRDNORM : 0;
    events |= end.in.writer_closed ? POLLHUP | POLLRDHUP : 0;
    events |= end.out.has_room(PAGE_SIZE) ? POLLOUT | POLLWRNORM : 0;
    return events;
}

void close_end(const End& end) {
    end.in.reader_closed = true;
    // A datagram socket has no end of input, because another sender might come.
    end.out.writer_closed = end.pair.type != SOCK_DGRAM;
    wake_both(end.in);
    wake_both(end.out);
    end.in.messages.clear_and_dispose(drop);
    if (--end.pair.ends == 0)
        kmem_delete(pair_cache, &end.pair);
}

template <u32 Side>
constexpr FileOps socket_ops{
    .read = [](File& file, UserAddr buffer, u32 bytes,
               u64&) { return receive(nonblock(file), end_of<Side>(file), buffer, bytes); },
    .write = [](File& file, UserAddr buffer, u32 bytes,
                u64&) { return transmit(nonblock(file), false, end_of<Side>(file), buffer, bytes); },
    .ioctl = [](File& file, u32 request, u32 argument) -> Result<s32> {
        if (request != FIONREAD)
            return Err(Errno::NOTTY);
        TRY_VOID(put_user_u32(UserAddr(argument), end_of<Side>(file).in.bytes));
        return 0;
    },
    .poll = [](File& file, PollTable* table) { return poll_end(file, end_of<Side>(file), table); },
    .release = [](File& file) { close_end(end_of<Side>(file)); },
};

Result<FileRef> open_end(SocketPair& pair, const FileOps& ops, u32 flags) {
    InodeRef inode(TRY(new_inode(S_IFSOCK | 0777)));
    TRY_VOID(set_unlisted_name(*inode, nullptr, "socket"));
    FileRef file(TRY(alloc_file(*inode, ops, O_RDWR | flags)));
    file->private_data = &pair;
    ++pair.ends;
    return file;
}

// linux/socket.h, where these are for the kernel only.
constexpr u32 MSG_DONTWAIT = 0x40, MSG_NOSIGNAL = 0x4000;
constexpr u32 MSG_UNSERVED = 0x1 | 0x2 | 0x20 | 0x100; // OOB, PEEK, TRUNC, WAITALL

// Calls body(file, end) for a descriptor of a pair. NOTSOCK; OPNOTSUPP: a flag that would change what is received.
Result<u32> with_socket(s32 fd, u32 flags, auto&& body) {
    const FileRef file = TRY(fget_ref(fd));
    if (file->ops != &socket_ops<0> && file->ops != &socket_ops<1>)
        return Err(Errno::NOTSOCK);
    if ((flags & MSG_UNSERVED) != 0)
        return Err(Errno::OPNOTSUPP);
    return body(*file, file->ops == &socket_ops<0> ? end_of<0>(*file) : end_of<1>(*file));
}

} // namespace

Result<u32> sys_sendto(s32 fd, UserAddr buffer, u32 bytes, u32 flags, UserAddr address, u32 address_bytes) {
    return with_socket(fd, flags, [&](const File& file, const End& end) -> Result<u32> {
        if (address != UserAddr() && address_bytes != 0)
            return Err(Errno::ISCONN);
        return transmit(nonblock(file) || (flags & MSG_DONTWAIT) != 0, (flags & MSG_NOSIGNAL) != 0, end, buffer, bytes);
    });
}
Result<u32> sys_send(s32 fd, UserAddr buffer, u32 bytes, u32 flags) {
    return sys_sendto(fd, buffer, bytes, flags, UserAddr(), 0);
}

Result<u32> sys_recvfrom(s32 fd, UserAddr buffer, u32 bytes, u32 flags, UserAddr address, UserAddr address_bytes) {
    return with_socket(fd, flags, [&](const File& file, const End& end) -> Result<u32> {
        const u32 done = TRY(receive(nonblock(file) || (flags & MSG_DONTWAIT) != 0, end, buffer, bytes));
        if (address != UserAddr())
            TRY_VOID(put_user_u32(address_bytes, 0)); // the peer has no name
        return done;
    });
}
Result<u32> sys_recv(s32 fd, UserAddr buffer, u32 bytes, u32 flags) {
    return sys_recvfrom(fd, buffer, bytes, flags, UserAddr(), UserAddr());
}

Result<u32> sys_socketpair(s32 family, s32 type, s32 protocol, UserAddr fds) {
    const s32 kind = type & ~(SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (kind < 0 || kind >= SOCK_MAX)
        return Err(Errno::INVAL);
    if (family != AF_UNIX)
        return Err(Errno::AFNOSUPPORT);
    if (kind != SOCK_STREAM && kind != SOCK_DGRAM && kind != SOCK_SEQPACKET)
        return Err(Errno::SOCKTNOSUPPORT);
    if (protocol != 0 && protocol != AF_UNIX)
        return Err(Errno::PROTONOSUPPORT);
    auto* pair = kmem_new<SocketPair>(pair_cache);
    if (pair == nullptr)
        return Err(Errno::NOMEM);
    pair->type = kind;
    const u32 flags = static_cast<u32>(type & SOCK_NONBLOCK);
    auto first = open_end(*pair, socket_ops<0>, flags);
    if (!first.ok()) {
        kmem_delete(pair_cache, pair);
        return Err(first.error());
    }
    FileRef second = TRY(open_end(*pair, socket_ops<1>, flags));

    const bool close_on_exec = (type & SOCK_CLOEXEC) != 0;
    s32 numbers[2];
    numbers[0] = TRY(fd_install(std::move(first.value()), close_on_exec));
    const auto other = fd_install(std::move(second), close_on_exec);
    if (other.ok()) {
        numbers[1] = other.value();
        if (copy_to_user(fds, numbers, sizeof numbers) == 0)
            return 0u;
        (void)close_fd(numbers[1]);
    }
    (void)close_fd(numbers[0]);
    return Err(other.ok() ? Errno::FAULT : other.error());
}

} // namespace faultline
