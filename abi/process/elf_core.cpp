// Writes a process as an ELF core file: headers, then notes (core_notes.hpp), then the memory of each mapping, which
// starts at a page of the file. Pages that were never touched are holes. (Linux fs/binfmt_elf.c elf_core_dump.)
#include <algorithm>
#include <cstring>

#include <linux/auxvec.h>
#include <linux/elf-em.h>
#include <linux/elf.h>

#include <arch/context.hpp>
#include <arch/ptrace.hpp>

#include "abi/fs/file.hpp"
#include "abi/fs/inode.hpp"
#include "abi/process/core_file.hpp"
#include "abi/process/core_notes.hpp"
#include "abi/process/coredump.hpp"
#include "abi/signal/signal.hpp"
#include "abi/task/thread_group.hpp"
#include "mm/gup.hpp"
#include "mm/kmalloc.hpp"
#include "mm/mm_struct.hpp"
#include "mm/pgtable.hpp"
#include "mm/slab.hpp"
#include "mm/upcalls.hpp"

namespace faultline {

namespace {

struct DumpedArea {
    UserAddr start, end;
    VmFlags flags;
    u32 bytes; // how much of it goes into the file
    u32 pgoff;
    bool file;
};

bool has_anonymous_pages(const VmArea& vma) {
    bool any = false;
    Guard guard(vma.mm->page_table_lock);
    walk_page_range(*vma.mm, vma.start, vma.end, [&](UserAddr, PteSlot* slot) {
        const Pte pte = ptep_get(slot);
        any |= pte_present(pte) && !pte_special(pte) && pfn_to_page(pte_pfn(pte)).test(PG_ANON);
    });
    return any;
}

// How many bytes of a mapping are dumped, as the filter (DUMP_*) says. (Linux: vma_dump_size.)
u32 dump_size(const VmArea& vma, u32 filter) {
    const u32 whole = vma.end - vma.start;
    if (vma.flags.has(VM_DONTDUMP))
        return 0;
    if (vma.shared()) {
        const Inode* inode = vma.mapping != nullptr ? inode_of(*vma.mapping) : nullptr;
        const bool nameless = inode == nullptr || inode->nlink == 0;
        return (filter & (nameless ? DUMP_ANON_SHARED : DUMP_MAPPED_SHARED)) != 0 ? whole : 0;
    }
    if ((filter & DUMP_ANON_PRIVATE) != 0 && (vma.anonymous() || has_anonymous_pages(vma)))
        return whole;
    if (vma.anonymous())
        return 0;
    if ((filter & DUMP_MAPPED_PRIVATE) != 0)
        return whole;
    const bool elf_header = (filter & DUMP_ELF_HEADERS) != 0 && vma.pgoff == 0 && vma.flags.has(VM_READ | VM_EXEC);
    return elf_header ? PAGE_SIZE : 0;
}

// A list of the mappings at the beginning of the dump.
class DumpedAreas {
  public:
    DumpedAreas() = default;
    DumpedAreas(const DumpedAreas&) = delete;
    DumpedAreas& operator=(const DumpedAreas&) = delete;
    ~DumpedAreas() { kfree(areas_); }

    Result<void> take(MmStruct& mm, u32 filter) {
        const MmapReadGuard mmap_read(mm);
        areas_ = static_cast<DumpedArea*>(kmalloc(mm.map_count * u32{sizeof(DumpedArea)}));
        if (areas_ == nullptr)
            return Err(Errno::NOMEM);
        for (const VmArea& vma : mm.vmas)
            areas_[count_++] = {vma.start, vma.end, vma.flags, dump_size(vma, filter), vma.pgoff, !vma.anonymous()};
        return {};
    }
    const DumpedArea* begin() const { return areas_; }
    const DumpedArea* end() const { return areas_ + count_; }
    u32 count() const { return count_; }

  private:
    DumpedArea* areas_ = nullptr;
    u32 count_ = 0;
};

Elf32_Ehdr elf_header(u32 program_headers) {
    Elf32_Ehdr header = {};
    std::memcpy(header.e_ident, ELFMAG, SELFMAG);
    header.e_ident[EI_CLASS] = ELFCLASS32;
    header.e_ident[EI_DATA] = ELFDATA2LSB;
    header.e_ident[EI_VERSION] = EV_CURRENT;
    header.e_type = ET_CORE;
    header.e_machine = EM_ARM;
    header.e_version = EV_CURRENT;
    header.e_phoff = sizeof header;
    header.e_flags = 0x05000000; // EF_ARM_EABI_VER5
    header.e_ehsize = sizeof header;
    header.e_phentsize = sizeof(Elf32_Phdr);
    header.e_phnum = static_cast<u16>(std::min<u32>(program_headers, PN_XNUM - 1));
    return header;
}

u32 rights(const DumpedArea& area) {
    return (area.flags.has(VM_READ) ? u32{PF_R} : 0) | (area.flags.has(VM_WRITE) ? u32{PF_W} : 0) |
           (area.flags.has(VM_EXEC) ? u32{PF_X} : 0);
}

Result<void> write_headers(CoreFile& core, const DumpedAreas& areas, u32 note_bytes) {
    const Elf32_Ehdr header = elf_header(areas.count() + 1);
    TRY_VOID(core.write(&header, sizeof header));
    Elf32_Phdr notes = {};
    notes.p_type = PT_NOTE;
    notes.p_offset = u32{sizeof header} + (areas.count() + 1) * u32{sizeof(Elf32_Phdr)};
    notes.p_filesz = note_bytes;
    TRY_VOID(core.write(&notes, sizeof notes));
    u32 offset = (notes.p_offset + note_bytes + PAGE_SIZE - 1) & PAGE_MASK;
    for (const DumpedArea& area : areas) {
        Elf32_Phdr load = {};
        load.p_type = PT_LOAD;
        load.p_offset = offset;
        load.p_vaddr = area.start.value();
        load.p_filesz = area.bytes;
        load.p_memsz = area.end - area.start;
        load.p_flags = rights(area);
        load.p_align = PAGE_SIZE;
        TRY_VOID(core.write(&load, sizeof load));
        offset += area.bytes;
    }
    return {};
}

// The page at `address`; none if it holds zeros. A page of a `file` mapping is read in first. (Linux: the same name.)
PageRef get_dump_page(MmStruct& mm, UserAddr address, bool file) {
    const MmapReadGuard mmap_read(mm);
    PageRef page = follow_page(mmap_read, address, FOLL_NONE);
    if (!page && file)
        (void)get_user_pages(mmap_read, address, 1, FOLL_NONE, &page);
    if (page.get() == &zero_page())
        return {};
    return page;
}

Result<void> write_memory(CoreFile& core, MmStruct& mm, const DumpedAreas& areas) {
    core.align(PAGE_SIZE);
    for (const DumpedArea& area : areas)
        for (u32 done = 0; done < area.bytes && !core.cut(); done += PAGE_SIZE) {
            if (fatal_signal_pending())
                return Err(Errno::INTR);
            cond_resched();
            if (const PageRef page = get_dump_page(mm, area.start + done, area.file))
                TRY_VOID(core.write(page_address(*page), PAGE_SIZE));
            else
                core.skip(PAGE_SIZE);
            cond_resched();
        }
    return core.finish();
}

} // namespace

Result<void> elf_core_dump(File& file, const SigInfo& info, u64 limit) {
    Task& task = *current();
    MmStruct& mm = *task.mm.mm;
    save_user_state(task.context); // its VFP registers are still in the CPU
    DumpedAreas areas;
    TRY_VOID(areas.take(mm, task.group->coredump_filter));
    Notes measured(nullptr);
    TRY_VOID(add_notes(measured, info));
    CoreFile core(file, limit);
    TRY_VOID(write_headers(core, areas, measured.bytes()));
    Notes written(&core);
    TRY_VOID(add_notes(written, info));
    return write_memory(core, mm, areas);
}

} // namespace faultline
