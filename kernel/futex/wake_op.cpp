// FUTEX_WAKE_OP: change one word, wake waiters of two. (Linux 6.1 kernel/futex/waitwake.c futex_wake_op.)
#include <arch/user_word.hpp>

#include "kernel/futex/fault_in.hpp"
#include "kernel/futex/livelock.hpp"
#include "kernel/futex/operations.hpp"
#include "kernel/futex/queue.hpp"
#include "mm/fault.hpp"

namespace faultline {

namespace {

// Bits of an encoded operation, as FUTEX_OP() of linux/futex.h puts them together:
//   | 31: oparg is a shift | 30 … 28: op | 27 … 24: cmp | 23 … 12: oparg | 11 … 0: cmparg |
struct Field {
    u32 first_bit, bits;
};
constexpr Field OP = {28, 3}, CMP = {24, 4}, OPARG = {12, 12}, CMPARG = {0, 12};
constexpr u32 OPARG_IS_SHIFT = u32{FUTEX_OP_OPARG_SHIFT} << OP.first_bit;

constexpr u32 get(Field field, u32 word) { return (word >> field.first_bit) & ((1u << field.bits) - 1); }
constexpr s32 get_signed(Field field, u32 word) {
    return static_cast<s32>(word << (32 - field.bits - field.first_bit)) >> (32 - field.bits);
}

static_assert(FutexAtomicOp{FUTEX_OP_SET} == FutexAtomicOp::Set && FutexAtomicOp{FUTEX_OP_ADD} == FutexAtomicOp::Add &&
              FutexAtomicOp{FUTEX_OP_OR} == FutexAtomicOp::Or && FutexAtomicOp{FUTEX_OP_ANDN} == FutexAtomicOp::Andn &&
              FutexAtomicOp{FUTEX_OP_XOR} == FutexAtomicOp::Xor);

constexpr u32 argument_of(u32 encoded) {
    const s32 argument = get_signed(OPARG, encoded);
    if ((encoded & OPARG_IS_SHIFT) != 0)
        return u32{1} << (argument & 31); // Linux takes bad shifts modulo 32
    return static_cast<u32>(argument);
}

Result<bool> compare(u32 encoded, s32 old_value) {
    const s32 compared_with = get_signed(CMPARG, encoded);
    switch (get(CMP, encoded)) {
    case FUTEX_OP_CMP_EQ:
        return old_value == compared_with;
    case FUTEX_OP_CMP_NE:
        return old_value != compared_with;
    case FUTEX_OP_CMP_LT:
        return old_value < compared_with;
    case FUTEX_OP_CMP_LE:
        return old_value <= compared_with;
    case FUTEX_OP_CMP_GT:
        return old_value > compared_with;
    case FUTEX_OP_CMP_GE:
        return old_value >= compared_with;
    default:
        return Err(Errno::NOSYS);
    }
}

// Changes the word, with page faults disabled. Returns its old value.
inline Result<u32> change_word(u32 encoded, UserAddr address) {
    PagefaultDisabled atomic;
    return futex_atomic_op_inuser(FutexAtomicOp{get(OP, encoded)}, argument_of(encoded), address);
}

// The same, and whether the old value passes the comparison.
inline Result<bool> futex_atomic_op(u32 encoded, UserAddr address) {
    return compare(encoded, static_cast<s32>(TRY(change_word(encoded, address))));
}

// One attempt. FAULT: the word could not be written under the lock, and nothing has changed.
inline CountResult wake_op_locked(const FutexKey& key1, FutexHashBucket& bucket1, const FutexKey& key2,
                                  FutexHashBucket& bucket2, UserAddr address2, s32 nr_wake, s32 nr_wake2,
                                  u32 encoded_op) {
    const BothLocked locks(bucket1.lock, bucket2.lock);
    const bool wake_second = TRY(futex_atomic_op(encoded_op, address2));
    u32 woken = TRY(wake_waiters(bucket1, key1, nr_wake, FUTEX_BITSET_MATCH_ANY));
    if (wake_second)
        woken += TRY(wake_waiters(bucket2, key2, nr_wake2, FUTEX_BITSET_MATCH_ANY));
    return woken;
}

} // namespace

CountResult futex_wake_op(UserAddr address1, FutexScope scope, UserAddr address2, s32 nr_wake, s32 nr_wake2,
                          u32 encoded_op) {
    LivelockDetector livelock;
    while (true) {
        FutexKey key1, key2;
        TRY_VOID(get_futex_key(address1, scope, FutexAccess::Read, key1));
        TRY_VOID(get_futex_key(address2, scope, FutexAccess::Write, key2));
        FutexHashBucket &bucket1 = futex_hash(key1), &bucket2 = futex_hash(key2);
        do {
            const auto woken = wake_op_locked(key1, bucket1, key2, bucket2, address2, nr_wake, nr_wake2, encoded_op);
            if (!woken.is(Errno::FAULT))
                return woken;
            TRY_VOID(prepare_next_attempt(livelock, "FUTEX_WAKE_OP", address2, FutexAccess::Write));
        } while (scope == FutexScope::Private);
    }
}

} // namespace faultline
