// Loading an ELF program (ELF specification 1.2; "ELF for the Arm Architecture") into a fresh address space.
#pragma once

#include "abi/fs/file.hpp"
#include "base/result.hpp"
#include "mm/mm_struct.hpp"

namespace faultline {

class ExecArgs;

// What the new program's auxiliary vector and registers need to know of its file.
struct LoadedProgram {
    u32 start = 0;            // first instruction executed, bit 0: Thumb; the interpreter's if there is one
    u32 entry = 0;            // the program's own (AT_ENTRY)
    u32 program_headers = 0;  // their address in memory (AT_PHDR), 0 if they are not loaded
    u32 header_count = 0;     // AT_PHNUM
    u32 interpreter_base = 0; // AT_BASE
    bool executable_stack = false;
};

// Maps the program's segments privately from the file's page cache, and its interpreter's. Sets the mm's brk,
// code and data bounds, mmap_base and exe_file. NOEXEC: not an ELF program for ARM, or cut short, or its
// segments do not fit a task; NOMEM; LIBBAD is not used: a bad interpreter is NOEXEC too.
Result<LoadedProgram> load_elf_binary(File& file, MmStruct& mm);

// Makes the initial stack, just below TASK_SIZE: argc, argv, envp, the auxiliary vector, and the strings
// above them. Returns the stack pointer, 16-aligned. NOMEM.
Result<u32> create_elf_tables(MmStruct& mm, const LoadedProgram& program, const ExecArgs& arguments, const char* path);

} // namespace faultline
