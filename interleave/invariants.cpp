// Checks the invariants after each step, on the pages that are watched.
#include "interleave/invariants.hpp"

#include <algorithm>
#include <cstdio>

#include "arch/model/check.hpp"
#include "arch/model/machine.hpp"
#include "mm/filemap.hpp"
#include "mm/page.hpp"
#include "mm/pgtable.hpp"

namespace faultline::interleave {

Pte truth_of(MmStruct& mm, UserAddr page) {
    const model::Unwatched outside;
    const PteSlot* slot = pte_offset(mm, page);
    return slot != nullptr ? ptep_get(slot) : Pte{};
}

namespace {

[[noreturn]] void violated(const char* invariant, u32 cpu, UserAddr page, const char* what) {
    char text[160];
    std::snprintf(text, sizeof text, "%s: CPU %u, page %08x: %s", invariant, cpu, page.value(), what);
    throw Violation(text);
}

// Whether a TLB entry that was right before may be wrong now.
bool takes_away(Pte before, Pte now) {
    if (!pte_user_readable(before))
        return false;
    return !pte_user_readable(now) || before.pfn() != now.pfn() ||
           (pte_user_writable(before) && !pte_user_writable(now)) ||
           (pte_user_executable(before) && !pte_user_executable(now));
}

// Whether a page of a file is not in its cache any more.
bool was_truncated(const Page& page) { return !page.test(PG_ANON) && !still_cached(page); }

} // namespace

void Invariants::watch(MmStruct& mm, UserAddr page) {
    watched_.push_back({.mm = &mm, .page = page, .last = truth_of(mm, page), .debts = {}});
}

std::vector<std::pair<MmStruct*, UserAddr>> Invariants::watched() const {
    std::vector<std::pair<MmStruct*, UserAddr>> pages;
    pages.reserve(watched_.size());
    for (const Watched& each : watched_)
        pages.emplace_back(each.mm, each.page);
    return pages;
}

void Invariants::forget(const MmStruct& mm) {
    std::erase_if(watched_, [&](const Watched& each) { return each.mm == &mm; });
}

void Invariants::begin_operation(u32 cpu, Operation what) { cpus_.at(cpu) = {.what = what, .number = ++operations_}; }

void Invariants::wrote(const MmStruct& mm, UserAddr address) {
    for (const Watched& each : watched_)
        if (each.mm == &mm && each.page == address.page() && pte_present(each.last))
            written_.insert(each.last.pfn());
}

bool Invariants::owed(const Watched& watched, u32 cpu) const {
    const Debt& debt = watched.debts[cpu];
    return debt.operation != 0 && debt.operation == cpus_[cpu].number;
}

bool Invariants::owed_by_anyone(const Watched& watched) const {
    for (u32 cpu = 0; cpu < watched.debts.size(); ++cpu)
        if (owed(watched, cpu))
            return true;
    return false;
}

void Invariants::check(u32 acting_cpu) {
    for (Watched& each : watched_) {
        const Pte now = truth_of(*each.mm, each.page);
        if (now != each.last)
            note_change(each, now, acting_cpu);
    }
    check_tlbs();
    check_dirt();
}

void Invariants::note_change(Watched& watched, Pte now, u32 cpu) {
    const Pte before = watched.last;
    const bool same_frame = pte_present(before) && pte_present(now) && before.pfn() == now.pfn();
    if (same_frame && cpus_[cpu].what == Operation::Access && !now.has(before.bits() & Pte::FLAGS_MASK))
        violated("an access has taken a bit away", cpu, watched.page, "its entry had more before");
    if (pte_present(now) && !same_frame)
        check_break_before_make(watched, now, cpu);
    if (takes_away(before, now) || (pte_dirty(before) && !pte_dirty(now)))
        watched.debts[cpu] = {.operation = cpus_[cpu].number, .before = before};
    watched.last = now;
}

void Invariants::check_break_before_make(const Watched& watched, Pte now, u32 cpu) const {
    if (!owed(watched, cpu))
        return;
    for (u32 each = 0; each < model::Machine::get().cpu_count(); ++each) {
        const auto frame = model::frame_in_tlb(each, watched.mm->context, watched.page);
        if (frame && *frame != now.pfn())
            violated("break before make is broken", cpu, watched.page,
                     "the entry has another frame, and a TLB still has the old one");
    }
}

void Invariants::check_tlbs() const {
    for (auto at = watched_.begin(); at != watched_.end(); ++at) {
        const Watched& each = *at;
        if (std::any_of(watched_.begin(), at, [&](const Watched& earlier) { return earlier.mm == each.mm; }))
            continue;
        for (const model::TlbFinding& finding : model::find_tlb_against_truth(each.mm->context)) {
            const auto owed_for = [&](const Watched& other) {
                return other.mm == each.mm && other.page.value() == finding.page && owed_by_anyone(other);
            };
            if (finding.kind == model::TlbFinding::BeyondTruth &&
                std::any_of(watched_.begin(), watched_.end(), owed_for))
                continue;
            violated("a TLB goes beyond truth", finding.cpu, UserAddr(finding.page), finding.what);
        }
    }
}

void Invariants::check_dirt() {
    std::erase_if(written_, [](Pfn frame) { return page_count(pfn_to_page(frame)) == 0; });
    std::erase_if(written_, [](Pfn frame) { return was_truncated(pfn_to_page(frame)); });
    for (const Pfn frame : written_)
        if (!pfn_to_page(frame).test(PG_DIRTY | PG_WRITEBACK) && !dirt_is_known(frame))
            throw Violation("dirt is lost: frame " + std::to_string(frame.value()) +
                            " was written, and neither an entry nor its page says so");
}

bool Invariants::dirt_is_known(Pfn frame) const {
    const auto dirty = [frame](Pte pte) { return pte_present(pte) && pte_dirty(pte) && pte.pfn() == frame; };
    return std::any_of(watched_.begin(), watched_.end(), [&](const Watched& each) {
        if (dirty(each.last))
            return true;
        for (u32 cpu = 0; cpu < each.debts.size(); ++cpu)
            if (owed(each, cpu) && dirty(each.debts[cpu].before))
                return true;
        return false;
    });
}

} // namespace faultline::interleave
