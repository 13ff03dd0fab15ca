// Collects the argument and environment strings of execve.
#include "abi/process/exec_args.hpp"

#include <algorithm>

#include "arch/contract/uaccess.hpp"
#include "mm/kmalloc.hpp"
#include "mm/page_alloc.hpp"
#include "mm/remote_memory.hpp"
#include "mm/upcalls.hpp"

namespace faultline {

ExecArgs::~ExecArgs() {
    if (pages_ == nullptr)
        return;
    std::destroy_n(pages_, MAX_PAGES);
    kfree(pages_);
}

char& ExecArgs::byte_at(u32 offset) const {
    return static_cast<char*>(page_address(*pages_[offset / PAGE_SIZE]))[offset % PAGE_SIZE];
}

// Makes room for `bytes` more bytes. The pointers that the new program will get count towards the limit.
Result<void> ExecArgs::reserve(u32 bytes) {
    if (bytes > MAX_BYTES || bytes_ + bytes + (argc_ + envc_ + 1) * sizeof(u32) > MAX_BYTES)
        return Err(Errno::TOOBIG);
    if (pages_ == nullptr) {
        pages_ = static_cast<PageRef*>(kmalloc(MAX_PAGES * sizeof(PageRef)));
        if (pages_ == nullptr)
            return Err(Errno::NOMEM);
        for (u32 i = 0; i < MAX_PAGES; ++i)
            new (&pages_[i]) PageRef;
    }
    for (u32 i = bytes_ / PAGE_SIZE; i <= (bytes_ + bytes - 1) / PAGE_SIZE; ++i)
        if (!pages_[i] && !(pages_[i] = alloc_page()))
            return Err(Errno::NOMEM);
    return {};
}

Result<void> ExecArgs::append(const char* string) {
    const u32 bytes = static_cast<u32>(__builtin_strlen(string)) + 1;
    TRY_VOID(reserve(bytes));
    for (u32 i = 0; i < bytes; ++i)
        byte_at(bytes_ + i) = string[i];
    bytes_ += bytes;
    return {};
}

// Copies up to the end of a page at a time, because the string's length is unknown until its NUL is found.
Result<void> ExecArgs::append_user(UserAddr string) {
    for (u32 length = 0; length < MAX_ARG_STRLEN;) {
        TRY_VOID(reserve(1));
        const u32 room = PAGE_SIZE - bytes_ % PAGE_SIZE;
        const u32 copied = TRY(strncpy_from_user(&byte_at(bytes_), string + length, room));
        const bool whole = copied < room;
        bytes_ += whole ? copied + 1 : room;
        length += copied;
        if (whole)
            return {};
    }
    return Err(Errno::TOOBIG);
}

Result<u32> ExecArgs::append_user_array(UserAddr array) {
    u32 count = 0;
    if (array.value() == 0)
        return count;
    while (true) {
        const u32 pointer = TRY(get_user_u32(array + count * sizeof(u32)));
        if (pointer == 0)
            return count;
        TRY_VOID(reserve(++count * sizeof(u32)));
        TRY_VOID(append_user(UserAddr(pointer)));
        if (fatal_signal_pending())
            return Err(Errno::INTR);
        cond_resched();
    }
}

Result<void> ExecArgs::add_argument(const char* string) {
    TRY_VOID(append(string));
    ++argc_;
    return {};
}

Result<void> ExecArgs::add_environment(const char* string) {
    TRY_VOID(append(string));
    ++envc_;
    return {};
}

Result<void> ExecArgs::add_user_arguments(UserAddr array) {
    argc_ += TRY(append_user_array(array));
    return {};
}

Result<void> ExecArgs::add_user_environment(UserAddr array) {
    envc_ += TRY(append_user_array(array));
    return {};
}

Result<void> ExecArgs::replace_first_argument(const char* const* strings, u32 count) {
    ExecArgs changed;
    for (u32 i = 0; i < count; ++i)
        TRY_VOID(changed.add_argument(strings[i]));
    u32 offset = 0;
    if (argc_ > 0)
        while (byte_at(offset++) != 0) {
        }
    const u32 rest = bytes_ - offset;
    if (rest > 0)
        TRY_VOID(changed.reserve(rest));
    for (u32 i = 0; i < rest; ++i)
        changed.byte_at(changed.bytes_ + i) = byte_at(offset + i);
    changed.bytes_ += rest;
    changed.argc_ += argc_ > 0 ? argc_ - 1 : 0;
    changed.envc_ = envc_;
    std::swap(pages_, changed.pages_);
    std::swap(bytes_, changed.bytes_);
    std::swap(argc_, changed.argc_);
    std::swap(envc_, changed.envc_);
    return {};
}

Result<void> ExecArgs::copy_to_mm(MmStruct& mm, UserAddr to) const {
    for (u32 done = 0; done < bytes_; done += PAGE_SIZE) {
        const u32 chunk = std::min(bytes_ - done, PAGE_SIZE);
        TRY_VOID(write_remote_memory(mm, to + done, &byte_at(done), chunk));
    }
    return {};
}

} // namespace faultline
