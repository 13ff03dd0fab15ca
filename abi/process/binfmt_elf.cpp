// Maps the segments of an ELF program and of its interpreter. (Linux fs/binfmt_elf.c.)
#include <linux/elf-em.h>
#include <linux/elf.h>

#include <algorithm>
#include <array>

#include "abi/fs/file.hpp"
#include "abi/fs/open.hpp"
#include "abi/fs/regular.hpp"
#include "abi/process/elf.hpp"
#include "mm/filemap.hpp"
#include "mm/mman.hpp"
#include "mm/mmap.hpp"
#include "mm/remote_memory.hpp"

namespace faultline {

namespace {

// The load address of a position-independent program (Linux arch/arm/include/asm/elf.h ELF_ET_DYN_BASE).
constexpr u32 ELF_ET_DYN_BASE = 0x400000;
// The part of the address space that is kept for the stack. Mappings start below it (Linux mm/util.c mmap_base,
// MIN_GAP).
constexpr u32 STACK_GAP = 128u << 20;
constexpr u32 MAX_INTERPRETER_PATH = 256;

// The file that is being loaded, and its headers.
struct ElfFile {
    File& file;
    AddressSpace& mapping;
    Elf32_Ehdr header = {};
    std::array<Elf32_Phdr, 16> headers = {};
    u32 count = 0;
};

// Reads exactly `bytes` bytes. NOEXEC: the file ends too early.
Result<void> read_all(File& file, void* to, u32 bytes, u32 offset) {
    const u32 done = TRY(kernel_read(file, to, bytes, offset));
    if (done != bytes)
        return Err(Errno::NOEXEC);
    return {};
}

bool is_arm_program(const Elf32_Ehdr& header) {
    return __builtin_memcmp(header.e_ident, ELFMAG, SELFMAG) == 0 && header.e_ident[EI_CLASS] == ELFCLASS32 &&
           header.e_ident[EI_DATA] == ELFDATA2LSB && header.e_machine == EM_ARM &&
           (header.e_type == ET_EXEC || header.e_type == ET_DYN) && header.e_phentsize == sizeof(Elf32_Phdr);
}

// Whether a PT_LOAD segment lies inside the file and inside the address space, and has the same offset in its page in
// both.
bool segment_fits(const Elf32_Phdr& segment, u64 file_size, u32 bias) {
    return segment.p_filesz <= segment.p_memsz && u64{segment.p_offset} + segment.p_filesz <= file_size &&
           u64{segment.p_vaddr} + bias + segment.p_memsz <= TASK_SIZE - PAGE_SIZE &&
           segment.p_vaddr % PAGE_SIZE == segment.p_offset % PAGE_SIZE;
}

Result<void> read_headers(ElfFile& elf) {
    TRY_VOID(read_all(elf.file, &elf.header, sizeof elf.header, 0));
    if (!is_arm_program(elf.header))
        return Err(Errno::NOEXEC);
    elf.count = elf.header.e_phnum;
    if (elf.count == 0 || elf.count > elf.headers.size())
        return Err(Errno::NOEXEC);
    return read_all(elf.file, elf.headers.data(), elf.count * u32{sizeof(Elf32_Phdr)}, elf.header.e_phoff);
}

u32 protection(const Elf32_Phdr& segment) {
    u32 prot = PROT_NONE;
    prot |= (segment.p_flags & PF_R) != 0 ? u32{PROT_READ} : 0;
    prot |= (segment.p_flags & PF_W) != 0 ? u32{PROT_WRITE} : 0;
    prot |= (segment.p_flags & PF_X) != 0 ? u32{PROT_EXEC} : 0;
    return prot;
}

// Makes the part of a segment that is not in the file zero: the rest of its last page, and the pages after that.
Result<void> map_bss(MmStruct& mm, const Elf32_Phdr& segment, u32 bias) {
    const u32 file_end = segment.p_vaddr + bias + segment.p_filesz;
    const u32 end = segment.p_vaddr + bias + segment.p_memsz;
    const u32 zero_start = segment.p_filesz != 0 ? page_align_up(file_end) : page_align_down(file_end);
    if (file_end < zero_start && (segment.p_flags & PF_W) != 0)
        TRY_VOID(write_remote_memory(mm, UserAddr(file_end), nullptr, zero_start - file_end));
    if (page_align_up(end) > zero_start)
        TRY(do_mmap(mm, UserAddr(zero_start), page_align_up(end) - zero_start, protection(segment),
                    MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS, nullptr, false, 0));
    return {};
}

Result<void> map_segment(MmStruct& mm, AddressSpace& mapping, const Elf32_Phdr& segment, u32 bias) {
    const u32 start = page_align_down(segment.p_vaddr + bias);
    const u32 file_bytes = segment.p_vaddr % PAGE_SIZE + segment.p_filesz;
    if (segment.p_filesz != 0)
        TRY(do_mmap(mm, UserAddr(start), file_bytes, protection(segment), MAP_PRIVATE | MAP_FIXED, &mapping, false,
                    segment.p_offset / PAGE_SIZE));
    if (segment.p_memsz > segment.p_filesz)
        TRY_VOID(map_bss(mm, segment, bias));
    return {};
}

// The bounds of all PT_LOAD segments, in addresses of the file.
struct Extent {
    u32 start = ~u32{0};
    u32 end = 0;
};

Result<Extent> measure(const ElfFile& elf, u32 bias) {
    Extent extent;
    for (u32 i = 0; i < elf.count; ++i) {
        const Elf32_Phdr& segment = elf.headers[i];
        if (segment.p_type != PT_LOAD)
            continue;
        if (!segment_fits(segment, elf.mapping.size, bias))
            return Err(Errno::NOEXEC);
        extent.start = std::min(extent.start, page_align_down(segment.p_vaddr));
        extent.end = std::max(extent.end, segment.p_vaddr + segment.p_memsz);
    }
    if (extent.end == 0)
        return Err(Errno::NOEXEC);
    return extent;
}

Result<void> map_segments(MmStruct& mm, const ElfFile& elf, u32 bias) {
    for (u32 i = 0; i < elf.count; ++i)
        if (elf.headers[i].p_type == PT_LOAD && elf.headers[i].p_memsz != 0)
            TRY_VOID(map_segment(mm, elf.mapping, elf.headers[i], bias));
    return {};
}

u32 program_headers_address(const ElfFile& elf, u32 bias) {
    for (u32 i = 0; i < elf.count; ++i) {
        const Elf32_Phdr& segment = elf.headers[i];
        const u32 offset = elf.header.e_phoff;
        if (segment.p_type == PT_LOAD && offset >= segment.p_offset && offset < segment.p_offset + segment.p_filesz)
            return segment.p_vaddr + bias + (offset - segment.p_offset);
    }
    return 0;
}

const Elf32_Phdr* find_header(const ElfFile& elf, u32 type) {
    for (u32 i = 0; i < elf.count; ++i)
        if (elf.headers[i].p_type == type)
            return &elf.headers[i];
    return nullptr;
}

void set_bounds(MmStruct& mm, const ElfFile& elf, u32 bias, Extent extent) {
    for (u32 i = 0; i < elf.count; ++i) {
        const Elf32_Phdr& segment = elf.headers[i];
        if (segment.p_type != PT_LOAD)
            continue;
        const UserAddr start(segment.p_vaddr + bias), end(segment.p_vaddr + bias + segment.p_filesz);
        if ((segment.p_flags & PF_X) != 0) {
            mm.start_code = mm.start_code.value() == 0 ? start : std::min(mm.start_code, start);
            mm.end_code = std::max(mm.end_code, end);
        } else {
            mm.start_data = start; // the last such segment decides, as in Linux
            mm.end_data = end;
        }
    }
    mm.start_brk = mm.brk = UserAddr(page_align_up(extent.end + bias));
}

// Loads the dynamic linker at a free address. The task will start at its entry point.
Result<void> load_interpreter(ElfFile& program, const Elf32_Phdr& path_header, MmStruct& mm, LoadedProgram& loaded) {
    char path[MAX_INTERPRETER_PATH];
    if (path_header.p_filesz < 2 || path_header.p_filesz > sizeof path)
        return Err(Errno::NOEXEC);
    TRY_VOID(read_all(program.file, path, path_header.p_filesz, path_header.p_offset));
    if (path[path_header.p_filesz - 1] != '\0')
        return Err(Errno::NOEXEC);
    File* file = TRY(open_exec(path));
    const auto load = [&]() -> Result<void> {
        AddressSpace* mapping = file_mapping(*file);
        if (mapping == nullptr)
            return Err(Errno::NOEXEC);
        ElfFile elf{*file, *mapping};
        TRY_VOID(read_headers(elf));
        const Extent extent = TRY(measure(elf, 0));
        const UserAddr place = TRY(do_mmap(mm, UserAddr(), page_align_up(extent.end - extent.start), PROT_NONE,
                                           MAP_PRIVATE | MAP_ANONYMOUS, nullptr, false, 0));
        loaded.interpreter_base = place.value() - extent.start;
        loaded.start = elf.header.e_entry + loaded.interpreter_base;
        TRY(measure(elf, loaded.interpreter_base));
        return map_segments(mm, elf, loaded.interpreter_base);
    };
    const auto result = load();
    fput(*file);
    return result;
}

} // namespace

Result<LoadedProgram> load_elf_binary(File& file, MmStruct& mm) {
    AddressSpace* mapping = file_mapping(file);
    if (mapping == nullptr)
        return Err(Errno::NOEXEC);
    ElfFile elf{file, *mapping};
    TRY_VOID(read_headers(elf));
    const u32 bias = elf.header.e_type == ET_DYN ? ELF_ET_DYN_BASE : 0;
    const Extent extent = TRY(measure(elf, bias));

    mm.mmap_base = UserAddr(TASK_SIZE - STACK_GAP);
    TRY_VOID(map_segments(mm, elf, bias));
    set_bounds(mm, elf, bias, extent);
    get_mapping(*mapping);
    mm.exe_file = mapping;

    LoadedProgram loaded;
    loaded.entry = loaded.start = elf.header.e_entry + bias;
    loaded.program_headers = program_headers_address(elf, bias);
    loaded.header_count = elf.count;
    const Elf32_Phdr* stack = find_header(elf, PT_GNU_STACK);
    loaded.executable_stack = stack != nullptr && (stack->p_flags & PF_X) != 0;
    if (const Elf32_Phdr* path = find_header(elf, PT_INTERP); path != nullptr)
        TRY_VOID(load_interpreter(elf, *path, mm, loaded));
    return loaded;
}

} // namespace faultline
