// arch/contract/uaccess.hpp on the modelled machine. The selected CPU makes each access, with the user's permissions. A
// fault goes to Machine::on_fault, which stands for the abort handler.
#include "arch/contract/uaccess.hpp"

#include <algorithm>
#include <cstring>

#include "arch/model/machine.hpp"
#include "base/lockdep.hpp"

namespace faultline {

using model::AccessType;
using model::Machine;
using model::Mode;
using model::Outcome;

namespace {

template <class T>
Result<T> get_user(UserAddr address) {
    if (!access_ok(address, sizeof(T)))
        return Err(Errno::FAULT);
    lockdep::might_fault();
    Machine& machine = Machine::get();
    const auto value = machine.perform([&] { return machine.load(address.value(), sizeof(T), Mode::Unprivileged); });
    if (!value)
        return Err(Errno::FAULT);
    return static_cast<T>(*value);
}

template <class T>
Result<void> put_user(UserAddr address, T value) {
    if (!access_ok(address, sizeof(T)))
        return Err(Errno::FAULT);
    lockdep::might_fault();
    Machine& machine = Machine::get();
    if (!machine.perform([&] { return machine.store(address.value(), value, sizeof(T), Mode::Unprivileged); }))
        return Err(Errno::FAULT);
    return {};
}

// Calls chunk(host pointer, offset, length) for each part of the range that lies in one page, once it is accessible.
// Returns the number of bytes not reached.
template <class Chunk>
u32 for_each_chunk(UserAddr start, u32 bytes, AccessType type, Chunk chunk) {
    if (!access_ok(start, bytes))
        return bytes;
    lockdep::might_fault();
    Machine& machine = Machine::get();
    for (u32 done = 0; done < bytes;) {
        const u32 address = start.value() + done;
        const u32 length = std::min(bytes - done, PAGE_SIZE - (address & ~PAGE_MASK));
        const auto physical = machine.perform(
            [&] { return machine.translate(address, {.type = type, .privileged = false}, Mode::Unprivileged); });
        if (!physical)
            return bytes - done;
        chunk(machine.memory.at(*physical), done, length);
        done += length;
    }
    return 0;
}

// Loads the word exclusively and stores the value that change(old) computes, until the store succeeds. If change()
// returns false, nothing is stored. Returns the old value; FAULT if an access faults, and nothing is written then.
template <class Change>
Result<u32> exclusive(UserAddr address, Change change) {
    if (!access_ok(address, sizeof(u32)))
        return Err(Errno::FAULT);
    Machine& machine = Machine::get();
    for (;;) {
        u32 old = 0;
        const auto failed = machine.perform([&]() -> Outcome {
            const Outcome loaded = machine.load_exclusive(address.value());
            u32 desired = 0;
            if (!loaded.ok())
                return loaded;
            old = loaded.value;
            if (!change(old, desired))
                return {};
            return machine.store_exclusive(address.value(), desired);
        });
        if (!failed)
            return Err(Errno::FAULT);
        if (*failed == 0)
            return old;
    }
}

} // namespace

Result<u32> get_user_u32(UserAddr address) { return get_user<u32>(address); }
Result<u8> get_user_u8(UserAddr address) { return get_user<u8>(address); }
Result<void> put_user_u32(UserAddr address, u32 value) { return put_user(address, value); }
Result<void> put_user_u8(UserAddr address, u8 value) { return put_user(address, value); }

// A checker calls this from outside, so it is no step of the modelled CPUs.
bool probe_user(UserAddr word, bool write) {
    const AccessType type = write ? AccessType::Write : AccessType::Read;
    return Machine::get().translate(word.value(), {.type = type, .privileged = false}, Mode::User).ok();
}

u32 copy_from_user(void* to, UserAddr from, u32 bytes) {
    return for_each_chunk(from, bytes, AccessType::Read, [to](const u8* host, u32 offset, u32 length) {
        std::memcpy(static_cast<u8*>(to) + offset, host, length);
    });
}

u32 copy_to_user(UserAddr to, const void* from, u32 bytes) {
    return for_each_chunk(to, bytes, AccessType::Write, [from](u8* host, u32 offset, u32 length) {
        std::memcpy(host, static_cast<const u8*>(from) + offset, length);
    });
}

u32 clear_user(UserAddr to, u32 bytes) {
    return for_each_chunk(to, bytes, AccessType::Write,
                          [](u8* host, u32, u32 length) { std::memset(host, 0, length); });
}

Result<u32> strncpy_from_user(char* to, UserAddr from, u32 size) {
    for (u32 length = 0; length < size; ++length) {
        const u8 byte = TRY(get_user_u8(from + length));
        to[length] = static_cast<char>(byte);
        if (byte == 0)
            return length;
    }
    return size;
}

Result<u32> futex_atomic_cmpxchg_inatomic(UserAddr address, u32 expected, u32 desired) {
    return exclusive(address, [=](u32 old, u32& next) {
        next = desired;
        return old == expected;
    });
}

Result<u32> futex_atomic_op_inuser(FutexAtomicOp op, u32 argument, UserAddr address) {
    if (op > FutexAtomicOp::Xor)
        return Err(Errno::NOSYS);
    return exclusive(address, [=](u32 old, u32& next) {
        const u32 results[] = {argument, old + argument, old | argument, old & ~argument, old ^ argument};
        next = results[static_cast<u32>(op)];
        return true;
    });
}

} // namespace faultline
