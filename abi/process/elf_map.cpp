// Maps ELF segments. The order of the steps is Linux's, because with headers that contradict each other it decides what
// the program finds in its memory.
#include "abi/process/elf_map.hpp"

#include <algorithm>
#include <bit>

#include "mm/mman.hpp"
#include "mm/mmap.hpp"
#include "mm/munmap.hpp"
#include "mm/remote_memory.hpp"

namespace faultline {

namespace {

// The load address of a program that moves and has an interpreter (Linux arch/arm/include/asm/elf.h).
constexpr u32 ELF_ET_DYN_BASE = 0x400000;

bool bad_address(u32 address) { return address >= TASK_SIZE; } // Linux: BAD_ADDR

u32 protection(const Elf32_Phdr& segment, bool implies_exec) {
    u32 prot = PROT_NONE;
    prot |= (segment.p_flags & PF_R) != 0 ? u32{PROT_READ} : 0;
    prot |= (segment.p_flags & PF_W) != 0 ? u32{PROT_WRITE} : 0;
    prot |= (segment.p_flags & PF_X) != 0 || (implies_exec && (segment.p_flags & PF_R) != 0) ? u32{PROT_EXEC} : 0;
    return prot;
}

// Maps what a segment has in the file, in whole pages, at the page of `address`. Nothing is mapped for a segment that
// has nothing there. `total`: the first segment of a file that moves is mapped with room for all others; 0: this one
// only.
Result<u32> elf_map(MmStruct& mm, AddressSpace& mapping, u32 address, const Elf32_Phdr& segment, u32 prot, u32 flags,
                    u32 total) {
    const u32 skew = segment.p_vaddr % PAGE_SIZE;
    const u32 offset = segment.p_offset - skew;
    const u32 bytes = page_align_up(segment.p_filesz + skew);
    address = page_align_down(address);
    if (bytes == 0)
        return address;
    const u32 length = total != 0 ? page_align_up(total) : bytes;
    if (offset % PAGE_SIZE != 0 || offset + length < offset)
        return Err(Errno::INVAL);
    const UserAddr place =
        TRY(do_mmap(mm, UserAddr(address), length, prot, MAP_PRIVATE | flags, &mapping, false, offset / PAGE_SIZE));
    if (length > bytes)
        (void)do_munmap(mm, place + bytes, length - bytes);
    return place.value();
}

// Maps zeros from the page behind `start` to that of `end`, over what is there. (Linux: vm_brk_flags.)
Result<void> map_zeros(MmStruct& mm, u32 start, u32 end, u32 prot_of_segment, bool implies_exec) {
    start = page_align_up(start);
    end = page_align_up(end);
    if (end <= start)
        return {};
    const u32 exec = implies_exec ? u32{PROT_EXEC} : prot_of_segment & PROT_EXEC;
    TRY(do_mmap(mm, UserAddr(start), end - start, PROT_READ | PROT_WRITE | exec,
                MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS, nullptr, false, 0));
    return {};
}

// Clears the rest of the page in which the data from the file ends. FAULT: that page cannot be written.
Result<void> padzero(MmStruct& mm, u32 file_end) {
    const u32 rest = page_align_up(file_end) - file_end;
    return rest != 0 ? write_remote_memory(mm, UserAddr(file_end), nullptr, rest) : Result<void>();
}

// Whether the segment is larger in the file than in memory, or would end behind the address space.
bool too_large(const Elf32_Phdr& segment, u32 start) {
    return bad_address(start) || segment.p_filesz > segment.p_memsz || segment.p_memsz > TASK_SIZE ||
           TASK_SIZE - segment.p_memsz < start;
}

// From the page of the lowest segment to the end of the highest. 0: no segments, or nothing in them.
u32 total_mapping_size(const ElfFile& elf) {
    u32 start = ~u32{0}, end = 0;
    for (const Elf32_Phdr& segment : elf)
        if (segment.p_type == PT_LOAD) {
            start = std::min(start, page_align_down(segment.p_vaddr));
            end = std::max(end, segment.p_vaddr + segment.p_memsz);
        }
    return start != ~u32{0} ? end - start : 0;
}

// The largest alignment that a segment asks for; those that are no power of two do not count.
u32 maximum_alignment(const ElfFile& elf) {
    u32 most = PAGE_SIZE;
    for (const Elf32_Phdr& segment : elf)
        if (segment.p_type == PT_LOAD && std::has_single_bit(segment.p_align))
            most = std::max(most, segment.p_align);
    return most;
}

// Where a program without an interpreter fits: `bytes` of free memory, at a distance from the address in the file that
// is a multiple of `alignment`. (Linux 6.1 does not look at the alignment here; 6.10 does.)
Result<u32> find_place(MmStruct& mm, u32 address_in_file, u32 bytes, u32 alignment) {
    const u32 room = page_align_up(bytes) + alignment - PAGE_SIZE;
    if (room < bytes)
        return Err(Errno::NOMEM);
    const UserAddr found =
        TRY(do_mmap(mm, UserAddr(), room, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, nullptr, false, 0));
    TRY_VOID(do_munmap(mm, found, room));
    return found.value() + (address_in_file - found.value()) % alignment;
}

class ProgramMapper {
  public:
    ProgramMapper(MmStruct& mm, AddressSpace& mapping, const ElfFile& elf, ElfMapping how)
        : mm_(mm), mapping_(mapping), elf_(elf), how_(how) {}

    Result<MappedElf> map() {
        for (const Elf32_Phdr& segment : elf_)
            if (segment.p_type == PT_LOAD)
                TRY_VOID(map_segment(segment));
        set_bounds();
        return MappedElf{done_.bias, done_.program_headers + done_.bias};
    }

  private:
    // Chooses the bias of a file that moves. Returns how much the first segment has to map.
    Result<u32> place(u32 vaddr) {
        const u32 total = total_mapping_size(elf_);
        if (total == 0)
            return Err(Errno::INVAL);
        const u32 alignment = maximum_alignment(elf_);
        // Linux rounds the base down, which for 8 MiB and more leads to page 0; so it is rounded up.
        const u32 base = how_.has_interpreter ? (ELF_ET_DYN_BASE + alignment - 1) & ~(alignment - 1)
                                              : TRY(find_place(mm_, page_align_down(vaddr), total, alignment));
        done_.bias = page_align_down(base - vaddr);
        return total;
    }

    Result<void> map_segment(const Elf32_Phdr& segment) {
        const u32 prot = protection(segment, how_.implies_exec);
        u32 total = 0;
        if (first_ && elf_.movable())
            total = TRY(place(segment.p_vaddr));
        const u32 mapped =
            TRY(elf_load(done_.bias + segment.p_vaddr, segment, prot, first_ ? MAP_FIXED_NOREPLACE : MAP_FIXED, total));
        if (bad_address(mapped))
            return Err(Errno::INVAL);
        first_ = false;

        const u32 headers = elf_.header().e_phoff;
        if (segment.p_offset <= headers && headers < segment.p_offset + segment.p_filesz)
            done_.program_headers = headers - segment.p_offset + segment.p_vaddr;
        if (too_large(segment, segment.p_vaddr))
            return Err(Errno::INVAL);
        note_bounds(segment);
        return {};
    }

    // Maps a segment with the zeros that follow what it has in the file. Returns where. (Linux: the same name.)
    Result<u32> elf_load(u32 address, const Elf32_Phdr& segment, u32 prot, u32 flags, u32 total) {
        u32 place = page_align_down(address);
        u32 zeros = place;
        const u32 start = segment.p_vaddr % PAGE_SIZE;
        if (segment.p_filesz != 0) {
            place = TRY(elf_map(mm_, mapping_, address, segment, prot, flags, total));
            zeros = place + start + segment.p_filesz;
            // A page that may not be written, or is behind the file's end, stays as it is.
            if (segment.p_memsz > segment.p_filesz)
                (void)padzero(mm_, zeros);
        }
        if (segment.p_memsz > segment.p_filesz)
            TRY_VOID(map_zeros(mm_, zeros, place + start + segment.p_memsz, prot, how_.implies_exec));
        return place;
    }

    void note_bounds(const Elf32_Phdr& segment) {
        const u32 start = segment.p_vaddr, end = start + segment.p_filesz;
        if ((segment.p_flags & PF_X) != 0) {
            start_code_ = std::min(start_code_, start);
            end_code_ = std::max(end_code_, end);
        }
        start_data_ = std::max(start_data_, start);
        end_data_ = std::max(end_data_, end);
        end_ = std::max(end_, start + segment.p_memsz);
    }

    void set_bounds() {
        mm_.start_code = UserAddr(start_code_ + done_.bias);
        mm_.end_code = UserAddr(end_code_ + done_.bias);
        mm_.start_data = UserAddr(start_data_ + done_.bias);
        mm_.end_data = UserAddr(end_data_ + done_.bias);
        // Without an interpreter it lies among the mappings, where a heap could not grow (Linux:
        // CONFIG_ARCH_HAS_ELF_RANDOMIZE).
        const bool heap_apart = elf_.movable() && !how_.has_interpreter;
        mm_.start_brk = mm_.brk = UserAddr(heap_apart ? ELF_ET_DYN_BASE : page_align_up(end_ + done_.bias));
    }

    MmStruct& mm_;
    AddressSpace& mapping_;
    const ElfFile& elf_;
    ElfMapping how_;
    MappedElf done_; // program_headers: as in the file, until map() returns it
    bool first_ = true;
    // In addresses of the file.
    u32 end_ = 0;
    u32 start_code_ = ~u32{0}, end_code_ = 0, start_data_ = 0, end_data_ = 0;
};

} // namespace

Result<MappedElf> map_elf_program(MmStruct& mm, AddressSpace& mapping, const ElfFile& elf, ElfMapping how) {
    return ProgramMapper(mm, mapping, elf, how).map();
}

// (Linux: load_elf_interp.)
Result<u32> map_elf_interpreter(MmStruct& mm, AddressSpace& mapping, const ElfFile& elf, ElfMapping how) {
    u32 total = total_mapping_size(elf);
    if (total == 0 || !elf.loadable())
        return Err(Errno::INVAL);
    u32 file_end = 0, end = 0, prot_at_end = 0; // in memory (Linux: elf_bss, last_bss, bss_prot)
    u32 bias = 0;
    bool placed = !elf.movable();
    for (const Elf32_Phdr& segment : elf) {
        if (segment.p_type != PT_LOAD)
            continue;
        const u32 prot = protection(segment, how.implies_exec);
        const u32 mapped = TRY(elf_map(mm, mapping, placed ? bias + segment.p_vaddr : 0, segment, prot,
                                       placed ? u32{MAP_FIXED} : 0u, total));
        total = 0;
        if (bad_address(mapped))
            return Err(Errno::NOMEM);
        if (!placed)
            bias = mapped - page_align_down(segment.p_vaddr);
        placed = true;
        if (too_large(segment, bias + segment.p_vaddr))
            return Err(Errno::NOMEM);
        file_end = std::max(file_end, bias + segment.p_vaddr + segment.p_filesz);
        if (const u32 its_end = bias + segment.p_vaddr + segment.p_memsz; its_end > end) {
            end = its_end;
            prot_at_end = prot;
        }
    }
    TRY_VOID(padzero(mm, file_end));
    TRY_VOID(map_zeros(mm, file_end, end, prot_at_end, how.implies_exec));
    return bias;
}

} // namespace faultline
