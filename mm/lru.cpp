// The lists themselves, one set for each CPU.
#include "mm/lru.hpp"

#include <array>

#include "arch/contract/per_cpu.hpp"
#include "base/late.hpp"
#include "base/relaxed.hpp"
#include "mm/page_alloc.hpp"

namespace faultline {
namespace {

struct LruVec {
    SpinLock lock{"LruVec"};
    std::array<List<Page, &Page::lru>, NR_LRU_LISTS> lists GUARDED_BY(lock); // the youngest first
    std::array<Relaxed<u32>, NR_LRU_LISTS> pages;                            // changed with the lock held

    void add(Page& page, LruList list, bool as_oldest = false) REQUIRES(lock) {
        as_oldest ? lists[list].push_back(page) : lists[list].push_front(page);
        pages[list] = pages[list] + 1;
        page.set(PG_LRU | FLAGS[list]);
    }
    void remove(Page& page) REQUIRES(lock) {
        const LruList list = list_of(page);
        lists[list].erase(lists[list].iterator_to(page));
        pages[list] = pages[list] - 1;
        page.clear(PG_LRU | PG_ACTIVE | PG_SWAPBACKED);
    }

  private:
    static constexpr PageFlags FLAGS[NR_LRU_LISTS] = {PG_SWAPBACKED, PG_SWAPBACKED | PG_ACTIVE, PageFlags{}, PG_ACTIVE};

    static LruList list_of(const Page& page) {
        if (page.test(PG_SWAPBACKED))
            return page.test(PG_ACTIVE) ? LRU_ACTIVE_ANON : LRU_INACTIVE_ANON;
        return page.test(PG_ACTIVE) ? LRU_ACTIVE_FILE : LRU_INACTIVE_FILE;
    }
};

struct LruVecs {
    PerCpu<LruVec> cpus;
    std::atomic<u32> turn{0};          // round and round, so that all CPUs' pages age alike
    SpinLock anon_lock{"LruVec anon"}; // of who adds an anonymous page. Taken outside a LruVec's
};
constinit Late<LruVecs> lruvecs;
LruVec& lruvec_of(const Page& page) { return lruvecs->cpus.of(page.lru_cpu()); }

// Takes the page, with a reference that the caller has got for that, out of its list.
void isolate(LruVec& vec, Page& page) REQUIRES(vec.lock) {
    page.set(PG_ISOLATED); // never neither of the two
    vec.remove(page);
}

// The oldest page of the list that nobody is freeing right now.
Page* isolate_oldest(LruVec& vec, LruList list) {
    const Guard lock(vec.lock);
    auto& pages = vec.lists[list];
    for (auto each = pages.rbegin(); each != pages.rend(); ++each) {
        Page& page = *each;
        if (!page.refcount.inc_not_zero())
            continue; // its last reference is gone, and who had it waits for the lock
        isolate(vec, page);
        return &page;
    }
    return nullptr;
}

} // namespace

void init_lru() { lruvecs.emplace(); }

void lru_cache_add(Page& page, LruList list) {
    page.set_lru_cpu(smp_processor_id());
    LruVec& vec = lruvec_of(page);
    const Guard lock(vec.lock);
    vec.add(page, list);
}

void lru_add_anon(Page& page, LruList list) {
    const Guard lock(lruvecs->anon_lock);
    if (!page.test(PG_LRU | PG_ISOLATED | PG_HWPOISON))
        lru_cache_add(page, list);
}

bool lru_cache_del(Page& page) {
    if (!page.test(PG_LRU | PG_ISOLATED))
        return true;
    LruVec& vec = lruvec_of(page);
    const Guard lock(vec.lock);
    if (page.test(PG_ISOLATED))
        return false;
    vec.remove(page);
    return true;
}

IsolatedPage IsolatedPage::oldest_of(LruList list) {
    for (u32 tried = 0; tried < nr_cpu_ids; ++tried) {
        LruVec& vec = lruvecs->cpus.of(lruvecs->turn.fetch_add(1, std::memory_order_relaxed) % nr_cpu_ids);
        if (vec.pages[list] == 0)
            continue;
        if (Page* page = isolate_oldest(vec, list))
            return IsolatedPage(page);
    }
    return IsolatedPage(nullptr);
}

IsolatedPage IsolatedPage::of(Page& page) {
    LruVec& vec = lruvec_of(page);
    const Guard lock(vec.lock);
    if (!page.test(PG_LRU))
        return IsolatedPage(nullptr);
    get_page(page);
    isolate(vec, page);
    return IsolatedPage(&page);
}

void IsolatedPage::put_back(LruList list) { put_back_at(list, false); }
void IsolatedPage::put_back_as_oldest(LruList list) { put_back_at(list, true); }

void IsolatedPage::put_back_at(LruList list, bool as_oldest) {
    Page& page = *std::exchange(page_, nullptr);
    {
        LruVec& vec = lruvec_of(page);
        const Guard lock(vec.lock);
        if (!page.test(PG_HWPOISON))
            vec.add(page, list, as_oldest); // never neither of the two
        page.clear(PG_ISOLATED);
    }
    put_page(page);
}

Page* IsolatedPage::take() {
    page_->clear(PG_ISOLATED);
    return std::exchange(page_, nullptr);
}

u32 nr_lru_pages(LruList list) {
    u32 pages = 0;
    for (u32 cpu = 0; cpu < nr_cpu_ids; ++cpu)
        pages += lruvecs->cpus.of(cpu).pages[list];
    return pages;
}

} // namespace faultline
