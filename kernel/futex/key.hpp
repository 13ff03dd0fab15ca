// What makes two addresses the same futex (Linux: union futex_key).
#pragma once

#include "base/result.hpp"
#include "base/types.hpp"

namespace faultline {

// Whether the caller promised, with FUTEX_PRIVATE_FLAG, that only threads of one address space use the word.
enum class FutexScope : u8 { Private, Shared };

// What the operation does with the word. Decides whether a read-only mapping will do.
enum class FutexAccess : u8 { Read, Write };

// Private and shared keys never match each other, even for one word: the two kinds of operation do not mix
// (futex(2)).
struct FutexKey {
    enum class Kind : u8 {
        None,
        PrivateMm, // the address space and the address, as the caller promised
        SharedMm,  // the same, because the page turned out to be private anonymous memory
        Inode,     // the file and the place in it, wherever it is mapped
    };
    u64 object = 0; // address of the MmStruct, or inode number: never reused while a waiter can hold it
    u32 page = 0;   // address of the page, or its index in the file
    u16 offset = 0; // of the word in its page
    Kind kind = Kind::None;

    bool operator==(const FutexKey&) const = default;
};

// The key of the current task's word at `address`. INVAL: not 4-aligned; FAULT: not a user address, or for a
// shared key no page can be had (unmapped, past the end of its file, truncated meanwhile; read-only and
// `access` Write; read-only private anonymous memory even for Read). NOMEM, INTR as get_user_pages says.
//
// A shared key takes the page by get_user_pages for write, whatever fault_in= says: absent entries come in
// dirty, and present ones stay as they are. May sleep. (Linux 6.1 kernel/futex/core.c get_futex_key.)
Result<FutexKey> get_futex_key(UserAddr address, FutexScope scope, FutexAccess access);

} // namespace faultline
