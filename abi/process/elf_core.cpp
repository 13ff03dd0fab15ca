// A process as an ELF core file: headers; notes that say who it was, why it died, and what was in its threads' registers;
// then its memory, mapping by mapping, each at the next page of the file. Pages that were never there are holes.
// (Linux fs/binfmt_elf.c elf_core_dump; the notes' layouts: linux/elfcore.h and arch/arm/include/asm/user.h.)
#include <algorithm>
#include <cstring>

#include <linux/auxvec.h>
#include <linux/elf-em.h>
#include <linux/elf.h>

#include <arch/context.hpp>
#include <arch/ptrace.hpp>

#include "abi/cred/cred.hpp"
#include "abi/fs/regular.hpp"
#include "abi/process/coredump.hpp"
#include "abi/process/process.hpp"
#include "abi/process/remote_memory.hpp"
#include "mm/gup.hpp"
#include "mm/pgtable.hpp"
#include "mm/slab.hpp"

namespace faultline {

namespace {

// --- the contents of notes ---

struct TimeVal32 {
    s32 seconds = 0, microseconds = 0;
};

struct ElfPrStatus { // struct elf_prstatus
    s32 signo = 0, code = 0, error = 0;
    s16 cursig = 0;
    u32 sigpend = 0, sighold = 0;
    s32 pid = 0, ppid = 0, pgrp = 0, sid = 0;
    TimeVal32 utime, stime, cutime, cstime;
    u32 registers[18] = {}; // r0 – r15, cpsr, orig_r0
    s32 fpvalid = 0;
};
static_assert(sizeof(ElfPrStatus) == 148);

struct ElfPrPsInfo { // struct elf_prpsinfo
    char state = 0, sname = 'R', zombie = 0, nice = 0;
    u32 flags = 0;
    u16 uid = 0, gid = 0;
    s32 pid = 0, ppid = 0, pgrp = 0, sid = 0;
    char fname[16] = {};
    char psargs[80] = {};
};
static_assert(sizeof(ElfPrPsInfo) == 124);

struct ElfVfp { // ARM_VFPREGS_SIZE
    u64 d[32];
    u32 fpscr;
} __attribute__((packed));
static_assert(sizeof(ElfVfp) == 260);

s32 parent_pid(const ThreadGroup& group) { return group.parent != nullptr ? group.parent->pid : 0; }

ElfPrStatus prstatus(Task& task, s32 sig) {
    const ThreadGroup& group = *task.group;
    ElfPrStatus status;
    status.signo = status.cursig = static_cast<s16>(sig);
    status.sigpend = static_cast<u32>(task.pending.set);
    status.sighold = static_cast<u32>(task.blocked);
    status.pid = task.pid;
    status.ppid = parent_pid(group);
    status.pgrp = group.pgid;
    status.sid = group.sid;
    const PtRegs& regs = task_user_regs(task);
    std::copy_n(regs.r, 13, status.registers);
    const u32 rest[] = {regs.sp, regs.lr, regs.pc, regs.cpsr, regs.orig_r0};
    std::copy_n(rest, 5, status.registers + 13);
    return status;
}

ElfPrPsInfo prpsinfo(const Task& task) {
    const ThreadGroup& group = *task.group;
    MmStruct& mm = *task.mm.mm;
    ElfPrPsInfo info;
    info.nice = static_cast<char>(task.nice);
    info.uid = static_cast<u16>(task.cred->uid);
    info.gid = static_cast<u16>(task.cred->gid);
    info.pid = group.pid;
    info.ppid = parent_pid(group);
    info.pgrp = group.pgid;
    info.sid = group.sid;
    std::copy_n(task.comm, sizeof info.fname, info.fname);
    const u32 bytes = std::min<u32>(mm.arg_end - mm.arg_start, sizeof info.psargs - 1);
    if (read_remote_memory(mm, info.psargs, mm.arg_start, bytes).ok())
        std::replace(info.psargs, info.psargs + bytes, '\0', ' ');
    return info;
}

ElfVfp vfp_registers(const Task& task) {
    ElfVfp vfp;
    std::memcpy(vfp.d, task.context.vfp, sizeof vfp.d);
    vfp.fpscr = task.context.fpscr;
    return vfp;
}

// The auxiliary vector, which still lies where execve put it: above argv and envp, each ended by a null.
class AuxVector {
  public:
    static constexpr u32 PAIRS = 24;

    explicit AuxVector(MmStruct& mm) {
        UserAddr at = mm.start_stack + u32{sizeof(u32)};
        for (u32 lists = 0; lists < 2;) {
            u32 word = 0;
            if (!read_remote_memory(mm, &word, at, sizeof word).ok())
                return;
            at = at + u32{sizeof word};
            lists += word == 0 ? 1 : 0;
        }
        for (; count_ < 2 * PAIRS; count_ += 2, at = at + 2 * u32{sizeof(u32)}) {
            if (!read_remote_memory(mm, words_ + count_, at, 2 * sizeof(u32)).ok())
                return;
            if (words_[count_] == AT_NULL) {
                count_ += 2;
                return;
            }
        }
    }
    const u32* words() const { return words_; }
    u32 bytes() const { return count_ * u32{sizeof(u32)}; }

  private:
    u32 words_[2 * PAIRS] = {};
    u32 count_ = 0;
};

// --- which memory ---

struct DumpedArea {
    UserAddr start, end;
    u32 flags, bytes; // of rights, and how much of it goes into the file
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

// Linux vma_dump_size.
u32 dump_size(const VmArea& vma, u32 filter) {
    const u32 whole = vma.end - vma.start;
    if ((vma.flags & VM_DONTDUMP) != 0)
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
    const bool elf_header =
        (filter & DUMP_ELF_HEADERS) != 0 && vma.pgoff == 0 && (vma.flags & (VM_READ | VM_EXEC)) == (VM_READ | VM_EXEC);
    return elf_header ? PAGE_SIZE : 0;
}

// The mappings as they were when the dump began, from kmalloc.
class DumpedAreas {
  public:
    DumpedAreas() = default;
    DumpedAreas(const DumpedAreas&) = delete;
    DumpedAreas& operator=(const DumpedAreas&) = delete;
    ~DumpedAreas() { kfree(areas_); }

    Result<void> take(MmStruct& mm, u32 filter) {
        ReadGuard guard(mm.mmap_lock);
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

// --- writing ---

// The file up to its limit: what comes after that is dropped, and the core is short.
class CoreFile {
  public:
    CoreFile(File& file, u64 limit) : file_(file), limit_(limit) {}

    Result<void> write(const void* data, u32 bytes) {
        bytes = static_cast<u32>(std::min<u64>(bytes, limit_ - position_));
        if (bytes != 0 && !cut())
            TRY(file_.ops->splice_write(file_, data, bytes, position_));
        return {};
    }
    void skip(u32 bytes) { position_ = std::min(position_ + bytes, limit_); }
    void align(u32 to) { skip(static_cast<u32>((to - position_ % to) % to)); }
    bool cut() const { return position_ == limit_; }
    u64 position() const { return position_; }
    Result<void> finish() { // a hole at the end
        return position_ > file_.inode->mapping.size ? truncate_inode(*file_.inode, position_) : Result<void>();
    }

  private:
    File& file_;
    u64 limit_, position_ = 0;
};

constexpr u32 align4(u32 bytes) { return (bytes + 3) & ~3u; }

// Notes are asked for twice: how long they are, then to be written. With a file they are.
class Notes {
  public:
    explicit Notes(CoreFile* file) : file_(file) {}

    Result<void> add(const char* owner, u32 type, const void* data, u32 bytes) {
        const Elf32_Nhdr header = {static_cast<u32>(std::strlen(owner)) + 1, bytes, type};
        bytes_ += u32{sizeof header} + align4(header.n_namesz) + align4(bytes);
        if (file_ == nullptr)
            return {};
        TRY_VOID(file_->write(&header, sizeof header));
        TRY_VOID(file_->write(owner, header.n_namesz));
        file_->align(4);
        TRY_VOID(file_->write(data, bytes));
        file_->align(4);
        return {};
    }
    u32 bytes() const { return bytes_; }

  private:
    CoreFile* file_;
    u32 bytes_ = 0;
};

Result<void> add_thread(Notes& notes, Task& task, const SigInfo& info) {
    const ElfPrStatus status = prstatus(task, info.signo);
    TRY_VOID(notes.add("CORE", NT_PRSTATUS, &status, sizeof status));
    if (&task == current()) { // the process's own notes come after its dying thread's registers
        const ElfPrPsInfo process = prpsinfo(task);
        TRY_VOID(notes.add("CORE", NT_PRPSINFO, &process, sizeof process));
        TRY_VOID(notes.add("CORE", NT_SIGINFO, &info, sizeof info));
        const AuxVector auxv(*task.mm.mm);
        TRY_VOID(notes.add("CORE", NT_AUXV, auxv.words(), auxv.bytes()));
    }
    const ElfVfp vfp = vfp_registers(task);
    return notes.add("LINUX", NT_ARM_VFP, &vfp, sizeof vfp);
}

// The thread that died first: debuggers start with it.
Result<void> add_notes(Notes& notes, const SigInfo& info) {
    Task& dying = *current();
    TRY_VOID(add_thread(notes, dying, info));
    for (Task& thread : dying.group->threads)
        if (&thread != &dying && thread.mm.mm != nullptr)
            TRY_VOID(add_thread(notes, thread, info));
    return {};
}

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
    return ((area.flags & VM_READ) != 0 ? u32{PF_R} : 0) | ((area.flags & VM_WRITE) != 0 ? u32{PF_W} : 0) |
           ((area.flags & VM_EXEC) != 0 ? u32{PF_X} : 0);
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

// The page that stands at an address, with a reference; of a file, it is brought in. nullptr: zeros. (Linux get_dump_page.)
Page* get_dump_page(MmStruct& mm, UserAddr address, bool file) {
    ReadGuard guard(mm.mmap_lock);
    Page* page = follow_page(mm, address, FOLL_GET);
    if (page == nullptr && file)
        (void)get_user_pages(mm, guard, address, 1, FOLL_GET, &page);
    if (page != nullptr && page == &zero_page()) {
        put_page(*page);
        return nullptr;
    }
    return page;
}

Result<void> write_memory(CoreFile& core, MmStruct& mm, const DumpedAreas& areas) {
    core.align(PAGE_SIZE);
    for (const DumpedArea& area : areas)
        for (u32 done = 0; done < area.bytes && !core.cut(); done += PAGE_SIZE) {
            if (fatal_signal_pending())
                return Err(Errno::INTR);
            Page* page = get_dump_page(mm, area.start + done, area.file);
            if (page == nullptr) {
                core.skip(PAGE_SIZE);
                continue;
            }
            const auto written = core.write(page_address(*page), PAGE_SIZE);
            put_page(*page);
            TRY_VOID(written);
        }
    return core.finish();
}

} // namespace

Result<void> elf_core_dump(File& file, const SigInfo& info, u64 limit) {
    Task& task = *current();
    MmStruct& mm = *task.mm.mm;
    save_user_state(task.context); // its VFP registers are still in the processor
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
