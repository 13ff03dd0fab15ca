// The page-table entries of another address space: reading them (pagemap, pte) and ageing them (clear_refs). Reading
// changes no entry.
#include <algorithm>

#include "abi/fs/file.hpp"
#include "abi/fs/inode.hpp"
#include "abi/procfs/procfs.hpp"
#include "base/format.hpp"
#include "kernel/debug/describe_pte.hpp"
#include "mm/aging.hpp"
#include "mm/mm_struct.hpp"
#include "mm/page.hpp"
#include "mm/pgtable.hpp"
#include "mm/swap_entry.hpp"
#include "mm/upcalls.hpp"

namespace faultline {

namespace {

enum PagemapBit : u64 { // Documentation/admin-guide/mm/pagemap.rst; bits 0 to 54 are the frame number, or tell of the slot
    PM_PFRAME_MASK = (u64{1} << 55) - 1,
    PM_MMAP_EXCLUSIVE = u64{1} << 56,
    PM_FILE = u64{1} << 61, // a page of a file, or shared anonymous memory
    PM_SWAP = u64{1} << 62,
    PM_PRESENT = u64{1} << 63,
};

// The entry for an address, as the tables have it now. Caller holds the mmap lock.
Pte entry_at(MmStruct& mm, UserAddr address) {
    const PteSlot* slot = pte_offset(mm, address);
    return slot != nullptr ? ptep_get(slot) : Pte();
}

u64 pagemap_entry(MmStruct& mm, UserAddr address) {
    const PteSlot* slot = pte_offset(mm, address);
    if (slot == nullptr)
        return 0;
    const Guard guard(pte_lockptr(slot)); // keeps the page from being freed
    const Pte pte = ptep_get(slot);
    if (is_swap_pte(pte)) {
        constexpr u32 MAX_SWAPFILES_SHIFT = 5;
        const SwapEntry swapped = pte_to_swp_entry(pte);
        return PM_SWAP | u64{swapped.offset()} << MAX_SWAPFILES_SHIFT | swapped.type();
    }
    if (!pte_present(pte))
        return 0;
    u64 entry = PM_PRESENT | pte_pfn(pte).value();
    if (!pte_special(pte)) {
        const Page& page = pfn_to_page(pte_pfn(pte));
        if (!page.test(PG_ANON))
            entry |= PM_FILE;
        if (page_mapcount(page) == 1)
            entry |= PM_MMAP_EXCLUSIVE;
    }
    return entry;
}

Result<u32> pagemap_read(File& file, UserAddr buffer, u32 bytes, u64& position) {
    if (position % sizeof(u64) != 0 || bytes % sizeof(u64) != 0)
        return Err(Errno::INVAL);
    const MmRef mm = proc_file_mm(file);
    if (!mm)
        return 0u;
    u64 entries[32];
    // Frame numbers help to attack the memory's hardware, so only a privileged opener sees them.
    const u64 shown = proc_file_privileged(file) ? ~u64{0} : ~PM_PFRAME_MASK;
    u32 done = 0;
    while (done < bytes && position / sizeof(u64) < TASK_SIZE >> PAGE_SHIFT) {
        const u32 first = static_cast<u32>(position / sizeof(u64));
        const u32 count =
            std::min({(bytes - done) / u32{sizeof(u64)}, u32{std::size(entries)}, (TASK_SIZE >> PAGE_SHIFT) - first});
        {
            const MmapReadGuard mmap_read(*mm);
            for (u32 i = 0; i < count; ++i)
                entries[i] = pagemap_entry(*mm, UserAddr((first + i) << PAGE_SHIFT)) & shown;
        }
        const u32 part = count * u32{sizeof(u64)};
        if (copy_to_user(buffer + done, entries, part) != 0)
            return done == 0 ? Result<u32>(Err(Errno::FAULT)) : Result<u32>(done);
        done += part;
        position += part;
        if (fatal_signal_pending())
            break;
        cond_resched();
    }
    return done;
}

// The first page behind `page` that has an entry; TASK_SIZE: there is none. Caller holds the mmap lock.
UserAddr next_entry(const MmStruct& mm, UserAddr page) {
    for (page += PAGE_SIZE; page.value() < TASK_SIZE; page += PAGE_SIZE) {
        const PteSlot* slot = pte_offset(mm, page);
        if (slot == nullptr)
            page = last_page_of_table(page);
        else if (!pte_none(ptep_get(slot)))
            return page;
        if (page == last_page_of_table(page))
            cond_resched();
    }
    return UserAddr(TASK_SIZE);
}

// One line about the page at an address, which is the position in the file: the software entry, and the hardware
// descriptor that the kernel made of it. Then the position is the next page that has an entry: so cat shows them all.
Result<u32> pte_read(File& file, UserAddr buffer, u32 bytes, u64& position) {
    if (position >= TASK_SIZE)
        return 0u;
    const MmRef mm = proc_file_mm(file);
    if (!mm)
        return 0u;
    const UserAddr address(static_cast<u32>(position));
    UserAddr next;
    char line[320];
    std::size_t length = scnprintf(line, sizeof line, "0x%08x: ", static_cast<unsigned>(address.value()));
    {
        const MmapReadGuard mmap_read(*mm);
        const Pte pte = entry_at(*mm, address);
        if (pte_none(pte))
            length += scnprintf(line + length, sizeof line - length, "none");
        else
            length += describe_pte(pte, line + length, sizeof line - length);
        const HardwareDescriptor hardware = hardware_descriptor(mm->context, address);
        char words[128];
        describe_descriptor(hardware, words, sizeof words);
        length += scnprintf(line + length, sizeof line - length, " | hardware 0x%08x: %s\n",
                            static_cast<unsigned>(hardware.second_level), words);
        next = next_entry(*mm, address.page());
    }
    if (bytes < length)
        return Err(Errno::INVAL); // the rest would have no position
    TRY_VOID(copy_struct_to_user(buffer, line, length));
    position = next.value();
    return static_cast<u32>(length);
}

} // namespace

constinit const FileOps pagemap_ops{
    .read = pagemap_read, .open = proc_file_open, .release = proc_file_release, .seekable = true};
constinit const FileOps pte_ops{
    .read = pte_read, .open = proc_file_open, .release = proc_file_release, .seekable = true};

Result<void> write_clear_refs(const Inode& inode, std::string_view text) {
    enum : s32 { ALL = 1, ANONYMOUS = 2, MAPPED = 3, SOFT_DIRTY = 4 }; // proc(5)
    const s32 kind = parse_pid(text);
    if (kind < ALL || kind > SOFT_DIRTY)
        return Err(Errno::INVAL);
    auto mm = TRY(proc_mm(inode));
    const MmapReadGuard mmap_read(*mm);
    if (kind == ALL)
        age_mm(mmap_read);
    else if (kind == SOFT_DIRTY) // no entry has that bit: what is left of clearing it is the flush
        flush_tlb_mm(mm->context);
    else
        for (const VmArea& vma : mm->vmas)
            if (vma.anonymous() == (kind == ANONYMOUS))
                age_page_range(mmap_read, vma.start, vma.end);
    return {};
}

} // namespace faultline
