// Loads an ELF program (ELF specification 1.2; "ELF for the Arm Architecture") into a new address space.
#pragma once

#include "abi/fs/file.hpp"
#include "abi/process/elf_file.hpp"
#include "base/result.hpp"
#include "mm/mm_struct.hpp"

namespace faultline {

class ExecArgs;

// What PT_GNU_STACK says of the stack (Linux: EXSTACK_*).
enum class StackRights : u8 { Default, NotExecutable, Executable };

// A program that can be loaded, and its interpreter: opened, their headers read and checked. This and the stack are all that can
// be an error of execve(2). What goes wrong later ends the process.
struct ElfProgram {
    // NOEXEC: `program` is not an ELF program for this machine (ElfFile::read); its interpreter's name is too short,
    // too long, or has no end. LIBBAD: the interpreter is not such a program; IO: a file ends before what it should
    // have; NOMEM; the errors of opening the interpreter. `program` must outlive this.
    Result<void> open(File& program);

    // Whether memory of the program that may be read may be executed: it says nothing about its stack, so it was made
    // when no machine could tell. (Linux arch/arm/kernel/elf.c arm_elf_read_implies_exec.)
    bool read_implies_exec() const { return stack == StackRights::Default; }
    // `implies_exec`: the new program's READ_IMPLIES_EXEC.
    bool executable_stack(bool implies_exec) const {
        return stack == StackRights::Executable || (stack == StackRights::Default && implies_exec);
    }

    File* file = nullptr;
    ElfFile elf;
    FileRef interpreter; // empty: it has none
    ElfFile interpreter_elf;
    StackRights stack = StackRights::Default;
};

// The values that the new program's auxiliary vector and registers need.
struct LoadedProgram {
    u32 start = 0;            // entry point of the interpreter, or of the program if there is none; bit 0: Thumb
    u32 entry = 0;            // entry point of the program (AT_ENTRY)
    u32 program_headers = 0;  // address of the headers in memory (AT_PHDR)
    u32 header_count = 0;     // AT_PHNUM
    u32 interpreter_base = 0; // AT_BASE
    u32 stack_pointer = 0;
};

// Maps the program and its interpreter over the stack that setup_arg_pages() has made (elf_map.hpp), and puts argc, argv, envp
// and the auxiliary vector on it. Sets the mm's bounds, mmap_base and exe_file.
// `implies_exec`: the new program's READ_IMPLIES_EXEC. On an error the mm can only be given up: INVAL, EXIST, NOMEM,
// FAULT. May sleep. (Linux: the same name, from begin_new_exec on.)
Result<LoadedProgram> load_elf_binary(const ElfProgram& program, MmStruct& mm, const ExecArgs& arguments,
                                      bool implies_exec);

// How many words of MmStruct::saved_auxv the auxiliary vector has, AT_NULL and its value included.
u32 auxv_words(const MmStruct& mm);

// The stack's VMA, just below TASK_SIZE, with the strings. NOMEM. (Linux fs/exec.c; the strings are there already.)
Result<void> setup_arg_pages(MmStruct& mm, const ExecArgs& arguments, bool executable);

// Puts below the strings what the program finds at its start, and sets loaded.stack_pointer, which is 16-aligned, and
// the mm's arg_start and its like. FAULT: the stack cannot hold it. (Linux: the same name.)
Result<void> create_elf_tables(MmStruct& mm, const ExecArgs& arguments, LoadedProgram& loaded);

} // namespace faultline
