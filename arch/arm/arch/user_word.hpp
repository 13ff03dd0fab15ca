// One word of user memory, inline: a futex call has one such access, and a call with a result that comes back through memory would
// be an eighth of it. arch/contract/uaccess.hpp says what they promise: get_user_word() is get_user_u32().
#pragma once

#include "arch/contract/uaccess.hpp"
#include "base/lockdep.hpp"

namespace faultline {

// The exception-table entry for the instruction at assembler label `label`, which may fault: execution continues at the
// C++ label `fault`. LDRT and STRT may write their base register back, so no other operand may share it.
#define EX_TABLE_ENTRY(label)                                                                                          \
    ".pushsection __ex_table, \"a\"\n\t"                                                                               \
    ".word " label "b, %l[fault]\n\t"                                                                                  \
    ".popsection\n\t"

// Reads one value with `instruction`.
#define GET_USER(name, Value, instruction)                                                                             \
    [[gnu::always_inline]] inline Result<Value> name(UserAddr address) {                                               \
        if (!access_ok(address, sizeof(Value)))                                                                        \
            return Err(Errno::FAULT);                                                                                  \
        lockdep::might_fault();                                                                                        \
        u32 value;                                                                                                     \
        asm volatile goto("1: " instruction " %0, [%1]\n\t" EX_TABLE_ENTRY("1")                                        \
                          : "=&r"(value)                                                                               \
                          : "r"(address.value())                                                                       \
                          : "memory"                                                                                   \
                          : fault);                                                                                    \
        return static_cast<Value>(value);                                                                              \
    fault:                                                                                                             \
        return Err(Errno::FAULT);                                                                                      \
    }

GET_USER(get_user_word, u32, "ldrt")

[[gnu::always_inline]] inline Result<u32> futex_atomic_cmpxchg_inatomic(UserAddr address, u32 expected, u32 desired) {
    if (!access_ok(address, sizeof(u32)))
        return Err(Errno::FAULT);
    lockdep::might_fault();
    u32 found;
    u32 failed;
    asm volatile goto("dmb ish\n"
                      "1: ldrex %0, [%2]\n\t"
                      "cmp %0, %3\n\t"
                      "bne 3f\n"
                      "2: strex %1, %4, [%2]\n\t"
                      "cmp %1, #0\n\t"
                      "bne 1b\n"
                      "3: dmb ish\n\t" EX_TABLE_ENTRY("1") EX_TABLE_ENTRY("2")
                      : "=&r"(found), "=&r"(failed)
                      : "r"(address.value()), "r"(expected), "r"(desired)
                      : "cc", "memory"
                      : fault);
    return found;
fault:
    return Err(Errno::FAULT);
}

// Replaces the word at `address` atomically by the result of `instruction` on it and `argument`. Returns the old word.
#define FUTEX_ATOMIC_OP(name, instruction)                                                                             \
    [[gnu::always_inline]] inline Result<u32> name(u32 address, u32 argument) {                                        \
        u32 old;                                                                                                       \
        u32 result;                                                                                                    \
        u32 failed;                                                                                                    \
        asm volatile goto("dmb ish\n"                                                                                  \
                          "1: ldrex %0, [%3]\n\t" instruction "\n"                                                     \
                          "2: strex %2, %1, [%3]\n\t"                                                                  \
                          "cmp %2, #0\n\t"                                                                             \
                          "bne 1b\n\t"                                                                                 \
                          "dmb ish\n\t" EX_TABLE_ENTRY("1") EX_TABLE_ENTRY("2")                                        \
                          : "=&r"(old), "=&r"(result), "=&r"(failed)                                                   \
                          : "r"(address), "r"(argument)                                                                \
                          : "cc", "memory"                                                                             \
                          : fault);                                                                                    \
        return old;                                                                                                    \
    fault:                                                                                                             \
        return Err(Errno::FAULT);                                                                                      \
    }

FUTEX_ATOMIC_OP(futex_atomic_set, "mov %1, %4")
FUTEX_ATOMIC_OP(futex_atomic_add, "add %1, %0, %4")
FUTEX_ATOMIC_OP(futex_atomic_or, "orr %1, %0, %4")
FUTEX_ATOMIC_OP(futex_atomic_andn, "bic %1, %0, %4")
FUTEX_ATOMIC_OP(futex_atomic_xor, "eor %1, %0, %4")
#undef FUTEX_ATOMIC_OP

[[gnu::always_inline]] inline Result<u32> futex_atomic_op_inuser(FutexAtomicOp op, u32 argument, UserAddr address) {
    if (!access_ok(address, sizeof(u32)))
        return Err(Errno::FAULT);
    lockdep::might_fault();
    switch (op) {
    case FutexAtomicOp::Set:
        return futex_atomic_set(address.value(), argument);
    case FutexAtomicOp::Add:
        return futex_atomic_add(address.value(), argument);
    case FutexAtomicOp::Or:
        return futex_atomic_or(address.value(), argument);
    case FutexAtomicOp::Andn:
        return futex_atomic_andn(address.value(), argument);
    case FutexAtomicOp::Xor:
        return futex_atomic_xor(address.value(), argument);
    }
    return Err(Errno::NOSYS);
}

} // namespace faultline
