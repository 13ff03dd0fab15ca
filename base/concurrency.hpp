// Where the order in which CPUs act can matter, said by the machine's own header (it stands in base/ because the
// contract, which may not know a machine, needs it too):
//
//   schedule_point(what)   just before a CPU touches what another may touch at that moment: a table entry, a lock, a
//                          TLB, a user's memory. `what` is for reports. Nothing at all on the target; the modelled
//                          machine may let other CPUs act first, so that tests reach every order of such steps.
//                          Callable anywhere.
//   release_point(what)    just after a CPU has given up a lock. Who keeps to the rules touches nothing there that another may
//                          touch, so it need not be asked about as a rule; the modelled machine may do so to find who does
//                          not.
//   spin_until(condition)  returns once condition() is true, which another CPU makes it. (Linux: smp_cond_load_acquire;
//                          the condition brings its own memory order.)
#pragma once

#include <arch/processor.hpp>
