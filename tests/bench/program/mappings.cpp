// Mappings: made, changed and removed one by one, and among many others.
#include <optional>

#include "tests/bench/program/main.hpp"

namespace faultline::bench {

namespace {

constexpr int READ_WRITE = PROT_READ | PROT_WRITE;

void map_and_unmap(const char* name, bool write, long suffix = -1) {
    Figure figure(name, suffix);
    measure(figure, 200, [write](unsigned) {
        const long page = sys_mmap2(nullptr, PAGE_SIZE, READ_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        require(!is_error(page), "mmap", page);
        if (write)
            *reinterpret_cast<volatile u32*>(page) = 1;
        sys_munmap(reinterpret_cast<void*>(page), PAGE_SIZE);
    });
}

// The middle one of three pages becomes read-only and writable again. `around` is the protection of the other two: with
// READ_WRITE the VMA is split and merged each time. `writes`: at no time; once per batch; after each change.
enum class Writes { Never, Once, Always };

void protect(const char* name, int around, Writes writes) {
    const Region region(3, MAP_PRIVATE, around);
    char* const page = region.page(1);
    auto& word = *reinterpret_cast<volatile u32*>(page);
    require(sys_mprotect(page, PAGE_SIZE, READ_WRITE) == 0, "mprotect");
    Figure figure(name);
    constexpr unsigned TIMES = 300;
    for (unsigned batch = 0; batch <= batches(); ++batch) {
        if (batch == 1)
            figure.forget();
        if (writes != Writes::Never)
            word = 1;
        figure.begin();
        for (unsigned i = 0; i < TIMES; ++i) {
            sys_mprotect(page, PAGE_SIZE, PROT_READ);
            sys_mprotect(page, PAGE_SIZE, READ_WRITE);
        }
        figure.end(2 * TIMES, 1);
    }
}

} // namespace

void measure_mappings() {
    map_and_unmap("mmap_munmap_1page_untouched", false);
    map_and_unmap("mmap_touch_munmap_1page", true);
    protect("mprotect_1page_ownvma_untouched", PROT_NONE, Writes::Never);
    protect("mprotect_1page_ownvma_present", PROT_NONE, Writes::Once);
    protect("mprotect_1page_splitmerge_present", READ_WRITE, Writes::Once);
}

// In an address space with `count` VMAs of one page each; every second one is writable.
void measure_vmas(unsigned count) {
    constexpr int NORESERVE = MAP_PRIVATE | MAP_NORESERVE;
    std::optional<Region> region;
    region.emplace(count, NORESERVE, PROT_NONE);
    char* const first = region->page(1); // page 0 is not writable, so that the next mapping is a VMA of its own
    const unsigned writable = count / 2;
    {
        Figure figure("vma_create_mprotect_split_to_", count);
        figure.begin();
        for (unsigned i = 1; i < count; i += 2) {
            const long result = sys_mprotect(region->page(i), PAGE_SIZE, READ_WRITE);
            require(result == 0, "mprotect", result);
        }
        figure.end(writable);
    }
    {
        Figure figure("fault_anon_write_vma", count);
        for (unsigned batch = 0; batch < batches(); ++batch) {
            const Region beside(512);
            figure.begin();
            beside.write();
            figure.end(beside.pages, BENCH_TOUCH_LOOP);
        }
    }
    // Each touch is in another VMA.
    {
        Figure figure("fault_scatter_first_vma", count);
        figure.begin();
        bench_write_pages(first, writable, 2 * PAGE_SIZE);
        figure.end(writable, BENCH_TOUCH_LOOP);
    }
    {
        Figure figure("fault_scatter_refault_vma", count);
        for (unsigned batch = 0; batch < (count > 10'000 ? 3 : batches()); ++batch) {
            u64 ticks = 0;
            unsigned faults = 0;
            while (faults < 500) {
                require(sys_madvise(region->start, region->size(), MADV_DONTNEED) == 0, "MADV_DONTNEED");
                figure.begin();
                bench_write_pages(first, writable, 2 * PAGE_SIZE);
                ticks += figure.ticks();
                faults += writable;
            }
            figure.add(ticks, faults, BENCH_TOUCH_LOOP);
        }
    }
    map_and_unmap("mmap_munmap_1page_vma", false, count);
    Figure figure("vma_munmap_all_per_vma_", count);
    figure.begin();
    region.reset();
    figure.end(count, 0);
}

} // namespace faultline::bench
