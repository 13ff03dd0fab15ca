// shmget, shmat, shmdt. A segment is a file without a name, and attaching maps it. Each mapping holds a reference, and
// so does the id. "Attached" counts the mappings alone: others refer to a segment while they work on it. (Linux
// ipc/shm.c.)
#include "abi/ipc/shm.hpp"

#include <linux/ipc.h>

#include <utility>

#include "abi/cred/cred.hpp"
#include "abi/ipc/ipc.hpp"
#include "abi/ipc/limits.hpp"
#include "abi/ipc/shm_segment.hpp"
#include "abi/task/personality.hpp"
#include "abi/task/thread_group.hpp"
#include "base/format.hpp"
#include "mm/mm_struct.hpp"
#include "mm/mman.hpp"
#include "mm/mmap.hpp"
#include "mm/munmap.hpp"
#include "mm/shmem.hpp"
#include "mm/shmem_swap.hpp"
#include "mm/slab.hpp"
#include "mm/upcalls.hpp"

namespace faultline {

constinit IpcIds shm_ids(ipc_limits.shmmni);

namespace {

// linux/shm.h
constexpr u32 SHM_RDONLY = 010000, SHM_RND = 020000, SHM_REMAP = 040000, SHM_EXEC = 0100000;
constexpr u32 SHM_HUGETLB = 04000, SHM_NORESERVE = 010000;

constexpr u32 EXEC_ACCESS = 0111;
constinit u32 shm_tot = 0; // pages of all segments; guarded by the kernel lock (Linux: the same name)
constinit KmemCache segment_cache("shm_segment", sizeof(ShmSegment), alignof(ShmSegment));

ShmSegment& segment_of(AddressSpace& mapping) { return static_cast<ShmSegment&>(mapping); }

u32 pages_of(const ShmSegment& segment) { return page_align_up(segment.segsz) >> PAGE_SHIFT; }

void destroy(ShmSegment& segment) {
    shm_unlock(segment);
    shm_ids.remove(segment);
    shm_tot -= pages_of(segment);
    truncate_inode_pages(segment);
    kmem_delete(segment_cache, &segment);
}

void put(ShmSegment& segment) {
    if (segment.references.dec_and_test())
        destroy(segment);
}

// Linux destroys a removed segment with its last mapping. Here it lives on while somebody refers to it, but nobody can
// map it again: remap_file_pages(2), which puts a mapping in the place of the last one, meets this. (Linux: shm_mmap.)
Result<void> may_attach(AddressSpace& mapping) {
    const ShmSegment& segment = segment_of(mapping);
    if (segment.removed && segment.attached == 0)
        return Err(Errno::INVAL);
    return {};
}

// Also called when a mapping is cut in two, like shm_open and shm_close of Linux.
void attach(AddressSpace& mapping) {
    ShmSegment& segment = segment_of(mapping);
    segment.attached.fetch_add(1, std::memory_order_relaxed);
    segment.last_pid = current_group().pid;
    segment.atime = ipc_now();
}

void detach(AddressSpace& mapping) {
    ShmSegment& segment = segment_of(mapping);
    segment.attached.fetch_sub(1, std::memory_order_relaxed);
    segment.last_pid = current_group().pid;
    segment.dtime = ipc_now();
}

const char* name(AddressSpace& mapping, char* buffer, u32 size) {
    snprintf(buffer, size, "/SYSV%08x (deleted)", static_cast<unsigned>(segment_of(mapping).key));
    return buffer;
}

constexpr AddressSpaceOps SHM_OPS = {
    .get = [](AddressSpace& mapping) { segment_of(mapping).references.inc(); },
    .put = [](AddressSpace& mapping) { put(segment_of(mapping)); },
    .get_not_zero = [](AddressSpace& mapping) { return segment_of(mapping).references.inc_not_zero(); },
    .mmap = may_attach,
    .open = attach,
    .close = detach,
    .name = name};

Result<s32> new_segment(s32 key, u32 size, u32 flags) {
    if (size < SHMMIN || size > ipc_limits.shmmax)
        return Err(Errno::INVAL);
    const u32 pages = page_align_up(size) >> PAGE_SHIFT;
    if (pages > ipc_limits.shmall || shm_tot > ipc_limits.shmall - pages)
        return Err(Errno::NOSPC);
    if ((flags & SHM_HUGETLB) != 0)
        return Err(Errno::INVAL); // as Linux without huge pages
    VmCharge charge;
    const bool whole = (flags & SHM_NORESERVE) == 0 || overcommit.memory == OVERCOMMIT_NEVER;
    if (whole && !charge.take(pages))
        return Err(Errno::NOMEM);
    UserCharge user_charge;
    if (!user_charge.take(page_align_up(size)))
        return Err(Errno::NOMEM);
    auto* segment = kmem_new<ShmSegment>(segment_cache);
    if (segment == nullptr)
        return Err(Errno::NOMEM);
    const auto id = shm_ids.add(*segment, key, flags);
    if (!id.ok()) {
        kmem_delete(segment_cache, segment);
        return id;
    }
    segment->ops = &SHM_OPS;
    segment->charge = std::move(charge);
    segment->user_charge = std::move(user_charge);
    shm_tot += pages;
    segment->sb = whole ? nullptr : &shm_mnt;
    segment->size = page_align_up(size);
    segment->inode = next_inode_number();
    segment->segsz = size;
    segment->creator_pid = current_group().pid;
    segment->ctime = ipc_now();
    return id;
}

} // namespace

Result<void> shm_lock(ShmSegment& segment) {
    if (segment.mlock_user != nullptr)
        return {};
    UserStruct& user = *current_cred().user;
    const u32 pages = pages_of(segment);
    if (user.locked_shm.fetch_add(pages, std::memory_order_relaxed) + pages > current_mm_rights().locked) {
        user.locked_shm.fetch_sub(pages, std::memory_order_relaxed);
        return Err(Errno::NOMEM);
    }
    segment.mlock_user = &get_uid(user);
    shmem_set_unevictable(segment, true);
    return {};
}

void shm_unlock(ShmSegment& segment) {
    UserStruct* user = std::exchange(segment.mlock_user, nullptr);
    if (user == nullptr)
        return;
    shmem_set_unevictable(segment, false);
    user->locked_shm.fetch_sub(pages_of(segment), std::memory_order_relaxed);
    free_uid(*user);
}

void shm_remove(ShmSegment& segment) {
    if (std::exchange(segment.removed, true))
        return;
    segment.key = IPC_PRIVATE;
    put(segment);
}

Result<s32> sys_shmget(s32 key, u32 size, u32 flags) {
    return ipcget(
        shm_ids, key, flags, [&] { return new_segment(key, size, flags); },
        [&](const IpcPerm& found) -> Result<void> {
            if (size > static_cast<const ShmSegment&>(found).segsz)
                return Err(Errno::INVAL);
            return {};
        });
}

Result<UserAddr> sys_shmat(s32 id, UserAddr address, u32 flags) {
    constexpr u32 SHMLBA = 4 * PAGE_SIZE; // asm/shmparam.h of ARM: caches may be virtually indexed
    if (id < 0)
        return Err(Errno::INVAL);
    if (address.value() % SHMLBA != 0) {
        if ((flags & SHM_RND) == 0)
            return Err(Errno::INVAL);
        address = UserAddr(address.value() & ~(SHMLBA - 1));
    }
    if (address.value() == 0 && (flags & SHM_REMAP) != 0)
        return Err(Errno::INVAL);
    ShmSegment& segment = *TRY(ipc_obtain<ShmSegment>(shm_ids, id));
    const bool read_only = (flags & SHM_RDONLY) != 0, executable = (flags & SHM_EXEC) != 0;
    if (!ipcperms(segment, IPC_READ_ACCESS | (read_only ? 0 : IPC_WRITE_ACCESS) | (executable ? EXEC_ACCESS : 0)))
        return Err(Errno::ACCES);

    const u32 prot =
        implied_protection(PROT_READ | (read_only ? 0u : u32{PROT_WRITE}) | (executable ? u32{PROT_EXEC} : 0u));
    u32 map_flags = MAP_SHARED;
    if (address.value() != 0)
        map_flags |= (flags & SHM_REMAP) != 0 ? u32{MAP_FIXED} : u32{MAP_FIXED_NOREPLACE};
    const MappingRef held = MappingRef::of(segment);          // while do_mmap() waits for the mmap lock
    segment.attached.fetch_add(1, std::memory_order_relaxed); // so that another's IPC_RMID does not come between
    const auto mapped = do_mmap(*current()->mm.mm, address, segment.segsz, prot, map_flags, &segment, !read_only, 0);
    segment.attached.fetch_sub(1, std::memory_order_relaxed);
    if (!mapped)
        return Err(mapped.error() == Errno::EXIST ? Errno::INVAL : mapped.error());
    return mapped.value();
}

namespace {

// The first piece in [start, end) of the mapping that was attached at `base`. `mapping`: the segment; nullptr: any
// segment. A null mapping in the result: there is none. A piece is recognised by its place in the file, which stays
// when other pieces are unmapped.
struct Piece {
    UserAddr start, end;
    AddressSpace* mapping = nullptr;
};
Piece next_piece(MmStruct& mm, UserAddr base, UserAddr start, UserAddr end, const AddressSpace* mapping) {
    const MmapReadGuard mmap_read(mm);
    for (UserAddr at = start;;) {
        const FoundVma vma = find_vma(mmap_read, at);
        if (!vma || vma->start >= end)
            return {};
        if (vma->mapping != nullptr && vma->mapping->ops == &SHM_OPS &&
            (mapping == nullptr || vma->mapping == mapping) && vma->start >= base &&
            (vma->start - base) >> PAGE_SHIFT == vma->pgoff)
            return {vma->start, vma->end, vma->mapping};
        at = vma->end;
    }
}

} // namespace

Result<u32> sys_shmdt(UserAddr address) {
    MmStruct& mm = *current()->mm.mm;
    if (address.page_offset() != 0)
        return Err(Errno::INVAL);
    Piece piece = next_piece(mm, address, address, UserAddr(TASK_SIZE), nullptr);
    if (piece.mapping == nullptr)
        return Err(Errno::INVAL);
    const AddressSpace* const mapping = piece.mapping;
    const u64 whole_end = u64{address.value()} + mapping->size;
    const UserAddr end(whole_end < TASK_SIZE ? static_cast<u32>(whole_end) : TASK_SIZE);
    while (piece.mapping != nullptr) {
        TRY_VOID(do_munmap(mm, piece.start, piece.end - piece.start));
        piece = next_piece(mm, address, piece.end, end, mapping);
    }
    return 0u;
}

} // namespace faultline
