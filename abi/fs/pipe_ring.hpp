// The inside of a pipe: a ring of slots. Each slot is a page with bytes of one or several writes (Linux: struct
// pipe_inode_info, pipe_buffer). Private to abi/fs/pipe*.cpp.
#pragma once

#include "abi/cred/user.hpp"
#include "abi/fs/pipe.hpp"
#include "base/refcount.hpp"
#include "base/rwsem.hpp"
#include "kernel/sched/wait.hpp"
#include "mm/page.hpp"

namespace faultline {

struct PipeSlot {
    Page* page = nullptr; // an empty slot keeps its page for a later write
    u32 offset = 0, bytes = 0;
    // Written with O_DIRECT: one read takes it, and what does not fit into its buffer is lost.
    bool packet = false;
};

struct Pipe {
    Refcount references{1};   // open files
    RwSemaphore lock{"Pipe"}; // held while bytes are copied
    u32 head = 0, tail = 0;   // slots ever filled, and ever emptied; modulo 2^32
    u32 slots = 0;            // a power of two
    PipeSlot* ring = nullptr;
    UserStruct* user = nullptr;             // who made it, with a reference: its slots count there (pipe(7))
    UserCharge pages;                       // what its pages take of who fills them first
    u32 readers = 0, writers = 0;           // open files
    u32 reader_opens = 0, writer_opens = 0; // opens so far: a FIFO's open waits for the other one to change
    WaitQueue read_queue, write_queue;

    bool empty() const { return head == tail; }
    bool full() const { return head - tail >= slots; }
    PipeSlot& slot(u32 number) { return ring[number & (slots - 1)]; }
};

// Makes a pipe of the usual size, or a small one for a user with many pipes. NOMEM; NFILE: the user has too many.
Result<Pipe*> new_pipe();
void free_pipe(Pipe* pipe);

// Gives a slot a page if it has none. NOMEM: there is none, or it is more than the user's share (abi/cred/user.hpp). Caller
// holds pipe.lock. May sleep.
Result<void> fill_page(Pipe& pipe, PipeSlot& slot);

} // namespace faultline
