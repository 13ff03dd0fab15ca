// An access that has a bit to set, in the middle of what another CPU does to the entry. A machine that sets the bits
// itself does so at any moment and without a lock; the others fault. What must be true afterwards is the same, so each
// program runs on both (explore.cpp).
#include "interleave/preset.hpp"
#include "mm/aging.hpp"
#include "mm/madvise.hpp"
#include "mm/mprotect.hpp"
#include "mm/mremap.hpp"
#include "mm/munmap.hpp"
#include "mm/pgtable.hpp"

namespace faultline::interleave {

namespace {

// A page that was only read: its entry is writable and clean.
struct CleanPage : Program {
    using Program::Program;
    UserAddr word;

    void set_up() override {
        word = map_shared();
        read(word);
        require(pte_write(truth_of(mm(), word)) && !pte_dirty(truth_of(mm(), word)),
                "the page is not writable and clean to begin with");
    }

  protected:
    void age() {
        call([&] { age_page_range(MmapReadGuard(mm()), word, word + PAGE_SIZE); });
    }
    bool dirt_is_known(UserAddr address) {
        return pte_dirty(truth_of(mm(), address)) || page_of(mm(), address).test(PG_DIRTY);
    }
};

struct FirstWriteAgainstFirstWrite : CleanPage {
    using CleanPage::CleanPage;
    void cpu0() override { write(word, 1); }
    void cpu1() override { write(word + 4, 2); }
    void check() override {
        require(read(word) == 1 && read(word + 4) == 2, "one of the two writes is lost");
        require(pte_user_writable(truth_of(mm(), word)), "the entry has lost young or dirty, or the right to write");
    }
};

// The page is clean and young: ageing stores the entry at the moment at which the machine makes it dirty.
struct FirstWriteAgainstAge : CleanPage {
    using CleanPage::CleanPage;
    bool aged = false;

    void cpu0() override {
        age();
        aged = true;
    }
    void cpu1() override {
        write(word, 1);
        const bool after = aged;
        write(word, 2);
        require(!after || pte_young(truth_of(mm(), word)),
                "a page was used after it was aged, and its entry is not young");
    }
    void check() override {
        require(pte_dirty(truth_of(mm(), word)),
                "the page was written, and its entry is not dirty any more: the write can be lost");
        require(read(word) == 2, "the last write is lost");
    }
};

struct FirstWriteAgainstClean : CleanPage {
    using CleanPage::CleanPage;
    void cpu0() override {
        call([&] { clean_page_range(MmapReadGuard(mm()), word, word + PAGE_SIZE); });
        cleaned = true;
    }
    void cpu1() override {
        write(word, 1);
        const bool after = cleaned;
        write(word, 2);
        require(!after || pte_dirty(truth_of(mm(), word)),
                "a write to a cleaned page has not made its entry dirty again");
    }
    void check() override {
        require(dirt_is_known(word),
                "the page was written, and its entry is not dirty any more: the write can be lost");
        require(read(word) == 2, "the last write is lost");
    }
    bool cleaned = false;
};

// The page stays, at another address.
struct FirstWriteAgainstUnmap : CleanPage {
    using CleanPage::CleanPage;
    UserAddr other;
    u32 written = 0;

    void set_up() override {
        CleanPage::set_up();
        other = call([&] { return do_mremap(mm(), word, 0, PAGE_SIZE, MREMAP_MAYMOVE, UserAddr()).value(); });
        watch(mm(), other);
        read(other);
    }
    void cpu0() override {
        call([&] { return do_munmap(mm(), word, PAGE_SIZE).ok(); });
    }
    void cpu1() override {
        for (u32 value = 1; value <= 2 && try_write(word, value); ++value)
            written = value;
    }
    void check() override {
        require(pte_none(truth_of(mm(), word)), "an entry has come back after munmap");
        require(read(other) == written, "what was written cannot be read back");
        require(written == 0 || dirt_is_known(other),
                "the page was written, and its entry is not dirty any more: the write can be lost");
    }
};

struct FirstWriteAgainstProtect : CleanPage {
    using CleanPage::CleanPage;
    bool is_protected = false;

    void cpu0() override {
        call([&] { return do_mprotect(mm(), word, PAGE_SIZE, PROT_READ).ok(); });
        is_protected = true;
    }
    void cpu1() override {
        for (u32 value = 1; value <= 2; ++value) {
            const bool before = is_protected, done = try_write(word, value);
            require(!before || !done, "a write was made after the right to write was taken away");
        }
    }
    void check() override { require(!pte_write(truth_of(mm(), word)), "the entry has the right to write again"); }
};

struct FirstWriteAgainstMove : CleanPage {
    using CleanPage::CleanPage;
    UserAddr to;
    u32 written = 0;

    void set_up() override {
        to = map_shared();
        CleanPage::set_up();
    }
    void cpu0() override {
        require(
            call([&] { return do_mremap(mm(), word, PAGE_SIZE, PAGE_SIZE, MREMAP_MAYMOVE | MREMAP_FIXED, to).ok(); }),
            "mremap has failed");
    }
    void cpu1() override {
        for (u32 value = 1; value <= 2 && try_write(word, value); ++value)
            written = value;
    }
    void check() override {
        require(pte_none(truth_of(mm(), word)), "the entry has come back at the old place after mremap");
        require(read(to) == written, "what was written cannot be read back");
        require(written == 0 || dirt_is_known(to),
                "the page was written, and its entry is not dirty any more: the write can be lost");
    }
};

// Private memory that MADV_FREE has made clean and old, with WRITE.
struct FirstWriteAgainstFork : Program {
    using Program::Program;
    UserAddr word;
    MmStruct* child = nullptr;
    u32 after = 0; // the first value that was written when the fork was over

    void set_up() override {
        write(word = map_private(), 1);
        call([&] { return do_madvise(mm(), word, PAGE_SIZE, MADV_FREE).ok(); });
    }
    void cpu0() override { child = &fork(word); }
    void cpu1() override {
        for (u32 value = 2; value <= 3; ++value) {
            after = after == 0 && child != nullptr ? value : after;
            write(word, value);
        }
    }
    void check() override {
        require(read(word) == 3, "the parent's last value is lost");
        run_in(0, *child);
        const u32 seen = read(word);
        require(seen != 0 && (after == 0 || seen < after),
                "the child does not have the parent's value at the moment of the fork");
        run_in(0, mm());
    }
};

} // namespace

static constexpr Preset PRESETS[] = {
    preset<FirstWriteAgainstFirstWrite>("first write against first write of a clean page",
                                        "Two CPUs write to a page that was only read so far", {.preemptions = 3}),
    preset<FirstWriteAgainstAge>("first write of a clean page against age",
                                 "A first write, while ageing takes the young bit away", {.preemptions = 3}),
    preset<FirstWriteAgainstClean>("first write of a clean page against clean",
                                   "A first write, while cleaning takes the dirty bit away", {.preemptions = 3}),
    preset<FirstWriteAgainstUnmap>("first write of a clean page against unmap",
                                   "A first write to a page that is mapped twice, while one mapping goes",
                                   {.preemptions = 3}),
    preset<FirstWriteAgainstProtect>("first write of a clean page against mprotect",
                                     "A first write, while mprotect takes the right to write away", {.preemptions = 3}),
    preset<FirstWriteAgainstMove>("first write of a clean page against move",
                                  "A first write, while mremap moves the page", {.preemptions = 2}),
    preset<FirstWriteAgainstFork>("first write of a clean page against fork",
                                  "A first write to what MADV_FREE gave up, while the process forks",
                                  {.preemptions = 2}),
};
const std::span<const Preset> AD_BITS_PROGRAMS = PRESETS;

} // namespace faultline::interleave
