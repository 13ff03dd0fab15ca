// The kernel lock, and the flag that says whether it is needed.
#include "kernel/sched/kernel_lock.hpp"

#include "base/spinlock.hpp"

namespace faultline {

namespace {

constinit SpinLock kernel_lock{"kernel_lock", lockdep::Kind::GivenUpInSleep};

} // namespace

constinit bool kernel_lock_detail::needed = false;
void kernel_lock_detail::lock() { kernel_lock.lock(); }
void kernel_lock_detail::unlock() { kernel_lock.unlock(); }

void make_kernel_lock_work() { kernel_lock_detail::needed = true; }

} // namespace faultline
