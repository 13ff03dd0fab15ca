// msgget, msgsnd, msgrcv. If a call makes that of a sleeper possible, it carries that out too. So a message for which a
// receiver waits is never in the queue. (Linux ipc/msg.c: do_msgsnd, pipelined_send, do_msgrcv.)
#include "abi/ipc/msg.hpp"

#include <linux/ipc.h>

#include <algorithm>

#include "abi/ipc/ipc.hpp"
#include "abi/ipc/msg_queue.hpp"
#include "abi/task/thread_group.hpp"
#include "arch/contract/uaccess.hpp"
#include "base/late.hpp"
#include "mm/kmalloc.hpp"
#include "mm/slab.hpp"

namespace faultline {

constinit IpcIds msg_ids(ipc_limits.msgmni);

namespace {

constexpr u32 TEXT_AT = sizeof(__kernel_long_t); // offset of the text in the user's struct msgbuf
constinit Late<RwSemaphore> lock;
constinit KmemCache queue_cache("msg_queue", sizeof(MsgQueue), alignof(MsgQueue));

Result<s32> new_queue(s32 key, u32 flags) {
    auto* queue = kmem_new<MsgQueue>(queue_cache);
    if (queue == nullptr)
        return Err(Errno::NOMEM);
    const Result<s32> id = msg_ids.add(*queue, key, flags);
    if (!id.ok())
        kmem_delete(queue_cache, queue);
    else
        queue->ctime = ipc_now();
    return id;
}

// --- messages --------------------------------------------------------------------------------------------------------

Result<Message*> new_message(s32 type, u32 size) {
    UserCharge charge;
    const u32 bytes = u32{sizeof(Message)} + size;
    void* place = charge.take(bytes) ? kmalloc(bytes) : nullptr;
    if (place == nullptr)
        return Err(Errno::NOMEM);
    auto* message = new (place) Message;
    message->charge = std::move(charge);
    message->type = type;
    message->size = size;
    return message;
}

void free_message(Message* message) {
    if (message != nullptr)
        message->~Message();
    kfree(message);
}

Result<Message*> load_message(s32 type, UserAddr text, u32 size) {
    Message* message = TRY(new_message(type, size));
    if (copy_from_user(message->text(), text, size) == 0)
        return message;
    free_message(message);
    return Err(Errno::FAULT);
}

Result<Message*> copy_message(Message& message) {
    Message* copy = TRY(new_message(message.type, message.size));
    std::copy_n(message.text(), message.size, copy->text());
    return copy;
}

// Copies the message to the program and frees it. Returns the bytes of text copied. FAULT.
Result<u32> store_message(UserAddr buffer, u32 room, Message* message) {
    const u32 size = std::min(room, message->size);
    const bool stored = put_user_u32(buffer, static_cast<u32>(message->type)).ok() &&
                        copy_to_user(buffer + TEXT_AT, message->text(), size) == 0;
    free_message(message);
    if (!stored)
        return Err(Errno::FAULT);
    return size;
}

// --- matching senders and receivers ----------------------------------------------------------------------------------

MessageFilter filter_of(s32 type, u32 flags) {
    constexpr s32 LOWEST = -0x7fffffff - 1;
    if ((flags & MSG_COPY) != 0)
        return {MessageFilter::Number, type};
    if (type == 0)
        return {MessageFilter::Any, 0};
    if (type < 0)
        return {MessageFilter::LessEqual, type == LOWEST ? 0x7fffffff : -type};
    return {(flags & MSG_EXCEPT) != 0 ? MessageFilter::NotEqual : MessageFilter::Equal, type};
}

bool matches(const Message& message, const MessageFilter& filter) {
    switch (filter.kind) {
    case MessageFilter::Equal:
        return message.type == filter.type;
    case MessageFilter::NotEqual:
        return message.type != filter.type;
    case MessageFilter::LessEqual:
        return message.type <= filter.type;
    default:
        return true;
    }
}

// The first message that matches; with LessEqual, the first one of the lowest type. nullptr: there is none.
Message* find_message(MsgQueue& queue, const MessageFilter& filter) {
    Message* found = nullptr;
    s32 before = 0;
    for (Message& message : queue.messages) {
        if (filter.kind == MessageFilter::Number) {
            if (before++ == filter.type)
                return &message;
        } else if (matches(message, filter) && (found == nullptr || message.type < found->type)) {
            found = &message;
            if (filter.kind != MessageFilter::LessEqual)
                break;
        }
    }
    return found;
}

void complete_waiter(MsgWaiter& waiter, Errno result) {
    waiter.done = true;
    waiter.result = result;
    wake_up_all(waiter.wake);
}

void received(MsgQueue& queue, s32 pid) {
    queue.last_receiver = pid;
    queue.rtime = ipc_now();
}

// Gives the message to the first receiver that waits for it, or adds it to the queue. A receiver with too small a
// buffer fails with TOOBIG.
void send_message(MsgQueue& queue, Message& message, s32 pid) {
    queue.last_sender = pid;
    queue.stime = ipc_now();
    for (auto at = queue.receivers.begin(); at != queue.receivers.end();) {
        MsgWaiter& receiver = *at;
        if (!matches(message, receiver.filter)) {
            ++at;
            continue;
        }
        at = queue.receivers.erase(at);
        if (message.size > receiver.room) {
            complete_waiter(receiver, Errno::TOOBIG);
            continue;
        }
        receiver.message = &message;
        received(queue, receiver.pid);
        complete_waiter(receiver, Errno{});
        return;
    }
    queue.messages.push_back(message);
    queue.cbytes += message.size;
    ++queue.qnum;
}

bool fits(const MsgQueue& queue, const Message& message) {
    return message.size + queue.cbytes <= queue.qbytes && queue.qnum + 1 <= queue.qbytes;
}

} // namespace

void admit_senders(MsgQueue& queue) {
    for (auto at = queue.senders.begin(); at != queue.senders.end();) {
        MsgWaiter& sender = *at;
        if (!fits(queue, *sender.message)) {
            ++at;
            continue;
        }
        at = queue.senders.erase(at);
        send_message(queue, *sender.message, sender.pid);
        complete_waiter(sender, Errno{});
    }
}

void free_queue(MsgQueue& queue) {
    for (auto* waiters : {&queue.senders, &queue.receivers})
        while (!waiters->empty()) {
            MsgWaiter& waiter = waiters->front();
            waiters->pop_front();
            complete_waiter(waiter, Errno::IDRM);
        }
    while (!queue.messages.empty()) {
        Message& message = queue.messages.front();
        queue.messages.pop_front();
        free_message(&message);
    }
    msg_ids.remove(queue);
    kmem_delete(queue_cache, &queue);
}

void init_msg() { lock.emplace("message queues"); }
RwSemaphore& msg_lock() { return *lock; }

Result<s32> sys_msgget(s32 key, u32 flags) {
    WriteGuard guard(msg_lock());
    return ipcget(
        msg_ids, key, flags, [&] { return new_queue(key, flags); }, [](const IpcPerm&) -> Result<void> { return {}; });
}

namespace {

// Sleeps until the call is done or a signal comes, and takes the waiter off its list. A signal handler does not restart
// the call, whatever SA_RESTART says (signal(7)).
Result<void> wait_for_message(MsgWaiter& waiter, s32 id, List<MsgWaiter, &MsgWaiter::link> MsgQueue::* list) {
    (void)wait_event_interruptible(waiter.wake, [&] { return waiter.done; });
    WriteGuard guard(msg_lock());
    // The call may have been done after the signal came.
    if (!waiter.done) {
        // The queue exists: its removal would have completed the waiter.
        auto& waiters = static_cast<MsgQueue*>(msg_ids.find(id))->*list;
        waiters.erase(waiters.iterator_to(waiter));
        return Err(Errno::RESTARTNOHAND);
    }
    if (waiter.result != Errno{})
        return Err(waiter.result);
    return {};
}

// Tries to send at once. True: the message was sent; false: the sender waits in the queue.
Result<bool> begin_send(s32 id, MsgWaiter& sender, u32 flags) {
    WriteGuard guard(msg_lock());
    MsgQueue& queue = *TRY(ipc_obtain<MsgQueue>(msg_ids, id, IPC_WRITE_ACCESS));
    if (fits(queue, *sender.message)) {
        send_message(queue, *sender.message, sender.pid);
        return true;
    }
    if ((flags & IPC_NOWAIT) != 0)
        return Err(Errno::AGAIN);
    queue.senders.push_back(sender);
    return false;
}

Result<void> send(s32 id, MsgWaiter& sender, u32 flags) {
    if (TRY(begin_send(id, sender, flags)))
        return {};
    return wait_for_message(sender, id, &MsgQueue::senders);
}

// Tries to receive at once. Returns the message; nullptr: the receiver waits in the queue.
Result<Message*> begin_receive(s32 id, MsgWaiter& receiver, u32 flags) {
    WriteGuard guard(msg_lock());
    MsgQueue& queue = *TRY(ipc_obtain<MsgQueue>(msg_ids, id, IPC_READ_ACCESS));
    Message* message = find_message(queue, receiver.filter);
    if (message == nullptr) {
        if ((flags & IPC_NOWAIT) != 0)
            return Err(Errno::NOMSG);
        queue.receivers.push_back(receiver);
        return nullptr;
    }
    if (message->size > receiver.room)
        return Err(Errno::TOOBIG);
    if ((flags & MSG_COPY) != 0)
        return copy_message(*message);
    queue.messages.erase(queue.messages.iterator_to(*message));
    queue.cbytes -= message->size;
    --queue.qnum;
    received(queue, receiver.pid);
    admit_senders(queue);
    return message;
}

} // namespace

Result<u32> sys_msgsnd(s32 id, UserAddr buffer, u32 size, u32 flags) {
    const auto type = static_cast<s32>(TRY(get_user_u32(buffer)));
    if (size > ipc_limits.msgmax || id < 0 || type < 1)
        return Err(Errno::INVAL);
    MsgWaiter sender;
    sender.pid = current_group().pid;
    sender.message = TRY(load_message(type, buffer + TEXT_AT, size));
    const auto sent = send(id, sender, flags);
    if (sent.ok())
        return 0u;
    free_message(sender.message);
    return Err(sent.error());
}

Result<u32> sys_msgrcv(s32 id, UserAddr buffer, u32 size, s32 type, u32 flags) {
    const bool negative = static_cast<s32>(size) < 0;
    const bool bad_copy = (flags & MSG_COPY) != 0 && ((flags & MSG_EXCEPT) != 0 || (flags & IPC_NOWAIT) == 0);
    if (id < 0 || negative || bad_copy)
        return Err(Errno::INVAL);
    MsgWaiter receiver;
    receiver.pid = current_group().pid;
    receiver.filter = filter_of(type, flags);
    receiver.room = (flags & MSG_NOERROR) != 0 ? ~u32{0} : size;
    Message* message = TRY(begin_receive(id, receiver, flags));
    if (message == nullptr) {
        TRY_VOID(wait_for_message(receiver, id, &MsgQueue::receivers));
        message = receiver.message;
    }
    return store_message(buffer, size, message);
}

} // namespace faultline
