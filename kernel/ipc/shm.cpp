// A segment is a nameless shared file (mm/filemap.hpp shmem_new); attaching maps it. Who is attached is not
// counted but asked of the file: its mappings know.
#include "kernel/ipc/shm.hpp"

#include <asm/shmbuf.h>
#include <linux/ipc.h>

#include <array>

#include "arch/contract/uaccess.hpp"
#include "kernel/proc/thread_group.hpp"
#include "mm/filemap.hpp"
#include "mm/mman.hpp"
#include "mm/mmap.hpp"

namespace faultline {

namespace {

constexpr u32 SHMMNI_SEGMENTS = 128; // Linux allows 4096
constexpr u32 MODE_MASK = 0777;

// linux/shm.h, which cannot be included here: it wants a C library.
constexpr u32 SHM_RDONLY = 010000, SHM_RND = 020000, SHM_REMAP = 040000, SHM_EXEC = 0100000;
constexpr s32 SHM_LOCK = 11, SHM_UNLOCK = 12;
constexpr u32 SHM_DEST = 01000; // in the mode: removed, waits for the last detach

struct Segment {
    AddressSpace* mapping = nullptr; // with a reference; nullptr: a free slot
    s32 key = IPC_PRIVATE;
    u32 size = 0; // bytes, as asked for
    u32 mode = 0;
    u32 sequence = 0; // of the slot's use: ids of removed segments do not come back at once
    s32 creator_pid = 0;
    s32 last_pid = 0;
    bool removed = false; // by IPC_RMID; goes with the last detach
};

constinit std::array<Segment, SHMMNI_SEGMENTS> segments;

u32 slot_of(const Segment& segment) { return static_cast<u32>(&segment - segments.data()); }
s32 id_of(const Segment& segment) {
    return static_cast<s32>(segment.sequence % 0x7fff * SHMMNI_SEGMENTS + slot_of(segment));
}

u32 attach_count(Segment& segment) {
    Guard guard(segment.mapping->lock);
    u32 count = 0;
    for ([[maybe_unused]] const VmArea& vma : segment.mapping->i_mmap)
        ++count;
    return count;
}

void destroy(Segment& segment) {
    put_mapping(*segment.mapping);
    segment = {.sequence = segment.sequence + 1};
}

// Removed segments whose last mapping has gone, by shmdt, munmap, exec or exit.
void collect_removed() {
    for (Segment& segment : segments)
        if (segment.mapping != nullptr && segment.removed && attach_count(segment) == 0)
            destroy(segment);
}

Result<Segment*> find_segment(s32 id) {
    collect_removed();
    if (id < 0)
        return Err(Errno::INVAL);
    Segment& segment = segments[static_cast<u32>(id) % SHMMNI_SEGMENTS];
    if (segment.mapping == nullptr || id_of(segment) != id)
        return Err(Errno::INVAL);
    return &segment;
}

Result<s32> new_segment(s32 key, u32 size, u32 flags) {
    if (size == 0 || size > TASK_SIZE)
        return Err(Errno::INVAL);
    for (Segment& segment : segments) {
        if (segment.mapping != nullptr)
            continue;
        segment.mapping = TRY(shmem_new(page_align_up(size), "SYSV"));
        segment.key = key;
        segment.size = size;
        segment.mode = flags & MODE_MASK;
        segment.creator_pid = current_group().pid;
        return id_of(segment);
    }
    return Err(Errno::NOSPC);
}

} // namespace

Result<s32> sys_shmget(s32 key, u32 size, u32 flags) {
    collect_removed();
    if (key == IPC_PRIVATE)
        return new_segment(key, size, flags);
    for (Segment& segment : segments) {
        if (segment.mapping == nullptr || segment.removed || segment.key != key)
            continue;
        if ((flags & IPC_CREAT) != 0 && (flags & IPC_EXCL) != 0)
            return Err(Errno::EXIST);
        if (size > segment.size)
            return Err(Errno::INVAL);
        return id_of(segment);
    }
    if ((flags & IPC_CREAT) == 0)
        return Err(Errno::NOENT);
    return new_segment(key, size, flags);
}

Result<UserAddr> sys_shmat(s32 id, UserAddr address, u32 flags) {
    constexpr u32 ALIGNMENT = 4 * PAGE_SIZE; // SHMLBA on ARM
    Segment* segment = TRY(find_segment(id));
    if (address.value() % ALIGNMENT != 0) {
        if ((flags & SHM_RND) == 0)
            return Err(Errno::INVAL);
        address = UserAddr(address.value() & ~(ALIGNMENT - 1));
    }
    if (address.value() == 0 && (flags & SHM_REMAP) != 0)
        return Err(Errno::INVAL);
    const bool read_only = (flags & SHM_RDONLY) != 0;
    u32 prot = PROT_READ;
    prot |= read_only ? 0 : u32{PROT_WRITE};
    prot |= (flags & SHM_EXEC) != 0 ? u32{PROT_EXEC} : 0;
    u32 map_flags = MAP_SHARED;
    if (address.value() != 0)
        map_flags |= (flags & SHM_REMAP) != 0 ? u32{MAP_FIXED} : u32{MAP_FIXED_NOREPLACE};
    const auto mapped =
        do_mmap(*current()->mm.mm, address, segment->size, prot, map_flags, segment->mapping, !read_only, 0);
    if (!mapped)
        return Err(mapped.error() == Errno::EXIST ? Errno::INVAL : mapped.error());
    segment->last_pid = current_group().pid;
    return mapped.value();
}

Result<u32> sys_shmdt(UserAddr address) {
    MmStruct& mm = *current()->mm.mm;
    u32 bytes = 0;
    {
        ReadGuard guard(mm.mmap_lock);
        const VmArea* vma = vma_lookup(mm, address);
        for (const Segment& segment : segments)
            if (vma != nullptr && vma->mapping == segment.mapping && vma->mapping != nullptr &&
                vma->start == address && vma->pgoff == 0)
                bytes = vma->end - vma->start;
    }
    if (bytes == 0)
        return Err(Errno::INVAL);
    TRY_VOID(do_munmap(mm, address, bytes));
    collect_removed();
    return 0u;
}

namespace {

Result<s32> put_status(Segment& segment, UserAddr buffer) {
    shmid64_ds status = {};
    status.shm_perm.key = segment.key;
    status.shm_perm.mode = static_cast<__kernel_mode_t>(segment.mode | (segment.removed ? SHM_DEST : 0));
    status.shm_perm.seq = static_cast<unsigned short>(segment.sequence);
    status.shm_segsz = segment.size;
    status.shm_cpid = segment.creator_pid;
    status.shm_lpid = segment.last_pid;
    status.shm_nattch = attach_count(segment);
    TRY_VOID(copy_struct_to_user(buffer, &status, sizeof status));
    return 0;
}

} // namespace

Result<s32> sys_shmctl(s32 id, s32 command, UserAddr buffer) {
    Segment* segment = TRY(find_segment(id));
    switch (command & ~IPC_64) { // ARM's programs always mean the new structures
    case IPC_RMID:
        segment->removed = true;
        segment->key = IPC_PRIVATE;
        collect_removed();
        return 0;
    case IPC_STAT:
        return put_status(*segment, buffer);
    case IPC_SET: {
        shmid64_ds wanted;
        TRY_VOID(copy_struct_from_user(&wanted, buffer, sizeof wanted));
        segment->mode = wanted.shm_perm.mode & MODE_MASK;
        return 0;
    }
    case SHM_LOCK:
    case SHM_UNLOCK:
        return 0; // nothing is ever taken out of memory
    default:
        return Err(Errno::INVAL);
    }
}

} // namespace faultline
