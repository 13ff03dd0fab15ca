// Pages by age: those that reclaim may take, in lists from the youngest to the oldest. (Linux: struct lruvec, mm/swap.c.)
//
// A page begins in the inactive list. Reclaim comes for the oldest page there. If it was used meanwhile it goes to the active
// list, else it is freed. The oldest active pages go back to the inactive list, when that becomes short, and are old then: so a
// page has a second chance before it is freed, and one that is used all the time is never looked at by who needs memory.
//
// Each CPU has lists of its own, as in Linux each node has: so faults on several CPUs do not wait for one lock.
#pragma once

#include <utility>

#include "mm/page.hpp"

namespace faultline {

// Pages that go to swap, and those that a file has a place for. (Linux: the same names.)
enum LruList : u8 { LRU_INACTIVE_ANON, LRU_ACTIVE_ANON, LRU_INACTIVE_FILE, LRU_ACTIVE_FILE, NR_LRU_LISTS };

// Once, before the first page is added; a test calls it again to start anew.
void init_lru();

// The page, which has its data now, may be reclaimed from here on. The caller keeps it. It leaves the lists when it is freed or
// taken out of its cache. It is in none yet, and nobody else adds it: as in a cache. (Linux: the same name.)
void lru_cache_add(Page& page, LruList list);

// The same for an anonymous page, which several tasks may want to add.
void lru_add_anon(Page& page, LruList list);

// The page leaves the lists for good, if it is in one. False: reclaim is just looking at it; then it is back in its list when
// AddressSpace::waiters are woken. (Linux: del_page_from_lru_list, and folio_lock before it.)
[[nodiscard]] bool lru_cache_del(Page& page);

// The oldest page of this list of one of the CPUs, taken out with a reference; none: the lists are empty. Until it is put back it
// stays in its page cache, which therefore stays, too. Other CPUs get other pages. (Linux: isolate_lru_pages.)
class IsolatedPage {
  public:
    static IsolatedPage oldest_of(LruList list);
    // This page, of which the caller has a reference; none: it is in no list. (Linux: isolate_lru_page.)
    static IsolatedPage of(Page& page);
    IsolatedPage(IsolatedPage&& other) noexcept : page_(std::exchange(other.page_, nullptr)) {}
    IsolatedPage& operator=(IsolatedPage&&) = delete;
    ~IsolatedPage() { BUG_ON(page_ != nullptr); }

    explicit operator bool() const { return page_ != nullptr; }
    Page& operator*() const { return *page_; }
    Page* operator->() const { return page_; }

    // The page becomes the youngest of this list, and the reference goes. The caller holds the lock of the page's cache, and wakes
    // who waits there. A poisoned page comes back to no list. (Linux: putback_lru_page.)
    void put_back(LruList list);
    void put_back_as_oldest(LruList list); // it is the next one that reclaim looks at
    // The page is out of its cache and of the lists; the reference is the caller's. Caller as above.
    [[nodiscard]] Page* take();

  private:
    explicit IsolatedPage(Page* page) : page_(page) {}
    void put_back_at(LruList list, bool as_oldest);
    Page* page_;
};

// How many pages the lists have, as of now.
u32 nr_lru_pages(LruList list);

} // namespace faultline
