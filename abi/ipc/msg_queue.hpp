// A message queue, its messages and its sleepers. Private to abi/ipc; all of it is guarded by msg_lock().
#pragma once

#include <linux/msg.h>

#include "abi/ipc/ipc.hpp"
#include "base/intrusive.hpp"
#include "base/rwsem.hpp"
#include "kernel/sched/wait.hpp"

namespace faultline {

struct Message {
    ListHook link;
    s32 type = 0; // positive
    u32 size = 0; // bytes of text
    u8* text() { return reinterpret_cast<u8*>(this + 1); }
};

// Which messages a msgrcv(2) wants. (Linux ipc/msg.c: convert_mode, testmsg.)
struct MessageFilter {
    enum { Any, Equal, NotEqual, LessEqual, Number } kind = Any;
    s32 type = 0; // Number: how many lie before it
};

// A msgsnd(2) or msgrcv(2) that cannot be done yet, on its caller's stack. Whoever makes it possible carries it out.
struct MsgWaiter {
    ListHook link;
    s32 pid = 0;                // of the caller's process
    Message* message = nullptr; // a sender's, until it is in the queue; a receiver's, once it has got one
    MessageFilter filter;       // receiver
    u32 room = 0;               // receiver: the longest text it takes
    bool done = false;          // and off the list; `result` says how it went
    Errno result = Errno{};
    WaitQueue wake;
};

struct MsgQueue : IpcPerm {
    u32 qbytes = MSGMNB; // the most bytes of text, and the most messages
    u32 cbytes = 0, qnum = 0;
    s32 last_sender = 0, last_receiver = 0; // pids
    u64 stime = 0, rtime = 0, ctime = 0;    // seconds since 1970
    List<Message, &Message::link> messages; // oldest first, as are the waiters
    List<MsgWaiter, &MsgWaiter::link> senders;
    List<MsgWaiter, &MsgWaiter::link> receivers;
};

extern IpcIds msg_ids;
RwSemaphore& msg_lock(); // held for writing

// There is more room than there was: takes in what senders wait with, as far as it fits.
void admit_senders(MsgQueue& queue);

// Frees the queue with its messages; its sleepers learn that it is gone.
void free_queue(MsgQueue& queue);

} // namespace faultline
