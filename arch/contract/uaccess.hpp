// Access to the memory of the current task, from the kernel. Every access obeys the *user's* permissions (ARM ARM
// A8.8.92 LDRT; for LDREX/STREX the descriptors of user pages give the kernel no more than the user), and every
// address is checked against TASK_SIZE. A fault calls do_page_fault as the user's own would, unless page faults are
// disabled (mm/fault.hpp, pagefault_disable); what cannot be repaired becomes Errno::FAULT through the exception table.
//
// Callable from a task with an mm; without pagefault_disable the caller may sleep and must hold no spin lock and not
// the mmap lock.
#pragma once

#include "base/result.hpp"

namespace faultline {

constexpr bool access_ok(UserAddr address, u32 bytes) {
    return bytes <= TASK_SIZE && address.value() <= TASK_SIZE - bytes;
}

// One naturally aligned value. FAULT.
Result<u32> get_user_u32(UserAddr address);
Result<u8> get_user_u8(UserAddr address);
Result<void> put_user_u32(UserAddr address, u32 value);
Result<void> put_user_u8(UserAddr address, u8 value);

// Linux: copy_from_user, copy_to_user, clear_user return the bytes NOT copied; so do these. 0 is success. What lies
// before the first fault is copied.
[[nodiscard]] u32 copy_from_user(void* to, UserAddr from, u32 bytes);
[[nodiscard]] u32 copy_to_user(UserAddr to, const void* from, u32 bytes);
[[nodiscard]] u32 clear_user(UserAddr to, u32 bytes);

// Copies a NUL-terminated string of at most `size` bytes with its NUL; returns its length without NUL, or `size` if
// no NUL was met (Linux strncpy_from_user). FAULT.
Result<u32> strncpy_from_user(char* to, UserAddr from, u32 size);

// The same copies as a Result: FAULT unless all was copied.
inline Result<void> copy_struct_from_user(void* to, UserAddr from, u32 bytes) {
    if (copy_from_user(to, from, bytes) != 0)
        return Err(Errno::FAULT);
    return {};
}
inline Result<void> copy_struct_to_user(UserAddr to, const void* from, u32 bytes) {
    if (copy_to_user(to, from, bytes) != 0)
        return Err(Errno::FAULT);
    return {};
}

// Whether a program on this CPU could read, or write, the word just now: its TLB decides, and what its walker or miss
// handler finds; a fault calls nobody. A write that could be made is made, with the value that was there. For checkers;
// interrupts masked, any task, any lock held.
bool probe_user(UserAddr word, bool write);

// The futex accesses (Linux arch/arm/include/asm/futex.h), with LDREX/STREX. Both are called with page faults
// disabled and the hash bucket's lock held; both return FAULT if the access faults, having written nothing.
//
// If *address == expected stores `desired`. Returns the value found; equal to `expected` means it was stored.
Result<u32> futex_atomic_cmpxchg_inatomic(UserAddr address, u32 expected, u32 desired);

// *address = *address OP argument, with OP one of Linux's FUTEX_OP_SET, ADD, OR, ANDN, XOR (uapi/linux/futex.h,
// 0 … 4). Returns the old value. NOSYS for another OP.
Result<u32> futex_atomic_op_inuser(u32 op, u32 argument, UserAddr address);

} // namespace faultline
