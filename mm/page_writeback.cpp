// Writing back: pages are cleaned through the reverse map, written in runs, and waited for; and when that is due.
#include "mm/page_writeback.hpp"

#include <algorithm>
#include <array>

#include "arch/contract/clock.hpp"
#include "base/late.hpp"
#include "mm/page_alloc.hpp"
#include "mm/rmap.hpp"
#include "mm/upcalls.hpp"

namespace faultline {

namespace {

constexpr u64 NSEC_PER_CENTISEC = 10'000'000;

// Files with dirty pages. The lock is taken inside AddressSpace::lock.
constinit SpinLock dirty_files_lock{"dirty files"};
using DirtyFiles = AutoUnlinkList<AddressSpace, &AddressSpace::dirty_link>;
constinit Late<DirtyFiles> dirty_files;

// The page is not dirty any more.
void untag(AddressSpace& mapping, Page& page) REQUIRES(mapping.lock) {
    mapping.pages.clear_tag(page);
    page.clear(PG_DIRTY | PG_TAGGED);
    writeback_stat.nr_file_dirty.fetch_sub(1, std::memory_order_relaxed);
    if (!mapping.pages.any_tagged()) {
        const Guard lock(dirty_files_lock);
        mapping.dirty_link.unlink();
    }
}

// Dirty pages that follow one another, taken to be written.
struct PageRun {
    std::array<Page*, IO_PAGES_MAX> pages; // with a reference each
    u32 count = 0;

    std::span<Page* const> span() const { return {pages.data(), count}; }
};

// Cleans the first dirty pages of [from, end), as many as follow one another, and makes them PG_WRITEBACK. `wait`: for a
// page that another task writes, and that has become dirty again since. Otherwise such pages are passed over.
//
// What is written to a page before its entries are clean goes to the storage with this transfer. What is written later
// faults first, waits here for the lock, and makes the page dirty again.
void take_dirty_run(AddressSpace& mapping, u32 from, u32 end, bool wait, PageRun& run) REQUIRES(mapping.lock) {
    auto first = mapping.pages.tagged_from(from);
    while (first != mapping.pages.end() && first->index < end && first->test(PG_WRITEBACK)) {
        if (wait) {
            park(mapping.waiters, mapping.lock);
            first = mapping.pages.tagged_from(from);
        } else
            ++first;
    }
    if (first == mapping.pages.end() || first->index >= end)
        return;
    const u32 start = first->index;
    for (auto page = first; page != mapping.pages.end() && run.count < IO_PAGES_MAX; ++page) {
        if (page->index != start + run.count || page->index >= end || page->test(PG_WRITEBACK))
            break;
        get_page(*page);
        run.pages[run.count++] = &*page;
    }
    page_mkclean(mapping, start, start + run.count);
    for (Page* page : run.span()) {
        page->set(PG_WRITEBACK); // never neither of the two
        untag(mapping, *page);
    }
    writeback_stat.nr_writeback.fetch_add(run.count, std::memory_order_relaxed);
}

// The run is on its storage, or is not going to be.
void end_writeback(AddressSpace& mapping, const PageRun& run, WritebackRun& writing, bool written) {
    if (!written) // what the pages hold stays in memory, but nobody tries again (as in Linux)
        mapping.wb_err.set();
    {
        const Guard lock(mapping.lock);
        for (Page* page : run.span())
            page->clear(PG_WRITEBACK);
        writing.link.unlink();
        unpark_all(mapping.waiters);
    }
    writeback_stat.nr_writeback.fetch_sub(run.count, std::memory_order_relaxed);
    writeback_stat.nr_written.fetch_add(run.count, std::memory_order_relaxed);
    for (Page* page : run.span())
        put_page(*page);
}

// Writes the run. A page that cannot be written must not take the others along: then each is written by itself.
bool write_pages_of(AddressSpace& mapping, const PageRun& run) {
    if (mapping.ops->writepages(mapping, run.span()).ok())
        return true;
    if (run.count == 1)
        return false;
    bool all = true;
    for (u32 i = 0; i < run.count; ++i)
        all = mapping.ops->writepages(mapping, run.span().subspan(i, 1)).ok() && all;
    return all;
}

// Writes one run of [from, end) and moves `from` behind it. Returns how many pages: 0, nothing was left to write.
u32 write_run(AddressSpace& mapping, u32& from, u32 end, bool wait) {
    PageRun run;
    WritebackRun writing{};
    {
        const Guard lock(mapping.lock);
        take_dirty_run(mapping, from, end, wait, run);
        if (run.count == 0)
            return 0;
        writing.first = run.pages[0]->index;
        writing.end = from = writing.first + run.count;
        writing.number = ++mapping.writeback_runs;
        mapping.writing.push_back(writing);
    }
    end_writeback(mapping, run, writing, write_pages_of(mapping, run));
    return run.count;
}

u32 write_dirty_pages(AddressSpace& mapping, u32 first, u32 end, bool wait) {
    u32 pages = 0;
    while (const u32 written = write_run(mapping, first, end, wait)) {
        pages += written;
        cond_resched();
    }
    return pages;
}

// The memory that dirty pages may have a share of: what is free, and what the files with storage have. (Linux:
// global_dirtyable_memory.)
u32 pages_of(u32 per_cent) {
    const u32 files = writeback_stat.nr_file_pages.load(std::memory_order_relaxed);
    return static_cast<u32>(u64{nr_free_pages() + files} * per_cent / 100);
}

u32 nr_unwritten() {
    return writeback_stat.nr_file_dirty.load(std::memory_order_relaxed) +
           writeback_stat.nr_writeback.load(std::memory_order_relaxed);
}

bool over_background_limit() { return nr_unwritten() > dirty_background_threshold(); }

// The oldest place of the list, which then is the youngest; no file: the list is empty.
MappingRef next_dirty_file() {
    const Guard lock(dirty_files_lock);
    if (dirty_files->empty())
        return {};
    AddressSpace& file = dirty_files->front();
    dirty_files->pop_front();
    dirty_files->push_back(file);
    return MappingRef::of(file); // a file with storage is a device, which is never freed
}

u32 nr_dirty_files() {
    const Guard lock(dirty_files_lock);
    return static_cast<u32>(dirty_files->size());
}

} // namespace

void init_writeback() {
    dirty_files.emplace();
    for (auto* count : {&writeback_stat.nr_file_pages, &writeback_stat.nr_file_dirty, &writeback_stat.nr_writeback,
                        &writeback_stat.nr_dirtied, &writeback_stat.nr_written})
        count->store(0, std::memory_order_relaxed);
}

void tag_page_dirty(AddressSpace& mapping, Page& page) {
    page.set(PG_DIRTY);
    if (page.test(PG_TAGGED))
        return;
    page.set(PG_TAGGED);
    writeback_stat.nr_file_dirty.fetch_add(1, std::memory_order_relaxed);
    // Now and then it looks whether the flusher should begin (Linux: ratelimit_pages).
    constexpr u32 RATELIMIT_PAGES = 32;
    if (writeback_stat.nr_dirtied.fetch_add(1, std::memory_order_relaxed) % RATELIMIT_PAGES == 0 &&
        over_background_limit())
        wakeup_flusher_threads();
    if (!mapping.pages.any_tagged()) {
        mapping.dirtied_when_ns = clock_ns();
        const Guard lock(dirty_files_lock);
        dirty_files->push_back(mapping);
    }
    mapping.pages.set_tag(page);
}

void set_page_dirty(Page& page) {
    AddressSpace* mapping = page_mapping(page);
    if (mapping != nullptr && mapping_can_writeback(*mapping)) {
        const Guard lock(mapping->lock);
        if (still_cached(page)) {
            tag_page_dirty(*mapping, page);
            return;
        }
    }
    page.set(PG_DIRTY);
}

void cancel_dirty(AddressSpace& mapping, Page& page) {
    if (page.test(PG_TAGGED))
        untag(mapping, page);
}

void filemap_write_and_wait_range(AddressSpace& mapping, u32 first, u32 end) {
    write_dirty_pages(mapping, first, end, true);
    filemap_fdatawait_range(mapping, first, end);
}

u32 filemap_fdatawrite_range(AddressSpace& mapping, u32 first, u32 end) {
    return write_dirty_pages(mapping, first, end, false);
}

void filemap_fdatawait_range(AddressSpace& mapping, u32 first, u32 end) {
    const Guard lock(mapping.lock);
    const u64 last = mapping.writeback_runs; // of those that begin later nobody asked
    const auto awaited = [&](const WritebackRun& run) {
        return run.number <= last && run.first < end && first < run.end;
    };
    while (std::any_of(mapping.writing.begin(), mapping.writing.end(), awaited))
        park(mapping.waiters, mapping.lock);
}

u32 dirty_threshold() { return pages_of(dirty_limits.ratio); }
u32 dirty_background_threshold() { return pages_of(dirty_limits.background_ratio); }
bool over_dirty_limit() { return nr_unwritten() > dirty_threshold(); }

void balance_dirty_pages(AddressSpace& mapping) {
    u32 from = 0;
    while (over_dirty_limit() && write_run(mapping, from, ~u32{0}, false) != 0 && !fatal_signal_pending())
        cond_resched();
}

u32 writeback_dirty_files() {
    u32 written = 0;
    for (u32 files = nr_dirty_files(); files != 0; --files) {
        const MappingRef file = next_dirty_file();
        if (!file)
            break;
        const u64 now = clock_ns(), age = now - (*file).dirtied_when_ns;
        const bool expired = age >= dirty_limits.expire_centisecs * NSEC_PER_CENTISEC;
        if (!expired && !over_background_limit())
            continue;
        written += write_dirty_pages(*file, 0, ~u32{0}, false);
        (*file).dirtied_when_ns = now; // of what became dirty meanwhile (Linux: redirty_tail)
    }
    return written;
}

} // namespace faultline
