// Ids, keys and permissions of the System V objects.
#include "abi/ipc/ipc.hpp"

#include <linux/capability.h>
#include <linux/ipc.h>

#include <algorithm>
#include <utility>

#include "abi/cred/cred.hpp"
#include "abi/time/realtime.hpp"
#include "mm/kmalloc.hpp"
#include "mm/slab.hpp"

namespace faultline {

namespace {

constexpr u32 INDEX_BITS = 15, SEQUENCE_MAX = 0xffff; // so that ids are positive (Linux IPCMNI_SHIFT)
constexpr u32 FIRST_CAPACITY = 16;
constexpr u32 MODE_MASK = 0777;

u32 index_of(s32 id) { return static_cast<u32>(id) & ((1u << INDEX_BITS) - 1); }

} // namespace

bool IpcIds::grow(u32 index) {
    u32 capacity = capacity_ == 0 ? FIRST_CAPACITY : capacity_;
    while (capacity <= index)
        capacity *= 2;
    if (capacity == capacity_)
        return true;
    auto** slots = static_cast<IpcPerm**>(kmalloc(capacity * sizeof(IpcPerm*)));
    if (slots == nullptr)
        return false;
    std::copy_n(slots_, capacity_, slots);
    std::fill(slots + capacity_, slots + capacity, nullptr);
    kfree(slots_);
    slots_ = slots;
    capacity_ = capacity;
    return true;
}

Result<s32> IpcIds::add(IpcPerm& object, s32 key, u32 flags) {
    const u32 most = most_;
    if (in_use_ >= most)
        return Err(Errno::NOSPC);
    // A chosen id is a sequence number, and the first index to look at (Linux: ipc_idr_alloc).
    const s32 chosen = std::exchange(next_id_, -1);
    const u32 first = chosen >= 0 ? index_of(chosen) : 0;
    if (first >= most)
        return Err(Errno::NOSPC);
    if (!grow(first))
        return Err(Errno::NOMEM);
    const auto index = static_cast<s32>(std::find(slots_ + first, slots_ + capacity_, nullptr) - slots_);
    if (static_cast<u32>(index) >= most)
        return Err(Errno::NOSPC);
    if (!grow(static_cast<u32>(index)))
        return Err(Errno::NOMEM);
    u32 sequence = static_cast<u32>(chosen) >> INDEX_BITS;
    if (chosen < 0) {
        // This index may have been another object's.
        if (index <= last_index_)
            sequence_ = sequence_ == SEQUENCE_MAX ? 0 : sequence_ + 1;
        last_index_ = index;
        sequence = sequence_;
    }
    const Cred& cred = current_cred();
    object.key = key;
    object.id = static_cast<s32>(sequence << INDEX_BITS | static_cast<u32>(index));
    object.uid = object.cuid = cred.euid;
    object.gid = object.cgid = cred.egid;
    object.mode = flags & MODE_MASK;
    slots_[index] = &object;
    ++in_use_;
    return object.id;
}

void IpcIds::remove(IpcPerm& object) {
    slots_[index_of(object.id)] = nullptr;
    if (--in_use_ != 0)
        return;
    kfree(slots_);
    slots_ = nullptr;
    capacity_ = 0;
}

IpcPerm* IpcIds::at_index(s32 index) const {
    return index >= 0 && static_cast<u32>(index) < capacity_ ? slots_[index] : nullptr;
}

IpcPerm* IpcIds::find(s32 id) const {
    if (id < 0)
        return nullptr;
    IpcPerm* object = at_index(static_cast<s32>(index_of(id)));
    return object != nullptr && object->id == id ? object : nullptr;
}

IpcPerm* IpcIds::find_key(s32 key) const {
    if (key == IPC_PRIVATE)
        return nullptr;
    for (u32 i = 0; i < capacity_; ++i)
        if (slots_[i] != nullptr && slots_[i]->key == key)
            return slots_[i];
    return nullptr;
}

s32 IpcIds::highest_index() const {
    u32 end = capacity_;
    while (end > 1 && slots_[end - 1] == nullptr)
        --end;
    return end == 0 ? 0 : static_cast<s32>(end - 1);
}

bool ipcperms(const IpcPerm& object, u32 access) {
    const Cred& cred = current_cred();
    const u32 wanted = access >> 6 | access >> 3 | access;
    u32 granted = object.mode;
    if (cred.euid == object.cuid || cred.euid == object.uid)
        granted >>= 6;
    else if (in_group_p(object.cgid) || in_group_p(object.gid))
        granted >>= 3;
    return (wanted & ~granted & 7) == 0 || capable(CAP_IPC_OWNER);
}

bool ipc_may_control(const IpcPerm& object) {
    const u32 uid = current_cred().euid;
    return uid == object.cuid || uid == object.uid || capable(CAP_SYS_ADMIN);
}

ipc64_perm ipc_perm_to_user(const IpcPerm& object) {
    ipc64_perm out = {};
    out.key = object.key;
    out.uid = object.uid;
    out.gid = object.gid;
    out.cuid = object.cuid;
    out.cgid = object.cgid;
    out.mode = static_cast<__kernel_mode_t>(object.mode);
    out.seq = static_cast<unsigned short>(static_cast<u32>(object.id) >> INDEX_BITS);
    return out;
}

void ipc_update_perm(IpcPerm& object, const ipc64_perm& wanted) {
    object.uid = wanted.uid;
    object.gid = wanted.gid;
    object.mode = (object.mode & ~MODE_MASK) | (wanted.mode & MODE_MASK);
}

u64 ipc_now() { return realtime_ns() / NSEC_PER_SEC; }

} // namespace faultline
