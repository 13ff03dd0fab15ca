// What makes two addresses the same futex (Linux: union futex_key).
#pragma once

#include <arch/current.hpp>

#include "arch/contract/uaccess.hpp"
#include "base/result.hpp"
#include "base/types.hpp"
#include "kernel/sched/task.hpp"

namespace faultline {

// Private: the caller promises, with FUTEX_PRIVATE_FLAG, that only threads of one address space use the word.
enum class FutexScope : u8 { Private, Shared };

// What the operation does with the word. For Read a read-only mapping is enough.
enum class FutexAccess : u8 { Read, Write };

// A private and a shared key never match, even for the same word: private and shared operations do not mix (futex(2)).
struct FutexKey {
    enum class Kind : u8 {
        PrivateMm, // the address space and the address
        SharedMm,  // the same, because the page is private anonymous memory
        Inode,     // the file and the page in it, wherever it is mapped
    };
    u32 page;   // address of the page, or its index in the file
    u16 offset; // of the word in its page
    Kind kind;
    u64 object; // address of the MmStruct, or inode number; not reused while a waiter may have it

    bool operator==(const FutexKey&) const = default;

    static FutexKey of_mm(Kind kind, const MmStruct& mm, UserAddr address) {
        return {address.page().value(), static_cast<u16>(address.page_offset()), kind,
                reinterpret_cast<std::uintptr_t>(&mm)};
    }
};

// The part of get_futex_key() for a shared key: finds the page. The address has been checked.
Result<void> get_shared_futex_key(UserAddr address, FutexAccess access, FutexKey& key);

// Computes `key` of the current task's word at `address`. INVAL: the address is not a multiple of 4. FAULT: it is not
// a user address; or the key is shared and there is no suitable page: nothing is mapped, past the end of the file,
// truncated meanwhile, read-only with `access` Write, or read-only private anonymous memory even with Read. NOMEM,
// INTR: from get_user_pages.
//
// For a shared key the page is taken by get_user_pages for write, whatever fault_in= says. That brings in absent pages
// with a dirty entry, and leaves present entries as they are. May sleep: the caller holds no spin lock and not the mmap
// lock. (Linux 6.1 kernel/futex/core.c get_futex_key.)
inline Result<void> get_futex_key(UserAddr address, FutexScope scope, FutexAccess access, FutexKey& key) {
    if (address.value() % sizeof(u32) != 0)
        return Err(Errno::INVAL);
    if (!access_ok(address, sizeof(u32)))
        return Err(Errno::FAULT);
    if (scope == FutexScope::Shared) {
        FutexKey found; // of its own, so that a private key can stay in registers
        TRY_VOID(get_shared_futex_key(address, access, found));
        key = found;
        return {};
    }
    key = FutexKey::of_mm(FutexKey::Kind::PrivateMm, *current()->mm.mm, address);
    return {};
}

} // namespace faultline
