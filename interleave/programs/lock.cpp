// The locks themselves, and what they guard: page tables, files, stacks, allocators.
#include <string_view>
#include <utility>

#include "arch/contract/per_cpu.hpp"
#include "interleave/preset.hpp"
#include "mm/madvise.hpp"
#include "mm/mmap.hpp"
#include "mm/mprotect.hpp"
#include "mm/mremap.hpp"
#include "mm/munmap.hpp"
#include "mm/page_alloc.hpp"
#include "mm/pgtable.hpp"
#include "mm/shmem.hpp"
#include "mm/slab.hpp"
#include "mm/stack.hpp"
#include "mm/unmapped_area.hpp"

namespace faultline::interleave {

namespace {

// Readers and a writer: never both inside, and each waiter gets its turn. Otherwise all would be idle in the end.
struct ReadersAndWriter : Program {
    using Program::Program;
    PercpuRwSemaphore lock{"a semaphore under test"};
    u32 readers = 0, writers = 0, done = 0;

    void set_up() override {}
    void read_twice() {
        for (int i = 0; i < 2; ++i) {
            const ReadGuard guard(lock);
            ++readers;
            schedule_point("read");
            require(writers == 0, "a reader has the lock beside a writer");
            --readers;
            ++done;
        }
    }
    void cpu0() override { read_twice(); }
    void cpu1() override {
        const WriteGuard guard(lock);
        ++writers;
        schedule_point("write");
        require(readers == 0 && writers == 1, "a writer has the lock beside somebody else");
        --writers;
        ++done;
    }
    void check() override {
        require(done == 3 && !lock.is_locked(), "a CPU did not get its turn, or the lock is still held");
    }
};

struct TwoWriters : ReadersAndWriter {
    using ReadersAndWriter::ReadersAndWriter;
    void cpu0() override { ReadersAndWriter::cpu1(); }
    void check() override {
        require(done == 2 && !lock.is_locked(), "a CPU did not get its turn, or the lock is still held");
    }
};

// Of two waiting writers one is woken, and it must know of the other.
struct ThreeWriters : TwoWriters {
    using TwoWriters::TwoWriters;
    void cpu2() override { ReadersAndWriter::cpu1(); }
    void check() override {
        require(done == 3 && !lock.is_locked(), "a CPU did not get its turn, or the lock is still held");
    }
};

// A reader turns back because of the first writer, and the second writer sees the reader still there.
struct ReaderAndTwoWriters : ReadersAndWriter {
    using ReadersAndWriter::ReadersAndWriter;
    void cpu2() override { ReadersAndWriter::cpu1(); }
    void check() override {
        require(done == 4 && !lock.is_locked(), "a CPU did not get its turn, or the lock is still held");
    }
};

// Tickets are served in the order in which they were taken. A CPU takes its ticket right after the point at which the
// others may act. So this watcher, which stands between the CPUs and the real watcher, sees the order.
struct InTurn final : Program, model::ScheduleWatcher {
    using Program::Program;
    SpinLock lock{"a lock under test"};
    model::ScheduleWatcher* watcher = nullptr;
    std::vector<u32> tickets, served;

    void set_up() override {}
    void cpu(u32 number) override {
        if (watcher == nullptr)
            watcher = std::exchange(model::schedule_watcher, this);
        const Guard guard(lock);
        served.push_back(number);
        schedule_point("inside");
    }
    void check() override {
        require(served.size() == machine.cpu_count(), "a CPU did not get its turn, or the lock is still held");
        require(served == tickets, "a CPU was served before one that had come earlier");
    }

  private:
    void at_point(const char* what) override {
        watcher->at_point(what);
        if (what == std::string_view("take a lock"))
            tickets.push_back(machine.cpu_number());
    }
    void wait_until(const char* what, const std::function<bool()>& condition) override {
        watcher->wait_until(what, condition);
    }
    void call(CpuMask cpus, void (*function)(void*), void* argument) override {
        watcher->call(cpus, function, argument);
    }
};

// Two faults find that there is no table. One table is made, and both pages are in it.
struct TwoFirstTables : Program {
    using Program::Program;
    UserAddr pages;

    void set_up() override { pages = map_private(2); }
    void cpu0() override { write(pages, 1); }
    void cpu1() override { write(pages + PAGE_SIZE, 2); }
    void check() override {
        require(read(pages) == 1 && read(pages + PAGE_SIZE) == 2, "one of the two writes is lost");
        require(mm().nr_ptes == 1 && get_mm_counter(mm(), MM_ANONPAGES) == 2,
                "the counts are not those of one table and two pages");
    }
};

// A stack grows in two faults at the same time: readers of mmap_lock must not change VMAs under one another.
struct TwoStackFaults : Program {
    using Program::Program;
    UserAddr top{TASK_SIZE - 16 * PAGE_SIZE};

    void set_up() override {
        require(setup_stack_vma(mm(), top, PAGE_SIZE).ok(), "the stack could not be made");
        watch(mm(), top - 4 * PAGE_SIZE, 4);
    }
    void cpu0() override { write(top - 3 * PAGE_SIZE, 1); }
    void cpu1() override { write(top - 2 * PAGE_SIZE, 2); }
    void check() override {
        require(read(top - 3 * PAGE_SIZE) == 1 && read(top - 2 * PAGE_SIZE) == 2, "one of the two writes is lost");
        require(mm().map_count == 1 && mm().total_vm == 3, "the counts are not those of one stack of three pages");
    }
};

// A file of two pages, mapped by a process on two CPUs.
struct FileProgram : Program {
    using Program::Program;
    AddressSpace* file = nullptr;
    UserAddr start;

    void set_up() override {
        file = shmem_new(2 * PAGE_SIZE, "file").value().release();
        start = do_mmap(mm(), UserAddr(0), 2 * PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, file, true, 0).value();
        watch(mm(), start, 2);
        write(start, 1);
    }
    void truncate() {
        call([&] { truncate_setsize(*file, PAGE_SIZE); });
    }
    void cpu0() override { truncate(); }
    virtual UserAddr second_page() { return start + PAGE_SIZE; }
    void check() override {
        require(!pte_present(truth_of(mm(), second_page())), "a page past the end of the file is mapped");
        require(!try_read(second_page()), "a page past the end of the file can be read");
        require(read(second_page() - PAGE_SIZE) == 1, "the page that is left of the file has lost its contents");
        call([&] { require(do_munmap(mm(), start, 2 * PAGE_SIZE).ok(), "munmap has failed"); });
        call([&] { put_mapping(*file); });
    }
};

// The fault has found the page in the cache, and the truncation ends before the fault maps it.
struct TruncateAgainstFault : FileProgram {
    using FileProgram::FileProgram;
    void cpu1() override { try_write(start + PAGE_SIZE, 2); }
};
struct TruncateAgainstRead : FileProgram {
    using FileProgram::FileProgram;
    void set_up() override {
        FileProgram::set_up();
        write(start + PAGE_SIZE, 2);
        call([&] { zap(); });
    }
    void zap() { require(do_madvise(mm(), start, 2 * PAGE_SIZE, MADV_DONTNEED).ok(), "madvise has failed"); }
    void cpu1() override { try_read(start + PAGE_SIZE); }
};
// The VMA that covers the page is cut in two, or joined, while truncation walks the VMAs.
struct TruncateAgainstSplit : FileProgram {
    using FileProgram::FileProgram;
    void set_up() override {
        FileProgram::set_up();
        write(start + PAGE_SIZE, 2);
    }
    void cpu1() override {
        call([&] { return do_mprotect(mm(), start, PAGE_SIZE, PROT_READ).ok(); });
        call([&] { return do_mprotect(mm(), start, PAGE_SIZE, PROT_READ | PROT_WRITE).ok(); });
    }
};
struct TruncateAgainstMove : FileProgram {
    using FileProgram::FileProgram;
    UserAddr to;
    void set_up() override {
        FileProgram::set_up();
        to = start - 64 * PAGE_SIZE;
        write(start + PAGE_SIZE, 2);
        watch(mm(), to, 2);
    }
    void cpu1() override {
        const bool moved = call([&] {
            return do_mremap(mm(), start, 2 * PAGE_SIZE, 2 * PAGE_SIZE, MREMAP_MAYMOVE | MREMAP_FIXED, to).ok();
        });
        require(moved, "mremap has failed");
        start = to;
    }
};
// The address space ends, and its tables with it, while truncation looks for entries in them.
struct TruncateAgainstExit : FileProgram {
    using FileProgram::FileProgram;
    MmStruct* other = nullptr;
    void set_up() override {
        FileProgram::set_up();
        write(start + PAGE_SIZE, 2);
        other = &new_mm();
        run_in(0, *other);
        machine.select_cpu(0);
    }
    void cpu1() override {
        MmStruct& ended = mm();
        run_in(1, *other);
        exit(ended);
    }
    void check() override {
        require(file->nr_pages == 1, "the file still has its second page");
        call([&] { put_mapping(*file); });
    }
};

// Two CPUs allocate and free pages, one at a time and in blocks. No page is lost, and none is given out twice.
struct PageAllocator : Program {
    using Program::Program;
    u32 before = 0;

    void set_up() override { before = nr_free_pages(); }
    void cpu(u32) override {
        Page* pages[3] = {alloc_pages(0), alloc_pages(1), alloc_pages(0)};
        for (Page* page : pages) {
            require(page != nullptr && page_count(*page) == 1, "the allocator has given a page that somebody else has");
            page->mapcount.store(1);
        }
        schedule_point("use the pages");
        for (Page* page : pages) {
            require(page_count(*page) == 1 && page_mapcount(*page) == 1,
                    "a page that a CPU has was given to somebody else too");
            page->mapcount.store(0);
            put_page(*page);
        }
    }
    void check() override { require(nr_free_pages() == before, "something was not given back"); }
};

// One CPU holds pages back that another needs: the allocator must find them.
struct LastPages : Program {
    using Program::Program;
    std::vector<Page*> all;
    u32 got = 0;

    void set_up() override {
        while (Page* page = alloc_pages(0))
            all.push_back(page);
    }
    void cpu(u32) override {
        Page* page = all.back();
        all.pop_back();
        put_page(*page);
        schedule_point("between");
        if (Page* again = alloc_pages(0)) {
            ++got;
            put_page(*again);
        }
    }
    void check() override {
        require(got == 2, "a free page was not found");
        for (Page* page : all)
            put_page(*page);
    }
};

struct SlabAllocator : Program {
    using Program::Program;
    static constinit KmemCache cache;
    u32 in_use = 0;

    void set_up() override { in_use = cache.in_use(); }
    void cpu(u32 number) override {
        auto* one = static_cast<u32*>(cache.alloc());
        auto* other = static_cast<u32*>(cache.alloc());
        *one = *other = number;
        schedule_point("use the objects");
        require(one != other && *one == number && *other == number, "an object was given to two");
        cache.free(one);
        cache.shrink();
        cache.free(other);
    }
    void check() override { require(cache.in_use() == in_use, "something was not given back"); }
};
constinit KmemCache SlabAllocator::cache("interleave", 1024, 8);

} // namespace

static constexpr Preset PRESETS[] = {
    preset<ReadersAndWriter>("readers and a writer", "A percpu semaphore: two reads and a write, never together",
                             {.preemptions = 3, .tlbs = Tlbs::OneWillDo}),
    preset<TwoWriters>("two writers", "A percpu semaphore with two writers",
                       {.preemptions = 3, .tlbs = Tlbs::OneWillDo}),
    preset<ThreeWriters, 3>("three writers",
                            "A percpu semaphore: of two waiting writers one is woken, and must know of the other",
                            {.preemptions = 4, .tlbs = Tlbs::OneWillDo, .is_long = true}),
    preset<ReaderAndTwoWriters, 3>("a reader and two writers",
                                   "A percpu semaphore: a reader turns back for one writer, and another sees it there",
                                   {.preemptions = 3, .tlbs = Tlbs::OneWillDo, .is_long = true}),
    preset<InTurn, 3>("tickets are served in order", "A spin lock serves three CPUs in the order in which they came",
                      {.preemptions = UNBOUNDED}),
    preset<TwoFirstTables>("two first tables",
                           "Two faults find no page table: one table is made, with both pages in it",
                           {.preemptions = 2}),
    preset<TwoStackFaults>("two stack faults", "A stack grows in two faults at the same time", {.preemptions = 2}),
    preset<TruncateAgainstFault>("truncate against fault",
                                 "A file is cut off while a fault maps a page behind its new end", {.preemptions = 2}),
    preset<TruncateAgainstRead>("truncate against read", "A file is cut off while a read maps a page of its cache",
                                {.preemptions = 2}),
    preset<TruncateAgainstSplit>("truncate against split", "A file is cut off while mprotect cuts its VMA in two",
                                 {.preemptions = 2}),
    preset<TruncateAgainstMove>("truncate against move", "A file is cut off while mremap moves its mapping",
                                {.preemptions = 2}),
    preset<TruncateAgainstExit>("truncate against exit", "A file is cut off while an address space that maps it ends",
                                {.preemptions = 2}),
    preset<PageAllocator>("page allocator", "Two CPUs allocate and free pages and blocks",
                          {.preemptions = 2, .tlbs = Tlbs::OneWillDo}),
    preset<LastPages>("last pages", "One CPU holds free pages back that another needs",
                      {.preemptions = 2, .tlbs = Tlbs::OneWillDo}),
    preset<SlabAllocator>("slab allocator", "Two CPUs allocate and free objects of one cache",
                          {.preemptions = 2, .tlbs = Tlbs::OneWillDo}),
};
const std::span<const Preset> LOCK_PROGRAMS = PRESETS;

} // namespace faultline::interleave
