// fork's copy of an address space. (Linux 6.1 kernel/fork.c dup_mm, dup_mmap.)
#include "mm/filemap.hpp"
#include "mm/memory.hpp"
#include "mm/mmap.hpp"

namespace faultline {
namespace {

void copy_layout(MmStruct& child, const MmStruct& source) {
    child.start_brk = source.start_brk;
    child.brk = source.brk;
    child.start_stack = source.start_stack;
    child.start_code = source.start_code;
    child.end_code = source.end_code;
    child.start_data = source.start_data;
    child.end_data = source.end_data;
    child.arg_start = source.arg_start;
    child.arg_end = source.arg_end;
    child.env_start = source.env_start;
    child.env_end = source.env_end;
    child.mmap_base = source.mmap_base;
    child.free_area_cache = source.mmap_base;
    child.stack_limit = u32{source.stack_limit};
    child.exe_file = source.exe_file;
    if (child.exe_file != nullptr)
        get_mapping(*child.exe_file);
}

Result<void> dup_mmap(MmStruct& child, MmStruct& source) {
    for (const VmArea& vma : source.vmas) {
        if ((vma.flags & VM_DONTCOPY) != 0)
            continue;
        VmArea* copy = vm_area_dup(vma);
        if (copy == nullptr)
            return Err(Errno::NOMEM);
        copy->mm = &child;
        copy->flags &= ~VM_LOCKED_MASK; // mlock(2): locks are not inherited
        insert_vm_struct(child, *copy);
        if ((vma.flags & VM_WIPEONFORK) == 0)
            TRY_VOID(copy_page_range(child, source, vma));
    }
    return {};
}

} // namespace

Result<MmStruct*> dup_mm(MmStruct& source) {
    MmStruct* child = TRY(mm_alloc());
    const auto copied = [&] {
        const WriteGuard guard(source.mmap_lock);
        copy_layout(*child, source);
        const auto result = dup_mmap(*child, source);
        flush_tlb_mm(source.context); // entries are write-protected now, after a failure too
        return result;
    }();
    if (!copied.ok()) {
        mmput(*child);
        return Err(copied.error());
    }
    return child;
}

} // namespace faultline
