// Builds the initial stack of a program. From the top of the address space down, it holds:
//
//   0 | the file's path | environment strings | argument strings | "v7l" | 16 random bytes |
//   auxiliary vector, null | envp, null | argv, null | argc  <- sp, 16-aligned
#include <linux/auxvec.h>

#include <algorithm>
#include <array>

#include <linux/elf.h>

#include "abi/cred/cred.hpp"
#include "abi/fs/random.hpp"
#include "abi/process/elf.hpp"
#include "abi/process/exec_args.hpp"
#include "abi/process/hwcap.hpp"
#include "mm/mman.hpp"
#include "mm/mmap.hpp"
#include "mm/mprotect.hpp"
#include "mm/remote_memory.hpp"
#include "mm/stack.hpp"

namespace faultline {

namespace {

constexpr char ELF_PLATFORM[] = "v7l";
constexpr u32 RANDOM_BYTES = 16;
constexpr u32 CLOCK_TICKS = 100;              // USER_HZ
constexpr u32 STACK_RESERVE = 32 * PAGE_SIZE; // the stack's VMA reaches this far below the strings (Linux: 128 KiB)
constexpr u32 AUXV_PAIRS = 19;

struct StackLayout {
    u32 platform = 0, random = 0, pointers = 0;
};

StackLayout lay_out(const ExecArgs& arguments) {
    StackLayout layout;
    layout.platform = arguments.start().value() - u32{sizeof ELF_PLATFORM};
    layout.random = layout.platform - RANDOM_BYTES;
    const u32 words = 1 + arguments.argc() + 1 + arguments.envc() + 1 + 2 * AUXV_PAIRS;
    layout.pointers = (layout.random - words * u32{sizeof(u32)}) & ~u32{15};
    return layout;
}

std::array<u32, 2 * AUXV_PAIRS> auxiliary_vector(const LoadedProgram& program, const StackLayout& layout,
                                                 const ExecArgs& arguments) {
    return {AT_HWCAP,    ELF_HWCAP,
            AT_PAGESZ,   PAGE_SIZE,
            AT_CLKTCK,   CLOCK_TICKS,
            AT_PHDR,     program.program_headers,
            AT_PHENT,    u32{sizeof(Elf32_Phdr)},
            AT_PHNUM,    program.header_count,
            AT_BASE,     program.interpreter_base,
            AT_FLAGS,    0,
            AT_ENTRY,    program.entry,
            AT_UID,      current_cred().uid,
            AT_EUID,     current_cred().euid,
            AT_GID,      current_cred().gid,
            AT_EGID,     current_cred().egid,
            AT_SECURE,   0,
            AT_RANDOM,   layout.random,
            AT_HWCAP2,   0,
            AT_EXECFN,   arguments.name().value(),
            AT_PLATFORM, layout.platform,
            AT_NULL,     0};
}

// Writes words upwards. It collects 64 of them for each write, because every write looks up its page.
class WordWriter {
  public:
    WordWriter(MmStruct& mm, u32 address) : mm_(mm), address_(address) {}

    Result<void> put(u32 word) {
        buffer_[count_++] = word;
        return count_ == buffer_.size() ? flush() : Result<void>();
    }
    Result<void> flush() {
        const u32 bytes = count_ * u32{sizeof(u32)};
        TRY_VOID(write_remote_memory(mm_, UserAddr(address_), buffer_.data(), bytes));
        address_ += bytes;
        count_ = 0;
        return {};
    }

  private:
    MmStruct& mm_;
    u32 address_;
    u32 count_ = 0;
    std::array<u32, 64> buffer_;
};

// Also finds where the environment begins.
Result<void> write_pointers(MmStruct& mm, const StackLayout& layout, const ExecArgs& arguments,
                            const LoadedProgram& program) {
    WordWriter words(mm, layout.pointers);
    TRY_VOID(words.put(arguments.argc()));
    Result<void> status;
    u32 index = 0;
    const auto put = [&](u32 word) {
        if (status)
            status = words.put(word);
    };
    arguments.for_each_string([&](UserAddr string) {
        if (index++ == arguments.argc()) {
            put(0);
            mm.env_start = string;
        }
        put(string.value());
    });
    if (arguments.envc() == 0)
        put(0);
    put(0);
    const auto auxv = auxiliary_vector(program, layout, arguments);
    static_assert(2 * AUXV_PAIRS <= AUXV_WORDS);
    std::copy(auxv.begin(), auxv.end(), mm.saved_auxv);
    for (const u32 word : auxv)
        put(word);
    TRY_VOID(status);
    return words.flush();
}

} // namespace

u32 auxv_words(const MmStruct& mm) {
    u32 words = 0;
    do
        words += 2;
    while (mm.saved_auxv[words - 2] != AT_NULL && words < AUXV_WORDS);
    return words;
}

Result<void> setup_arg_pages(MmStruct& mm, const ExecArgs& arguments, bool executable) {
    const u32 strings = TASK_SIZE - arguments.start().page().value();
    const u32 most = std::max<u32>(strings, mm.stack_limit & PAGE_MASK);
    const u32 bytes = std::min(strings + STACK_RESERVE, most);
    VmArea* stack = TRY(setup_stack_vma(mm, UserAddr(TASK_SIZE), bytes));
    if (executable)
        TRY_VOID(do_mprotect(mm, stack->start, bytes, PROT_READ | PROT_WRITE | PROT_EXEC));
    return arguments.copy_to_mm(mm);
}

Result<void> create_elf_tables(MmStruct& mm, const ExecArgs& arguments, LoadedProgram& loaded) {
    const StackLayout layout = lay_out(arguments);
    // A segment may lie there by now. Then there is nothing to grow, and the writes show whether it serves.
    if (!expand_stack(mm, UserAddr(layout.pointers)))
        return Err(Errno::FAULT);
    u8 random[RANDOM_BYTES];
    get_random_bytes(random, sizeof random);
    TRY_VOID(write_remote_memory(mm, UserAddr(layout.random), random, sizeof random));
    TRY_VOID(write_remote_memory(mm, UserAddr(layout.platform), ELF_PLATFORM, sizeof ELF_PLATFORM));

    mm.start_stack = UserAddr(layout.pointers);
    mm.arg_start = arguments.start();
    mm.env_start = mm.env_end = arguments.name();
    TRY_VOID(write_pointers(mm, layout, arguments, loaded));
    mm.arg_end = mm.env_start;
    loaded.stack_pointer = layout.pointers;
    return {};
}

} // namespace faultline
