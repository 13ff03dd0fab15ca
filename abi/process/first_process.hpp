// The task that becomes process 1.
#pragma once

#include "kernel/sched/task.hpp"

namespace faultline {

// Makes process 1, with an empty table of descriptors and root and working directories, and returns its task. The task
// runs `function(argument)` in the kernel with the kernel lock held. `function` must not return; it may release the
// lock and call return_to_user(). Call once, at boot. Panics if there is no memory.
Task& start_first_process(void (*function)(void*), void* argument);

} // namespace faultline
