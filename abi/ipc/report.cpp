// The System V objects, a line each, in the columns of Linux (ipc/msg.c sysvipc_msg_proc_show and its like).
#include "abi/ipc/report.hpp"

#include "abi/ipc/ipc.hpp"
#include "abi/ipc/msg_queue.hpp"
#include "abi/ipc/sem_set.hpp"
#include "abi/ipc/shm_segment.hpp"

namespace faultline {

namespace {

// Calls show(object) for each object that current may read.
template <class Object, class Show>
void for_each_readable(const IpcIds& ids, Show&& show) {
    for (s32 i = 0; i <= ids.highest_index(); ++i)
        if (const auto* object = static_cast<const Object*>(ids.at_index(i));
            object != nullptr && ipcperms(*object, IPC_READ_ACCESS))
            show(*object);
}

void show_identity(const IpcPerm& object, u32 mode, SeqFile& out) {
    out.printf("%10d %10d  %4o ", static_cast<int>(object.key), static_cast<int>(object.id),
               static_cast<unsigned>(mode));
}

void show_owners(const IpcPerm& object, SeqFile& out) {
    out.printf("%5u %5u %5u %5u ", static_cast<unsigned>(object.uid), static_cast<unsigned>(object.gid),
               static_cast<unsigned>(object.cuid), static_cast<unsigned>(object.cgid));
}

unsigned long long wide(u64 seconds) { return seconds; }

IpcIds& ids_of(IpcKind kind) {
    switch (kind) {
    case IpcKind::Messages:
        return msg_ids;
    case IpcKind::Semaphores:
        return sem_ids;
    case IpcKind::SharedMemory:
        break;
    }
    return shm_ids;
}

} // namespace

void show_message_queues(SeqFile& out) {
    out.text(
        "       key      msqid perms      cbytes       qnum lspid lrpid   uid   gid  cuid  cgid      stime      rtime "
        "     ctime\n");
    const WriteGuard guard(msg_lock());
    for_each_readable<MsgQueue>(msg_ids, [&](const MsgQueue& queue) {
        show_identity(queue, queue.mode, out);
        out.printf(" %10u %10u %5d %5d ", static_cast<unsigned>(queue.cbytes), static_cast<unsigned>(queue.qnum),
                   static_cast<int>(queue.last_sender), static_cast<int>(queue.last_receiver));
        show_owners(queue, out);
        out.printf("%10llu %10llu %10llu\n", wide(queue.stime), wide(queue.rtime), wide(queue.ctime));
    });
}

void show_semaphore_sets(SeqFile& out) {
    out.text("       key      semid perms      nsems   uid   gid  cuid  cgid      otime      ctime\n");
    const WriteGuard guard(sem_lock());
    for_each_readable<SemSet>(sem_ids, [&](const SemSet& set) {
        show_identity(set, set.mode, out);
        out.printf("%10u ", static_cast<unsigned>(set.count));
        show_owners(set, out);
        out.printf("%10llu %10llu\n", wide(set.otime), wide(set.ctime));
    });
}

void show_shared_memory(SeqFile& out) {
    constexpr u32 SHM_DEST = 01000, SHM_LOCKED = 02000;
    out.text("       key      shmid perms       size  cpid  lpid nattch   uid   gid  cuid  cgid      atime      dtime  "
             "    ctime        rss       swap\n");
    for_each_readable<ShmSegment>(shm_ids, [&](const ShmSegment& segment) {
        show_identity(
            segment, segment.mode | (segment.removed ? SHM_DEST : 0) | (segment.mlock_user != nullptr ? SHM_LOCKED : 0),
            out);
        out.printf("%10u %5d %5d  %5u ", static_cast<unsigned>(segment.segsz), static_cast<int>(segment.creator_pid),
                   static_cast<int>(segment.last_pid), static_cast<unsigned>(segment.attached.load()));
        show_owners(segment, out);
        out.printf("%10llu %10llu %10llu %10u %10u\n", wide(segment.atime), wide(segment.dtime), wide(segment.ctime),
                   static_cast<unsigned>(segment.nr_pages * PAGE_SIZE),
                   static_cast<unsigned>(segment.nr_swapped * PAGE_SIZE));
    });
}

s32 ipc_next_id(IpcKind kind) { return ids_of(kind).next_id(); }
void set_ipc_next_id(IpcKind kind, s32 id) { ids_of(kind).set_next_id(id); }

} // namespace faultline
