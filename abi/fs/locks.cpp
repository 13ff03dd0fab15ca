// Granting locks, waiting for them, and dropping them.
#include "abi/fs/locks.hpp"

#include <algorithm>

#include <linux/fcntl.h>

#include "abi/fs/file.hpp"
#include "abi/fs/files.hpp"
#include "abi/fs/files_private.hpp"
#include "abi/fs/inode.hpp"
#include "abi/task/thread_group.hpp"
#include "base/late.hpp"
#include "mm/slab.hpp"

namespace faultline {

// An element of Inode::locks, which has no order.
struct FileLock {
    FileLock* next = nullptr;
    const void* owner = nullptr; // a FilesStruct (range of a process) or a File (flock, range of an open file)
    s32 pid = 0;                 // -1 of a range that belongs to an open file
    bool range = false;
    bool exclusive = false;
    u64 start = 0, end = 0; // both inclusive

    bool overlaps(const FileLock& other) const { return start <= other.end && other.start <= end; }
    bool conflicts(const FileLock& other) const {
        return range == other.range && owner != other.owner && (exclusive || other.exclusive) && overlaps(other);
    }
};

namespace {

constexpr u64 OFFSET_MAX = ~u64{0} >> 1;
constinit KmemCache lock_cache("file_lock", sizeof(FileLock), alignof(FileLock));

FileLock* find_conflict(const Inode& inode, const FileLock& wanted) {
    FileLock* lock = inode.locks;
    while (lock != nullptr && !lock->conflicts(wanted))
        lock = lock->next;
    return lock;
}

void link(Inode& inode, FileLock& lock) {
    lock.next = inode.locks;
    inode.locks = &lock;
}

// Removes the range `hole` from the locks of its owner. If one lock reaches beyond the hole on both sides, it is cut in
// two, and `spare` becomes the second half.
void carve(Inode& inode, const FileLock& hole, FileLock* spare) {
    for (FileLock** at = &inode.locks; *at != nullptr;) {
        FileLock& lock = **at;
        if (lock.range != hole.range || lock.owner != hole.owner || !lock.overlaps(hole)) {
            at = &lock.next;
            continue;
        }
        const bool before = lock.start<hole.start, after = lock.end> hole.end;
        if (before && after) {
            *spare = lock;
            spare->start = hole.end + 1;
            lock.end = hole.start - 1;
            link(inode, *spare);
            break; // no other lock of this owner overlaps
        }
        if (before)
            lock.end = hole.start - 1;
        else if (after)
            lock.start = hole.end + 1;
        else {
            *at = lock.next;
            kmem_delete(lock_cache, &lock);
            continue;
        }
        at = &lock.next;
    }
    wake_up_all(inode.lock_waiters);
}

// Merges neighbouring locks of the same owner and kind into `lock`, so that F_GETLK reports the whole range.
void absorb_neighbours(Inode& inode, FileLock& lock) {
    for (FileLock** at = &inode.locks; *at != nullptr;) {
        FileLock& other = **at;
        const bool same = other.range == lock.range && other.owner == lock.owner && other.exclusive == lock.exclusive;
        if (!same || (other.end + 1 != lock.start && lock.end + 1 != other.start)) {
            at = &other.next;
            continue;
        }
        lock.start = std::min(lock.start, other.start);
        lock.end = std::max(lock.end, other.end);
        *at = other.next;
        kmem_delete(lock_cache, &other);
    }
}

// Whether taking `hole` out of its owner's locks cuts one of them in two.
bool cuts_in_two(const Inode& inode, const FileLock& hole) {
    const FileLock* lock = inode.locks;
    while (lock != nullptr && !(lock->range == hole.range && lock->owner == hole.owner && lock->start < hole.start &&
                                lock->end > hole.end))
        lock = lock->next;
    return lock != nullptr;
}

// Grants `wanted`, which has no conflict; or drops its range, if `unlock`. Only a new lock, or a second half of an old one,
// needs memory. Without it nothing changes: NOLCK for a range, NOMEM for a whole file. (Linux: posix_lock_inode,
// flock_lock_inode.)
Result<void> grant(Inode& inode, const FileLock& wanted, bool unlock) {
    const bool cuts = cuts_in_two(inode, wanted);
    FileLock* lock = unlock ? nullptr : kmem_new<FileLock>(lock_cache);
    FileLock* spare = cuts ? kmem_new<FileLock>(lock_cache) : nullptr;
    if ((lock == nullptr && !unlock) || (spare == nullptr && cuts)) {
        kmem_delete(lock_cache, lock);
        kmem_delete(lock_cache, spare);
        return Err(wanted.range ? Errno::NOLCK : Errno::NOMEM);
    }
    carve(inode, wanted, spare);
    if (unlock)
        return {};
    *lock = wanted;
    absorb_neighbours(inode, *lock);
    link(inode, *lock);
    return {};
}

// A task that sleeps until it can have a lock.
struct LockWait {
    const Inode& inode;
    const FileLock& wanted;
    ListHook link{};
};
constinit Late<List<LockWait, &LockWait::link>> lock_waits;

LockWait* wait_of(const void* owner) {
    for (LockWait& wait : *lock_waits)
        if (wait.wanted.owner == owner)
            return &wait;
    return nullptr;
}

// Whether the owner of a conflicting lock waits for the caller, directly or through other waiters. Gives up after ten
// steps, as Linux does (posix_locks_deadlock). Only processes wait for one another: locks of open files are not
// checked.
bool would_deadlock(const Inode& inode, const FileLock& wanted) {
    constexpr u32 LONGEST_CHAIN = 10;
    const FileLock* blocker = find_conflict(inode, wanted);
    for (u32 i = 0; wanted.range && wanted.pid > 0 && blocker != nullptr && i < LONGEST_CHAIN; ++i) {
        const LockWait* next = wait_of(blocker->owner);
        if (next == nullptr)
            return false;
        blocker = find_conflict(next->inode, next->wanted);
        if (blocker != nullptr && blocker->owner == wanted.owner)
            return true;
    }
    return false;
}

Result<void> set_lock(Inode& inode, const FileLock& wanted, bool wait) {
    while (find_conflict(inode, wanted) != nullptr) {
        if (!wait)
            return Err(Errno::AGAIN);
        if (would_deadlock(inode, wanted))
            return Err(Errno::DEADLK);
        LockWait waiting{inode, wanted};
        lock_waits->push_back(waiting);
        const auto waited =
            wait_event_interruptible(inode.lock_waiters, [&] { return find_conflict(inode, wanted) == nullptr; });
        lock_waits->erase(lock_waits->iterator_to(waiting));
        TRY_VOID(waited);
    }
    return grant(inode, wanted, false);
}

void remove_locks(Inode& inode, const void* owner) {
    for (FileLock** at = &inode.locks; *at != nullptr;) {
        FileLock* lock = *at;
        if (lock->owner != owner) {
            at = &lock->next;
            continue;
        }
        *at = lock->next;
        kmem_delete(lock_cache, lock);
    }
    wake_up_all(inode.lock_waiters);
}

// Who owns the range that a command is about: current's process, or the open file.
enum class Owner : u8 { Process, OpenFile };

// Converts a struct flock or flock64 into a byte range of this owner. INVAL, OVERFLOWED.
template <class Flock>
Result<FileLock> range_of(const File& file, const Flock& asked, Owner owner) {
    if (owner == Owner::OpenFile && asked.l_pid != 0)
        return Err(Errno::INVAL);
    s64 start = asked.l_start;
    if (asked.l_whence == 1)
        start += static_cast<s64>(file.position);
    else if (asked.l_whence == 2)
        start += static_cast<s64>(file.mapping->size);
    else if (asked.l_whence != 0)
        return Err(Errno::INVAL);
    s64 end = static_cast<s64>(OFFSET_MAX); // l_len 0: to the end of the file, however far it grows
    if (asked.l_len > 0) {
        if (__builtin_add_overflow(start, s64{asked.l_len} - 1, &end))
            return Err(Errno::OVERFLOWED);
    } else if (asked.l_len < 0) { // the bytes before l_start
        end = start - 1;
        start += asked.l_len;
    }
    if (start < 0 || end < start)
        return Err(Errno::INVAL);
    FileLock lock;
    lock.owner = owner == Owner::Process ? static_cast<const void*>(current()->files) : &file;
    lock.pid = owner == Owner::Process ? current_group().pid : -1;
    lock.range = true;
    lock.exclusive = asked.l_type == F_WRLCK;
    lock.start = static_cast<u64>(start);
    lock.end = static_cast<u64>(end);
    return lock;
}

template <class Flock>
Result<u32> get_lock(File& file, UserAddr user, Owner owner) {
    Flock answer;
    TRY_VOID(copy_struct_from_user(&answer, user, sizeof answer));
    if (answer.l_type != F_RDLCK && answer.l_type != F_WRLCK)
        return Err(Errno::INVAL);
    const FileLock wanted = TRY(range_of(file, answer, owner));
    const FileLock* found = find_conflict(*file.inode, wanted);
    answer.l_type = F_UNLCK;
    if (found != nullptr) {
        answer.l_type = found->exclusive ? F_WRLCK : F_RDLCK;
        answer.l_whence = 0;
        answer.l_start = static_cast<decltype(answer.l_start)>(found->start);
        answer.l_len =
            found->end == OFFSET_MAX ? 0 : static_cast<decltype(answer.l_len)>(found->end - found->start + 1);
        answer.l_pid = found->pid;
    }
    TRY_VOID(copy_struct_to_user(user, &answer, sizeof answer));
    return 0u;
}

// Whether current's descriptor `fd` is still this file.
bool is_still_open(const File& file, s32 fd) {
    const FileRef now(lookup_fd(*current()->files, fd));
    return now.get() == &file;
}

template <class Flock>
Result<u32> set_range_lock(File& file, s32 fd, UserAddr user, bool wait, Owner owner) {
    Flock asked;
    TRY_VOID(copy_struct_from_user(&asked, user, sizeof asked));
    if (asked.l_type != F_RDLCK && asked.l_type != F_WRLCK && asked.l_type != F_UNLCK)
        return Err(Errno::INVAL);
    const FileLock wanted = TRY(range_of(file, asked, owner));
    if ((asked.l_type == F_RDLCK && !file.readable()) || (asked.l_type == F_WRLCK && !file.writable()))
        return Err(Errno::BADF);
    if (asked.l_type == F_UNLCK)
        TRY_VOID(grant(*file.inode, wanted, true));
    else
        TRY_VOID(set_lock(*file.inode, wanted, wait));
    // While this call slept, another thread may have closed the descriptor, and with it dropped the locks of the
    // process. This lock must not outlive that. (Linux: fcntl_setlk.)
    if (owner == Owner::Process && asked.l_type != F_UNLCK && !is_still_open(file, fd)) {
        if (!grant(*file.inode, wanted, true).ok())
            remove_locks(*file.inode, wanted.owner);
        return Err(Errno::BADF);
    }
    return 0u;
}

} // namespace

void init_locks() { lock_waits.emplace(); }

bool is_lock_command(u32 command) {
    return (command >= F_GETLK && command <= F_SETLKW) || (command >= F_GETLK64 && command <= F_SETLKW64) ||
           (command >= F_OFD_GETLK && command <= F_OFD_SETLKW);
}

Result<u32> fcntl_lock(File& file, s32 fd, u32 command, UserAddr lock) {
    switch (command) {
    case F_GETLK:
        return get_lock<struct flock>(file, lock, Owner::Process);
    case F_GETLK64:
        return get_lock<struct flock64>(file, lock, Owner::Process);
    case F_OFD_GETLK:
        return get_lock<struct flock64>(file, lock, Owner::OpenFile);
    case F_SETLK:
    case F_SETLKW:
        return set_range_lock<struct flock>(file, fd, lock, command == F_SETLKW, Owner::Process);
    case F_SETLK64:
    case F_SETLKW64:
        return set_range_lock<struct flock64>(file, fd, lock, command == F_SETLKW64, Owner::Process);
    default:
        return set_range_lock<struct flock64>(file, fd, lock, command == F_OFD_SETLKW, Owner::OpenFile);
    }
}

Result<u32> sys_flock(s32 fd, u32 operation) {
    if ((operation & LOCK_MAND) != 0) // mandatory locks, which Linux has given up and ignores
        return 0u;
    const bool wait = (operation & LOCK_NB) == 0;
    operation &= ~u32{LOCK_NB};
    if (operation != LOCK_SH && operation != LOCK_EX && operation != LOCK_UN)
        return Err(Errno::INVAL);
    FileRef file = TRY(fget_ref(fd));
    FileLock wanted;
    wanted.owner = file.get();
    wanted.pid = current_group().pid;
    wanted.exclusive = operation == LOCK_EX;
    wanted.end = OFFSET_MAX;
    if (operation == LOCK_UN || find_conflict(*file->inode, wanted) != nullptr)
        // Converting a lock is not atomic: the old one is dropped before waiting (flock(2), Notes).
        remove_locks(*file->inode, file.get());
    if (operation != LOCK_UN)
        TRY_VOID(set_lock(*file->inode, wanted, wait));
    return 0u;
}

void locks_remove_posix(Inode& inode, const FilesStruct& owner) {
    if (inode.locks != nullptr)
        remove_locks(inode, &owner);
}

void locks_remove_flock(File& file) {
    if (file.inode->locks != nullptr)
        remove_locks(*file.inode, &file);
}

} // namespace faultline
