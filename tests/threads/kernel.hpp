// The tasks of tests/threads: one for each CPU, with the CPU's number plus one as thread id.
#pragma once

#include <array>

#include "arch/contract/machine.hpp"
#include "kernel/sched/task.hpp"

namespace faultline::threads {

extern std::array<Task, machine::MAX_CPUS> tasks;

} // namespace faultline::threads
