// Pages of a disk that are written back while other CPUs write to them, unmap them, fork, or read them for the first time.
#include "interleave/disk_program.hpp"
#include "interleave/preset.hpp"
#include "mm/config.hpp"
#include "mm/dup_mm.hpp"
#include "mm/mprotect.hpp"
#include "mm/mremap.hpp"
#include "mm/munmap.hpp"
#include "mm/page_writeback.hpp"
#include "mm/remote_memory.hpp"

namespace faultline::interleave {

namespace {

// What was written when the transfer was asked for is on the disk when it is over. What is written later is found by the
// next.
struct CleanAgainstWrite : DiskProgram {
    using DiskProgram::DiskProgram;
    u32 written = 0;

    void set_up() override {
        word = map_disk();
        write(word, 1);
        written = 1;
    }
    void cpu0() override {
        const u32 before = written;
        sync();
        require(on_disk() >= before, "fsync has returned, and what was written before it is not on the disk");
    }
    void cpu1() override {
        for (u32 value = 2; value <= 3; ++value) {
            write(word, value);
            written = value;
        }
    }
    void check() override {
        sync();
        require(on_disk() == 3 && read(word) == 3, "the last value is not on the disk");
        require(writeback_stat.nr_file_dirty == 0 && writeback_stat.nr_writeback == 0,
                "the counts of dirty pages, and of those on their way to the disk, are not 0 at the end");
    }
};

// The page is clean, and its entry without WRITE.
struct CleanAgainstFirstWrite : CleanAgainstWrite {
    using CleanAgainstWrite::CleanAgainstWrite;
    void set_up() override {
        CleanAgainstWrite::set_up();
        sync();
    }
};

// The writer is in another address space, so the entry is found through the file only.
struct CleanAgainstWriteElsewhere : CleanAgainstWrite {
    using CleanAgainstWrite::CleanAgainstWrite;
    void set_up() override {
        CleanAgainstWrite::set_up();
        run_in(1, fork(word));
        read(word);
        machine.select_cpu(0);
    }
};

// Three CPUs: two write to words of one page, in two address spaces.
struct CleanAgainstTwoWrites : DiskProgram {
    using DiskProgram::DiskProgram;

    void set_up() override {
        word = map_disk();
        write(word, 1);
        run_in(2, fork(word));
        machine.select_cpu(0);
    }
    void cpu0() override { sync(); }
    void cpu1() override { write(word, 2); }
    void cpu2() override { write(word + 4, 5); }
    void check() override {
        sync();
        require(on_disk() == 2 && on_disk(0, 1) == 5, "one of the two writes is not on the disk");
    }
};

struct CleanAgainstUnmap : DiskProgram {
    using DiskProgram::DiskProgram;

    void set_up() override {
        word = map_disk();
        write(word, 1);
    }
    void cpu0() override { sync(); }
    void cpu1() override {
        write(word, 2);
        call([&] { return do_munmap(mm(), word, PAGE_SIZE).ok(); });
    }
    void check() override {
        sync();
        require(on_disk() == 2, "what was written before munmap is not on the disk");
    }
};

// Another thread writes until the mapping is gone.
struct CleanAgainstUnmapAndWrite : CleanAgainstUnmap {
    using CleanAgainstUnmap::CleanAgainstUnmap;
    u32 written = 1;

    void cpu1() override {
        call([&] { return do_munmap(mm(), word, PAGE_SIZE).ok(); });
    }
    void cpu2() override {
        for (u32 value = 2; value <= 3 && try_write(word, value); ++value)
            written = value;
    }
    void check() override {
        sync();
        require(on_disk() == written, "what was written is not on the disk");
    }
};

struct CleanAgainstMove : DiskProgram {
    using DiskProgram::DiskProgram;
    UserAddr to;

    void set_up() override {
        to = map_disk();
        write(word = map_disk(), 1);
        call([&] { return do_munmap(mm(), to, PAGE_SIZE).ok(); });
    }
    void cpu0() override { sync(); }
    void cpu1() override {
        require(
            call([&] { return do_mremap(mm(), word, PAGE_SIZE, PAGE_SIZE, MREMAP_MAYMOVE | MREMAP_FIXED, to).ok(); }),
            "mremap has failed");
        write(to, 2);
    }
    void check() override {
        sync();
        require(on_disk() == 2, "what was written at the new place is not on the disk");
    }
};

struct CleanAgainstProtect : DiskProgram {
    using DiskProgram::DiskProgram;

    void set_up() override { write(word = map_disk(), 1); }
    void cpu0() override { sync(); }
    void cpu1() override {
        call([&] { return do_mprotect(mm(), word, PAGE_SIZE, PROT_READ).ok(); });
        call([&] { return do_mprotect(mm(), word, PAGE_SIZE, PROT_READ | PROT_WRITE).ok(); });
        write(word, 2);
    }
    void check() override {
        sync();
        require(on_disk() == 2, "the write is not on the disk, or the rest of the page has changed");
    }
};

// fork copies entries that are writable, as it did long ago (fork_copy_shared).
struct CleanAgainstFork : DiskProgram {
    using DiskProgram::DiskProgram;
    ~CleanAgainstFork() override { mm_config.fork_copy_shared = false; }

    void set_up() override {
        mm_config.fork_copy_shared = true;
        write(word = map_disk(), 1);
    }
    void cpu0() override { sync(); }
    void cpu1() override {
        run_in(1, fork(word));
        write(word, 2);
    }
    void check() override {
        sync();
        require(on_disk() == 2, "what the child wrote is not on the disk");
    }
};

// Who returns from fsync(2) has waited for the transfer that another task had begun.
struct TwoSyncs : DiskProgram {
    using DiskProgram::DiskProgram;

    void set_up() override { write(word = map_disk(), 1); }
    void cpu0() override {
        sync();
        require(on_disk() == 1, "the other CPU's transfer was not waited for");
    }
    void cpu1() override { cpu0(); }
    void check() override { require(disk.pages_written == 1, "the page was not written to the disk exactly once"); }
};

// The first accesses: a page is read once, however many want it, and nobody sees it before.
struct ReadAgainstWrite : DiskProgram {
    using DiskProgram::DiskProgram;

    void set_up() override {
        disk.blocks[0][0] = 7;
        disk.blocks[0][1] = 8;
        word = map_disk();
    }
    void cpu0() override { require(read(word + 4) == 8, "a read does not find what is on the disk"); }
    void cpu1() override {
        write(word, 1);
        require(read(word + 4) == 8, "the rest of the page is not what was on the disk");
    }
    void check() override {
        require(disk.pages_read == 1, "the page was not read from the disk exactly once");
        sync();
        require(on_disk() == 1 && on_disk(0, 1) == 8,
                "the write is not on the disk, or the rest of the page has changed");
    }
};

struct ReadAndSyncAgainstWrite : ReadAgainstWrite {
    using ReadAgainstWrite::ReadAgainstWrite;
    void cpu0() override {
        ReadAgainstWrite::cpu0();
        sync();
    }
};

// The cache is dropped as far as it is clean and unused, as BLKFLSBUF and the last close do it.
struct InvalidateAgainstWrite : DiskProgram {
    using DiskProgram::DiskProgram;

    void set_up() override {
        disk.blocks[0][1] = 8;
        word = map_disk();
        read(word);
    }
    void cpu0() override {
        call([&] { return do_munmap(mm(), word, PAGE_SIZE).ok(); });
        sync();
        call([&] { return invalidate_mapping_pages(disk); });
        const UserAddr again = map_disk();
        const u32 seen = read(again);
        require(seen == 0 || seen == 5, "a read has found neither what was there nor what was written");
        write(again + 8, 3);
    }
    void cpu1() override { write_call(5); }
    void check() override {
        sync();
        require(on_disk() == 5 && on_disk(0, 1) == 8 && on_disk(0, 2) == 3,
                "one of the two writes is not on the disk, or the rest of the page has changed");
    }
};

// A part of the file is cut off while it is written back, and while it is written to.
struct TruncateAgainstClean : DiskProgram {
    using DiskProgram::DiskProgram;
    u32 cut_off = 0; // what the disk had there when truncation was over

    void set_up() override {
        word = map_disk(2);
        write(word, 1);
        write(word + PAGE_SIZE, 1);
    }
    void cpu0() override { sync(); }
    void cpu1() override {
        call([&] { truncate_setsize(disk, PAGE_SIZE); });
        cut_off = on_disk(1);
        require(!try_write(word + PAGE_SIZE, 2), "a page behind the end of the file can be used");
        write(word, 2);
    }
    void check() override {
        sync();
        require(on_disk() == 2, "what was kept is not on the disk");
        require(on_disk(1) == cut_off, "what was cut off was written to the disk afterwards");
        require(writeback_stat.nr_file_dirty == 0 && writeback_stat.nr_writeback == 0,
                "the counts of dirty pages, and of those on their way to the disk, are not 0 at the end");
    }
};

struct TruncateAgainstDirty : DiskProgram {
    using DiskProgram::DiskProgram;

    void set_up() override {
        word = map_disk(2);
        read(word + PAGE_SIZE);
    }
    void cpu0() override {
        call([&] { truncate_setsize(disk, PAGE_SIZE); });
    }
    void cpu1() override { try_write(word + PAGE_SIZE, 2); }
    void check() override {
        require(!try_read(word + PAGE_SIZE), "a page behind the end of the file can be used");
        require(writeback_stat.nr_file_dirty == 0, "a page is counted as dirty at the end");
    }
};

// A debugger's write goes past the entry, which may be clean.
struct CleanAgainstRemoteWrite : DiskProgram {
    using DiskProgram::DiskProgram;

    void set_up() override { write(word = map_disk(), 1); }
    void cpu0() override { sync(); }
    void cpu1() override {
        const u32 value = 2;
        require(call([&] { return write_remote_memory(mm(), word, &value, sizeof value).ok(); }),
                "the write into the other task has failed");
    }
    void check() override {
        sync();
        require(on_disk() == 2, "what was written is not on the disk");
    }
};

// The flusher passes over what others write, and forgets nothing.
struct FlusherAgainstSync : DiskProgram {
    using DiskProgram::DiskProgram;
    const u32 expire = dirty_limits.expire_centisecs;
    ~FlusherAgainstSync() override { dirty_limits.expire_centisecs = expire; }

    void set_up() override {
        dirty_limits.expire_centisecs = 0;
        word = map_disk(2);
        write(word, 1);
        write(word + PAGE_SIZE, 1);
    }
    void cpu0() override {
        call([&] { return writeback_dirty_files(); });
    }
    void cpu1() override {
        write(word, 2);
        sync();
        require(on_disk() == 2 && on_disk(1) == 1,
                "fsync has returned, and what was written before it is not on the disk");
    }
    void check() override { require(writeback_stat.nr_file_dirty == 0, "a page is counted as dirty at the end"); }
};

} // namespace

static constexpr Preset PRESETS[] = {
    preset<CleanAgainstWrite>("write back against write", "fsync while another CPU writes", {.preemptions = 2}),
    preset<CleanAgainstFirstWrite>("write back against first write",
                                   "fsync while another CPU's write makes a clean page dirty", {.preemptions = 2}),
    preset<CleanAgainstWriteElsewhere>("write back against write elsewhere",
                                       "fsync while a writer in another address space writes", {.preemptions = 2}),
    preset<CleanAgainstTwoWrites, 3>("write back against two writes",
                                     "fsync while two CPUs in two address spaces write to one page",
                                     {.preemptions = 1}),
    preset<CleanAgainstUnmap>("write back against unmap", "fsync while another CPU writes and unmaps",
                              {.preemptions = 2}),
    preset<CleanAgainstUnmapAndWrite, 3>("write back against unmap and write",
                                         "fsync, munmap, and a thread that writes until the mapping is gone",
                                         {.preemptions = 1}),
    preset<CleanAgainstMove>("write back against move", "fsync while mremap moves the page", {.preemptions = 2}),
    preset<CleanAgainstProtect>("write back against mprotect",
                                "fsync while mprotect takes and gives the right to write", {.preemptions = 2}),
    preset<CleanAgainstFork>("write back against fork",
                             "fsync while a process forks as it did long ago, with writable entries copied",
                             {.preemptions = 2}),
    preset<TwoSyncs>("write back against write back", "Two fsync: who returns has waited for the other's transfer",
                     {.preemptions = 2}),
    preset<ReadAgainstWrite>("read from disk against write",
                             "Two CPUs' first accesses to a page of a disk: it is read once", {.preemptions = 2}),
    preset<ReadAndSyncAgainstWrite>("read from disk and write back against write",
                                    "A first read and fsync, against a first write", {.preemptions = 2}),
    preset<InvalidateAgainstWrite>("invalidate against write",
                                   "The clean part of a cache is dropped while write(2) changes a page",
                                   {.preemptions = 1}),
    preset<TruncateAgainstClean>("truncate against write back", "A file is cut off while fsync writes it",
                                 {.preemptions = 2}),
    preset<TruncateAgainstDirty>("truncate against dirty", "A file is cut off while a write makes a page dirty",
                                 {.preemptions = 2}),
    preset<CleanAgainstRemoteWrite>("write back against write from outside",
                                    "fsync while a debugger writes past the entry", {.preemptions = 2}),
    preset<FlusherAgainstSync>("flusher against write back", "The flusher and fsync at the same time",
                               {.preemptions = 2}),
};
const std::span<const Preset> WRITEBACK_PROGRAMS = PRESETS;

} // namespace faultline::interleave
