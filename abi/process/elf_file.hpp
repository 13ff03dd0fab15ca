// An ELF file's headers, read and checked.
#pragma once

#include <linux/elf.h>

#include "abi/fs/file.hpp"
#include "base/result.hpp"
#include "base/types.hpp"

namespace faultline {

// The header and the program headers of a file that is for this machine. The program headers are a page at
// most. (Linux fs/binfmt_elf.c load_elf_phdrs, arch/arm/kernel/elf.c elf_check_arch.)
class ElfFile {
  public:
    ElfFile() = default;
    ~ElfFile();
    ElfFile(const ElfFile&) = delete;
    ElfFile& operator=(const ElfFile&) = delete;

    // Reads the headers of `file`. Called once. NOEXEC: it is not an ELF file for ARM, its entry is at 2 mod 4, or it
    // has no program headers, more than a page of them, or some behind its end; NOMEM; the errors of reading.
    Result<void> read(File& file);

    const Elf32_Ehdr& header() const { return header_; }
    bool loadable() const { return header_.e_type == ET_EXEC || header_.e_type == ET_DYN; }
    bool movable() const { return header_.e_type == ET_DYN; }
    u32 count() const { return header_.e_phnum; }
    const Elf32_Phdr* begin() const { return headers_; }
    const Elf32_Phdr* end() const { return headers_ + count(); }
    // The first, or the last, program header of a type; nullptr: there is none.
    const Elf32_Phdr* first(u32 type) const;
    const Elf32_Phdr* last(u32 type) const;

  private:
    Elf32_Ehdr header_ = {};
    Elf32_Phdr* headers_ = nullptr; // kmalloc()
};

} // namespace faultline
