// Mistakes that the kernel makes on request, so that you can see what comes of them.
#pragma once

namespace faultline {

// `c` writes through a null pointer, as Linux does when this letter is written to /proc/sysrq-trigger. `k` keeps the CPU and
// the kernel lock for 4 ms, which no system call does. The debug kernel (lockdep::WATCHES) has more letters:
//
//   o  takes two locks in both orders
//   s  sleeps with a spin lock held
//   u  adds 1 to the largest number of a signed type
//   r  calls itself until the stack is full
//   i  masks interrupts for 11 ms; n for 9 ms, which is permitted
//   h  sleeps for ten seconds in a state that nothing ends
//   l  waits for four seconds as for a spin lock, without the kernel lock and with interrupts on
//
// Returns false for any other letter, and true if the kernel survived. The caller holds no lock but the kernel lock.
bool misbehave(char how);

} // namespace faultline
