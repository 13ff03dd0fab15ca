// Reads an ELF file's headers, and checks what must be right before the old program is given up.
#include "abi/process/elf_file.hpp"

#include <linux/elf-em.h>

#include <algorithm>

#include "abi/fs/regular.hpp"
#include "mm/kmalloc.hpp"

namespace faultline {

namespace {

constexpr u8 ELFOSABI_ARM_FDPIC = 65;               // function descriptors: programs without an MMU
constexpr u32 EF_ARM_EABI_MASK = 0xff000000;        // 0: older than the EABI
constexpr u32 EF_ARM_APCS_26 = 0x08;                // then: for the 26-bit mode of old processors
constexpr u32 THUMB = 1, ALIGNED_FOR_ARM = 3;       // bits of an entry point
constexpr u32 ELF_EXEC_PAGESIZE = PAGE_SIZE;        // (Linux arch/arm/include/asm/elf.h)
constexpr u32 MAX_HEADER_BYTES = ELF_EXEC_PAGESIZE; // Linux: ELF_MIN_ALIGN

// Class, byte order and version in e_ident are not looked at, as on Linux.
bool is_for_arm(const Elf32_Ehdr& header) {
    if (__builtin_memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 || header.e_machine != EM_ARM ||
        header.e_ident[EI_OSABI] == ELFOSABI_ARM_FDPIC)
        return false;
    if ((header.e_entry & THUMB) == 0 && (header.e_entry & ALIGNED_FOR_ARM) != 0)
        return false;
    return (header.e_flags & EF_ARM_EABI_MASK) != 0 || (header.e_flags & EF_ARM_APCS_26) == 0;
}

} // namespace

ElfFile::~ElfFile() { kfree(headers_); }

Result<void> ElfFile::read(File& file) {
    TRY(kernel_read(file, &header_, sizeof header_, 0)); // what is behind the end reads as zeros
    const u32 bytes = header_.e_phnum * u32{sizeof(Elf32_Phdr)};
    if (!is_for_arm(header_) || header_.e_phentsize != sizeof(Elf32_Phdr) || bytes == 0 || bytes > MAX_HEADER_BYTES)
        return Err(Errno::NOEXEC);
    headers_ = static_cast<Elf32_Phdr*>(kmalloc(bytes));
    if (headers_ == nullptr)
        return Err(Errno::NOMEM);
    if (TRY(kernel_read(file, headers_, bytes, header_.e_phoff)) != bytes)
        return Err(Errno::NOEXEC);
    return {};
}

const Elf32_Phdr* ElfFile::first(u32 type) const {
    const auto* found = std::find_if(begin(), end(), [&](const Elf32_Phdr& one) { return one.p_type == type; });
    return found != end() ? found : nullptr;
}

const Elf32_Phdr* ElfFile::last(u32 type) const {
    const Elf32_Phdr* found = nullptr;
    for (const Elf32_Phdr& one : *this)
        if (one.p_type == type)
            found = &one;
    return found;
}

} // namespace faultline
