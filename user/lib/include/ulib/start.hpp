// What the kernel tells the program at its start.
#pragma once

namespace faultline {

// The value of an auxiliary vector entry (AT_… of <linux/auxvec.h>; getauxval(3)), or 0 if the kernel gave none.
unsigned long auxiliary_value(unsigned long type);

} // namespace faultline
