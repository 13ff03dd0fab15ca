// Pages that are copied, unmapped, protected or moved while another CPU uses them.
#include "interleave/preset.hpp"
#include "mm/aging.hpp"
#include "mm/gup.hpp"
#include "mm/madvise.hpp"
#include "mm/mmap.hpp"
#include "mm/mprotect.hpp"
#include "mm/mremap.hpp"
#include "mm/munmap.hpp"
#include "mm/page_alloc.hpp"
#include "mm/remote_memory.hpp"

namespace faultline::interleave {

namespace {

// Two threads of the parent, and the child. If one thread sees the other's second write, it sees the first one, too:
// once the copy can be written, no TLB leads to the page from before the break.
struct CowBreakAgainstRead : Program {
    using Program::Program;
    UserAddr data, flag;

    void set_up() override {
        data = map_private(2);
        flag = data + PAGE_SIZE;
        write(data, 0);
        MmStruct& child = fork(data, 2);
        write(flag, 0);
        run_in(2, child);
        machine.select_cpu(1);
        read(data);
        read(flag);
        machine.select_cpu(0);
    }
    void cpu0() override {
        write(data, 1);
        write(flag, 1);
    }
    void cpu1() override {
        const u32 seen = read(flag);
        require(read(data) >= seen, "a CPU has seen the second write and not the first");
    }
    void cpu2() override { require(read(data) == 0, "the child does not see what was there when it was born"); }
    void check() override { require(read(data) == 1, "the parent does not see its own value"); }
};

struct TwoCowBreaks : Program {
    using Program::Program;
    UserAddr word;

    void set_up() override {
        write(word = map_private(), 5);
        run_in(1, fork(word));
        machine.select_cpu(0);
    }
    void cpu0() override {
        write(word, 1);
        require(read(word) == 1, "the parent does not see its own value");
    }
    void cpu1() override {
        write(word, 2);
        require(read(word) == 2, "the child does not see its own value");
    }
    void check() override { require(read(word) == 1, "the parent does not see its own value any more"); }
};

// Two threads of one process break the same sharing: one copy wins, and has both writes.
struct OneCowBreakTwice : Program {
    using Program::Program;
    UserAddr word;

    void set_up() override {
        write(word = map_private(), 5);
        fork(word);
    }
    void cpu0() override { write(word, 1); }
    void cpu1() override { write(word + 4, 2); }
    void check() override { require(read(word) == 1 && read(word + 4) == 2, "one of the two writes is lost"); }
};

// The child's memory is the parent's as it was at one moment, and does not change.
struct ForkAgainstWrite : Program {
    using Program::Program;
    UserAddr word;

    void set_up() override { write(word = map_private(), 0); }
    void cpu0() override {
        MmStruct& child = fork(word);
        run_in(0, child);
        const u32 first = read(word);
        require(read(word) == first && first <= 2, "the child's page has changed under it");
    }
    void cpu1() override {
        write(word, 1);
        write(word, 2);
        require(read(word) == 2, "the parent does not see its own value");
    }
    void check() override {
        run_in(0, mm());
        require(read(word) == 2, "the parent does not see its own value any more");
    }
};

struct UnmapAgainstWrite : Program {
    using Program::Program;
    UserAddr word, other;
    bool unmapped = false;

    void set_up() override {
        other = map_private();
        write(word = map_private(), 0);
    }
    void cpu0() override {
        call([&] { return do_munmap(mm(), word, PAGE_SIZE).ok(); });
        unmapped = true;
        write(other, 3); // in the frame that was freed
    }
    void cpu1() override {
        for (u32 value = 1; value <= 2; ++value) {
            const bool late = unmapped;
            require(!try_write(word, value) || !late, "a write was made after munmap had returned");
        }
    }
    void check() override { require(read(other) == 3, "another CPU has written to a page that is not its own"); }
};

struct UnmapAgainstFirstWrite : UnmapAgainstWrite {
    using UnmapAgainstWrite::UnmapAgainstWrite;
    void set_up() override {
        other = map_private();
        word = map_private();
    }
};

// The page is the only one under its page table, far from all others, so the table goes with it. Another CPU that
// touches the page meanwhile may have cached the way to the table.
struct UnmapTableAgainstRead : Program {
    using Program::Program;
    UserAddr word;
    bool unmapped = false;

    void set_up() override {
        word = UserAddr(0x1000'0000);
        const u32 flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED;
        require(do_mmap(mm(), word, PAGE_SIZE, PROT_READ | PROT_WRITE, flags, nullptr, true, 0).ok(),
                "mmap has failed");
        watch(mm(), word);
        write(word, 5);
    }
    void cpu0() override {
        call([&] { return do_munmap(mm(), word, PAGE_SIZE).ok(); });
        unmapped = true;
    }
    void cpu1() override {
        for (u32 round = 0; round < 2; ++round) {
            const bool late = unmapped;
            const auto seen = try_read(word);
            require(!seen || (*seen == 5 && !late), "a read has found another page, or one that munmap had taken away");
        }
    }
    void check() override { require(mm().nr_ptes == 0, "the page table is still there"); }
};

// madvise holds the lock for reading only, so faults go on beside it.
struct DontneedAgainstWrite : Program {
    using Program::Program;
    UserAddr word;
    bool dropped = false;

    void set_up() override { write(word = map_private(), 9); }
    void cpu0() override {
        call([&] { return do_madvise(mm(), word, PAGE_SIZE, MADV_DONTNEED).ok(); });
        dropped = true;
        require(read(word) != 9, "what madvise dropped has come back");
    }
    void cpu1() override {
        const bool late = dropped;
        write(word, 1);
        require(!late || read(word) == 1, "a write made after madvise had returned is lost");
    }
    void check() override { require(read(word) <= 1, "a read has found neither zero nor what was written since"); }
};

// The fault finds an entry that is only old. When the fault has the lock, the entry is gone.
struct DontneedAgainstWriteToOld : DontneedAgainstWrite {
    using DontneedAgainstWrite::DontneedAgainstWrite;
    void set_up() override {
        DontneedAgainstWrite::set_up();
        call([&] { age_page_range(MmapReadGuard(mm()), word, word + PAGE_SIZE); });
    }
};

// The second CPU's fault maps a new page where the third CPU's TLB had the old one. If the third CPU sees the second
// write, it does not see what was there before madvise: the new page appears after the flush.
struct DontneedAgainstFault : Program {
    using Program::Program;
    UserAddr data, flag;

    void set_up() override {
        data = map_private(2);
        flag = data + PAGE_SIZE;
        write(data, 9);
        write(flag, 0);
        machine.select_cpu(2);
        read(data);
        read(flag);
        machine.select_cpu(0);
    }
    void cpu0() override {
        call([&] { return do_madvise(mm(), data, PAGE_SIZE, MADV_DONTNEED).ok(); });
    }
    void cpu1() override {
        write(data, 1);
        write(flag, 1);
    }
    void cpu2() override {
        const u32 seen = read(flag);
        require(seen == 0 || read(data) <= 1, "a CPU has seen the second write, and the page from before madvise");
    }
    void check() override { require(read(data) <= 1, "a read has found neither zero nor what was written since"); }
};

struct ProtectAgainstWrite : Program {
    using Program::Program;
    UserAddr word;
    bool is_protected = false;
    u32 written = 0;

    void set_up() override { write(word = map_shared(), 0); }
    void cpu0() override {
        call([&] { return do_mprotect(mm(), word, PAGE_SIZE, PROT_READ).ok(); });
        is_protected = true;
        require(read(word) <= 2, "a read has found what nobody wrote");
    }
    void cpu1() override {
        for (u32 value = 1; value <= 2; ++value) {
            const bool late = is_protected;
            const bool done = try_write(word, value);
            require(!done || !late, "a write was made after mprotect had returned");
            if (done)
                written = value;
        }
    }
    void check() override { require(read(word) == written, "a write that was made is lost"); }
};

struct MoveAgainstWrite : Program {
    using Program::Program;
    UserAddr word, to;
    u32 written = 0;

    void set_up() override {
        to = map_private();
        write(word = map_private(), 0);
        call([&] { return do_munmap(mm(), to, PAGE_SIZE).ok(); });
    }
    void cpu0() override {
        const auto moved =
            call([&] { return do_mremap(mm(), word, PAGE_SIZE, PAGE_SIZE, MREMAP_MAYMOVE | MREMAP_FIXED, to).ok(); });
        require(moved, "mremap has failed");
    }
    void cpu1() override {
        for (u32 value = 1; value <= 2 && try_write(word, value); ++value)
            written = value;
    }
    void check() override {
        require(read(to) == written, "a write has not moved along");
        require(!try_read(word), "the page can still be read at its old place");
    }
};

// A page that get_user_pages gave out is not freed, and not given to another, before it is put back.
struct GupAgainstUnmap : Program {
    using Program::Program;
    UserAddr word, other;

    void set_up() override {
        other = map_private();
        write(word = map_private(), 4);
    }
    void cpu0() override {
        PageRef page;
        const bool taken =
            call([&] { return get_user_pages(MmapReadGuard(mm()), word, 1, FOLL_WRITE | FOLL_TOUCH, &page).ok(); });
        if (!taken)
            return;
        schedule_point("hold the page");
        require(page_count(*page) >= 1, "a page that somebody holds is free");
        require(*static_cast<const u32*>(page_address(*page)) == 4,
                "the page that is held is not the one that was there");
        call([&] { page = {}; });
    }
    void cpu1() override {
        call([&] { return do_munmap(mm(), word, PAGE_SIZE).ok(); });
        write(other, 8);
    }
    void check() override { require(read(other) == 8, "another CPU has written to a page that is not its own"); }
};

// A write past the rights of a private mapping, as /proc/PID/mem makes it.
bool force_write(MmStruct& mm, UserAddr address, u32 value) {
    return write_remote_memory(mm, address, &value, sizeof value, FOLL_FORCE).ok();
}

// Dirty COW (CVE-2016-5195): the forced write has broken copy-on-write, and before it takes the page, madvise drops the
// copy. The file's page must not be what it takes then.
struct ForcedWriteAgainstDontneed : Program {
    using Program::Program;
    UserAddr file, word;

    void set_up() override {
        file = map_shared();
        write(file, 5);
        AddressSpace* mapping = nullptr;
        {
            const MmapReadGuard mmap_read(mm());
            mapping = vma_lookup(mmap_read, file)->mapping;
        }
        word = do_mmap(mm(), UserAddr(0), PAGE_SIZE, PROT_READ, MAP_PRIVATE, mapping, true, 0).value();
        watch(mm(), word);
        read(word);
    }
    void cpu0() override {
        require(call([&] { return force_write(mm(), word, 9); }), "the forced write has failed");
    }
    void cpu1() override {
        for (u32 round = 0; round < 2; ++round)
            call([&] { return do_madvise(mm(), word, PAGE_SIZE, MADV_DONTNEED).ok(); });
    }
    void check() override {
        require(read(file) == 5, "a write to a private mapping has reached its file");
        const u32 seen = read(word);
        require(seen == 9 || seen == 5, "a read has found neither the write nor what was there before it");
    }
};

// The child's memory is the parent's as it was at one moment, whoever writes the parent's.
struct ForcedWriteAgainstFork : Program {
    using Program::Program;
    UserAddr word;

    void set_up() override {
        write(word = map_private(), 1);
        call([&] { return do_mprotect(mm(), word, PAGE_SIZE, PROT_READ).ok(); });
    }
    void cpu0() override {
        MmStruct& child = fork(word);
        run_in(0, child);
        const u32 first = read(word);
        require(read(word) == first && first <= 3, "the child's page has changed under it");
    }
    void cpu1() override {
        for (u32 value = 2; value <= 3; ++value)
            require(call([&] { return force_write(mm(), word, value); }), "the forced write has failed");
        require(read(word) == 3, "the parent does not see the forced write");
    }
    void check() override {
        run_in(0, mm());
        require(read(word) == 3, "the parent does not see its own value any more");
    }
};

// The program may write for a while. Its writes and the forced one are in different words of one page: none is lost,
// and when mprotect has taken the right away again, the program cannot write, whatever the forced write did.
struct ForcedWriteAgainstProtect : Program {
    using Program::Program;
    UserAddr word;
    bool written = false;

    void set_up() override {
        write(word = map_private(), 1);
        call([&] { return do_mprotect(mm(), word, PAGE_SIZE, PROT_READ).ok(); });
        fork(word);
    }
    void cpu0() override {
        require(call([&] { return force_write(mm(), word + 4, 9); }), "the forced write has failed");
        require(!try_write(word + 8, 7) || !read_only, "the forced write has given the program the right to write");
    }
    void cpu1() override {
        read_only = false;
        call([&] { return do_mprotect(mm(), word, PAGE_SIZE, PROT_READ | PROT_WRITE).ok(); });
        written = try_write(word, 2);
        call([&] { return do_mprotect(mm(), word, PAGE_SIZE, PROT_READ).ok(); });
        require(!try_write(word, 3), "a write was made after mprotect had returned");
    }
    void check() override {
        require(written && read(word) == 2, "the program's write is lost");
        require(read(word + 4) == 9, "the forced write is lost");
        require(!try_write(word, 4), "the page can be written, though it is read-only");
    }

  private:
    bool read_only = true; // before the other CPU begins
};

// Two forced writes into one page.
struct TwoForcedWrites : Program {
    using Program::Program;
    UserAddr word;

    void set_up() override {
        write(word = map_private(), 1);
        call([&] { return do_mprotect(mm(), word, PAGE_SIZE, PROT_READ).ok(); });
        fork(word);
    }
    void cpu0() override {
        require(call([&] { return force_write(mm(), word, 2); }), "the forced write has failed");
    }
    void cpu1() override {
        require(call([&] { return force_write(mm(), word + 4, 3); }), "the other forced write has failed");
    }
    void check() override { require(read(word) == 2 && read(word + 4) == 3, "one of the two writes is lost"); }
};

} // namespace

static constexpr Preset PRESETS[] = {
    preset<CowBreakAgainstRead, 3>("copy-on-write break against read",
                                   "A write breaks copy-on-write while another thread reads and the child does",
                                   {.preemptions = 2}),
    preset<TwoCowBreaks>("two copy-on-write breaks", "Parent and child both write to a page that they share",
                         {.preemptions = 3}),
    preset<OneCowBreakTwice>("one copy-on-write break by two",
                             "Two threads write to a page that the child shares: there is one copy, with both writes",
                             {.preemptions = 3}),
    preset<ForkAgainstWrite>("fork against write",
                             "fork while another thread writes: the child's memory is of one moment",
                             {.preemptions = 3}),
    preset<UnmapAgainstWrite>("unmap against write",
                              "munmap while another CPU writes: no write lands in the frame that was freed",
                              {.preemptions = 3}),
    preset<UnmapAgainstFirstWrite>("unmap against first write",
                                   "munmap while another CPU's first write brings the page in", {.preemptions = 3}),
    preset<UnmapTableAgainstRead>("unmap with its page table against read",
                                  "munmap frees the page table too, to which another CPU may have cached the way",
                                  {.preemptions = 3}),
    preset<DontneedAgainstWrite>("madvise against write", "MADV_DONTNEED while another CPU writes", {.preemptions = 3}),
    preset<DontneedAgainstWriteToOld>("madvise against write to an old page",
                                      "MADV_DONTNEED while a fault is about to make an old entry young",
                                      {.preemptions = 3}),
    preset<DontneedAgainstFault, 3>("madvise against fault",
                                    "MADV_DONTNEED, a fault that maps a new page, and a TLB that had the old one",
                                    {.preemptions = 2}),
    preset<ProtectAgainstWrite>("mprotect against write",
                                "mprotect takes the right to write away while another CPU writes", {.preemptions = 3}),
    preset<MoveAgainstWrite>("mremap against write", "mremap moves a page while another CPU writes to it",
                             {.preemptions = 3}),
    preset<GupAgainstUnmap>("get_user_pages against unmap",
                            "A page that get_user_pages gave out, while munmap drops it", {.preemptions = 3}),
    preset<ForcedWriteAgainstDontneed>(
        "forced write against madvise",
        "A debugger's write breaks copy-on-write, and madvise drops the copy (Dirty COW)",
        {.preemptions = 3, .is_long = true}),
    preset<ForcedWriteAgainstFork>("forced write against fork", "A debugger's writes while the process forks",
                                   {.preemptions = 2}),
    preset<ForcedWriteAgainstProtect>("forced write against mprotect",
                                      "A debugger's write while mprotect gives and takes the right to write",
                                      {.preemptions = 2}),
    preset<TwoForcedWrites>("two forced writes", "Two debuggers' writes into one page that a child shares",
                            {.preemptions = 2}),
};
const std::span<const Preset> PAGE_PROGRAMS = PRESETS;

} // namespace faultline::interleave
