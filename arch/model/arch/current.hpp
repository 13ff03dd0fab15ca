// The task that runs on this CPU.
#pragma once

namespace faultline {

struct Task;

Task* current();
void set_current(Task* task);

} // namespace faultline
