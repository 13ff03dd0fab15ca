// The livelock detector: counts rounds in which nothing changed, and prints the report.
#include "kernel/futex/livelock.hpp"

#include <array>
#include <string_view>
#include <utility>

#include <arch/machine_control.hpp>

#include "arch/contract/clock.hpp"
#include "arch/contract/uaccess.hpp"
#include "base/trace.hpp"
#include "kernel/debug/describe_pte.hpp"
#include "kernel/debug/printk.hpp"
#include "kernel/futex/fault_in.hpp"
#include "kernel/sched/sched.hpp"
#include "mm/memory.hpp"
#include "mm/mm_struct.hpp"
#include "mm/pgtable.hpp"
#include "mm/upcalls.hpp"

namespace faultline {

constinit LivelockPolicy livelock_policy = LivelockPolicy::Report;
constinit u32 livelock_rounds = 1000;

namespace {

struct Explanation {
    const char* name;
    const char* why;  // why the access keeps faulting
    const char* cure; // what would repair it
};

constexpr std::array<Explanation, 5> EXPLANATIONS = {{
    {"absent", "there is no page behind the address, so every access faults",
     "handle_mm_fault would have brought a page in"},
    {"read-only", "the program may not write there at all, so no repair can make the write succeed",
     "a repair that first asks the VMA: fault_in=fixup ends the call with EFAULT (and so does "
     "get_user_pages)"},
    {"old", "the entry's young bit is missing, and without it the machine is told of no page: every access faults",
     "handle_mm_fault marks the entry young: fault_in=fixup always calls it"},
    {"clean", "the entry's dirty bit is missing, and without it the machine is told read-only: every write faults",
     "handle_mm_fault marks the entry dirty: fault_in=fixup always calls it"},
    {"stale", "the entry permits the access, but this CPU's TLB still holds an older one that does not",
     "handle_mm_fault drops the page from this CPU's TLB when it finds nothing else to do: fault_in=fixup "
     "always calls "
     "it"},
}};

const Explanation& explain(LivelockCause cause) { return EXPLANATIONS[static_cast<u32>(cause)]; }

// What the chosen repair did in each round, without success.
const char* what_the_repair_did(FaultIn policy) {
    switch (policy) {
    case FaultIn::Gup:
    case FaultIn::Trap:
        return "get_user_pages found the page present and writable, took it, and left the entry as it is";
    case FaultIn::GupDirty:
        return "get_user_pages found the page present, writable, young and dirty, and left the TLB as it is";
    case FaultIn::Fixup2011:
        return "fixup_user_fault called handle_mm_fault without asking whether the VMA permits the write";
    case FaultIn::Fixup:
        break;
    }
    return "fixup_user_fault called handle_mm_fault";
}

// The word as it is in memory, read through the kernel's own mapping of the page. That is no user access, so it cannot
// fault. 0 if there is no page.
u32 word_in_page(Pte entry, UserAddr address) {
    if (!pte_present(entry) || !pfn_valid(pte_pfn(entry)) || address.value() % sizeof(u32) != 0)
        return 0;
    auto* page = static_cast<const std::byte*>(page_address(pfn_to_page(pte_pfn(entry))));
    return __atomic_load_n(reinterpret_cast<const u32*>(page + address.page_offset()), __ATOMIC_RELAXED);
}

LivelockCause find_cause(Pte entry, VmFlags vma_flags, bool write) {
    if (write && !vma_flags.has(VM_WRITE))
        return LivelockCause::ReadOnly;
    if (!pte_present(entry))
        return LivelockCause::Absent;
    if (!pte_young(entry))
        return LivelockCause::Old;
    if (write && !pte_write(entry))
        return LivelockCause::ReadOnly;
    if (write && !pte_dirty(entry))
        return LivelockCause::Clean;
    return LivelockCause::Stale;
}

} // namespace

bool parse_livelock(const char* text, LivelockPolicy& policy) {
    if (std::string_view(text) == "report")
        policy = LivelockPolicy::Report;
    else if (std::string_view(text) == "halt")
        policy = LivelockPolicy::Halt;
    else
        return false;
    return true;
}

const char* livelock_cause_name(LivelockCause cause) { return explain(cause).name; }

void LivelockDetector::round(const char* operation, UserAddr address, FutexAccess access) {
    const bool is_first = !std::exchange(has_begun_, true);
    TRACE(RoundAgain, address, !is_first && has_seen_ ? unchanged_ : 0);
    cond_resched();
    if (is_first) { // most loops end now, and looking costs as much as the attempt
        operation_ = operation;
        address_ = address;
        access_ = access;
        has_seen_ = false;
        unchanged_ = 0;
        return;
    }
    View now{};
    if (!look(now)) { // another task is changing the address space, which is a change
        has_seen_ = false;
        return;
    }
    if (!has_seen_ || now != seen_) {
        seen_ = now;
        has_seen_ = true;
        unchanged_ = 0;
        first_ns_ = clock_ns();
        first_instruction_ = instructions_retired();
        return;
    }
    if (++unchanged_ != livelock_rounds)
        return;
    if (livelock_policy == LivelockPolicy::Halt || !current()->livelock_reported)
        report();
}

// Fills in `view`. Returns false if the mmap lock is not free.
bool LivelockDetector::look(View& view) const {
    return MmapReadGuard::if_free(*current_mm_task().mm, [&](const MmapReadGuard& mmap_read) {
        const MmStruct& mm = mmap_read.mm();
        if (const FoundVma vma = vma_lookup(mmap_read, address_)) {
            view.vma_start = vma->start.value();
            view.vma_end = vma->end.value();
            view.vma_flags = vma->flags;
        }
        if (const PteSlot* slot = pte_offset(mm, address_)) {
            const Guard lock(pte_lockptr(slot)); // keeps the page
            const Pte entry = ptep_get(slot);
            view.entry = entry.bits();
            view.word = word_in_page(entry, address_);
        }
        view.tlb_generation = tlb_generation(mm.context);
    });
}

LivelockCause LivelockDetector::cause() const {
    return find_cause(Pte::from_bits(seen_.entry), seen_.vma_flags, access_ == FutexAccess::Write);
}

void LivelockDetector::report() const {
    const u64 ns = clock_ns() - first_ns_;
    const u32 instructions = instructions_retired() - first_instruction_;
    const u64 per_second = ns != 0 ? u64{unchanged_} * NSEC_PER_SEC / ns : 0;
    const Explanation& explanation = explain(cause());
    Task& task = *current();
    task.livelock_reported = true;

    std::array<char, 128> entry{}, descriptor{};
    describe_pte(Pte::from_bits(seen_.entry), entry.data(), entry.size());
    describe_descriptor(hardware_descriptor(current_mm_task().mm->context, address_), descriptor.data(),
                        descriptor.size());
    const auto has = [this](VmFlags flag, char letter) { return seen_.vma_flags.has(flag) ? letter : '-'; };

    printk(KERN_WARNING, "livelock: %s[%d] is in a loop that cannot end: %s on the word at 0x%08x", task.comm, task.pid,
           operation_, address_.value());
    if (instructions != 0)
        printk(KERN_WARNING, "livelock:   %u rounds in which nothing changed, of %u instructions each", unchanged_,
               instructions / unchanged_);
    else
        printk(KERN_WARNING, "livelock:   %u rounds in which nothing changed, %llu in a second", unchanged_,
               static_cast<unsigned long long>(per_second));
    printk(KERN_WARNING, "livelock:   mapping  0x%08x-0x%08x %c%c%c%c, word is 0x%08x", seen_.vma_start, seen_.vma_end,
           has(VM_READ, 'r'), has(VM_WRITE, 'w'), has(VM_EXEC, 'x'), seen_.vma_flags.has(VM_SHARED) ? 's' : 'p',
           seen_.word);
    printk(KERN_WARNING, "livelock:   entry    %s", entry.data());
    printk(KERN_WARNING, "livelock:   machine  %s", descriptor.data());
    printk(KERN_WARNING, "livelock:   cause    %s: %s", explanation.name, explanation.why);
    if (access_ == FutexAccess::Write)
        printk(KERN_WARNING, "livelock:   repair   fault_in=%s: %s", fault_in_name(fault_in_policy),
               what_the_repair_did(fault_in_policy));
    printk(KERN_WARNING, "livelock:   cure     %s", explanation.cure);

    if (livelock_policy == LivelockPolicy::Report)
        return;
    console_printf("faultline: livelock: %s of %s[%d] turned %u times, its %s entry stayed %s, and "
                   "fault_in=%s never repaired it\n",
                   operation_, task.comm, task.pid, unchanged_, cause() == LivelockCause::Stale ? "TLB" : "page-table",
                   explanation.name, fault_in_name(fault_in_policy));
    machine_exit(LIVELOCK_STATUS);
}

Result<void> prepare_next_attempt(LivelockDetector& livelock, const char* operation, UserAddr address,
                                  FutexAccess access) {
    if (access == FutexAccess::Write)
        TRY_VOID(fault_in_user_writeable(address));
    else
        TRY(get_user_u32(address));
    livelock.round(operation, address, access);
    return {};
}

} // namespace faultline
