// A message queue, its messages and its sleepers. Private to abi/ipc. msg_lock() guards all of it.
#pragma once

#include "abi/cred/user.hpp"
#include "abi/ipc/ipc.hpp"
#include "abi/ipc/limits.hpp"
#include "base/intrusive.hpp"
#include "base/rwsem.hpp"
#include "kernel/sched/wait.hpp"

namespace faultline {

struct Message {
    ListHook link;
    s32 type = 0;      // positive
    u32 size = 0;      // bytes of text
    UserCharge charge; // all of it: it stays when its sender has ended
    u8* text() { return reinterpret_cast<u8*>(this + 1); }
};

// The messages that a msgrcv(2) accepts. (Linux ipc/msg.c: convert_mode, testmsg.)
struct MessageFilter {
    enum { Any, Equal, NotEqual, LessEqual, Number } kind = Any;
    s32 type = 0; // Number: how many messages are before it
};

// A msgsnd(2) or msgrcv(2) that has to wait; on its caller's stack. The call that makes it possible carries it out.
struct MsgWaiter {
    ListHook link;
    s32 pid = 0; // of the caller's process
    // A sender's, until it is in the queue; a receiver's, once the receiver has got one.
    Message* message = nullptr;
    MessageFilter filter; // receiver
    u32 room = 0;         // receiver: the most bytes of text that it takes
    bool done = false;    // it is off the list, and `result` is valid
    Errno result = Errno{};
    WaitQueue wake;
};

struct MsgQueue : IpcPerm {
    u32 qbytes = ipc_limits.msgmnb; // limit on the bytes of text, and on the number of messages
    u32 cbytes = 0, qnum = 0;
    s32 last_sender = 0, last_receiver = 0; // pids
    u64 stime = 0, rtime = 0, ctime = 0;    // seconds since 1970
    List<Message, &Message::link> messages; // oldest first, like the waiters
    List<MsgWaiter, &MsgWaiter::link> senders;
    List<MsgWaiter, &MsgWaiter::link> receivers;
};

// All message queues; msg_lock() guards them.
extern IpcIds msg_ids;
RwSemaphore& msg_lock(); // always taken for writing

// Called when a queue has more room: takes the messages of waiting senders, as far as they fit.
void admit_senders(MsgQueue& queue);

// Frees the queue and its messages; its sleepers fail with IDRM.
void free_queue(MsgQueue& queue);

} // namespace faultline
