// What one user has of the kernel: counts that limits are compared with, and memory that has no limit of its own. A user is
// a real user id, whatever its processes are. (Linux: struct user_struct, struct ucounts.)
//
//   UserStruct ◄── each Cred, each queued signal, each pipe …: a reference, so that what was counted is given back to
//                  the same user, whoever does that and whatever ids it has by then
//
// The counts are atomic, and need no lock: a limit is checked by counting first, and giving back if that was too much.
#pragma once

#include <atomic>
#include <utility>

#include "base/refcount.hpp"
#include "base/types.hpp"

namespace faultline {

struct UserStruct {
    UserStruct* next = nullptr; // of all users; guarded by their lock (user.cpp)
    u32 uid = 0;
    Refcount references{1};
    std::atomic<u32> sigpending = 0;    // queued signals and timers: RLIMIT_SIGPENDING
    std::atomic<u32> processes = 0;     // threads, until they are freed: RLIMIT_NPROC
    std::atomic<u32> locked_shm = 0;    // pages of segments that are locked: RLIMIT_MEMLOCK
    std::atomic<u32> pipe_slots = 0;    // of all its pipes: pipe-user-pages-soft, pipe-user-pages-hard
    std::atomic<u32> kernel_memory = 0; // in bytes: what UserCharge counts
};

// The user with this id, with a reference; nullptr: no memory. get_uid() takes one more; free_uid() drops one, and the last
// forgets the user. Callable from anywhere. (Linux: the same names.)
[[nodiscard]] UserStruct* alloc_uid(u32 uid);
inline UserStruct& get_uid(UserStruct& user) {
    user.references.inc();
    return user;
}
void free_uid(UserStruct& user);

// The most that the objects without a limit of their own may take of a user, in bytes: a quarter of all memory. Linux has
// no such limit without a memory cgroup (docs/memory.md).
u32 user_kernel_memory_max();

// What an object takes of its user's share, as long as this lives. What a privileged task takes is not counted.
class [[nodiscard]] UserCharge {
  public:
    UserCharge() = default;
    UserCharge(UserCharge&& other) noexcept
        : user_(std::exchange(other.user_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
    UserCharge& operator=(UserCharge&& other) noexcept {
        std::swap(user_, other.user_);
        std::swap(bytes_, other.bytes_);
        return *this;
    }
    ~UserCharge();

    // Adds `bytes` to what it has; the first call decides that it is current's user who pays. False: that would be more than
    // the share, and nothing has changed.
    [[nodiscard]] bool take(u32 bytes);
    void give_back(u32 bytes); // not more than it has: the rest was not counted

  private:
    UserStruct* user_ = nullptr; // with a reference
    u32 bytes_ = 0;
};

} // namespace faultline
