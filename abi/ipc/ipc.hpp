// What the System V objects have in common: a key to find them by, an id to use them by, an owner, and permissions
// (sysvipc(7); Linux ipc/util.c).
#pragma once

#include <asm/ipcbuf.h>

#include "base/relaxed.hpp"
#include "base/result.hpp"
#include "base/types.hpp"

namespace faultline {

struct IpcPerm {
    s32 key = 0; // IPC_PRIVATE: the object cannot be found by a key
    s32 id = -1;
    u32 uid = 0, gid = 0;   // owner
    u32 cuid = 0, cgid = 0; // creator
    u32 mode = 0;           // the nine permission bits
};

// All objects of one kind. Has no lock: callers hold msg_lock(), sem_lock(), or for segments the kernel lock.
class IpcIds {
  public:
    constexpr explicit IpcIds(const Relaxed<u32>& most) : most_(most) {}

    // Adds an object, owned by current's effective ids, with its permissions from the low nine bits of `flags`. Returns
    // the new id. NOSPC: there are too many objects; NOMEM.
    Result<s32> add(IpcPerm& object, s32 key, u32 flags);
    void remove(IpcPerm& object); // its id is invalid from here on

    IpcPerm* find(s32 id) const;        // nullptr: no object has this id
    IpcPerm* find_key(s32 key) const;   // nullptr: none has this key, or it is IPC_PRIVATE
    IpcPerm* at_index(s32 index) const; // for the *_STAT commands; nullptr: no object there
    s32 highest_index() const;          // the result of the *_INFO commands; 0 if there is no object
    u32 in_use() const { return in_use_; }
    // The id that the next object gets if its place is free; -1: as it comes (/proc/sys/kernel/*_next_id).
    s32 next_id() const { return next_id_; }
    void set_next_id(s32 id) { next_id_ = id; }

  private:
    bool grow(u32 index); // so that this index has a slot

    IpcPerm** slots_ = nullptr; // by index, from kmalloc; freed while no object is in use
    u32 capacity_ = 0;
    u32 in_use_ = 0;
    s32 next_id_ = -1;
    const Relaxed<u32>& most_; // objects at once: one of ipc_limits (abi/ipc/limits.hpp)
    u32 sequence_ = 0;         // part of the ids, so that the id of a removed object is not used again soon
    s32 last_index_ = -1;
};

// Whether current may access the object as `access` says: read (4) and write (2) bits, in any of the three places of a
// mode. (Linux: the same name.)
bool ipcperms(const IpcPerm& object, u32 access);
inline constexpr u32 IPC_READ_ACCESS = 0444, IPC_WRITE_ACCESS = 0222;

// Whether current may change or remove the object: it is the owner or the creator, or has CAP_SYS_ADMIN.
bool ipc_may_control(const IpcPerm& object);

// The object with this id. INVAL: there is none. (Linux: ipc_obtain_object_check.)
template <class Object>
Result<Object*> ipc_obtain(const IpcIds& ids, s32 id) {
    auto* object = static_cast<Object*>(ids.find(id));
    if (object == nullptr)
        return Err(Errno::INVAL);
    return object;
}

// The same, with a check of ipcperms(). ACCES too.
template <class Object>
Result<Object*> ipc_obtain(const IpcIds& ids, s32 id, u32 access) {
    Object* object = TRY(ipc_obtain<Object>(ids, id));
    if (!ipcperms(*object, access))
        return Err(Errno::ACCES);
    return object;
}

// The same, with a check of ipc_may_control(). PERM too. (Linux: ipcctl_obtain_check.)
template <class Object>
Result<Object*> ipc_obtain_control(const IpcIds& ids, s32 id) {
    Object* object = TRY(ipc_obtain<Object>(ids, id));
    if (!ipc_may_control(*object))
        return Err(Errno::PERM);
    return object;
}

// How a command that reports an object names it: IPC_STAT by its id, *_STAT and *_STAT_ANY by its index. *_STAT_ANY
// needs no permission.
enum class IpcStat : u8 { ById, ByIndex, AnyByIndex };

// The object that such a command reports. INVAL: there is none; ACCES.
template <class Object>
Result<const Object*> ipc_obtain_stat(const IpcIds& ids, s32 id_or_index, IpcStat stat) {
    if (stat == IpcStat::ById)
        return TRY(ipc_obtain<Object>(ids, id_or_index, IPC_READ_ACCESS));
    const auto* object = static_cast<const Object*>(ids.at_index(id_or_index));
    if (object == nullptr)
        return Err(Errno::INVAL);
    if (stat == IpcStat::ByIndex && !ipcperms(*object, IPC_READ_ACCESS))
        return Err(Errno::ACCES);
    return object;
}

// The result of such a command: an index is answered with the id.
inline s32 ipc_stat_result(const IpcPerm& object, IpcStat stat) { return stat == IpcStat::ById ? 0 : object.id; }

// semget(2), shmget(2), msgget(2). make() makes an object and returns its id; check(object) returns an error if an
// existing object does not fit. NOENT, EXIST, ACCES, and the errors of both. Caller holds the lock that guards `ids`.
template <class Make, class Check>
Result<s32> ipcget(IpcIds& ids, s32 key, u32 flags, Make&& make, Check&& check) {
    constexpr u32 CREAT = 01000, EXCL = 02000; // linux/ipc.h
    IpcPerm* found = ids.find_key(key);
    if (found == nullptr) {
        if (key != 0 && (flags & CREAT) == 0)
            return Err(Errno::NOENT);
        return make();
    }
    if ((flags & CREAT) != 0 && (flags & EXCL) != 0)
        return Err(Errno::EXIST);
    TRY_VOID(check(*found));
    if (!ipcperms(*found, flags))
        return Err(Errno::ACCES);
    return found->id;
}

// Convert the owner and the permissions for *_STAT and from IPC_SET.
ipc64_perm ipc_perm_to_user(const IpcPerm& object);
void ipc_update_perm(IpcPerm& object, const ipc64_perm& wanted);

u64 ipc_now(); // seconds since 1970, the unit of all times in the objects

// Stores a time as the reports have it, in two words.
inline void ipc_put_time(unsigned long& low, unsigned long& high, u64 seconds) {
    low = static_cast<unsigned long>(seconds);
    high = static_cast<unsigned long>(seconds >> 32);
}

} // namespace faultline
