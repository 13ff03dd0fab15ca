// The other CPUs.
#pragma once

namespace faultline {

// Starts every CPU of the machine; returns when they are idle. Once, on the boot CPU, after init_scheduler(). One that
// does not come is left out, with a message.
void bring_up_cpus();

} // namespace faultline
