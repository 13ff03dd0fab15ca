// Four CPUs in two processes make a dozen random operations each. Every CPU has a word of its own in each page. Only
// that CPU writes the word, and always a larger value. So a CPU that reads the word again must never see a smaller
// value, and the owner sees exactly its last one. All CPUs count up one more word, by futex operations.
#include <array>
#include <random>

#include <linux/futex.h>

#include "interleave/preset.hpp"
#include "kernel/futex/queue.hpp"
#include "kernel/futex/syscalls.hpp"
#include "mm/aging.hpp"
#include "mm/gup.hpp"
#include "mm/madvise.hpp"
#include "mm/mprotect.hpp"
#include "mm/page_alloc.hpp"
#include "mm/upcalls.hpp"

namespace faultline::interleave {

namespace {

constexpr u32 CPUS = 4;
constexpr u32 THREADS = 3; // CPUs of the first process; the last CPU runs its child
constexpr u32 SHARED_PAGES = 2, PRIVATE_PAGES = 2, PAGES = SHARED_PAGES + PRIVATE_PAGES;
constexpr u32 OPERATIONS = 12;
constexpr u32 COUNTER = 4 * CPUS; // offset of the word that is counted, in the first shared page

struct Storm : Program {
    Storm(u32 cpus, const model::TlbPolicy& tlb) : Program(cpus, tlb), seed(tlb.seed) {}

    u64 seed;
    std::array<UserAddr, PAGES> pages;
    UserAddr scratch;
    u32 written[CPUS][PAGES] = {};
    u32 seen[CPUS][PAGES][CPUS] = {};
    u32 counted = 0;

    void set_up() override {
        const UserAddr shared = map_shared(SHARED_PAGES), own = map_private(PRIVATE_PAGES + 1);
        for (u32 page = 0; page < PAGES; ++page)
            pages[page] = page < SHARED_PAGES ? shared + page * PAGE_SIZE : own + (page - SHARED_PAGES) * PAGE_SIZE;
        write(pages[0] + COUNTER, 0);
        write(own, 0);
        scratch = own + PRIVATE_PAGES * PAGE_SIZE;
        MmStruct& child = fork(own, PRIVATE_PAGES + 1);
        watch(child, shared, SHARED_PAGES);
        run_in(CPUS - 1, child);
        machine.select_cpu(0);
    }

    static bool same_memory(u32 cpu, u32 other, u32 page) {
        return page < SHARED_PAGES || (cpu < THREADS) == (other < THREADS);
    }
    MmStruct& here() { return *current_mm_task().mm; }

    void write_own(u32 cpu, u32 page) {
        if (try_write(pages[page] + 4 * cpu, written[cpu][page] + 1)) // otherwise another CPU has protected the page
            ++written[cpu][page];
    }
    void read_other(u32 cpu, u32 other, u32 page) {
        if (!same_memory(cpu, other, page))
            other = cpu;
        const u32 begun = written[other][page];
        const u32 value = read(pages[page] + 4 * other);
        require(value >= seen[cpu][page][other], "a CPU has seen a value, and then an older one again");
        require(value >= begun, "a CPU has not seen a write that was over");
        require(value <= written[other][page] + 1, "a word has a value that no CPU wrote");
        require(other != cpu || value == begun, "a write was lost");
        seen[cpu][page][other] = value;
    }
    void count_up() {
        const u32 operation = FUTEX_OP(FUTEX_OP_ADD, 1, FUTEX_OP_CMP_EQ, 0xfffu);
        const UserAddr word = pages[0] + COUNTER;
        if (call([&] { return sys_futex(word, FUTEX_WAKE_OP, 1, UserAddr(0), word, operation); }).ok())
            ++counted;
    }
    void age(UserAddr page) {
        call([&] { age_page_range(MmapReadGuard(here()), page, page + PAGE_SIZE); });
    }
    void clean(UserAddr page) {
        call([&] { clean_page_range(MmapReadGuard(here()), page, page + PAGE_SIZE); });
    }
    void protect_for_a_while(UserAddr page) {
        call([&] { return do_mprotect(here(), page, PAGE_SIZE, PROT_READ).ok(); });
        call([&] { return do_mprotect(here(), page, PAGE_SIZE, PROT_READ | PROT_WRITE).ok(); });
    }
    void fork_and_end() { end(fork(pages[SHARED_PAGES], PRIVATE_PAGES + 1)); }
    void drop_scratch() {
        try_write(scratch, 1);
        call([&] { return do_madvise(here(), scratch, PAGE_SIZE, MADV_DONTNEED).ok(); });
        require(read(scratch) <= 1, "a read has found neither zero nor what was written");
    }
    void take_page(UserAddr address) {
        call([&] {
            PageRef page;
            return get_user_pages(MmapReadGuard(here()), address, 1, FOLL_TOUCH, &page).ok();
        });
    }

    void cpu(u32 number) override {
        std::mt19937_64 random(CPUS * seed + number);
        const auto pick = [&](u32 n) { return static_cast<u32>(random() % n); };
        for (u32 i = 0; i < OPERATIONS; ++i) {
            const u32 page = pick(PAGES);
            switch (pick(14)) {
            case 0:
                age(pages[page]);
                break;
            case 1:
                clean(pages[pick(SHARED_PAGES)]);
                break;
            case 2:
                protect_for_a_while(pages[page]);
                break;
            case 3:
                fork_and_end();
                break;
            case 4:
                drop_scratch();
                break;
            case 5:
                take_page(pages[page]);
                break;
            case 6:
            case 7:
                count_up();
                break;
            case 8:
            case 9:
            case 10:
                write_own(number, page);
                break;
            default:
                read_other(number, pick(CPUS), page);
                break;
            }
        }
    }
    void check() override {
        require(read(pages[0] + COUNTER) == counted, "a futex operation was lost, or done twice");
        for (u32 each = 0; each < CPUS; ++each) {
            machine.select_cpu(each);
            for (u32 page = 0; page < PAGES; ++page)
                read_other(each, each, page);
        }
    }
};

} // namespace

static constexpr Preset PRESETS[] = {
    preset<Storm, CPUS>("storm", "Four CPUs in two processes make a dozen random operations each",
                        {.random_runs = 500}),
};
const std::span<const Preset> STORM_PROGRAMS = PRESETS;

} // namespace faultline::interleave
