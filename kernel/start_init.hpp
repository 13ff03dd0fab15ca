// The first task: where the kernel and the self-test kernel differ.
#pragma once

namespace faultline {

// Creates the first task. Called once, by start_kernel(), which then idles. The one of start_init.cpp starts process 1;
// the self-test kernel is linked with another.
void start_init();

} // namespace faultline
