// Loads an ELF program (ELF specification 1.2; "ELF for the Arm Architecture") into a new address space.
#pragma once

#include "abi/fs/file.hpp"
#include "base/result.hpp"
#include "mm/mm_struct.hpp"

namespace faultline {

class ExecArgs;

// The values that the new program's auxiliary vector and registers need.
struct LoadedProgram {
    u32 start = 0;            // entry point of the interpreter, or of the program if there is none; bit 0: Thumb
    u32 entry = 0;            // entry point of the program (AT_ENTRY)
    u32 program_headers = 0;  // address of the headers in memory (AT_PHDR), 0 if they are not loaded
    u32 header_count = 0;     // AT_PHNUM
    u32 interpreter_base = 0; // AT_BASE
    bool executable_stack = false;
};

// Maps the segments of the program and of its interpreter, privately and from the page cache. Sets the mm's brk, code
// and data bounds, mmap_base and exe_file. NOEXEC: the file, or the interpreter, is not an ELF program for ARM, is cut
// short, or has segments outside the address space (Linux: ELIBBAD for an interpreter). NOMEM; errors of opening the
// interpreter. May sleep. (Linux: the same name.)
Result<LoadedProgram> load_elf_binary(File& file, MmStruct& mm);

// How many words of MmStruct::saved_auxv the auxiliary vector has, AT_NULL and its value included.
u32 auxv_words(const MmStruct& mm);

// Makes the initial stack, just below TASK_SIZE: argc, argv, envp, the auxiliary vector, and the strings above them.
// Returns the stack pointer, which is 16-aligned. NOMEM. May sleep. (Linux: the same name.)
Result<u32> create_elf_tables(MmStruct& mm, const LoadedProgram& program, const ExecArgs& arguments, const char* path);

} // namespace faultline
