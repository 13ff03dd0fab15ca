// What a kernel does wrong on purpose, so that anybody can see what comes of it.
#pragma once

namespace faultline {

// `c`: writes through a null pointer, as Linux does when the same letter is written to /proc/sysrq-trigger. Only where
// somebody watches (lockdep::WATCHES) also `o`: takes two locks in both orders, and `s`: sleeps with a spin lock held.
// Returns for other letters, or else because the mistake went unnoticed: whether there is such a letter. For a task that
// holds no lock but the kernel lock.
bool misbehave(char how);

} // namespace faultline
