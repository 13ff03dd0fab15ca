// The task that becomes process 1.
#pragma once

#include "kernel/sched/task.hpp"

namespace faultline {

// A task of process 1 to be that runs `function` in the kernel, with files and a place in the tree of its
// own. Panics without memory: it is boot. `function` has the kernel lock; without it, it may end in return_to_user().
Task& start_first_process(void (*function)(void*), void* argument);

} // namespace faultline
