// Access to the memory of the current task, from the kernel. Every access obeys the *user's* permissions: single values
// are accessed with LDRT and STRT (ARM ARM A8.8.92); for LDREX and STREX the descriptors of user pages give the kernel
// no more than the user. Every address is checked against TASK_SIZE. A fault calls do_page_fault(), as a fault of the
// program itself does, unless page faults are disabled (mm/fault.hpp, PagefaultDisabled). If the fault cannot be
// repaired, the exception table turns it into Errno::FAULT.
//
// The caller is a task with an mm. Unless page faults are disabled, the access may sleep: the caller holds no spin lock
// and not the mmap lock.
#pragma once

#include "base/irqs_masked.hpp"
#include "base/result.hpp"

namespace faultline {

constexpr bool access_ok(UserAddr address, u32 bytes) {
    return bytes <= TASK_SIZE && address.value() <= TASK_SIZE - bytes;
}

// Read or write one naturally aligned value. Return FAULT if the access faults or lies outside user memory.
Result<u32> get_user_u32(UserAddr address);
Result<u8> get_user_u8(UserAddr address);
Result<void> put_user_u32(UserAddr address, u32 value);
Result<void> put_user_u8(UserAddr address, u8 value);

// Copy or clear `bytes` bytes. Return the number of bytes NOT copied or cleared, as in Linux; 0 is success. Everything
// before the first fault is done.
[[nodiscard]] u32 copy_from_user(void* to, UserAddr from, u32 bytes);
[[nodiscard]] u32 copy_to_user(UserAddr to, const void* from, u32 bytes);
[[nodiscard]] u32 clear_user(UserAddr to, u32 bytes);

// Copies a NUL-terminated string of at most `size` bytes, its NUL included. Returns its length without the NUL, or
// `size` if there is no NUL in the first `size` bytes; FAULT if an access faults (Linux: strncpy_from_user).
Result<u32> strncpy_from_user(char* to, UserAddr from, u32 size);

// The same copies as a Result: FAULT unless everything was copied.
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

// Whether a program on this CPU could read, or write, the word at this moment. The answer comes from this CPU's TLB and
// from its walker or miss handler. A fault is not reported to any handler; the function returns false. If a write is
// possible, the word is written with its own value. For checkers. The caller may hold any lock.
bool probe_user(UserAddr word, bool write) REQUIRES(irqs_masked);

// The futex accesses (Linux arch/arm/include/asm/futex.h), made with LDREX and STREX. Both are called with page faults
// disabled and the hash bucket's lock held. Both return FAULT if the access faults; nothing has been written then. Their
// caller includes <arch/user_word.hpp>, where they are inline if they are short.
//
// If *address == expected, stores `desired`. Returns the value found; it equals `expected` if `desired` was stored.
Result<u32> futex_atomic_cmpxchg_inatomic(UserAddr address, u32 expected, u32 desired);

// FUTEX_OP_SET … FUTEX_OP_XOR of uapi/linux/futex.h.
enum class FutexAtomicOp : u32 { Set, Add, Or, Andn, Xor };

// *address = *address OP argument. Returns the old value; NOSYS if `op` is none of these.
Result<u32> futex_atomic_op_inuser(FutexAtomicOp op, u32 argument, UserAddr address);

} // namespace faultline
