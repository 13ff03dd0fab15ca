// The task that runs on the acting CPU of the modelled machine; nullptr at first.
#pragma once

namespace faultline {

struct Task;

Task* current();
void set_current(Task* task);

} // namespace faultline
