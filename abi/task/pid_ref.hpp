// The identity of a thread, which outlives the thread (Linux: struct pid). A number is given again after a while; a Pid
// never means another thread. Pidfds and the inodes of /proc/PID hold one.
#pragma once

#include <utility>

#include "base/refcount.hpp"
#include "base/result.hpp"
#include "base/types.hpp"

namespace faultline {

struct Task;

struct Pid {
    s32 number = 0;       // constant
    Task* task = nullptr; // nullptr: the thread is gone. Changed with TaskListLocked and the kernel lock held
    Refcount references{1};
};

void put_pid(Pid& pid); // drops a reference; the last one frees it. Needs no lock

// Holds a reference to a Pid, or to none.
class PidRef {
  public:
    PidRef() = default;
    explicit PidRef(Pid& pid) : pid_(&pid) { pid.references.inc(); }
    PidRef(const PidRef& other) : pid_(other.pid_) {
        if (pid_ != nullptr)
            pid_->references.inc();
    }
    PidRef(PidRef&& other) noexcept : pid_(std::exchange(other.pid_, nullptr)) {}
    PidRef& operator=(PidRef other) noexcept {
        std::swap(pid_, other.pid_);
        return *this;
    }
    ~PidRef() {
        if (pid_ != nullptr)
            put_pid(*pid_);
    }

    explicit operator bool() const { return pid_ != nullptr; }
    s32 number() const { return pid_ != nullptr ? pid_->number : 0; }
    // The thread, zombies included; nullptr: it has been waited for, or there is none. Caller holds the kernel lock,
    // and the pointer is valid until the caller sleeps. (Linux: pid_task.)
    Task* task() const { return pid_ != nullptr ? pid_->task : nullptr; }

  private:
    Pid* pid_ = nullptr;
};

// The identity of a thread in the table of ids. It is made when it is first asked for, so that a fork does not pay for
// it. NOMEM. Caller holds the kernel lock. (Linux: get_task_pid.)
Result<PidRef> get_task_pid(Task& task);

// The thread leaves the table: nobody finds it through its Pid any more. Caller holds TaskListLocked.
void forget_pid(Task& task);

// execve gives the thread that calls it the id of its leader, and with it the identity. Caller holds TaskListLocked.
void exchange_pids(Task& one, Task& other);

} // namespace faultline
