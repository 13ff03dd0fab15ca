// Mapping the segments of an ELF file. (Linux 6.1.y fs/binfmt_elf.c: elf_load, elf_map and what calls them.)
//
// By now the program headers are whatever somebody wrote into them. A segment may be larger in the file than in memory,
// lie behind the end of the file or of the address space, or over another segment or the stack. The segments are mapped
// one after the other, each over what was there, but the first of a program that has a fixed place: that place must be
// free. What no program can have is an error; the caller ends the process for it. A page behind the file's end is
// mapped, and is a SIGBUS when it is touched.
#pragma once

#include "abi/process/elf_file.hpp"
#include "base/result.hpp"
#include "mm/mm_struct.hpp"

namespace faultline {

// How segments are mapped.
struct ElfMapping {
    bool implies_exec = false;    // READ_IMPLIES_EXEC: what may be read may be executed
    bool has_interpreter = false; // of the program. One that moves and has none is placed as mmap(2) places mappings
};

// Where a program lies.
struct MappedElf {
    u32 bias = 0;            // what is added to the addresses in the file
    u32 program_headers = 0; // their address in memory; `bias` if no segment has them
};

// Map the segments of `mapping`, whose headers are `elf`, privately. The first also sets the mm's brk, code and data
// bounds; the second returns the bias. INVAL, EXIST, NOMEM: a segment has no place; FAULT: the page in which an
// interpreter's data from the file end cannot be written. May sleep; mm is current's next address space, or otherwise
// the caller's own.
Result<MappedElf> map_elf_program(MmStruct& mm, AddressSpace& mapping, const ElfFile& elf, ElfMapping how);
Result<u32> map_elf_interpreter(MmStruct& mm, AddressSpace& mapping, const ElfFile& elf, ElfMapping how);

} // namespace faultline
