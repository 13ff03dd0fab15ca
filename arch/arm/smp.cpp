// Calls to other CPUs.
#include "arch/contract/machine.hpp"
#include "base/assert.hpp"

namespace faultline {

void machine::smp_call_function_many(u32 cpus, void (*)(void*), void*) {
    BUG_ON(cpus != 0); // this kernel starts no other CPU
}

} // namespace faultline
