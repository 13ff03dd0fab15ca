// What base/lockdep.hpp asks about the running task.
#include "base/lockdep.hpp"

#include "mm/fault.hpp"

#ifdef FAULTLINE_DEBUG

namespace faultline {

lockdep::Held& lockdep::held_by_task() { return current_mm_task().held; }
bool lockdep::faults_at_once() { return pagefault_disabled(); }

} // namespace faultline

#endif
