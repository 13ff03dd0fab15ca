// Two files; each reads what is written to the other. Every write is kept as a message. Streams join messages, the
// other types keep them apart. (unix(7); Linux 6.1 net/unix/af_unix.c.)
//
// What a socket has sent and its peer has not read counts against it, as much as Linux counts (abi/ipc/truesize.hpp): while
// that is less than SK_SNDBUF, another message may follow. Who waits for that is woken when only a quarter is left. The memory
// behind it also counts against the user who made the pair (abi/cred/user.hpp).
#include "abi/ipc/socketpair.hpp"

#include <algorithm>

#include <asm/ioctls.h>
#include <linux/fcntl.h>
#include <linux/poll.h>

#include "abi/cred/user.hpp"
#include "abi/fs/file.hpp"
#include "abi/fs/files.hpp"
#include "abi/fs/inode.hpp"
#include "abi/fs/iov_iter.hpp"
#include "abi/fs/poll_table.hpp"
#include "abi/ipc/truesize.hpp"
#include "abi/signal/send.hpp"
#include "abi/signal/signal.hpp"
#include "arch/contract/uaccess.hpp"
#include "base/rwsem.hpp"
#include "kernel/sched/wait.hpp"
#include "mm/kmalloc.hpp"
#include "mm/slab.hpp"

namespace faultline {

namespace {

// linux/net.h, where these are for the kernel only.
constexpr s32 AF_UNIX = 1;
constexpr s32 SOCK_STREAM = 1, SOCK_DGRAM = 2, SOCK_SEQPACKET = 5, SOCK_MAX = 11;
constexpr s32 SOCK_CLOEXEC = O_CLOEXEC, SOCK_NONBLOCK = O_NONBLOCK;

constexpr u32 STREAM_PIECE = 2032 - 32; // streams are cut into messages that fit into one slab object

struct Message {
    ListHook link;
    u32 bytes = 0, read = 0;
    u32 truesize = 0; // what counts until it is read; a part of a stream counts with its last piece
    u8* data() { return reinterpret_cast<u8*>(this + 1); }
};

using Messages = List<Message, &Message::link>;

// The messages that can be read at one end. They are removed with `reading` held, by the reader that copies them to its
// program; the kernel lock guards the rest. (Linux: iolock.)
struct Inbox {
    RwSemaphore reading{"Inbox"};
    Messages messages;
    u32 bytes = 0;
    u32 wmem_alloc = 0; // what counts against the writer (Linux: the same name, of its socket)
    UserCharge charge;  // the messages
    bool reader_closed = false, writer_closed = false;
    WaitQueue readers, writers; // woken when there is more to read, or more room; both when an end is closed

    bool has_room() const { return wmem_alloc < SK_SNDBUF; }
    // Much room: with less, nobody is told that there is any. (Linux: unix_writable, whose count begins at 1.)
    bool writable() const { return (wmem_alloc + 1) * 4 <= SK_SNDBUF; }
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
void wake_writers(Inbox& inbox) {
    if (inbox.writable())
        wake_up_poll(inbox.writers, POLLOUT | POLLWRNORM);
}
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

u32 size_of(u32 bytes) { return static_cast<u32>(sizeof(Message)) + bytes; }

void drop(Message* message) { kfree(message); } // it is off its list

void drop_first(Inbox& in) {
    Message& message = in.messages.front();
    in.messages.pop_front();
    in.bytes -= message.bytes - message.read;
    in.wmem_alloc -= message.truesize;
    in.charge.give_back(size_of(message.bytes));
    drop(&message);
}

// Copies as much of a stream as the program has room for. What a bad buffer takes of a message stays for the next
// reader. FAULT: nothing could be copied. Caller holds in.reading.
Result<u32> receive_stream(Inbox& in, IovIter& to) {
    u32 done = 0;
    while (!in.messages.empty() && to.left() != 0) {
        Message& message = in.messages.front();
        const u32 part = std::min(to.left(), message.bytes - message.read);
        if (to.copy_to_user(message.data() + message.read, part) != part)
            return done == 0 ? Result<u32>(Err(Errno::FAULT)) : Result<u32>(done);
        message.read += part;
        in.bytes -= part;
        done += part;
        if (message.read == message.bytes)
            drop_first(in);
    }
    return done;
}

// Copies the first message; what does not fit is lost. FAULT: then the whole message is. Caller holds in.reading.
Result<u32> receive_message(Inbox& in, IovIter& to) {
    Message& message = in.messages.front();
    const u32 part = std::min(to.left(), message.bytes);
    const u32 copied = to.copy_to_user(message.data(), part);
    drop_first(in);
    return copied == part ? Result<u32>(part) : Result<u32>(Err(Errno::FAULT));
}

// `at_once`: without a wait for a message; then AGAIN.
Result<u32> receive(bool at_once, const End& end, IovIter& to) {
    Inbox& in = end.in;
    const bool stream = end.pair.type == SOCK_STREAM;
    if (stream && to.left() == 0)
        return 0u; // even if there is nothing to read
    for (;;) {
        TRY_VOID(wait_for(at_once, in.readers, [&] { return !in.messages.empty() || in.writer_closed; }));
        WriteGuard guard(in.reading);
        if (in.messages.empty()) { // another reader was faster
            if (in.writer_closed)
                return 0u;
            continue;
        }
        const auto received = stream ? receive_stream(in, to) : receive_message(in, to);
        wake_writers(in);
        return received;
    }
}

// Copies the next `bytes` bytes of a write into messages of at most `most` bytes, at least into one; `charge` pays for each.
// NOBUFS: there is no memory, or it is more than the user's share; FAULT: not all could be copied.
Result<void> make_messages(Messages& messages, UserCharge& charge, IovIter& from, u32 bytes, u32 most) {
    do {
        const u32 part = std::min(bytes, most);
        if (!charge.take(size_of(part)))
            return Err(Errno::NOBUFS);
        void* memory = kmalloc(size_of(part));
        if (memory == nullptr) {
            charge.give_back(size_of(part));
            return Err(Errno::NOBUFS);
        }
        auto* message = new (memory) Message;
        message->bytes = part;
        messages.push_back(*message);
        if (from.copy_from_user(message->data(), part) != part)
            return Err(Errno::FAULT);
        bytes -= part;
    } while (bytes != 0);
    return {};
}

// Puts the next `bytes` bytes of a write into the peer's inbox, all or none. NOBUFS, FAULT, AGAIN, RESTARTSYS; PIPE: the
// peer is closed.
Result<void> send_part(bool at_once, Inbox& out, IovIter& from, u32 bytes, u32 most, u32 truesize) {
    TRY_VOID(wait_for(at_once, out.writers, [&] { return out.has_room() || out.reader_closed; }));
    out.wmem_alloc += truesize; // now, as the copying may sleep
    Messages messages;
    auto result = make_messages(messages, out.charge, from, bytes, most);
    if (result.ok() && out.reader_closed)
        result = Err(Errno::PIPE);
    if (!result.ok()) {
        messages.clear_and_dispose([&](Message* message) {
            out.charge.give_back(size_of(message->bytes));
            drop(message);
        });
        out.wmem_alloc -= truesize;
        wake_writers(out);
        return result;
    }
    messages.back().truesize = truesize;
    out.messages.splice(out.messages.end(), messages);
    out.bytes += bytes;
    wake_readers(out);
    return {};
}

// `at_once`: without a wait for room; then AGAIN. `quietly`: without SIGPIPE.
Result<u32> transmit(bool at_once, bool quietly, const End& end, IovIter& from) {
    const bool stream = end.pair.type == SOCK_STREAM;
    if (!stream && from.left() > DGRAM_MAX)
        return Err(Errno::MSGSIZE);
    if (stream && from.left() == 0)
        return 0u;
    u32 done = 0;
    do {
        const u32 part = stream ? std::min(from.left(), STREAM_PART_MAX) : from.left();
        const u32 truesize = stream ? stream_truesize(part) : dgram_truesize(part);
        const auto sent = send_part(at_once, end.out, from, part, stream ? STREAM_PIECE : part, truesize);
        if (!sent.ok()) {
            if (done != 0)
                return done;
            if (sent.error() == Errno::PIPE && end.pair.type != SOCK_DGRAM && !quietly)
                (void)send_sig_info(siginfo_user(SIGPIPE, SI_USER), *current());
            return Err(sent.error() == Errno::PIPE && end.pair.type == SOCK_DGRAM ? Errno::CONNREFUSED : sent.error());
        }
        done += part;
    } while (from.left() != 0);
    return done;
}

u32 poll_end(File& file, const End& end, PollTable* table) {
    poll_wait(file, end.in.readers, table);
    poll_wait(file, end.out.writers, table);
    u32 events = 0;
    events |= !end.in.messages.empty() || end.in.writer_closed ? POLLIN | POLLRDNORM : 0;
    events |= end.in.writer_closed ? POLLHUP | POLLRDHUP : 0;
    events |= end.out.writable() ? POLLOUT | POLLWRNORM : 0;
    return events;
}

void close_end(const End& end) {
    end.in.reader_closed = true;
    // A datagram socket has no end of input, because another sender might come.
    end.out.writer_closed = end.pair.type != SOCK_DGRAM;
    wake_both(end.in);
    wake_both(end.out);
    while (!end.in.messages.empty())
        drop_first(end.in);
    if (--end.pair.ends == 0)
        kmem_delete(pair_cache, &end.pair);
}

template <u32 Side>
constexpr FileOps socket_ops{
    .read_iter = [](File& file, IovIter& to, u64&) { return receive(nonblock(file), end_of<Side>(file), to); },
    .write_iter = [](File& file, IovIter& from,
                     u64&) { return transmit(nonblock(file), false, end_of<Side>(file), from); },
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
        const IoVector part{buffer, bytes};
        IovIter from({&part, 1}, bytes);
        return transmit(nonblock(file) || (flags & MSG_DONTWAIT) != 0, (flags & MSG_NOSIGNAL) != 0, end, from);
    });
}
Result<u32> sys_send(s32 fd, UserAddr buffer, u32 bytes, u32 flags) {
    return sys_sendto(fd, buffer, bytes, flags, UserAddr(), 0);
}

Result<u32> sys_recvfrom(s32 fd, UserAddr buffer, u32 bytes, u32 flags, UserAddr address, UserAddr address_bytes) {
    return with_socket(fd, flags, [&](const File& file, const End& end) -> Result<u32> {
        const IoVector part{buffer, bytes};
        IovIter to({&part, 1}, bytes);
        const u32 done = TRY(receive(nonblock(file) || (flags & MSG_DONTWAIT) != 0, end, to));
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

    return fd_install_pair(std::move(first.value()), std::move(second), (type & SOCK_CLOEXEC) != 0, fds);
}

} // namespace faultline
