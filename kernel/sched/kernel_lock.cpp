// The kernel lock.
#include "kernel/sched/kernel_lock.hpp"

namespace faultline {

constinit KernelLock kernel_lock;

// Out of line: each system call begins and ends with one.
void KernelLock::take() { lock_.lock(); }
void KernelLock::give_up() { lock_.unlock(); }

} // namespace faultline
