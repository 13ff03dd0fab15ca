/* What it costs the kernel to age, swap and clean a page, for tests/boot/reclaim_cost.sh: the CPU time of this process, which is
   instructions when these are counted. A line for each number of pages: the number, and instructions a page to age, to swap out, to
   swap in, to clean, to fault for the first time. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/swap.h>
#include <time.h>
#include <unistd.h>

enum { PAGE = 4096 };

static void must(int condition, const char* what) {
    if (!condition) {
        perror(what);
        exit(1);
    }
}

/* The flusher waits. */
static void set(const char* path, const char* value) {
    int fd = open(path, O_WRONLY);
    must(fd >= 0 && write(fd, value, strlen(value)) > 0, path);
    close(fd);
}

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

static void touch(char* memory, size_t pages, int write) {
    for (size_t page = 0; page < pages; ++page)
        if (write)
            *(volatile char*)(memory + page * PAGE) = 1;
        else
            (void)*(volatile char*)(memory + page * PAGE);
}

int main(void) {
    static const size_t counts[] = {256, 1024, 2048};
    must(swapon("/dev/vda", 0) == 0, "swapon");
    set("/proc/sys/vm/dirty_background_ratio", "100");
    set("/proc/sys/vm/dirty_ratio", "100");
    set("/proc/sys/vm/dirty_writeback_centisecs", "0");
    int disk = open("/dev/vdb", O_RDWR);
    must(disk >= 0, "/dev/vdb");
    for (int i = 0; i < 3; ++i) {
        const size_t pages = counts[i], bytes = pages * PAGE;
        char* memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        char* file = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, disk, 0);
        must(memory != MAP_FAILED && file != MAP_FAILED, "mmap");
        double at[7];
        at[0] = now();
        touch(memory, pages, 1);
        at[1] = now();
        must(madvise(memory, bytes, MADV_COLD) == 0, "MADV_COLD");
        at[2] = now();
        must(madvise(memory, bytes, MADV_PAGEOUT) == 0, "MADV_PAGEOUT");
        at[3] = now();
        touch(memory, pages, 0);
        at[4] = now();
        touch(file, pages, 1);
        at[5] = now();
        must(msync(file, bytes, MS_SYNC) == 0, "msync");
        at[6] = now();
        const double n = (double)pages;
        printf("%zu pages: age %.0f swap-out %.0f swap-in %.0f clean %.0f first-write %.0f\n", pages,
               (at[2] - at[1]) / n, (at[3] - at[2]) / n, (at[4] - at[3]) / n, (at[6] - at[5]) / n, (at[1] - at[0]) / n);
        munmap(memory, bytes);
        munmap(file, bytes);
    }
    return 0;
}
