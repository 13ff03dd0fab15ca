// User memory from the kernel; the accesses to one word are in <arch/user_word.hpp>. Single values are accessed with LDRT and
// STRT, which use the user's permissions; copies use usercopy.S. If an instruction faults, the exception table continues at
// the label `fault`.
#include <arch/user_word.hpp>

#include <cstring>

#include "base/lockdep.hpp"

namespace faultline {

extern "C" {
u32 usercopy_from(void* to, u32 from, u32 bytes); // usercopy.S; the first three return the number of bytes left
u32 usercopy_to(u32 to, const void* from, u32 bytes);
u32 usercopy_clear(u32 to, u32 bytes);
u32 usercopy_probe(u32 word, u32 write);
}

// Writes one value with `instruction`.
#define PUT_USER(name, Value, instruction)                                                                             \
    Result<void> name(UserAddr address, Value value) {                                                                 \
        if (!access_ok(address, sizeof(Value)))                                                                        \
            return Err(Errno::FAULT);                                                                                  \
        lockdep::might_fault();                                                                                        \
        u32 where = address.value();                                                                                   \
        asm volatile goto("1: " instruction " %1, [%0]\n\t" EX_TABLE_ENTRY("1")                                        \
                          : "+&r"(where)                                                                               \
                          : "r"(value)                                                                                 \
                          : "memory"                                                                                   \
                          : fault);                                                                                    \
        return {};                                                                                                     \
    fault:                                                                                                             \
        return Err(Errno::FAULT);                                                                                      \
    }

GET_USER(get_user_byte, u8, "ldrbt")

Result<u32> get_user_u32(UserAddr address) { return get_user_word(address); }
Result<u8> get_user_u8(UserAddr address) { return get_user_byte(address); }
PUT_USER(put_user_u32, u32, "strt")
PUT_USER(put_user_u8, u8, "strbt")

bool probe_user(UserAddr word, bool write) {
    return access_ok(word, sizeof(u32)) && usercopy_probe(word.value(), write ? 1 : 0) != 0;
}

u32 copy_from_user(void* to, UserAddr from, u32 bytes) {
    lockdep::might_fault();
    const u32 left = access_ok(from, bytes) ? usercopy_from(to, from.value(), bytes) : bytes;
    if (left != 0) [[unlikely]] // do not leave old data where the caller expects user data
        memset(static_cast<u8*>(to) + (bytes - left), 0, left);
    return left;
}

u32 copy_to_user(UserAddr to, const void* from, u32 bytes) {
    lockdep::might_fault();
    return access_ok(to, bytes) ? usercopy_to(to.value(), from, bytes) : bytes;
}

u32 clear_user(UserAddr to, u32 bytes) {
    lockdep::might_fault();
    return access_ok(to, bytes) ? usercopy_clear(to.value(), bytes) : bytes;
}

Result<u32> strncpy_from_user(char* to, UserAddr from, u32 size) {
    lockdep::might_fault();
    const u32 start = from.value();
    for (u32 length = 0; length < size;) {
        const u32 address = start + length;
        if (start >= TASK_SIZE || address >= TASK_SIZE)
            return Err(Errno::FAULT);
        // Copies whole words while they contain no NUL: (w - 0x01…) & ~w & 0x80… marks the zero bytes of w. An aligned
        // word lies in one page, so the kernel reads no byte that the program could not read.
        if ((address & 3) == 0 && size - length >= sizeof(u32)) {
            u32 word;
            asm volatile goto("1: ldrt %0, [%1]\n\t" EX_TABLE_ENTRY("1")
                              : "=&r"(word)
                              : "r"(address)
                              : "memory"
                              : fault);
            if (((word - 0x01010101u) & ~word & 0x80808080u) == 0) {
                memcpy(to + length, &word, sizeof(word));
                length += sizeof(word);
                continue;
            }
        }
        u32 byte;
        asm volatile goto("1: ldrbt %0, [%1]\n\t" EX_TABLE_ENTRY("1") : "=&r"(byte) : "r"(address) : "memory" : fault);
        to[length] = static_cast<char>(byte);
        if (byte == 0)
            return length;
        ++length;
    }
    return size;
fault:
    return Err(Errno::FAULT);
}

} // namespace faultline
