// Pages that go to swap and come back while other CPUs use them, unmap them, fork, or take the area away.
#include <linux/futex.h>

#include "interleave/modelled_swap.hpp"
#include "interleave/preset.hpp"
#include "kernel/futex/syscalls.hpp"
#include "mm/dup_mm.hpp"
#include "mm/gup.hpp"
#include "mm/madvise.hpp"
#include "mm/mremap.hpp"
#include "mm/munmap.hpp"
#include "mm/page_writeback.hpp"
#include "mm/pgtable.hpp"
#include "mm/swap_state.hpp"
#include "mm/vmscan.hpp"

namespace faultline::interleave {

namespace {

struct SwapProgram : Program {
    SwapProgram(u32 cpus, const model::TlbPolicy& tlb) : Program(cpus, tlb) {
        swap.saved = [](const Page& page) { World::get().invariants.saved(page_to_pfn(page)); };
        at_the_end([this] {
            require(swap.used() == 0, "a slot in swap stays in use at the end");
            require(!swap.is_on() || swap.off().ok(), "swapoff has failed");
        });
    }

  protected:
    ModelledSwap swap{4};
    UserAddr word;

    virtual UserAddr map_page() { return map_private(); }
    // A page with two words, which nobody has used for a while.
    void set_up() override {
        word = map_page();
        write(word, 1);
        write(word + 4, 8);
        age();
    }
    void age() {
        call([&] { return do_madvise(mm(), word, PAGE_SIZE, MADV_COLD).ok(); });
        if (const PageRef page = present_page())
            page->clear(PG_REFERENCED);
    }
    PageRef present_page() { return follow_page(MmapReadGuard(mm()), word, FOLL_NONE); }
    // Reclaim looks at the page, if it is in memory.
    void reclaim() {
        call([&] {
            if (PageRef page = present_page())
                reclaim_page(std::move(page));
        });
    }
    void page_out() {
        age();
        reclaim();
        require(swap.used() == 1, "the page is not in swap to begin with");
    }
    void cpu0() override { reclaim(); }
    void check() override { require(read(word + 4) == 8, "the rest of the page has changed"); }
};

// As above, in shared memory.
struct SharedProgram : SwapProgram {
    using SwapProgram::SwapProgram;
    UserAddr map_page() override { return map_shared(); }
};

// It has been in swap, and only a read brought it back: its entry is writable and clean.
struct CleanSharedProgram : SharedProgram {
    using SharedProgram::SharedProgram;
    void set_up() override {
        SharedProgram::set_up();
        page_out();
        read(word);
        require(!pte_dirty(truth_of(mm(), word)), "the page is not clean to begin with");
        age();
    }
};

template <class Base>
struct OutAgainstRead : Base {
    using Base::Base;
    void cpu1() override {
        require(this->read(this->word) == 1 && this->read(this->word + 4) == 8, "what was written cannot be read back");
    }
};

template <class Base>
struct OutAgainstWrite : Base {
    using Base::Base;
    void cpu1() override {
        this->write(this->word, 2);
        this->write(this->word, 3);
    }
    void check() override {
        require(this->read(this->word) == 3, "the last value that was written cannot be read back");
        Base::check();
    }
};

template <class Base>
struct OutTwiceAgainstWrite : OutAgainstWrite<Base> {
    using OutAgainstWrite<Base>::OutAgainstWrite;
    void cpu0() override {
        this->reclaim();
        this->reclaim();
    }
};

struct TwoOut : SwapProgram {
    using SwapProgram::SwapProgram;
    void cpu1() override {
        write(word, 2);
        reclaim();
    }
    void check() override {
        require(read(word) == 2, "the last value that was written cannot be read back");
        SwapProgram::check();
    }
};

template <class Base>
struct OutAgainstUnmap : Base {
    using Base::Base;
    void cpu1() override {
        this->call([&] { return do_munmap(this->mm(), this->word, PAGE_SIZE).ok(); });
    }
    void check() override {
        require(!this->try_read(this->word) && this->swap.used() == 0,
                "the page can still be read, or its slot in swap is still in use");
    }
};

// A task has a reference, as get_user_pages gives it, and writes through that. The page has no entry by then.
struct OutAgainstHeldWrite : SwapProgram {
    using SwapProgram::SwapProgram;
    void set_up() override {
        SwapProgram::set_up();
        call([&] { return get_user_pages(MmapReadGuard(mm()), word, 1, FOLL_WRITE | FOLL_GET, &held_).ok(); });
    }
    void cpu0() override {
        reclaim();
        reclaim_cached();
    }
    void cpu1() override {
        call([&] {
            *static_cast<u32*>(page_address(*held_)) = 2;
            set_page_dirty(*held_);
            held_ = PageRef();
            return true;
        });
    }
    void check() override {
        reclaim_cached();
        require(read(word) == 2, "what was written through the reference is lost");
        SwapProgram::check();
    }

  private:
    PageRef held_;

    // Reclaim looks at the page, if only the swap cache has it.
    void reclaim_cached() {
        call([&] {
            const Pte pte = ptep_get(pte_offset(mm(), word));
            PageRef page = is_swap_pte(pte) ? lookup_swap_cache(pte_to_swp_entry(pte)) : PageRef();
            if (page)
                reclaim_page(std::move(page));
        });
    }
};

// What was written through the mapping that is gone is only in the page.
struct OutAgainstUnmapOfOne : SharedProgram {
    using SharedProgram::SharedProgram;
    void set_up() override {
        SharedProgram::set_up();
        again_ = call([&] { return do_mremap(mm(), word, 0, PAGE_SIZE, MREMAP_MAYMOVE, UserAddr()).value(); });
        watch(mm(), again_);
        age();
    }
    void cpu1() override {
        write(again_, 2);
        call([&] { return do_munmap(mm(), again_, PAGE_SIZE).ok(); });
    }
    void check() override {
        require(read(word) == 2, "what was written through the other mapping is lost");
        SharedProgram::check();
    }

  private:
    UserAddr again_;
};

// One task finds that there is no page yet; until it makes one, another has made it, and it is in swap.
struct FirstTouchAgainstOut : SharedProgram {
    using SharedProgram::SharedProgram;
    void set_up() override { word = map_page(); }
    void cpu0() override { read(word + 4); }
    void cpu1() override {
        write(word, 1);
        write(word + 4, 8);
        age();
        reclaim();
    }
    void check() override {
        require(read(word) == 1, "what was written cannot be read back");
        SharedProgram::check();
    }
};

struct OutAgainstMove : SwapProgram {
    using SwapProgram::SwapProgram;
    UserAddr to;
    void set_up() override {
        to = map_private();
        SwapProgram::set_up();
    }
    void cpu1() override {
        require(
            call([&] { return do_mremap(mm(), word, PAGE_SIZE, PAGE_SIZE, MREMAP_MAYMOVE | MREMAP_FIXED, to).ok(); }),
            "mremap has failed");
        require(read(to) == 1, "what was written cannot be read back");
        write(to, 3);
    }
    void check() override {
        require(read(to) == 3 && read(to + 4) == 8, "the page has lost its contents at its new place");
    }
};

struct OutAgainstFork : SwapProgram {
    using SwapProgram::SwapProgram;
    void cpu1() override {
        run_in(1, fork(word));
        require(read(word) == 1, "the child does not see the parent's value");
        write(word, 2);
        require(read(word) == 2, "the CPU does not see its own value");
    }
    void check() override {
        require(read(word) == 1, "the parent has lost its value");
        SwapProgram::check();
    }
};

// The other way round: reclaim comes into the middle of the fork. It has the page already: fork's lock would keep it from finding it.
struct ForkAgainstOut : SwapProgram {
    using SwapProgram::SwapProgram;
    MmStruct* child = nullptr;
    PageRef page;
    void set_up() override {
        SwapProgram::set_up();
        page = present_page();
    }
    void cpu0() override { child = &fork(word); }
    void cpu1() override {
        call([&] { reclaim_page(std::move(page)); });
    }
    void check() override {
        run_in(0, *child);
        require(read(word) == 1, "the child does not have the page");
        run_in(0, mm());
        SwapProgram::check();
    }
};

// Reclaim takes YOUNG and then the page away, again and again, and the operation is done once.
template <class Base>
struct OutAgainstFutex : Base {
    using Base::Base;
    void set_up() override { Base::set_up(); }
    void cpu1() override {
        constexpr u32 ADD_ONE = FUTEX_OP(FUTEX_OP_ADD, 1, FUTEX_OP_CMP_EQ, 0xfffu);
        const auto done = this->call([&] {
            return sys_futex(this->word, FUTEX_WAKE_OP | FUTEX_PRIVATE_FLAG, 1, UserAddr(0), this->word, ADD_ONE);
        });
        require(done.ok(), "FUTEX_WAKE_OP has failed");
    }
    void check() override {
        require(this->read(this->word) == 2, "the addition was lost, or done twice");
        Base::check();
    }
};

// From here on the page is in swap.
template <class Base>
struct TwoIn : Base {
    using Base::Base;
    void set_up() override {
        Base::set_up();
        this->page_out();
    }
    void cpu0() override { this->write(this->word, 2); }
    void cpu1() override { this->write(this->word + 8, 3); }
    void check() override {
        require(this->read(this->word) == 2 && this->read(this->word + 8) == 3,
                "the two writes went to different pages, or one is lost");
        Base::check();
    }
};

// The page stays in the swap cache, and one claim must not be given up twice.
struct TwoReadIn : SwapProgram {
    using SwapProgram::SwapProgram;
    void set_up() override {
        SwapProgram::set_up();
        page_out();
    }
    void cpu0() override { require(read(word) == 1, "what was written cannot be read back"); }
    void cpu1() override { require(read(word + 4) == 8, "what was written cannot be read back"); }
};

// A child has the same slot. It writes, or ends.
struct InAgainstRelative : SwapProgram {
    using SwapProgram::SwapProgram;
    MmStruct* child = nullptr;
    void set_up() override {
        SwapProgram::set_up();
        page_out();
        child = &fork(word);
        run_in(1, *child);
        machine.select_cpu(0);
    }
    void cpu0() override {
        require(read(word) == 1, "what was written before the fork is lost");
        write(word, 2);
    }
    void cpu1() override {
        write(word, 3);
        require(read(word) == 3 && read(word + 4) == 8, "the CPU does not see its own value");
    }
    void check() override {
        require(read(word) == 2, "the child's write has changed the parent's page");
        SwapProgram::check();
    }
};

struct InAgainstExit : InAgainstRelative {
    using InAgainstRelative::InAgainstRelative;
    void cpu1() override {
        call([&] { return do_munmap(*child, word, PAGE_SIZE).ok(); });
    }
    void check() override {
        InAgainstRelative::check();
        require(swap.used() == 0,
                "the slot in swap is still in use, though the only one that has the page wrote to it");
    }
};

// The child read the page back, and reclaim takes it from there while the parent faults for it.
struct InAgainstOut : InAgainstRelative {
    using InAgainstRelative::InAgainstRelative;
    void set_up() override {
        InAgainstRelative::set_up();
        machine.select_cpu(1);
        read(word);
        age();
        machine.select_cpu(0);
    }
    void cpu1() override { reclaim(); }
};

struct InAgainstUnmap : SwapProgram {
    using SwapProgram::SwapProgram;
    void set_up() override {
        SwapProgram::set_up();
        page_out();
    }
    void cpu0() override { static_cast<void>(try_read(word)); }
    void cpu1() override {
        call([&] { return do_munmap(mm(), word, PAGE_SIZE).ok(); });
    }
    void check() override {
        require(!try_read(word) && swap.used() == 0, "the page can still be read, or its slot in swap is still in use");
    }
};

struct InAgainstCutOff : SharedProgram {
    using SharedProgram::SharedProgram;
    void set_up() override {
        SharedProgram::set_up();
        page_out();
    }
    void cpu0() override {
        const u32 value = read(word);
        require(value == 1 || value == 0, "a read has found neither the value from before nor the one from after");
    }
    void cpu1() override {
        call([&] { return do_madvise(mm(), word, PAGE_SIZE, MADV_REMOVE).ok(); });
    }
    void check() override {
        require(read(word) == 0 && swap.used() == 0, "the page is not zeros, or its slot in swap is still in use");
    }
};

struct OutAgainstCutOff : SharedProgram {
    using SharedProgram::SharedProgram;
    void cpu1() override {
        call([&] { return do_madvise(mm(), word, PAGE_SIZE, MADV_REMOVE).ok(); });
    }
    void check() override {
        require(read(word) == 0 && swap.used() == 0, "the page is not zeros, or its slot in swap is still in use");
    }
};

template <class Base>
struct SwapoffAgainstWrite : Base {
    using Base::Base;
    void set_up() override {
        Base::set_up();
        this->page_out();
    }
    void cpu0() override {
        require(this->call([&] { return this->swap.off().ok(); }), "swapoff has failed");
    }
    void cpu1() override { this->write(this->word, 2); }
    void check() override {
        require(this->read(this->word) == 2, "what was written cannot be read back");
        Base::check();
    }
};

template <class Base>
struct SwapoffAgainstOut : Base {
    using Base::Base;
    void cpu1() override {
        require(this->call([&] { return this->swap.off().ok(); }), "swapoff has failed");
    }
    void check() override {
        require(this->read(this->word) == 1, "what was written cannot be read back");
        Base::check();
    }
};

struct SwapoffAgainstFork : SwapProgram {
    using SwapProgram::SwapProgram;
    void set_up() override {
        SwapProgram::set_up();
        page_out();
    }
    void cpu0() override {
        require(call([&] { return swap.off().ok(); }), "swapoff has failed");
    }
    void cpu1() override {
        run_in(1, fork(word));
        write(word, 2);
    }
    void check() override {
        require(read(word) == 1, "the parent has lost its value");
        SwapProgram::check();
    }
};

// What MADV_FREE gave up is written again: it must not be lost any more.
struct DiscardAgainstWrite : SwapProgram {
    using SwapProgram::SwapProgram;
    void set_up() override {
        SwapProgram::set_up();
        call([&] { return do_madvise(mm(), word, PAGE_SIZE, MADV_FREE).ok(); });
    }
    void cpu1() override {
        write(word, 2);
        require(read(word) == 2, "what was written cannot be read back");
    }
    void check() override {
        require(read(word) == 2, "what was written cannot be read back");
        const u32 rest = read(word + 4);
        require(rest == 8 || rest == 0, "the rest of the page is neither as it was nor zeros");
    }
};

} // namespace

static constexpr Preset PRESETS[] = {
    preset<OutAgainstRead<SwapProgram>>("page out against read", "A page goes to swap while another CPU reads it",
                                        {.preemptions = 2}),
    preset<OutAgainstWrite<SwapProgram>>("page out against write", "A page goes to swap while another CPU writes to it",
                                         {.preemptions = 2}),
    preset<OutTwiceAgainstWrite<SwapProgram>>(
        "page out twice against write", "A page goes to swap twice while another CPU writes to it", {.preemptions = 2}),
    preset<TwoOut>("two page out", "Two CPUs reclaim one page", {.preemptions = 2}),
    preset<OutAgainstUnmap<SwapProgram>>("page out against unmap", "A page goes to swap while munmap drops it",
                                         {.preemptions = 2}),
    preset<OutAgainstHeldWrite>("page out against write through a reference",
                                "A page goes to swap while a task writes through a reference to it",
                                {.preemptions = 2}),
    preset<OutAgainstUnmapOfOne>("page out of shared memory against unmap of one mapping",
                                 "A page with two mappings goes to swap while one mapping goes", {.preemptions = 2}),
    preset<FirstTouchAgainstOut>("first touch of shared memory against page out",
                                 "A first touch finds no page, and another CPU has made it and written it to swap",
                                 {.preemptions = 2}),
    preset<OutAgainstMove>("page out against move", "A page goes to swap while mremap moves its entry",
                           {.preemptions = 2}),
    preset<OutAgainstFork>("page out against fork", "A page goes to swap while the process forks",
                           {.preemptions = 2, .is_long = true}),
    preset<ForkAgainstOut>("fork against page out", "Reclaim comes into the middle of a fork",
                           {.preemptions = 2, .is_long = true}),
    preset<OutAgainstFutex<SwapProgram>>(
        "page out against futex", "A futex operation on a page that reclaim makes old and takes, again and again",
        {.preemptions = 2}),
    preset<OutAgainstRead<SharedProgram>>("page out of shared memory against read",
                                          "A page of shared memory goes to swap while another CPU reads it",
                                          {.preemptions = 2}),
    preset<OutAgainstWrite<SharedProgram>>("page out of shared memory against write",
                                           "A page of shared memory goes to swap while another CPU writes to it",
                                           {.preemptions = 2}),
    preset<OutAgainstWrite<CleanSharedProgram>>(
        "page out of clean shared memory against write",
        "A clean page of shared memory goes to swap while another CPU writes to it", {.preemptions = 2}),
    preset<OutAgainstUnmap<SharedProgram>>("page out of shared memory against unmap",
                                           "A page of shared memory goes to swap while munmap drops it",
                                           {.preemptions = 2}),
    preset<OutAgainstCutOff>("page out of shared memory against cut off",
                             "A page of shared memory goes to swap while the file is cut off", {.preemptions = 2}),
    preset<OutAgainstFutex<SharedProgram>>("page out of shared memory against futex",
                                           "A futex operation on a page of shared memory that reclaim takes",
                                           {.preemptions = 2}),
    preset<TwoIn<SwapProgram>>("two page in", "Two CPUs fault for one page that is in swap", {.preemptions = 2}),
    preset<TwoReadIn>("two page in to read", "Two CPUs read one page that is in swap", {.preemptions = 2}),
    preset<TwoIn<SharedProgram>>("two page in shared memory",
                                 "Two CPUs fault for one page of shared memory that is in swap", {.preemptions = 2}),
    preset<InAgainstRelative>("page in against a relative",
                              "A page comes back from swap while a child that has the same slot writes, or ends",
                              {.preemptions = 2, .is_long = true}),
    preset<InAgainstExit>("page in against exit",
                          "A page comes back from swap while a child that has the same slot ends", {.preemptions = 2}),
    preset<InAgainstOut>("page in against page out",
                         "A page comes back from swap while reclaim takes it from the swap cache", {.preemptions = 2}),
    preset<InAgainstUnmap>("page in against unmap", "A page comes back from swap while munmap drops its entry",
                           {.preemptions = 2}),
    preset<InAgainstCutOff>("page in of shared memory against cut off",
                            "A page of shared memory comes back from swap while the file is cut off",
                            {.preemptions = 2}),
    preset<SwapoffAgainstWrite<SwapProgram>>(
        "swapoff against write", "swapoff while another CPU writes to a page that is in swap", {.preemptions = 2}),
    preset<SwapoffAgainstWrite<SharedProgram>>(
        "swapoff against write to shared memory",
        "swapoff while another CPU writes to a page of shared memory that is in swap", {.preemptions = 2}),
    preset<SwapoffAgainstOut<SwapProgram>>("swapoff against page out",
                                           "swapoff while reclaim writes a page to the same area", {.preemptions = 2}),
    preset<SwapoffAgainstOut<SharedProgram>>("swapoff against page out of shared memory",
                                             "swapoff while reclaim writes a page of shared memory to the same area",
                                             {.preemptions = 2}),
    preset<SwapoffAgainstFork>("swapoff against fork", "swapoff while a process with a page in swap forks",
                               {.preemptions = 2, .is_long = true}),
    preset<DiscardAgainstWrite>("discard against write",
                                "Reclaim drops what MADV_FREE gave up, while another CPU writes to it again",
                                {.preemptions = 2}),
};
const std::span<const Preset> SWAP_PROGRAMS = PRESETS;

} // namespace faultline::interleave
