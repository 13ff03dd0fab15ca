// Where kernel stacks are mapped. In the debug kernel each has an address of its own, with a guard below it: a range of
// KERNEL_STACK_SIZE in which nothing is mapped, so that an overflow faults at once. It is reported from another stack
// (arch/arm/stack_overflow.S). Elsewhere a stack is used where it is, in the linear mapping. (Linux: CONFIG_VMAP_STACK.)
#pragma once

#include "arch/contract/memory.hpp"

namespace faultline {

#ifdef FAULTLINE_DEBUG

// Makes room for as many stacks as fit into RAM. Once, at boot, after init_page_allocator(). Panics without memory.
void init_kernel_stacks();

// Maps a block of KERNEL_STACK_SIZE, aligned to its size, as a kernel stack, and returns its lowest address there; nullptr:
// no address is free. Any CPU can use it at once. Takes a spin lock; not from interrupts.
void* map_kernel_stack(PhysAddr block);

// Undoes that, on all CPUs, and returns the block. No CPU uses the stack. Takes a spin lock; not from interrupts.
PhysAddr unmap_kernel_stack(void* stack);

#else

inline void init_kernel_stacks() {}
inline void* map_kernel_stack(PhysAddr block) { return phys_to_virt(block); }
inline PhysAddr unmap_kernel_stack(void* stack) { return virt_to_phys(stack); }

#endif

} // namespace faultline
