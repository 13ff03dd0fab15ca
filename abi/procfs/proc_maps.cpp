// An address space as text: maps; and smaps, with what the page-table entries say.
#include "abi/fs/file.hpp"
#include "abi/fs/inode.hpp"
#include "abi/fs/seq_file.hpp"
#include "abi/procfs/procfs.hpp"
#include "mm/filemap.hpp"
#include "mm/kmalloc.hpp"
#include "mm/mm_struct.hpp"
#include "mm/page.hpp"
#include "mm/pgtable.hpp"
#include "mm/swapfile.hpp"
#include "mm/upcalls.hpp"

namespace faultline {

namespace {

constexpr u32 NAME_COLUMN = 49; // Linux puts the path there
constexpr u32 PSS_SHIFT = 12;

Result<void> show_name(const MmStruct& mm, const VmArea& vma, SeqFile& out) {
    char* buffer = nullptr;
    const char* name = nullptr;
    if (vma.mapping != nullptr) {
        buffer = static_cast<char*>(kmalloc(PATH_LENGTH_MAX));
        if (buffer == nullptr)
            return Err(Errno::NOMEM);
        name = vma.mapping->ops->name(*vma.mapping, buffer, PATH_LENGTH_MAX);
    } else if (vma.start <= mm.brk && vma.end > mm.start_brk && mm.brk != mm.start_brk) {
        name = "[heap]";
    } else if (vma.contains(mm.start_stack)) {
        name = "[stack]";
    }
    if (name != nullptr) {
        out.pad_to(NAME_COLUMN);
        out.text(name);
    } else {
        out.text(" ");
    }
    kfree(buffer);
    return {};
}

void show_range(const VmArea& vma, SeqFile& out) {
    out.printf("%08x-%08x %c%c%c%c %08llx 00:%02x %llu", static_cast<unsigned>(vma.start.value()),
               static_cast<unsigned>(vma.end.value()), vma.flags.has(VM_READ) ? 'r' : '-',
               vma.flags.has(VM_WRITE) ? 'w' : '-', vma.flags.has(VM_EXEC) ? 'x' : '-', vma.shared() ? 's' : 'p',
               static_cast<unsigned long long>(vma.mapping != nullptr ? u64{vma.pgoff} << PAGE_SHIFT : 0),
               vma.mapping != nullptr ? 1u : 0u,
               static_cast<unsigned long long>(vma.mapping != nullptr ? vma.mapping->inode : 0));
}

Result<void> show_vma(const MmStruct& mm, const VmArea& vma, SeqFile& out) {
    show_range(vma, out);
    TRY_VOID(show_name(mm, vma, out));
    out.text("\n");
    return {};
}

struct VmaUse { // bytes
    u32 resident = 0, shared_clean = 0, shared_dirty = 0, private_clean = 0, private_dirty = 0;
    u32 referenced = 0, anonymous = 0, lazyfree = 0;
    u32 swapped = 0;
    u64 proportional = 0, swapped_proportional = 0; // << PSS_SHIFT
};

VmaUse use_of(MmStruct& mm, const VmArea& vma) {
    VmaUse use;
    const auto count = [&](UserAddr, PteSlot* slot) {
        const Pte pte = ptep_get(slot);
        if (const SwapEntry swapped = swap_slot_of(pte); swapped != SwapEntry()) {
            use.swapped += PAGE_SIZE;
            use.swapped_proportional += (u64{PAGE_SIZE} << PSS_SHIFT) / swp_swapcount(swapped);
        }
        // The zero page is not memory of this mapping.
        if (!pte_present(pte) || pte_special(pte))
            return;
        const Page& page = pfn_to_page(pte_pfn(pte));
        const bool dirty = pte_dirty(pte) || page.test(PG_DIRTY), shared = page_mapcount(page) > 1;
        use.resident += PAGE_SIZE;
        use.proportional += (u64{PAGE_SIZE} << PSS_SHIFT) / static_cast<u32>(page_mapcount(page));
        (shared  ? dirty ? use.shared_dirty : use.shared_clean
         : dirty ? use.private_dirty
                 : use.private_clean) += PAGE_SIZE;
        use.referenced += pte_young(pte) ? PAGE_SIZE : 0;
        use.anonymous += page.test(PG_ANON) ? PAGE_SIZE : 0;
        use.lazyfree += page.test(PG_LAZYFREE) && !dirty ? PAGE_SIZE : 0;
    };
    walk_page_range(mm, vma.start, vma.end, count, NOTHING_MORE, cond_resched);
    return use;
}

constexpr struct { // in the order of Linux's show_smap_vma_flags
    VmFlags flag;
    const char* name;
} flag_names[] = {{VM_READ, " rd"},       {VM_WRITE, " wr"},    {VM_EXEC, " ex"},      {VM_SHARED, " sh"},
                  {VM_MAYREAD, " mr"},    {VM_MAYWRITE, " mw"}, {VM_MAYEXEC, " me"},   {VM_MAYSHARE, " ms"},
                  {VM_GROWSDOWN, " gd"},  {VM_LOCKED, " lo"},   {VM_SEQ_READ, " sr"},  {VM_RAND_READ, " rr"},
                  {VM_DONTCOPY, " dc"},   {VM_ACCOUNT, " ac"},  {VM_NORESERVE, " nr"}, {VM_LOCKONFAULT, " lf"},
                  {VM_WIPEONFORK, " wf"}, {VM_DONTDUMP, " dd"}, {VM_MERGEABLE, " mg"}};

void show_use(const VmArea& vma, const VmaUse& use, SeqFile& out) {
    const auto line = [&](const char* name, u64 bytes) {
        out.text(name);
        out.text(":");
        out.pad_to(16);
        out.printf("%8llu kB\n", static_cast<unsigned long long>(bytes / 1024));
    };
    line("Size", vma.end - vma.start);
    line("KernelPageSize", PAGE_SIZE);
    line("MMUPageSize", PAGE_SIZE);
    line("Rss", use.resident);
    line("Pss", use.proportional >> PSS_SHIFT);
    line("Shared_Clean", use.shared_clean);
    line("Shared_Dirty", use.shared_dirty);
    line("Private_Clean", use.private_clean);
    line("Private_Dirty", use.private_dirty);
    line("Referenced", use.referenced);
    line("Anonymous", use.anonymous);
    line("LazyFree", use.lazyfree);
    line("Swap", use.swapped);
    line("SwapPss", use.swapped_proportional >> PSS_SHIFT);
    line("Locked", vma.flags.has(VM_LOCKED) ? use.proportional >> PSS_SHIFT : 0);
    out.text("VmFlags:");
    for (const auto& name : flag_names)
        if (vma.flags.has(name.flag))
            out.text(name.name);
    out.text("\n");
}

// The page of the kernel that every program sees: the helpers at its end are called by their addresses
// (Documentation/arm/kernel_user_helpers.rst). No VMA stands for it. (Linux arch/arm/kernel/process.c gate_vma.)
constexpr u32 VECTORS = 0xffff'0000;

void show_vectors(SeqFile& out, bool with_use) {
    VmArea gate;
    gate.start = UserAddr(VECTORS);
    gate.end = gate.start + PAGE_SIZE;
    gate.flags = VM_READ | VM_EXEC | VM_MAYREAD | VM_MAYEXEC;
    show_range(gate, out);
    out.pad_to(NAME_COLUMN);
    out.text("[vectors]\n");
    if (with_use)
        show_use(gate, {}, out);
}

// Shows the first mapping that ends above `address`, and moves `address` to its end. False: there is none.
Result<bool> show(const Inode& inode, MmStruct* mm, SeqFile& out, u32& address, bool with_use) {
    TRY(proc_task(inode));
    if (mm == nullptr)
        return false; // a zombie has no mappings
    if (address > VECTORS)
        return false;
    const MmapReadGuard mmap_read(*mm);
    const FoundVma vma = find_vma(mmap_read, UserAddr(address));
    if (!vma) {
        show_vectors(out, with_use);
        address = VECTORS + PAGE_SIZE;
        return true;
    }
    TRY_VOID(show_vma(*mm, *vma, out));
    if (with_use)
        show_use(*vma, use_of(*mm, *vma), out);
    address = vma->end.value();
    return true;
}

} // namespace

Result<bool> show_pid_maps(const Inode& inode, MmStruct* mm, SeqFile& out, u32& cursor) {
    return show(inode, mm, out, cursor, false);
}
Result<bool> show_pid_smaps(const Inode& inode, MmStruct* mm, SeqFile& out, u32& cursor) {
    return show(inode, mm, out, cursor, true);
}

} // namespace faultline
