// Granting locks, waiting for them, and dropping them.
#include "abi/fs/locks.hpp"

#include <algorithm>
#include <compare>
#include <iterator>
#include <utility>

#include <linux/fcntl.h>

#include "abi/cred/user.hpp"
#include "abi/fs/file.hpp"
#include "abi/fs/files.hpp"
#include "abi/fs/files_private.hpp"
#include "abi/fs/inode.hpp"
#include "abi/task/thread_group.hpp"
#include "base/intrusive.hpp"
#include "base/late.hpp"
#include "mm/slab.hpp"
#include "mm/upcalls.hpp"

namespace faultline {

// What is locked, for whom.
struct LockRange {
    const void* owner = nullptr; // a FilesStruct (range of a process) or a File (flock, range of an open file)
    s32 pid = 0;                 // -1 of a range that belongs to an open file
    bool range = false;
    bool exclusive = false;
    u64 start = 0, end = 0; // both inclusive

    bool overlaps(const LockRange& other) const { return start <= other.end && other.start <= end; }
    bool conflicts(const LockRange& other) const {
        return range == other.range && owner != other.owner && (exclusive || other.exclusive) && overlaps(other);
    }
    bool same_set(const LockRange& other) const { return owner == other.owner && range == other.range; }
};

// It counts against its user: Linux limits locks by nothing but memory.
struct FileLock : LockRange {
    TreeHook node;
    UserCharge charge;
};

// The locks of one owner and of one kind are a set. They do not overlap, and stand together, by where they start. So it takes
// few steps to find one, however many a program makes.
struct LockPlace {
    std::uintptr_t owner = 0;
    bool range = false;
    u64 start = 0;
    auto operator<=>(const LockPlace&) const = default;
};
struct KeyOfLock {
    using type = LockPlace;
    LockPlace operator()(const FileLock& lock) const {
        return {reinterpret_cast<std::uintptr_t>(lock.owner), lock.range, lock.start};
    }
};
using FileLocks = Tree<FileLock, &FileLock::node, KeyOfLock>;

// All locks on an inode that has any. (Linux: struct file_lock_context.)
struct FileLockContext {
    FileLocks locks;
};

namespace {

constexpr u64 OFFSET_MAX = ~u64{0} >> 1;
constinit KmemCache lock_cache("file_lock", sizeof(FileLock), alignof(FileLock));
constinit KmemCache context_cache("file_lock_context", sizeof(FileLockContext), alignof(FileLockContext));

// The first lock of the set that ends at `start` or later; if there is none, what follows the set.
FileLocks::iterator first_from(FileLocks& locks, const LockRange& set, u64 start) {
    auto at = locks.lower_bound({reinterpret_cast<std::uintptr_t>(set.owner), set.range, start});
    if (at == locks.begin())
        return at;
    const auto before = std::prev(at);
    return before->same_set(set) && before->end >= start ? before : at;
}
FileLocks::iterator end_of_set(FileLocks& locks, const LockRange& set) {
    return locks.upper_bound({reinterpret_cast<std::uintptr_t>(set.owner), set.range, ~u64{0}});
}

FileLock* find_conflict(const Inode& inode, const LockRange& wanted) {
    if (inode.locks == nullptr)
        return nullptr;
    FileLocks& locks = inode.locks->locks;
    for (auto set = locks.begin(); set != locks.end(); set = end_of_set(locks, *set))
        if (set->range == wanted.range && set->owner != wanted.owner)
            for (auto at = first_from(locks, *set, wanted.start);
                 at != locks.end() && at->same_set(*set) && at->start <= wanted.end; ++at)
                if (at->conflicts(wanted))
                    return &*at;
    return nullptr;
}

void free_lock(FileLock* lock) { kmem_delete(lock_cache, lock); }

// Removes the range `hole` from the locks of its owner. If one lock reaches beyond the hole on both sides, it is cut in
// two, and `spare` becomes the second half.
void carve(Inode& inode, const LockRange& hole, FileLock* spare) {
    FileLocks& locks = inode.locks->locks;
    for (auto at = first_from(locks, hole, hole.start);
         at != locks.end() && at->same_set(hole) && at->start <= hole.end;) {
        FileLock& lock = *at;
        const bool before = lock.start<hole.start, after = lock.end> hole.end;
        if (before && after) {
            static_cast<LockRange&>(*spare) = lock;
            spare->start = hole.end + 1;
            lock.end = hole.start - 1;
            locks.insert(*spare);
            break; // no other lock of this owner overlaps
        }
        if (before) {
            lock.end = hole.start - 1;
        } else if (after) {
            lock.start = hole.end + 1; // keeps its place
        } else {
            at = locks.erase_and_dispose(at, free_lock);
            continue;
        }
        ++at;
    }
    wake_up_all(inode.lock_waiters);
}

// Merges neighbouring locks of the same owner and kind into `lock`, so that F_GETLK reports the whole range.
void absorb_neighbours(FileLocks& locks, FileLock& lock) {
    auto after = first_from(locks, lock, lock.start);
    if (after != locks.begin())
        if (const auto before = std::prev(after);
            before->same_set(lock) && before->exclusive == lock.exclusive && before->end + 1 == lock.start) {
            lock.start = before->start;
            locks.erase_and_dispose(before, free_lock);
        }
    if (after != locks.end() && after->same_set(lock) && after->exclusive == lock.exclusive &&
        lock.end + 1 == after->start) {
        lock.end = after->end;
        locks.erase_and_dispose(after, free_lock);
    }
}

// Whether taking `hole` out of its owner's locks cuts one of them in two.
bool cuts_in_two(FileLocks& locks, const LockRange& hole) {
    const auto at = first_from(locks, hole, hole.start);
    return at != locks.end() && at->same_set(hole) && at->start < hole.start && at->end > hole.end;
}

// nullptr: there is no memory, or it is more than the user's share.
FileLock* new_lock() {
    UserCharge charge;
    FileLock* lock = charge.take(sizeof(FileLock)) ? kmem_new<FileLock>(lock_cache) : nullptr;
    if (lock != nullptr)
        lock->charge = std::move(charge);
    return lock;
}

void drop_empty_context(Inode& inode) {
    if (inode.locks != nullptr && inode.locks->locks.empty())
        kmem_delete(context_cache, std::exchange(inode.locks, nullptr));
}

// Grants `wanted`, which has no conflict; or drops its range, if `unlock`. Only a new lock, or a second half of an old one,
// needs memory. Without it nothing changes: NOLCK for a range, NOMEM for a whole file. (Linux: posix_lock_inode,
// flock_lock_inode.)
Result<void> grant(Inode& inode, const LockRange& wanted, bool unlock) {
    if (inode.locks == nullptr && unlock)
        return {};
    const Errno no_memory = wanted.range ? Errno::NOLCK : Errno::NOMEM;
    if (inode.locks == nullptr)
        inode.locks = kmem_new<FileLockContext>(context_cache);
    if (inode.locks == nullptr)
        return Err(no_memory);
    FileLocks& locks = inode.locks->locks;
    const bool cuts = cuts_in_two(locks, wanted);
    FileLock* lock = unlock ? nullptr : new_lock();
    FileLock* spare = cuts ? new_lock() : nullptr;
    if ((lock == nullptr && !unlock) || (spare == nullptr && cuts)) {
        free_lock(lock);
        free_lock(spare);
        drop_empty_context(inode);
        return Err(no_memory);
    }
    carve(inode, wanted, spare);
    if (unlock) {
        drop_empty_context(inode);
        return {};
    }
    static_cast<LockRange&>(*lock) = wanted;
    absorb_neighbours(locks, *lock);
    locks.insert(*lock);
    return {};
}

// A task that sleeps until it can have a lock.
struct LockWait {
    const Inode& inode;
    const LockRange& wanted;
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
bool would_deadlock(const Inode& inode, const LockRange& wanted) {
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

Result<void> set_lock(Inode& inode, const LockRange& wanted, bool wait) {
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

// Removes a whole set. Of very many, others get their turn in between; whoever still calls as this owner may make new ones.
void remove_locks(Inode& inode, const LockRange& set) {
    constexpr u32 AT_ONCE = 256;
    for (bool more = true; more && inode.locks != nullptr;) {
        FileLocks& locks = inode.locks->locks;
        auto at = first_from(locks, set, 0);
        for (u32 i = 0; i < AT_ONCE && at != locks.end() && at->same_set(set); ++i)
            at = locks.erase_and_dispose(at, free_lock);
        more = at != locks.end() && at->same_set(set);
        drop_empty_context(inode);
        wake_up_all(inode.lock_waiters);
        if (more)
            cond_resched();
    }
}
LockRange ranges_of(const void* owner) { return {.owner = owner, .range = true}; }
LockRange flock_of(const void* owner) { return {.owner = owner, .range = false}; }

// Who owns the range that a command is about: current's process, or the open file.
enum class Owner : u8 { Process, OpenFile };

// Converts a struct flock or flock64 into a byte range of this owner. INVAL, OVERFLOWED.
template <class Flock>
Result<LockRange> range_of(const File& file, const Flock& asked, Owner owner) {
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
    LockRange lock;
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
    const LockRange wanted = TRY(range_of(file, answer, owner));
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
    const LockRange wanted = TRY(range_of(file, asked, owner));
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
            remove_locks(*file.inode, ranges_of(wanted.owner));
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
    LockRange wanted;
    wanted.owner = file.get();
    wanted.pid = current_group().pid;
    wanted.exclusive = operation == LOCK_EX;
    wanted.end = OFFSET_MAX;
    if (operation == LOCK_UN || find_conflict(*file->inode, wanted) != nullptr)
        // Converting a lock is not atomic: the old one is dropped before waiting (flock(2), Notes).
        remove_locks(*file->inode, flock_of(file.get()));
    if (operation != LOCK_UN)
        TRY_VOID(set_lock(*file->inode, wanted, wait));
    return 0u;
}

void locks_remove_posix(Inode& inode, const FilesStruct& owner) { remove_locks(inode, ranges_of(&owner)); }

void locks_remove_flock(File& file) {
    remove_locks(*file.inode, flock_of(&file));
    remove_locks(*file.inode, ranges_of(&file));
}

} // namespace faultline
