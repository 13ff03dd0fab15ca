// Pages of a disk that reclaim takes while other CPUs use them, unmap them, fork, or cut the file off.
#include "interleave/disk_program.hpp"
#include "interleave/preset.hpp"
#include "mm/dup_mm.hpp"
#include "mm/lru.hpp"
#include "mm/mremap.hpp"
#include "mm/munmap.hpp"
#include "mm/rmap.hpp"
#include "mm/vmscan.hpp"

namespace faultline::interleave {

namespace {

struct ReclaimProgram : DiskProgram {
    using DiskProgram::DiskProgram;

    void set_up() override {
        disk.blocks[0][0] = 1;
        disk.blocks[0][1] = 8;
        word = map_disk();
        read(word);
        age();
    }
    void cpu0() override { reclaim(); }
    void check() override {
        sync();
        require(on_disk(0, 1) == 8, "the rest of the page has changed");
        require(writeback_stat.nr_file_dirty == 0 && writeback_stat.nr_writeback == 0,
                "the counts of dirty pages, and of those on their way to the disk, are not 0 at the end");
        require(nr_lru_pages(LRU_INACTIVE_FILE) + nr_lru_pages(LRU_ACTIVE_FILE) == disk.nr_pages,
                "the lists of reclaim have other pages than the file");
    }

  protected:
    void reclaim() {
        call([&] { return try_to_free_pages(1); });
    }
    // The page is old, so reclaim need not come twice.
    void age() {
        call([&] {
            const PageRef page = find_get_page(disk, 0);
            const Guard lock(disk.lock);
            return page_referenced(disk, *page);
        });
    }
};

struct ReclaimAgainstRead : ReclaimProgram {
    using ReclaimProgram::ReclaimProgram;
    void cpu1() override {
        require(read(word) == 1 && read(word + 4) == 8, "a read does not find what is on the disk");
    }
};

struct ReclaimAgainstWrite : ReclaimProgram {
    using ReclaimProgram::ReclaimProgram;
    void cpu1() override {
        write(word, 2);
        write(word, 3);
    }
    void check() override {
        require(read(word) == 3, "the last value that was written cannot be read back");
        ReclaimProgram::check();
        require(on_disk() == 3, "what was written is not on the disk");
    }
};

// The page is dirty: reclaim writes it, and must look again before it frees it.
struct ReclaimDirtyAgainstWrite : ReclaimAgainstWrite {
    using ReclaimAgainstWrite::ReclaimAgainstWrite;
    void set_up() override {
        ReclaimAgainstWrite::set_up();
        write(word, 2);
        age();
    }
    void cpu1() override { write(word, 3); }
};

struct ReclaimTwice : ReclaimAgainstWrite {
    using ReclaimAgainstWrite::ReclaimAgainstWrite;
    void cpu1() override {
        write(word, 3);
        reclaim();
    }
};

struct ReclaimAgainstUnmap : ReclaimProgram {
    using ReclaimProgram::ReclaimProgram;
    void set_up() override {
        ReclaimProgram::set_up();
        write(word, 2);
        age();
    }
    void cpu1() override {
        call([&] { return do_munmap(mm(), word, PAGE_SIZE).ok(); });
    }
    void check() override {
        ReclaimProgram::check();
        require(on_disk() == 2, "what was written is not on the disk");
    }
};

struct ReclaimAgainstMove : ReclaimAgainstUnmap {
    using ReclaimAgainstUnmap::ReclaimAgainstUnmap;
    UserAddr to;
    void set_up() override {
        to = map_disk();
        ReclaimAgainstUnmap::set_up();
    }
    void cpu1() override {
        require(
            call([&] { return do_mremap(mm(), word, PAGE_SIZE, PAGE_SIZE, MREMAP_MAYMOVE | MREMAP_FIXED, to).ok(); }),
            "mremap has failed");
        require(read(to) == 2, "what was written cannot be read back");
        write(to, 3);
    }
    void check() override {
        ReclaimProgram::check();
        require(on_disk() == 3, "what was written at the new place is not on the disk");
    }
};

struct ReclaimAgainstFork : ReclaimProgram {
    using ReclaimProgram::ReclaimProgram;
    void cpu1() override {
        run_in(1, fork(word));
        require(read(word) == 1, "a read does not find what is on the disk");
        write(word, 2);
    }
    void check() override {
        ReclaimProgram::check();
        require(on_disk() == 2, "what the child wrote is not on the disk");
    }
};

// Truncation waits for the page that reclaim looks at.
struct ReclaimAgainstTruncate : ReclaimProgram {
    using ReclaimProgram::ReclaimProgram;
    void cpu1() override {
        call([&] { truncate_setsize(disk, 0); });
    }
    void check() override {
        require(disk.nr_pages == 0 && !try_read(word), "the page is still in the file, or can still be read");
        require(nr_lru_pages(LRU_INACTIVE_FILE) + nr_lru_pages(LRU_ACTIVE_FILE) == 0,
                "a list of reclaim still has the page");
    }
};

struct ReclaimAgainstSync : ReclaimAgainstWrite {
    using ReclaimAgainstWrite::ReclaimAgainstWrite;
    void set_up() override {
        ReclaimAgainstWrite::set_up();
        write(word, 2);
        age();
    }
    void cpu1() override {
        sync();
        write(word, 3);
    }
};

struct ReclaimAgainstWriteCall : ReclaimProgram {
    using ReclaimProgram::ReclaimProgram;
    void cpu1() override { write_call(5); }
    void check() override {
        require(read(word) == 5, "the value that the call has stored is lost");
        ReclaimProgram::check();
        require(on_disk() == 5, "what was written is not on the disk");
    }
};

} // namespace

static constexpr Preset PRESETS[] = {
    preset<ReclaimAgainstRead>("reclaim against read", "Reclaim takes a page of a disk while another CPU reads it",
                               {.preemptions = 3}),
    preset<ReclaimAgainstWrite>("reclaim against write",
                                "Reclaim takes a page of a disk while another CPU writes to it", {.preemptions = 2}),
    preset<ReclaimDirtyAgainstWrite>("reclaim of a dirty page against write",
                                     "Reclaim writes a dirty page of a disk while another CPU writes to it",
                                     {.preemptions = 2}),
    preset<ReclaimTwice>("two reclaims against write", "Two CPUs reclaim a page of a disk, and a third writes to it",
                         {.preemptions = 2}),
    preset<ReclaimAgainstUnmap>("reclaim against unmap", "Reclaim takes a page of a disk while munmap drops it",
                                {.preemptions = 2}),
    preset<ReclaimAgainstMove>("reclaim against move", "Reclaim takes a page of a disk while mremap moves its entry",
                               {.preemptions = 2}),
    preset<ReclaimAgainstFork>("reclaim against fork", "Reclaim takes a page of a disk while the process forks",
                               {.preemptions = 2}),
    preset<ReclaimAgainstTruncate>("reclaim against truncate",
                                   "Reclaim takes a page of a disk while the file is cut off", {.preemptions = 3}),
    preset<ReclaimAgainstSync>("reclaim against sync", "Reclaim takes a page of a disk while fsync writes it",
                               {.preemptions = 2}),
    preset<ReclaimAgainstWriteCall>("reclaim against write call",
                                    "Reclaim takes a page of a disk while write(2) changes it", {.preemptions = 2}),
};
const std::span<const Preset> RECLAIM_PROGRAMS = PRESETS;

} // namespace faultline::interleave
