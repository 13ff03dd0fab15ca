// The points at which the order of CPUs can matter. The machine's header <arch/processor.hpp> defines them; this header
// stands in base/ because arch/contract/, which knows no machine, needs them too:
//
//   schedule_point(what)   Placed just before a CPU accesses something that another CPU may access at that moment: a
//                          table entry, a lock, a TLB, user memory. `what` is for reports. It does nothing on the
//                          target. The modelled machine may let other CPUs act first, so that tests reach every order
//                          of such steps. Callable anywhere.
//   release_point(what)    Placed just after a CPU has released a lock. Correct code does not need a scheduling point
//                          here. The modelled machine can add one to find code that breaks the locking rules.
//   spin_until(condition)  Returns when condition() is true; another CPU makes it true. (Linux: smp_cond_load_acquire,
//                          but here the condition chooses its memory order.) Callable anywhere.
//   memory_order_dependent The order of a load whose value leads to the data that it is about: a pointer, an entry.
#pragma once

#include <arch/processor.hpp>
