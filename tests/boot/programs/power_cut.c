/* Writes to /dev/vda and notes on it what it has been promised, for tests/boot/power_cut.py, which knows this layout:
 *
 *   page t                      what thread t was promised: the number of the last round that is safe
 *   page THREADS                unused, so that no request has pages of both kinds
 *   page THREADS + 1 + p        a data page: sector t is thread t's
 *
 * In round n a thread writes to its sector of every EVERY-th page. Byte i of sector t of data page p then is
 * n + 31 * p + 7 * t + i, modulo 256. When a call has promised that this is safe, it notes n in its page and sends that to the
 * disk, without a flush. So whoever finds the note knows that the promise had been made.
 *
 *   power_cut ROUNDS PAGES EVERY        with the flusher every 10 ms
 *   power_cut ROUNDS PAGES EVERY hog    beside processes that use more than the rest of memory */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>

#include "disk.h"

enum { THREADS = 8, SECTOR = PAGE / THREADS, WAYS = 5 };
static int disk, disk_dsync, rounds, pages, every;
static unsigned char* data; /* the data pages, mapped */

static void must(int holds, const char* what) {
    if (!holds) {
        perror(what);
        exit(1);
    }
}

static off_t place(int page, int thread) { return (off_t)(THREADS + 1 + page) * PAGE + thread * SECTOR; }

/* By the mapping or by a call: each in turn, or all with O_DSYNC. */
static void write_round(int round, int thread, int dsync) {
    unsigned char bytes[SECTOR];
    for (int page = (round * 5 + thread) % every; page < pages; page += every) {
        for (int i = 0; i < SECTOR; ++i)
            bytes[i] = (unsigned char)(round + 31 * page + 7 * thread + i);
        if (!dsync && (page / every + round) % 2 == 0)
            memcpy(data + page * PAGE + thread * SECTOR, bytes, SECTOR);
        else
            must(pwrite(dsync ? disk_dsync : disk, bytes, SECTOR, place(page, thread)) == SECTOR, "pwrite");
    }
}

static void make_safe(int way) {
    if (way == 0)
        must(fsync(disk) == 0, "fsync");
    else if (way == 1)
        must(fdatasync(disk) == 0, "fdatasync");
    else if (way == 2)
        must(msync(data, (size_t)pages * PAGE, MS_SYNC) == 0, "msync");
    else if (way == 3)
        sync();
    /* Otherwise O_DSYNC has made it so. */
}

static void* work(void* argument) {
    const int thread = (int)(intptr_t)argument;
    for (uint32_t round = 1; round <= (uint32_t)rounds; ++round) {
        const int way = (int)(round + (uint32_t)thread) % WAYS;
        write_round((int)round, thread, way == WAYS - 1);
        make_safe(way);
        must(pwrite(disk, &round, sizeof round, thread * PAGE) == sizeof round, "note");
        must(sync_file_range(disk, thread * PAGE, PAGE,
                             SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER) == 0,
             "sync_file_range");
    }
    return NULL;
}

/* Uses two thirds of the free memory, and reads the part of the disk that the threads do not write, again and again. */
static void hog(void) {
    static unsigned char bytes[16 * PAGE];
    const size_t own = (size_t)figure("/proc/meminfo", "MemFree") * 1024 / 3 * 2 / PAGE * PAGE;
    unsigned char* memory = mmap(NULL, own, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    must(memory != MAP_FAILED, "mmap");
    memset(memory, 1, own);
    const off_t end = lseek(disk, 0, SEEK_END);
    while (1)
        for (off_t at = place(pages, 0); at < end; at += sizeof bytes)
            must(pread(disk, bytes, sizeof bytes, at) > 0, "pread");
}

int main(int count, char** words) {
    pthread_t threads[THREADS];
    pid_t beside = 0;
    if (count < 4)
        return 64;
    rounds = atoi(words[1]);
    pages = atoi(words[2]);
    every = atoi(words[3]);
    disk = open_disk("/dev/vda", O_RDWR);
    disk_dsync = open_disk("/dev/vda", O_RDWR | O_DSYNC);
    data = mmap(NULL, (size_t)pages * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, disk, place(0, 0));
    must(data != MAP_FAILED, "mmap");
    if (count > 4) {
        beside = fork();
        if (beside == 0)
            hog();
    } else {
        set("/proc/sys/vm/dirty_expire_centisecs", "0");
        set("/proc/sys/vm/dirty_writeback_centisecs", "1");
    }
    for (int thread = 0; thread < THREADS; ++thread)
        must(pthread_create(&threads[thread], NULL, work, (void*)(intptr_t)thread) == 0, "pthread_create");
    for (int thread = 0; thread < THREADS; ++thread)
        pthread_join(threads[thread], NULL);
    if (beside != 0) {
        kill(beside, SIGKILL);
        waitpid(beside, NULL, 0);
        printf("reclaim has freed %ld pages\n", pages_stolen());
    }
    return failures != 0;
}
