// Mistakes that the kernel makes on request, so that you can see what comes of them.
#pragma once

namespace faultline {

// `c` writes through a null pointer, as Linux does when this letter is written to /proc/sysrq-trigger. Two more letters
// exist where lockdep watches (lockdep::WATCHES): `o` takes two locks in both orders, and `s` sleeps with a spin lock
// held. `k` keeps the CPU and the kernel lock for 4 ms, which no system call does. Returns false for any other letter,
// and true if the mistake went unnoticed. The caller holds no lock but the kernel lock.
bool misbehave(char how);

} // namespace faultline
