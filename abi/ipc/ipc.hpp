// What the System V objects have in common: a key to find them by, a number to use them by, an owner, and
// permissions (sysvipc(7); Linux ipc/util.c).
#pragma once

#include <asm/ipcbuf.h>

#include "base/result.hpp"
#include "base/types.hpp"

namespace faultline {

struct IpcPerm {
    s32 key = 0; // IPC_PRIVATE: cannot be found
    s32 id = -1;
    u32 uid = 0, gid = 0;   // owner
    u32 cuid = 0, cgid = 0; // creator
    u32 mode = 0;           // the nine permission bits
};

// The objects of one kind. Callers serialise.
class IpcIds {
  public:
    constexpr explicit IpcIds(u32 most) : most_(most) {}

    // Takes an object in: owned by current, found under `key`, with the permissions in `flags`. Returns its id.
    // NOSPC: there are too many; NOMEM.
    Result<s32> add(IpcPerm& object, s32 key, u32 flags);
    void remove(IpcPerm& object); // its number stops to mean it

    IpcPerm* find(s32 id) const;        // nullptr: no such, or no more
    IpcPerm* find_key(s32 key) const;   // nullptr also for IPC_PRIVATE
    IpcPerm* at_index(s32 index) const; // for *_STAT commands; nullptr: none there
    s32 highest_index() const;          // what *_INFO commands return; 0 if there is none
    u32 in_use() const { return in_use_; }

  private:
    bool grow();

    IpcPerm** slots_ = nullptr; // by index; only there while something is in use
    u32 capacity_ = 0;
    u32 in_use_ = 0;
    u32 most_;
    u32 sequence_ = 0; // goes into ids, so that the number of a removed object does not come back at once
    s32 last_index_ = -1;
};

// Whether current may access the object as `access` says: read and write bits (4, 2), in any of mode's three
// places.
bool ipcperms(const IpcPerm& object, u32 access);
inline constexpr u32 IPC_READ_ACCESS = 0444, IPC_WRITE_ACCESS = 0222;

// Whether current may change or remove it: owner, creator, or CAP_SYS_ADMIN.
bool ipc_may_control(const IpcPerm& object);

// The object with this id. (Linux: ipc_obtain_object_check.) INVAL.
template <class Object>
Result<Object*> ipc_obtain(const IpcIds& ids, s32 id) {
    auto* object = static_cast<Object*>(ids.find(id));
    if (object == nullptr)
        return Err(Errno::INVAL);
    return object;
}

// The same, to be used like this. ACCES too.
template <class Object>
Result<Object*> ipc_obtain(const IpcIds& ids, s32 id, u32 access) {
    Object* object = TRY(ipc_obtain<Object>(ids, id));
    if (!ipcperms(*object, access))
        return Err(Errno::ACCES);
    return object;
}

// The same, to be changed or removed. (Linux: ipcctl_obtain_check.) PERM too.
template <class Object>
Result<Object*> ipc_obtain_control(const IpcIds& ids, s32 id) {
    Object* object = TRY(ipc_obtain<Object>(ids, id));
    if (!ipc_may_control(*object))
        return Err(Errno::PERM);
    return object;
}

// What a command that reports the state of an object is given: IPC_STAT its id, *_STAT and *_STAT_ANY its index; the last
// may be used by anybody.
enum class IpcStat : u8 { ById, ByIndex, AnyByIndex };

// The object of such a command. INVAL, ACCES.
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

// What it returns: who asked by index learns the id.
inline s32 ipc_stat_result(const IpcPerm& object, IpcStat stat) { return stat == IpcStat::ById ? 0 : object.id; }

// semget(2), shmget(2), msgget(2): `make()` makes an object and returns its id; `check(object)` says what else
// must hold of one that is there. NOENT, EXIST, ACCES; their errors.
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

// As *_STAT reports it and IPC_SET takes it.
ipc64_perm ipc_perm_to_user(const IpcPerm& object);
void ipc_update_perm(IpcPerm& object, const ipc64_perm& wanted);

u64 ipc_now(); // seconds since 1970, as the objects' times are

// A time as the reports have it, in two halves.
inline void ipc_put_time(unsigned long& low, unsigned long& high, u64 seconds) {
    low = static_cast<unsigned long>(seconds);
    high = static_cast<unsigned long>(seconds >> 32);
}

} // namespace faultline
