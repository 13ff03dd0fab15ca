// The text of /proc/PID/pt: all page tables of an address space, mapping by mapping. Neighbours that are equal, apart from frames
// that count upwards, make one line.
#include "abi/procfs/procfs.hpp"
#include "base/format.hpp"
#include "kernel/debug/describe_pte.hpp"
#include "mm/pgtable.hpp"
#include "mm/upcalls.hpp"

namespace faultline {

namespace {

// Pages from `start` on whose entries are alike.
struct Run {
    UserAddr start;
    u32 pages = 0;
    Pte first;
    bool frames_count_up = true;

    bool takes(Pte next) const {
        if (!pte_present(first) || !pte_present(next))
            return next == first;
        return (next.bits() & Pte::FLAGS_MASK) == (first.bits() & Pte::FLAGS_MASK);
    }
    void add(Pte next) {
        frames_count_up &= next.pfn().value() == first.pfn().value() + pages;
        ++pages;
    }
};

void show_run(const Run& run, SeqFile& out) {
    char words[160];
    if (pte_none(run.first))
        scnprintf(words, sizeof words, "absent");
    else
        describe_pte(run.first, words, sizeof words);
    const bool scattered = run.pages > 1 && pte_present(run.first) && !run.frames_count_up;
    out.printf("  %08x-%08x %5u  %s%s\n", run.start.value(), (run.start + run.pages * PAGE_SIZE).value(), run.pages,
               words, scattered ? " (and other frames)" : "");
}

// The entries from `address` on that are alike, up to the end of the VMA.
Run run_from(const MmStruct& mm, const VmArea& vma, UserAddr address) {
    Run run;
    run.start = address;
    for (; address != vma.end; address += PAGE_SIZE) {
        const PteSlot* slot = pte_offset(mm, address);
        const Pte entry = slot != nullptr ? ptep_get(slot) : Pte();
        if (run.pages == 0)
            run.first = entry;
        if (!run.takes(entry))
            break;
        run.add(entry);
        if (address == last_page_of_table(address))
            cond_resched();
    }
    return run;
}

void show_vma(const VmArea& vma, SeqFile& out) {
    const auto has = [&](VmFlags flag, char letter) { return vma.flags.has(flag) ? letter : '-'; };
    out.printf("%08x-%08x %c%c%c%c\n", vma.start.value(), vma.end.value(), has(VM_READ, 'r'), has(VM_WRITE, 'w'),
               has(VM_EXEC, 'x'), vma.flags.has(VM_SHARED) ? 's' : 'p');
}

constexpr u32 RUNS_OF_A_PART = 64; // a large mapping may have very many

} // namespace

Result<bool> show_pid_pt(const Inode& inode, MmStruct* mm, SeqFile& out, u32& cursor) {
    TRY(proc_task(inode));
    if (mm == nullptr)
        return false;
    const MmapReadGuard mmap_read(*mm);
    const FoundVma vma = find_vma(mmap_read, UserAddr(cursor));
    if (!vma)
        return false;
    UserAddr address(cursor);
    if (address <= vma->start) {
        show_vma(*vma, out);
        address = vma->start;
    }
    for (u32 runs = 0; runs < RUNS_OF_A_PART && address != vma->end; ++runs) {
        const Run run = run_from(*mm, *vma, address);
        show_run(run, out);
        address += run.pages * PAGE_SIZE;
    }
    cursor = address.value();
    return true;
}

} // namespace faultline
