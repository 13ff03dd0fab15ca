// Starting the other CPUs.
#pragma once

namespace faultline {

// Starts every other CPU of the machine, and returns when they are idle. Called once, on the boot CPU, after
// init_scheduler(). A CPU that does not start is left out, with a message.
void bring_up_cpus();

} // namespace faultline
