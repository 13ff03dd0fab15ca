// The inside of a pipe: a ring of slots, each a page with some bytes of one or of several writes (Linux: struct
// pipe_inode_info, pipe_buffer). Private to abi/fs/pipe*.cpp.
#pragma once

#include "abi/fs/pipe.hpp"
#include "base/intrusive.hpp"
#include "base/refcount.hpp"
#include "base/rwsem.hpp"
#include "kernel/sched/wait.hpp"
#include "mm/page.hpp"

namespace faultline {

struct PipeSlot {
    Page* page = nullptr; // kept when the slot is empty again, for the next write
    u32 offset = 0, bytes = 0;
    bool packet = false; // written with O_DIRECT: read by one read, whose buffer is perhaps too small
};

struct Pipe {
    Refcount references{1};   // open files
    RwSemaphore lock{"Pipe"}; // held while bytes are copied
    u32 head = 0, tail = 0;   // slots ever filled and emptied, modulo 2^32
    u32 slots = 0;            // a power of two
    PipeSlot* ring = nullptr;
    u32 uid = 0; // whose pipe it is, for the limits of pipe(7)
    ListHook link;
    u32 readers = 0, writers = 0;
    u32 reader_opens = 0, writer_opens = 0; // how often, for FIFO opens that wait for each other
    WaitQueue read_queue, write_queue;

    bool empty() const { return head == tail; }
    bool full() const { return head - tail >= slots; }
    PipeSlot& slot(u32 number) { return ring[number & (slots - 1)]; }
};

// A pipe of the usual size, or a small one for a user who has many. NOMEM; NFILE: who has too many.
Result<Pipe*> new_pipe();
void free_pipe(Pipe* pipe);

} // namespace faultline
