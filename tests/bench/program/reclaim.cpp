// What reclaim does with a page, and what it costs to get it back: by madvise and msync, so that each step can be counted. The
// processor time of this process counts, because the time in which it waits for a disk is not its own.
#include <utility>

#include <linux/mman.h>

#include "tests/bench/program/main.hpp"

namespace faultline::bench {

namespace {

constexpr unsigned PAGES = 1024, NANOSECONDS_PER_TICK = 16; // of the counter of QEMU's machine

// Nanoseconds, which are instructions.
u64 processor_time() {
    constexpr int CLOCK_PROCESS = 2; // CLOCK_PROCESS_CPUTIME_ID
    __kernel_timespec now{};
    sys_clock_gettime(CLOCK_PROCESS, &now);
    return static_cast<u64>(now.tv_sec) * 1'000'000'000 + static_cast<u64>(now.tv_nsec);
}

template <class Step>
void count(Figure& figure, unsigned own, Step step) {
    const u64 began = processor_time();
    figure.begin(); // for profile.sh: the ticks also count the time in which this process waits
    step();
    figure.ticks();
    figure.add((processor_time() - began) / NANOSECONDS_PER_TICK, PAGES, own);
}

// The disk's driver, where it is not a part of the kernel: run.sh puts it into the initramfs.
void load_modules() {
    for (const char* path : {"/modules/virtio_mmio.ko", "/modules/virtio_blk.ko"}) {
        const long fd = sys_open(path, O_RDONLY);
        if (!is_error(fd)) {
            const long result = system_call(__NR_finit_module, fd, "", 0);
            require(result == 0, path, result);
            sys_close(static_cast<int>(fd));
        }
    }
}

void advise(const Region& region, int advice) {
    const long result = sys_madvise(region.start, region.size(), advice);
    require(result == 0, "madvise", result);
}

void measure_swap(const char* disk) {
    Figure age("reclaim_age"), out("swap_out"), in("swap_in");
    for (unsigned batch = 0; batch < 3; ++batch) {
        const Region region(PAGES);
        region.write();
        count(age, 0, [&] { advise(region, MADV_COLD); });
        count(out, 0, [&] { advise(region, MADV_PAGEOUT); });
        count(in, BENCH_TOUCH_LOOP, [&] { region.read(); });
    }
    sys_swapoff(disk);
}

void measure_disk(const char* disk) {
    Figure clean("writeback_clean"), evict("reclaim_evict_clean");
    const long fd = sys_open(disk, O_RDWR);
    require(!is_error(fd), disk, fd);
    for (unsigned batch = 0; batch < 3; ++batch) {
        const long at =
            sys_mmap2(nullptr, PAGES * PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, static_cast<int>(fd), 0);
        require(!is_error(at), "mmap of a disk", at);
        void* const memory = reinterpret_cast<void*>(at);
        bench_write_pages(memory, PAGES, PAGE_SIZE);
        count(clean, 0, [&] { sys_msync(memory, PAGES * PAGE_SIZE, MS_SYNC); });
        count(evict, 0, [&] { sys_madvise(memory, PAGES * PAGE_SIZE, MADV_PAGEOUT); });
        sys_munmap(memory, PAGES * PAGE_SIZE);
    }
    sys_close(static_cast<int>(fd));
}

} // namespace

void measure_reclaim() {
    load_modules();
    sys_mount("devtmpfs", "/dev", "devtmpfs");
    system_call(__NR_mkdir, "/proc", 0755);
    sys_mount("proc", "/proc", "proc");
    for (const char* path : {"/proc/sys/vm/dirty_background_ratio", "/proc/sys/vm/dirty_ratio"}) // the flusher waits
        write_file(path, "100");
    write_file("/proc/sys/vm/dirty_writeback_centisecs", "0");
    const char *swap = "/dev/vda", *disk = "/dev/vdb";
    if (is_error(sys_swapon(swap, 0))) { // Linux names them in another order
        std::swap(swap, disk);
        const long result = sys_swapon(swap, 0);
        require(result == 0, "swapon", result);
    }
    measure_swap(swap);
    measure_disk(disk);
}

} // namespace faultline::bench
