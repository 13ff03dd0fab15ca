// Who uses a frame, and what becomes of that when the frame loses its data.
#include "tests/host/pressure_poison.hpp"

#include "mm/memory_failure.hpp"
#include "mm/swap_entry.hpp"

namespace faultline::pressure {

bool names_lost_frame(Pte pte) { return is_swap_pte(pte) && is_hwpoison_entry(pte_to_swp_entry(pte)); }

Loss::Loss(Machine& machine, std::vector<ModelSpace>& spaces, const std::shared_ptr<ModelFile>& disk, const Page& frame)
    : frame_(frame) {
    if (page_mapping(frame) == machine.disk.get())
        file_ = disk;
    for (u32 space = 0; space < spaces.size(); ++space)
        for (u32 page = 0; page < WINDOW_PAGES; ++page)
            look_at({&spaces[space][page], machine.spaces[space].get(), address_of(page)});
    bool dirty = frame.test(PG_DIRTY);
    for (const Place& place : shown_)
        dirty |= pte_dirty(place.space->pte(place.address));
    const bool elsewhere = file_ != nullptr ? file_->disk != nullptr : frame.test(PG_SWAPCACHE);
    gone_ = dirty || !elsewhere;
}

void Loss::look_at(const Place& place) {
    const MmapReadGuard mmap_read(place.space->mm());
    const FoundVma vma = vma_lookup(mmap_read, place.address);
    if (!vma)
        return;
    if (vma->mapping != nullptr && vma->mapping == page_mapping(frame_))
        file_ = place.model->file;
    const Pte pte = place.space->pte(place.address);
    if (vm_normal_page(pte) == &frame_)
        shown_.push_back(place);
    else if (frame_.test(PG_SWAPCACHE) && swap_slot_of(pte) == SwapEntry::from_bits(frame_.swap))
        in_swap_.push_back(place);
}

bool Loss::possible() const {
    return file_ != nullptr || !shown_.empty() || !in_swap_.empty() || frame_.test(PG_BUDDY | PG_PCP);
}

void Loss::happened() {
    expect(frame_.test(PG_HWPOISON) && page_mapcount(frame_) == 0 && page_mapping(frame_) == nullptr,
           "a lost frame has no users");
    const bool of_disk = file_ != nullptr && file_->disk != nullptr;
    for (const Place& place : shown_) {
        const Pte pte = place.space->pte(place.address);
        const bool told = names_lost_frame(pte) || (file_ == nullptr && swap_slot_of(pte) != SwapEntry());
        expect(gone_ ? told : of_disk ? pte_none(pte) : swap_slot_of(pte) != SwapEntry(), "the entry of a lost frame");
        place.model->lost = gone_ && (file_ == nullptr || of_disk); // shared memory: it is the file that has lost it
    }
    for (const Place& place : in_swap_)
        place.model->lost = gone_;
    if (gone_ && file_ != nullptr)
        file_->lose(frame_.index);
}

void unpoison_all() {
    for (u32 number = 0; number < mem.max_mapnr; ++number)
        if (Page& frame = mem.map[number]; frame.test(PG_HWPOISON)) {
            expect(page_count(frame) == 1, "a lost frame has no users at the end");
            unpoison_memory(frame);
        }
}

} // namespace faultline::pressure
