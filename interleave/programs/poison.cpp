// Frames that lose their data while other CPUs touch, unmap, fork, move or reclaim the page.
#include "interleave/disk_program.hpp"
#include "interleave/modelled_swap.hpp"
#include "interleave/preset.hpp"
#include "mm/dup_mm.hpp"
#include "mm/gup.hpp"
#include "mm/madvise.hpp"
#include "mm/memory_failure.hpp"
#include "mm/mremap.hpp"
#include "mm/munmap.hpp"
#include "mm/rmap.hpp"
#include "mm/swapfile.hpp"
#include "mm/vmscan.hpp"

namespace faultline::interleave {

namespace {

// What the programs below have in common, whatever they map.
template <class Base>
struct Poison : Base {
    Poison(u32 cpus, const model::TlbPolicy& tlb) : Base(cpus, tlb) {
        Base::at_the_end([this] {
            end();
            if (frame != nullptr && frame->test(PG_HWPOISON)) {
                require(page_count(*frame) == 1 && page_mapcount(*frame) == 0, "the lost frame is still in use");
                require(!frame->test(PG_LRU | PG_ISOLATED | PG_SWAPCACHE),
                        "the lost frame is still in a list, or in the swap cache");
                unpoison_memory(*frame);
            }
        });
    }

  protected:
    Page* frame = nullptr;
    UserAddr word;

    virtual void end() {}
    virtual UserAddr map_page() { return this->map_private(); }
    void set_up() override {
        word = map_page();
        this->write(word, 1);
        frame = &this->page_of(this->mm(), word);
    }
    // Whichever page is there now may lose its data: the frame of the first one is what these programs are about.
    void cpu0() override {
        const auto lost = this->call([&] { return hard_offline_page(page_to_pfn(*frame)); });
        require(lost.ok() || lost.error() == Errno::BUSY,
                "taking the frame away has failed, with an error other than EBUSY");
    }
    void lose() {
        const auto lost = this->call([&] { return do_madvise(this->mm(), word, PAGE_SIZE, MADV_HWPOISON); });
        require(lost.ok(), "the page could not be taken away");
    }
    bool is_lost(UserAddr address) {
        return this->call([&] {
            return get_user_pages(MmapReadGuard(*current_mm_task().mm), address, 1, FOLL_HWPOISON, nullptr).error() ==
                   Errno::HWPOISON;
        });
    }
};

struct PoisonAgainstWrite : Poison<Program> {
    using Poison::Poison;
    void cpu0() override { lose(); }
    void cpu1() override {
        if (const auto value = try_read(word))
            require(*value == 1, "a read has found neither what was written nor a signal");
        static_cast<void>(try_write(word, 2));
    }
    void check() override {
        require(!try_read(word) && is_lost(word),
                "the lost page can be read, or its entry does not say that it is lost");
    }
};

struct PoisonOfSharedAgainstWrite : PoisonAgainstWrite {
    using PoisonAgainstWrite::PoisonAgainstWrite;
    UserAddr map_page() override { return map_shared(); }
};

// The other CPU maps the page for the first time.
struct PoisonOfSharedAgainstFault : PoisonOfSharedAgainstWrite {
    using PoisonOfSharedAgainstWrite::PoisonOfSharedAgainstWrite;
    void set_up() override {
        PoisonOfSharedAgainstWrite::set_up();
        MmStruct& child = fork(word);
        run_in(1, child);
        machine.select_cpu(0);
    }
};

struct PoisonTwice : PoisonAgainstWrite {
    using PoisonAgainstWrite::PoisonAgainstWrite;
    void cpu0() override { static_cast<void>(poison()); }
    void cpu1() override { static_cast<void>(poison()); }

  private:
    Result<void> poison() {
        const auto done = call([&] { return do_madvise(mm(), word, PAGE_SIZE, MADV_HWPOISON); });
        require(done.ok() || done.error() == Errno::FAULT || done.error() == Errno::HWPOISON,
                "the call has failed, with an error other than EFAULT or EHWPOISON");
        return done;
    }
};

struct PoisonAgainstUnmap : Poison<Program> {
    using Poison::Poison;
    void cpu1() override {
        call([&] { return do_munmap(mm(), word, PAGE_SIZE).ok(); });
    }
    void check() override { require(!try_read(word), "the lost page can still be read"); }
};

struct PoisonOfSharedAgainstCutOff : Poison<Program> {
    using Poison::Poison;
    UserAddr map_page() override { return map_shared(); }
    void cpu1() override {
        call([&] { return do_madvise(mm(), word, PAGE_SIZE, MADV_REMOVE).ok(); });
    }
    void check() override {
        call([&] { return do_madvise(mm(), word, PAGE_SIZE, MADV_REMOVE).ok(); });
        require(read(word) == 0, "the new page is not zeros");
    }
};

struct PoisonAgainstMove : PoisonAgainstUnmap {
    using PoisonAgainstUnmap::PoisonAgainstUnmap;
    UserAddr to;
    void set_up() override {
        to = map_page();
        PoisonAgainstUnmap::set_up();
    }
    void cpu0() override { lose_frame(); }
    void cpu1() override {
        require(
            call([&] { return do_mremap(mm(), word, PAGE_SIZE, PAGE_SIZE, MREMAP_MAYMOVE | MREMAP_FIXED, to).ok(); }),
            "mremap has failed");
    }
    void check() override {
        require(!try_read(to) && is_lost(to), "the lost page can be read, or its entry does not say that it is lost");
    }

  protected:
    void lose_frame() {
        require(call([&] { return hard_offline_page(page_to_pfn(*frame)).ok(); }), "the frame could not be taken away");
    }
};

struct PoisonAgainstFork : Poison<Program> {
    using Poison::Poison;
    MmStruct* child = nullptr;
    void cpu0() override { lose(); }
    void cpu1() override { child = &fork(word); }
    void check() override {
        require(is_lost(word), "the parent's entry does not say that its page is lost");
        run_in(0, *child);
        require(is_lost(word), "the child's entry does not say that its page is lost");
    }
};

// A child shares the page, and makes itself a copy.
struct PoisonAgainstCopy : Poison<Program> {
    using Poison::Poison;
    void set_up() override {
        Poison::set_up();
        run_in(1, fork(word));
        machine.select_cpu(0);
    }
    void cpu0() override { lose(); }
    void cpu1() override {
        if (try_write(word, 2))
            require(read(word) == 2, "the CPU does not see its own value");
    }
    void check() override { require(is_lost(word), "the parent's entry does not say that its page is lost"); }
};

struct PoisonAgainstGup : PoisonAgainstWrite {
    using PoisonAgainstWrite::PoisonAgainstWrite;
    void cpu1() override {
        call([&] {
            PageRef page;
            const auto got = get_user_pages(MmapReadGuard(mm()), word, 1, FOLL_WRITE, &page);
            require(got.ok() ? page.get() == frame : got.error() == Errno::FAULT,
                    "the call has found neither the page nor EFAULT");
        });
    }
};

struct PoisonInSwap : Poison<Program> {
    using Poison::Poison;

  protected:
    ModelledSwap swap{4};

    PoisonInSwap(u32 cpus, const model::TlbPolicy& tlb) : Poison(cpus, tlb) {
        swap.saved = [](const Page& page) { World::get().invariants.saved(page_to_pfn(page)); };
    }
    void end() override {
        require(swap.used() == 0, "a slot in swap stays in use at the end");
        require(swap.off().ok(), "swapoff has failed");
    }
    void age() {
        call([&] { return do_madvise(mm(), word, PAGE_SIZE, MADV_COLD).ok(); });
        frame->clear(PG_REFERENCED);
    }
    void reclaim() {
        call([&] {
            if (PageRef page = follow_page(MmapReadGuard(mm()), word, FOLL_NONE))
                reclaim_page(std::move(page));
        });
    }
    void lose_frame() {
        const auto lost = call([&] { return hard_offline_page(page_to_pfn(*frame)); });
        require(lost.ok() || lost.error() == Errno::BUSY,
                "taking the frame away has failed, with an error other than EBUSY");
    }
};

// Reclaim has begun with the page, or has not: it is in its slot, or lost.
struct PoisonAgainstReclaim : PoisonInSwap {
    PoisonAgainstReclaim(u32 cpus, const model::TlbPolicy& tlb) : PoisonInSwap(cpus, tlb) {}
    void set_up() override {
        PoisonInSwap::set_up();
        age();
    }
    void cpu0() override { lose_frame(); }
    void cpu1() override { reclaim(); }
    void check() override {
        if (const auto value = try_read(word))
            require(*value == 1, "a read does not find what is in the slot");
        else
            require(is_lost(word), "the entry does not say that its page is lost");
    }
};

struct PoisonOfSharedAgainstReclaim : PoisonAgainstReclaim {
    PoisonOfSharedAgainstReclaim(u32 cpus, const model::TlbPolicy& tlb) : PoisonAgainstReclaim(cpus, tlb) {}
    UserAddr map_page() override { return map_shared(); }
};

// The page was read back from its slot, and is clean: who comes for it reads it again.
struct PoisonOfCleanInSwapAgainstRead : PoisonInSwap {
    PoisonOfCleanInSwapAgainstRead(u32 cpus, const model::TlbPolicy& tlb) : PoisonInSwap(cpus, tlb) {}
    void set_up() override {
        PoisonInSwap::set_up();
        age();
        reclaim();
        run_in(1, fork(word)); // whose entry refers to the slot
        machine.select_cpu(0);
        require(read(word) == 1 && swap.used() == 1, "the page has not come back from swap, or has lost its slot");
        frame = &page_of(mm(), word);
    }
    void cpu0() override { lose_frame(); }
    void cpu1() override { require(read(word) == 1, "a read does not find what is in the slot"); }
    void check() override { require(read(word) == 1, "a read does not find what is in the slot"); }
};

// Reclaim could not write it, so the slot does not have the data: the page stays in the swap cache, to tell the child.
struct PoisonOfDirtyInSwapAgainstRead : PoisonInSwap {
    PoisonOfDirtyInSwapAgainstRead(u32 cpus, const model::TlbPolicy& tlb) : PoisonInSwap(cpus, tlb) {}
    MmStruct* child = nullptr;
    void set_up() override {
        PoisonInSwap::set_up();
        age();
        swap.broken_to_write = true;
        reclaim();
        child = &fork(word); // whose entry refers to the slot
        run_in(1, *child);
        machine.select_cpu(0);
        require(read(word) == 1 && swap.used() == 1, "the page has not come back from swap, or has lost its slot");
    }
    void cpu0() override { lose_frame(); }
    void cpu1() override {
        if (const auto value = try_read(word))
            require(*value == 1, "what was written cannot be read back");
    }
    void check() override {
        run_in(0, *child);
        require(!try_read(word) && is_lost(word),
                "the child can read the lost page, or its entry does not say that it is lost");
        run_in(0, mm());
        require(!try_read(word) && is_lost(word),
                "the parent can read the lost page, or its entry does not say that it is lost");
        require(swap.used() == 0, "the slot in swap is still in use, and nobody needs it");
    }
};

struct PoisonOfDisk : Poison<DiskProgram> {
    using Poison::Poison;
    UserAddr map_page() override { return map_disk(); }
    void set_up() override {
        disk.blocks[0][0] = 1;
        disk.blocks[0][1] = 8;
        word = map_page();
        require(read(word) == 1, "a read does not find what is on the disk");
        frame = &page_of(mm(), word);
    }
    void end() override { truncate_inode_pages(disk); }
    void check() override {
        require(writeback_stat.nr_file_dirty == 0 && writeback_stat.nr_writeback == 0,
                "the counts of dirty pages, and of those on their way to the disk, are not 0 at the end");
    }
};

struct PoisonOfDiskAgainstRead : PoisonOfDisk {
    using PoisonOfDisk::PoisonOfDisk;
    void cpu0() override { lose(); }
    void cpu1() override {
        require(read(word) == 1 && read(word + 4) == 8, "a read does not find what is on the disk");
    }
};

// Either the write has come too late, or it is lost with the page, and fsync says so.
struct PoisonOfDiskAgainstWrite : PoisonOfDisk {
    using PoisonOfDisk::PoisonOfDisk;
    void cpu0() override { lose(); }
    void cpu1() override { written = try_write(word, 2); }
    void check() override {
        const auto value = try_read(word);
        const bool synced = call([&] { return disk.sync(); });
        if (value)
            require(*value == (written ? 2u : 1u) && synced && on_disk() == *value,
                    "what was written is not on the disk");
        else
            require(!synced && on_disk() == 1, "what was written is lost, and fsync has not said so");
        PoisonOfDisk::check();
    }

  private:
    bool written = false;
};

struct PoisonOfDiskAgainstSync : PoisonOfDisk {
    using PoisonOfDisk::PoisonOfDisk;
    void set_up() override {
        PoisonOfDisk::set_up();
        write(word, 2);
    }
    void cpu0() override {
        lose();
        if (const auto value = try_read(word))
            require(*value == 2, "a read does not find what was on the disk");
    }
    void cpu1() override {
        synced = call([&] { return disk.sync(); });
    }
    void check() override {
        const auto value = try_read(word);
        synced &= call([&] { return disk.sync(); });
        require(synced ? on_disk() == 2 && value == 2u : !value,
                "what was written is not on the disk, and was not said to be lost");
        PoisonOfDisk::check();
    }

  private:
    bool synced = false;
};

struct PoisonOfDiskAgainstReclaim : PoisonOfDisk {
    using PoisonOfDisk::PoisonOfDisk;
    void set_up() override {
        PoisonOfDisk::set_up();
        call([&] {
            const Guard lock(disk.lock);
            return page_referenced(disk, *frame);
        });
    }
    void cpu1() override {
        call([&] { return try_to_free_pages(1); });
    }
    void check() override {
        require(read(word) == 1 && read(word + 4) == 8, "a read does not find what is on the disk");
        PoisonOfDisk::check();
    }
};

} // namespace

static constexpr Preset PRESETS[] = {
    preset<PoisonAgainstWrite>("poison against write", "A frame loses its data while another CPU writes to it",
                               {.preemptions = 2}),
    preset<PoisonTwice>("poison twice", "Two CPUs report the same frame", {.preemptions = 2}),
    preset<PoisonAgainstGup>("poison against get_user_pages", "A frame loses its data while get_user_pages takes it",
                             {.preemptions = 2}),
    preset<PoisonAgainstUnmap>("poison against unmap", "A frame loses its data while munmap drops it",
                               {.preemptions = 2}),
    preset<PoisonAgainstMove>("poison against move", "A frame loses its data while mremap moves its entry",
                              {.preemptions = 2}),
    preset<PoisonAgainstFork>("poison against fork", "A frame loses its data while the process forks",
                              {.preemptions = 2}),
    preset<PoisonAgainstCopy>("poison against copy", "A frame loses its data while a child copies it",
                              {.preemptions = 2}),
    preset<PoisonAgainstReclaim>("poison against page out", "A frame loses its data while reclaim writes it to swap",
                                 {.preemptions = 2}),
    preset<PoisonOfCleanInSwapAgainstRead>("poison of what is in swap against read",
                                           "A frame is lost whose data swap has too: who reads gets it from there",
                                           {.preemptions = 2}),
    preset<PoisonOfDirtyInSwapAgainstRead>("poison of what swap lacks against read",
                                           "A frame is lost whose slot does not have the data", {.preemptions = 2}),
    preset<PoisonOfSharedAgainstWrite>("poison of shared memory against write",
                                       "A frame of shared memory loses its data while another CPU writes to it",
                                       {.preemptions = 2}),
    preset<PoisonOfSharedAgainstFault>("poison of shared memory against fault",
                                       "A frame of shared memory loses its data while a fault maps it",
                                       {.preemptions = 2}),
    preset<PoisonOfSharedAgainstCutOff>("poison of shared memory against cut off",
                                        "A frame of shared memory loses its data while the file is cut off",
                                        {.preemptions = 2}),
    preset<PoisonOfSharedAgainstReclaim>("poison of shared memory against page out",
                                         "A frame of shared memory loses its data while reclaim takes it",
                                         {.preemptions = 2}),
    preset<PoisonOfDiskAgainstRead>("poison of a disk against read",
                                    "A frame of a disk's cache loses its data while another CPU reads it",
                                    {.preemptions = 2}),
    preset<PoisonOfDiskAgainstWrite>("poison of a disk against write",
                                     "A frame of a disk's cache loses its data while another CPU writes to it",
                                     {.preemptions = 2}),
    preset<PoisonOfDiskAgainstSync>("poison of a disk against sync",
                                    "A frame of a disk's cache loses its data while fsync writes it",
                                    {.preemptions = 2}),
    preset<PoisonOfDiskAgainstReclaim>("poison of a disk against reclaim",
                                       "A frame of a disk's cache loses its data while reclaim takes it",
                                       {.preemptions = 2}),
};
const std::span<const Preset> POISON_PROGRAMS = PRESETS;

} // namespace faultline::interleave
