// Unmapping: flush first, free afterwards. A page is freed when no table and no TLB refers to it any more.
#include "mm/unmap.hpp"

#include <array>

#include "mm/filemap.hpp"
#include "mm/page_alloc.hpp"
#include "mm/pgtable.hpp"
#include "mm/rmap.hpp"
#include "mm/swap_pte.hpp"
#include "mm/upcalls.hpp"

namespace faultline {

namespace {

// Pages taken out of a page table, and the TLB debt that must be paid before they may be freed. (Linux
// mm/mmu_gather.c.)
class MmuGather {
  public:
    explicit MmuGather(MmStruct& mm) : debt(mm.context) {}
    ~MmuGather() { flush(); }
    MmuGather(const MmuGather&) = delete;
    MmuGather& operator=(const MmuGather&) = delete;

    TlbDebt debt;

    // `page` has lost the entry that had a reference to it. Caller holds the entry's lock: a full batch flushes right
    // here, which is legal under it.
    void remove(Page& page) {
        pages_[count_++] = &page;
        if (count_ == pages_.size())
            flush();
    }

    void flush() {
        if (debt.owed())
            pay_and_free();
    }

  private:
    [[gnu::noinline]] void pay_and_free() {
        debt.pay();
        for (u32 i = 0; i < count_; ++i)
            put_page(*pages_[i]);
        count_ = 0;
    }

    u32 count_ = 0;
    std::array<Page*, 32> pages_;
};

} // namespace

namespace {

// Empties the entries of [start, end). leave() is called before a table's lock is given up, and between() without a lock.
template <class Leave, class Between>
void zap_range(MmuGather& gather, MmStruct& mm, UserAddr start, UserAddr end, const Leave& leave,
               const Between& between) {
    RssChange rss;
    const auto zap = [&](UserAddr address, PteSlot* slot) {
        if (pte_none(ptep_get(slot)))
            return;
        if (!gather.debt.owed())
            update_hiwater_rss(mm); // before the first of some
        const Pte pte = ptep_get_and_clear(gather.debt, address, slot);
        if (Page* page = vm_normal_page(pte)) {
            move_bits_to_page(*page, pte);
            page_remove_rmap(rss, *page);
            gather.remove(*page);
        } else if (!pte_present(pte)) {
            zap_swap_pte(mm, pte_to_swp_entry(pte));
        }
    };
    const auto leave_table = [&] {
        rss.add_to(mm);
        leave();
    };
    walk_page_range(mm, start, end, zap, leave_table, between);
}

// A table's lock is given up after the flush: with madvise() the area stays, and a fault on another CPU must not
// map a new page while a TLB has the old one. (ARM ARM B3.10.1: break before make.)
template <class Between>
void zap_and_flush(MmStruct& mm, UserAddr start, UserAddr end, const Between& between) {
    MmuGather gather(mm);
    const auto leave_table = [&] { gather.flush(); };
    zap_range(gather, mm, start, end, leave_table, between);
}

} // namespace

void zap_page_range(MmStruct& mm, UserAddr start, UserAddr end) { zap_and_flush(mm, start, end, cond_resched); }
void zap_page_range_locked(MmStruct& mm, UserAddr start, UserAddr end) { zap_and_flush(mm, start, end, NOTHING_MORE); }

void unmap_vmas(const MmapWriteLocked& locked) {
    MmStruct& mm = locked.mm();
    MmuGather gather(mm);
    for (const VmArea& vma : mm.vmas) {
        zap_range(gather, mm, vma.start, vma.end, NOTHING_MORE, cond_resched);
        cond_resched();
    }
}

} // namespace faultline
