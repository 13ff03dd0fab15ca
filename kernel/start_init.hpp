// The seam between a kernel and what it is booted for.
#pragma once

namespace faultline {

// Creates the first task; called once, by start_kernel(), which then idles. The kernel's own (start_init.cpp)
// starts process 1; the self-test kernel is linked with another.
void start_init();

} // namespace faultline
