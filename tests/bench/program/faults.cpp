// Page faults by their cause, each on 512 pages in a row.
#include "tests/bench/program/main.hpp"

namespace faultline::bench {

namespace {

constexpr unsigned PAGES = 512;

enum class Access { Read, Write };

void touch(const Region& region, Access access) {
    if (access == Access::Read)
        region.read();
    else
        region.write();
}

// Touches all pages of a region, and counts it.
void measure_touch(Figure& figure, const Region& region, Access access) {
    figure.begin();
    touch(region, access);
    figure.end(region.pages, BENCH_TOUCH_LOOP);
}

// What has happened to the pages before.
enum class Before { Nothing, Read, Written, WrittenAndDropped };

void fault(const char* name, int flags, Before before, Access access) {
    Figure figure(name);
    for (unsigned batch = 0; batch < batches(); ++batch) {
        const Region region(PAGES, flags);
        if (before == Before::Read)
            region.read();
        if (before >= Before::Written)
            region.write();
        if (before == Before::WrittenAndDropped)
            require(sys_madvise(region.start, region.size(), MADV_DONTNEED) == 0, "MADV_DONTNEED");
        measure_touch(figure, region, access);
    }
}

} // namespace

void measure_faults() {
    fault("fault_anon_write", MAP_PRIVATE, Before::Nothing, Access::Write);
    fault("fault_anon_read_zeropage", MAP_PRIVATE, Before::Nothing, Access::Read);
    fault("fault_anon_write_after_read", MAP_PRIVATE, Before::Read, Access::Write);
    fault("fault_anon_write_after_dontneed", MAP_PRIVATE, Before::WrittenAndDropped, Access::Write);
    fault("fault_shm_read_alloc", MAP_SHARED, Before::Nothing, Access::Read);
    fault("fault_shm_write_alloc", MAP_SHARED, Before::Nothing, Access::Write);
    fault("fault_shm_dirty", MAP_SHARED, Before::Read,
          Access::Write); // the entry is clean, and nothing else is missing
    fault("fault_shm_write_cached", MAP_SHARED, Before::WrittenAndDropped, Access::Write);
    // A fault may map several pages around it, so this is a figure per page.
    fault("fault_shm_read_cached_per_page", MAP_SHARED, Before::WrittenAndDropped, Access::Read);
}

// Pages that are there, and old: /proc/self/clear_refs takes the young bit from all of them.
void measure_young() {
    system_call(__NR_mkdir, "/proc", 0755);
    sys_mount("proc", "/proc", "proc");
    const Region region(PAGES);
    for (const Access access : {Access::Read, Access::Write}) {
        Figure figure(access == Access::Read ? "fault_young_read" : "fault_young_write");
        for (unsigned batch = 0; batch < batches(); ++batch) {
            region.write();
            const long cleared = write_file("/proc/self/clear_refs", "1");
            require(cleared == 0, "/proc/self/clear_refs", cleared);
            measure_touch(figure, region, access);
        }
    }
}

// After fork: the child writes, and gets copies; the child ends; the parent writes, and keeps its pages.
void measure_cow() {
    const Region shared(1, MAP_SHARED);
    auto& childs_ticks = *reinterpret_cast<volatile u64*>(shared.start);
    Figure copy("fault_cow_copy_child"), reuse("fault_cow_reuse_parent");
    for (unsigned batch = 0; batch < batches(); ++batch) {
        const Region region(PAGES);
        region.write();
        const long child = fork();
        if (child == 0) {
            copy.begin();
            region.write();
            childs_ticks = copy.ticks();
            leave();
        }
        sys_wait4(static_cast<int>(child), nullptr);
        copy.add(childs_ticks, PAGES, BENCH_TOUCH_LOOP);
        measure_touch(reuse, region, Access::Write);
    }
}

// softtlb only: a page whose entry permits the access, but which the CPU's TLB does not have. On other machines hardware
// fills the TLB, and no instruction is executed.
void measure_tlb() {
    {
        constexpr unsigned FEW = 32, ROUNDS = 16; // fewer pages than the TLB holds
        const Region region(FEW);
        region.write();
        Figure figure("tlb_fill");
        for (unsigned batch = 0; batch < batches(); ++batch) {
            u64 ticks = 0;
            for (unsigned round = 0; round < ROUNDS; ++round) {
                sys_mprotect(region.start, region.size(), PROT_READ); // the TLB drops the pages
                sys_mprotect(region.start, region.size(), PROT_READ | PROT_WRITE);
                figure.begin();
                region.read();
                ticks += figure.ticks();
            }
            figure.add(ticks, FEW * ROUNDS, BENCH_TOUCH_LOOP);
        }
    }
    const Region region(PAGES); // as many as the largest TLB holds
    region.write();
    Figure figure("tlb_fill_evict");
    for (unsigned batch = 0; batch < batches(); ++batch)
        measure_touch(figure, region, Access::Read);
}

} // namespace faultline::bench
