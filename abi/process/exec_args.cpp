// Collects the argument and environment strings of execve. (Linux 6.1 fs/exec.c bprm_stack_limits, copy_strings.)
#include "abi/process/exec_args.hpp"

#include <algorithm>

#include "arch/contract/uaccess.hpp"
#include "mm/kmalloc.hpp"
#include "mm/out_of_memory.hpp"
#include "mm/remote_memory.hpp"
#include "mm/upcalls.hpp"

namespace faultline {

ExecArgs::~ExecArgs() {
    if (pages_ == nullptr)
        return;
    std::destroy_n(pages_, page_count_);
    kfree(pages_);
}

char& ExecArgs::byte_below_top(u32 distance) const {
    const u32 from_top = distance - 1;
    auto* page = static_cast<char*>(page_address(*pages_[from_top / PAGE_SIZE]));
    return page[PAGE_SIZE - 1 - from_top % PAGE_SIZE];
}

Result<void> ExecArgs::begin(const char* name, u32 argc, u32 envc, u64 stack_limit) {
    const u64 quarter = std::min<u64>(STK_LIM / 4 * 3, stack_limit / 4);
    const u64 limit = std::max<u64>(quarter, SMALLEST_LIMIT);
    const u64 pointers = (u64{std::max(argc, 1u)} + envc) * sizeof(u32); // those that the new program will get
    if (limit <= pointers)
        return Err(Errno::TOOBIG);
    used_ = sizeof(u32);
    limit_ = used_ + static_cast<u32>(limit - pointers);
    // The strings lie in the stack, so they may not need more than all of it; a page is always there.
    limit_ = static_cast<u32>(std::min<u64>(limit_, std::max<u64>(stack_limit & PAGE_MASK, PAGE_SIZE)));
    argc_ = argc;
    envc_ = envc;
    page_count_ = page_align_up(limit_) / PAGE_SIZE;
    pages_ = static_cast<PageRef*>(kmalloc(page_count_ * sizeof(PageRef)));
    if (pages_ == nullptr)
        return Err(Errno::NOMEM);
    for (u32 i = 0; i < page_count_; ++i)
        new (&pages_[i]) PageRef;
    pages_[0] = alloc_user_page();
    if (!pages_[0])
        return Err(Errno::NOMEM);
    std::fill_n(&byte_below_top(used_), used_, '\0');
    TRY_VOID(add(name));
    name_ = used_;
    return {};
}

// Makes room for `bytes` more bytes below the others.
Result<void> ExecArgs::reserve(u32 bytes) {
    if (bytes > MAX_ARG_STRLEN || used_ + bytes > limit_)
        return Err(Errno::TOOBIG);
    for (u32 i = used_ / PAGE_SIZE; i <= (used_ + bytes - 1) / PAGE_SIZE; ++i)
        if (!pages_[i] && !(pages_[i] = alloc_user_page()))
            return Err(Errno::NOMEM);
    used_ += bytes;
    return {};
}

void ExecArgs::put(const char* string, u32 bytes) {
    for (u32 done = 0; done < bytes;) {
        const u32 at = used_ - done;
        const u32 chunk = std::min(bytes - done, (at - 1) % PAGE_SIZE + 1);
        std::copy_n(string + done, chunk, &byte_below_top(at));
        done += chunk;
    }
}

Result<void> ExecArgs::add(const char* string) {
    const u32 bytes = static_cast<u32>(__builtin_strlen(string)) + 1;
    TRY_VOID(reserve(bytes));
    put(string, bytes);
    return {};
}

namespace {

// How many pointers there are in the array before the null.
Result<u32> count_strings(UserAddr array) {
    if (array.value() == 0)
        return 0u;
    for (u32 count = 0;; ++count) {
        if (TRY(get_user_u32(array + count * u32{sizeof(u32)})) == 0)
            return count;
        if (fatal_signal_pending())
            return Err(Errno::RESTARTNOHAND);
        cond_resched();
    }
}

// The length of a string in current's memory that does not end in the `known` bytes that the caller has seen; without
// its NUL. TOOBIG: too long for an argument; FAULT. `page` is overwritten.
Result<u32> length_of(UserAddr string, u32 known, char* page) {
    while (known < ExecArgs::MAX_ARG_STRLEN) {
        const u32 got = TRY(strncpy_from_user(page, string + known, PAGE_SIZE));
        known += got;
        if (got < PAGE_SIZE)
            return known;
    }
    return Err(Errno::TOOBIG);
}

} // namespace

// `page` is a buffer of a page. Most strings fit into it, and so are read once.
Result<void> ExecArgs::add_user(UserAddr string, char* page) {
    const u32 length = TRY(strncpy_from_user(page, string, PAGE_SIZE));
    if (length < PAGE_SIZE) {
        TRY_VOID(reserve(length + 1));
        put(page, length + 1);
        return {};
    }
    const u32 bytes = TRY(length_of(string, length, page)) + 1;
    TRY_VOID(reserve(bytes));
    for (u32 done = 0; done < bytes;) {
        const u32 at = used_ - done;
        const u32 chunk = std::min(bytes - done, (at - 1) % PAGE_SIZE + 1);
        TRY_VOID(copy_struct_from_user(&byte_below_top(at), string + done, chunk));
        done += chunk;
    }
    byte_below_top(used_ - bytes + 1) = '\0'; // another thread may have changed the string meanwhile
    return {};
}

Result<void> ExecArgs::add_user_array(UserAddr array, u32 count, char* page) {
    while (count-- != 0) {
        const UserAddr string(TRY(get_user_u32(array + count * u32{sizeof(u32)})));
        TRY_VOID(add_user(string, page));
        if (fatal_signal_pending())
            return Err(Errno::RESTARTNOHAND);
        cond_resched();
    }
    return {};
}

Result<void> ExecArgs::take(const char* name, UserAddr argv, UserAddr envp, u64 stack_limit) {
    const u32 argc = TRY(count_strings(argv));
    const u32 envc = TRY(count_strings(envp));
    TRY_VOID(begin(name, argc, envc, stack_limit));
    const PageRef buffer = alloc_user_page();
    if (!buffer)
        return Err(Errno::NOMEM);
    auto* page = static_cast<char*>(page_address(*buffer));
    TRY_VOID(add_user_array(envp, envc, page));
    TRY_VOID(add_user_array(argv, argc, page));
    return argc == 0 ? add_argument("") : Result<void>();
}

void ExecArgs::remove_first_argument() {
    if (argc_ == 0)
        return;
    while (byte_below_top(used_) != 0)
        --used_;
    --used_;
    --argc_;
}

Result<void> ExecArgs::add_argument(const char* string) {
    TRY_VOID(add(string));
    ++argc_;
    return {};
}

Result<void> ExecArgs::copy_to_mm(MmStruct& mm) const {
    for (u32 left = used_; left != 0;) {
        const u32 chunk = (left - 1) % PAGE_SIZE + 1;
        TRY_VOID(write_remote_memory(mm, UserAddr(TASK_SIZE - left), &byte_below_top(left), chunk));
        left -= chunk;
    }
    return {};
}

} // namespace faultline
