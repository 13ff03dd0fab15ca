// The page states that come about when memory is short, with nobody ageing or cleaning on purpose: another process needs more than
// there is, and the kernel finds pages to give away.
#include <ulib/print.hpp>
#include <ulib/sys.hpp>

#include "user/scenarios/actors.hpp"
#include "user/scenarios/scenario.hpp"
#include "user/scenarios/states.hpp"

namespace faultline {

namespace {

constexpr const char* SWAP = "/dev/vda";

// A process that writes to its memory, which is more than the machine has: a few pages each time that it is asked to.
class Hog {
  public:
    Hog() {
        pid_ = start_child([this] {
            constexpr std::size_t PAGES = 10000, STEP = 64; // 39 MiB
            Word* const memory = map_words(PAGES, MAP_PRIVATE | MAP_ANONYMOUS);
            for (std::size_t page = 0; more_.wait(); taken_.send())
                for (std::size_t end = page + STEP; page != end; ++page)
                    memory[page % PAGES * (PAGE_SIZE / sizeof(Word))].store(static_cast<u32>(page));
        });
    }
    void go_on() {
        more_.send();
        taken_.wait();
    }
    void end() {
        more_.send(false);
        expect_child(pid_, 0);
    }

  private:
    Signal more_, taken_;
    int pid_;
};

// What the kernel has done about memory.
struct Account {
    long scanned = figure("/proc/vmstat", "pgscan_anon"), swapped = figure("/proc/vmstat", "pswpout");
    long aged = figure("/proc/vmstat", "pgactivate") + figure("/proc/vmstat", "pgdeactivate");
    long cleaned = figure("/proc/vmstat", "nr_written");
};

bool is_resident(Word* page) {
    unsigned char resident = 0;
    must(sys_mincore(page, PAGE_SIZE, &resident), "mincore");
    return (resident & 1) != 0;
}

// Makes memory short until the page is as wanted, then lets the process go that took the memory. The other process is there before
// the page is written: fork would write-protect it. A page that was taken away between two looks is used again.
template <class Reached>
Place pressed(Word* page, u32 initial, Reached&& reached) {
    Hog hog;
    const Place at = written(page, initial);
    for (int steps = 0; !reached(page); ++steps) {
        if (steps == 2000)
            fail("memory was short, and nothing happened to the page\n");
        if (!is_resident(page))
            page->store(initial);
        hog.go_on();
    }
    hog.end();
    return at;
}

// The same on a machine that has swap only meanwhile; `then` is what we do to the page before swap goes. The kernel looks for memory
// in its own time, and may take the page once more when it was as wanted. So we look at the end what its entry says; if it is
// something else, we start again.
template <class Reached, class Then>
Place pressed_with_swap(Word* page, u32 initial, Reached&& reached, Then&& then, const char* entry) {
    const Account before;
    Place at{};
    do {
        must(sys_swapon(SWAP, 0), "swapon");
        at = pressed(page, initial, reached);
        then(page);
        must(sys_swapoff(SWAP), "swapoff");
    } while (!entry_says(page, entry));
    const Account now;
    tell("  Until then the kernel had scanned %ld pages, made %ld old, written %ld to swap and cleaned %ld of files.\n",
         now.scanned - before.scanned, now.aged - before.aged, now.swapped - before.swapped,
         now.cleaned - before.cleaned);
    return at;
}

Place swapped_read(Word* page, u32 initial) {
    return pressed_with_swap(
        page, initial, [](Word* word) { return !is_resident(word); }, [](Word* word) { word->load(); }, " clean ");
}

} // namespace

Place short_anon(u32 initial) {
    return pressed_with_swap(
        map_words(1, MAP_PRIVATE | MAP_ANONYMOUS), initial, [](Word* word) { return entry_says(word, " old "); },
        [](Word*) {}, " old ");
}

Place swapped_anon_read(u32 initial) { return swapped_read(map_words(1, MAP_PRIVATE | MAP_ANONYMOUS), initial); }

Place swapped_tmpfs_read(u32 initial) {
    return swapped_read(map_words(1, MAP_SHARED, filled_memfd(1, initial)), initial);
}

} // namespace faultline
