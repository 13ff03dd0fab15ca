// Two CPUs at one entry: the bits of truth survive whatever the other CPU does.
#include "interleave/preset.hpp"
#include "mm/aging.hpp"
#include "mm/pgtable.hpp"

namespace faultline::interleave {

namespace {

// The hooks themselves, with entries read before the lock was taken, as in arm64 when it lost dirty (2016, 2017).
struct SetDirtyAgainstSetYoung : Program {
    using Program::Program;
    UserAddr page;

    void set_flags(bool dirty) {
        MmStruct& here = mm();
        PteSlot* slot = pte_offset(here, page);
        const Pte seen = pte_mkyoung(ptep_get(slot));
        call([&] {
            const Guard lock(pte_lockptr(slot));
            ptep_set_access_flags(here.context, page, slot, dirty ? pte_mkdirty(seen) : seen, dirty);
        });
    }
    void age() {
        call([&] { age_page_range(MmapReadGuard(mm()), page, page + PAGE_SIZE); });
    }
    void set_up() override {
        page = map_shared();
        read(page);
        age();
        require(!pte_young(truth_of(mm(), page)) && !pte_dirty(truth_of(mm(), page)),
                "the page is not old and clean to begin with");
    }
    void cpu0() override { set_flags(false); }
    void cpu1() override {
        set_flags(true);
        age();
    }
    void check() override {
        require(pte_dirty(truth_of(mm(), page)),
                "the page was written, and its entry is not dirty any more: the write can be lost");
    }
};

// Without any lock: what the hooks promise of truth by themselves (arch/contract/mmu.hpp, "atomically"). Descriptors
// follow truth only under the lock, so this program does not look at TLBs.
struct SetDirtyWithoutLock : Program {
    using Program::Program;
    UserAddr page;
    Pte taken;

    PteSlot* slot() { return pte_offset(mm(), page); }
    void set_up() override {
        page = map_shared();
        read(page);
        invariants.forget(mm());
    }
    void cpu0() override {
        call([&] { ptep_set_access_flags(mm().context, page, slot(), pte_mkdirty(ptep_get(slot())), true); });
    }
    void check() override {
        require(pte_dirty(truth_of(mm(), page)) || pte_dirty(taken),
                "the page was written, and its entry is not dirty any more: the write can be lost");
    }
};

struct SetDirtyAgainstSetYoungWithoutLock : SetDirtyWithoutLock {
    using SetDirtyWithoutLock::SetDirtyWithoutLock;
    void set_up() override {
        SetDirtyWithoutLock::set_up();
        call([&] { age_page_range(MmapReadGuard(mm()), page, page + PAGE_SIZE); });
    }
    void cpu1() override {
        call([&] {
            const Pte seen = ptep_get(slot());
            ptep_set_access_flags(mm().context, page, slot(), pte_mkyoung(seen), false);
        });
    }
    void check() override {
        SetDirtyWithoutLock::check();
        require(pte_young(truth_of(mm(), page)), "the entry has lost young");
    }
};

struct SetDirtyAgainstGetAndClear : SetDirtyWithoutLock {
    using SetDirtyWithoutLock::SetDirtyWithoutLock;
    void cpu1() override {
        call([&] {
            TlbDebt debt(mm().context);
            taken = ptep_get_and_clear(debt, page, slot());
        });
    }
    void check() override {
        SetDirtyWithoutLock::check();
        set_pte_at(mm().context, page, slot(), taken); // so that the page is unmapped in the end
    }
};

struct SetDirtyAgainstAge : SetDirtyWithoutLock {
    using SetDirtyWithoutLock::SetDirtyWithoutLock;
    void cpu1() override {
        call([&] {
            TlbDebt debt(mm().context);
            ptep_test_and_clear_young(debt, page, slot());
        });
    }
};

struct SetDirtyAgainstWriteProtect : SetDirtyWithoutLock {
    using SetDirtyWithoutLock::SetDirtyWithoutLock;
    void cpu1() override {
        call([&] {
            TlbDebt debt(mm().context);
            ptep_set_wrprotect(debt, page, slot());
        });
    }
};

// The same through faults.
struct WriteFaultAgainstReadFault : Program {
    using Program::Program;
    UserAddr word;

    void set_up() override {
        word = map_shared();
        read(word);
        call([&] { age_page_range(MmapReadGuard(mm()), word, word + PAGE_SIZE); });
    }
    void cpu0() override { write(word, 1); }
    void cpu1() override { require(read(word) <= 1, "a read has found neither zero nor what was written"); }
    void check() override {
        require(pte_user_writable(truth_of(mm(), word)), "the entry has lost young or dirty, or the right to write");
        require(read(word) == 1, "the write is lost");
        require(faults(1) <= 2, "a read has taken more faults than one, and one for a race lost");
    }
};

// Twice: the second flush must drop what the first one missed.
struct AgeAgainstWrite : Program {
    using Program::Program;
    UserAddr word;

    void set_up() override { write(word = map_private(), 1); }
    void cpu0() override {
        for (u32 round = 0; round < 2; ++round)
            call([&] { age_page_range(MmapReadGuard(mm()), word, word + PAGE_SIZE); });
    }
    void cpu1() override {
        write(word, 2);
        write(word, 3);
    }
    void check() override {
        require(pte_dirty(truth_of(mm(), word)), "the entry has lost dirty when it was aged");
        require(read(word) == 3, "the last write is lost");
    }
};

struct CleanAgainstWrite : Program {
    using Program::Program;
    UserAddr word;

    void set_up() override { write(word = map_shared(), 1); }
    void cpu0() override {
        call([&] { clean_page_range(MmapReadGuard(mm()), word, word + PAGE_SIZE); });
        cleaned = true;
    }
    void cpu1() override {
        write(word, 2);
        const bool after = cleaned;
        write(word, 3);
        require(!after || pte_dirty(truth_of(mm(), word)),
                "a write to a cleaned page has not made its entry dirty again");
    }
    void check() override {
        require(page_of(mm(), word).test(PG_DIRTY), "the entry was cleaned, and its page is not marked dirty");
        require(read(word) == 3, "the last write is lost");
    }
    bool cleaned = false;
};

// One of the two pages must win, and neither write may be lost.
struct TwoFirstWrites : Program {
    using Program::Program;
    UserAddr word;

    void set_up() override { word = map_private(); }
    void cpu0() override { write(word, 1); }
    void cpu1() override { write(word + 4, 2); }
    void check() override {
        require(read(word) == 1 && read(word + 4) == 2, "one of the two writes is lost");
        require(get_mm_counter(mm(), MM_ANONPAGES) == 1, "two pages are counted where there is one");
    }
};

struct FirstReadAgainstFirstWrite : Program {
    using Program::Program;
    UserAddr word;

    void set_up() override { word = map_private(); }
    void cpu0() override { write(word, 1); }
    void cpu1() override {
        const u32 first = read(word), second = read(word);
        require(first <= second, "a CPU has seen the new value, and then the old one again");
    }
    void check() override { require(read(word) == 1, "the write is lost"); }
};

} // namespace

static constexpr Preset PRESETS[] = {
    preset<SetDirtyAgainstSetYoung>("set dirty against set young",
                                    "Two access-flag updates at one entry, with entries read before the lock was taken",
                                    {.preemptions = 4}),
    preset<SetDirtyAgainstSetYoungWithoutLock>(
        "set dirty against set young without lock",
        "One CPU sets dirty and another sets young in one entry, and no lock orders them", {.preemptions = UNBOUNDED}),
    preset<SetDirtyAgainstGetAndClear>("set dirty against get and clear without lock",
                                       "One CPU sets dirty while another takes the entry out, without a lock",
                                       {.preemptions = UNBOUNDED}),
    preset<SetDirtyAgainstAge>("set dirty against age without lock",
                               "One CPU sets dirty while another ages the entry, without a lock",
                               {.preemptions = UNBOUNDED}),
    preset<SetDirtyAgainstWriteProtect>("set dirty against write-protect without lock",
                                        "One CPU sets dirty while another write-protects the entry, without a lock",
                                        {.preemptions = UNBOUNDED}),
    preset<WriteFaultAgainstReadFault>("write fault against read fault",
                                       "A write and a read fault on the same old page", {.preemptions = 3}),
    preset<AgeAgainstWrite>("age against write", "A page is aged twice while another CPU writes to it",
                            {.preemptions = 3}),
    preset<CleanAgainstWrite>(
        "clean against write",
        "A page is cleaned while another CPU writes to it: the write after it makes it dirty again",
        {.preemptions = 3}),
    preset<TwoFirstWrites>("two first writes",
                           "Two CPUs write to a page that is not there yet: there is one page, with both writes",
                           {.preemptions = 3}),
    preset<FirstReadAgainstFirstWrite>("first read against first write",
                                       "A first read maps the zero page while a first write maps a page",
                                       {.preemptions = 3}),
};
const std::span<const Preset> ENTRY_PROGRAMS = PRESETS;

} // namespace faultline::interleave
