/* Uses disks as tests/boot/disk.sh asks. */
#define _GNU_SOURCE
#include <linux/fs.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <time.h>

#include "disk.h"

/* /dev/vda, of a megabyte; /dev/vdb, which ends in the middle of a page; /dev/vdc, which cannot be written. */
static int calls(void) {
    static unsigned char bytes[64 * PAGE];
    uint64_t size = 0;
    unsigned int number = 0;
    struct stat status;
    int fd = open_disk("/dev/vda", O_RDWR);
    CHECK(fstat(fd, &status) == 0 && S_ISBLK(status.st_mode) && major(status.st_rdev) == 254 &&
          minor(status.st_rdev) == 0);
    CHECK(stat("/dev/vdb", &status) == 0 && minor(status.st_rdev) == 16);
    CHECK(ioctl(fd, BLKGETSIZE64, &size) == 0 && size == 1 << 20);
    CHECK(ioctl(fd, BLKGETSIZE, &number) == 0 && number == (1 << 20) / 512);
    CHECK(ioctl(fd, BLKSSZGET, &number) == 0 && number == 512);
    CHECK(ioctl(fd, BLKROGET, &number) == 0 && number == 0);
    FAILS(ioctl(fd, BLKGETSIZE64, (void*)8), EFAULT);
    FAILS(ioctl(fd, 0x1234, &number), ENOTTY);
    FAILS(ftruncate(fd, 0), EINVAL);
    FAILS(open("/dev/vda", O_RDONLY | O_DIRECT), EINVAL);

    CHECK(lseek(fd, 0, SEEK_END) == 1 << 20 && lseek(fd, 10, SEEK_SET) == 10);
    FAILS(lseek(fd, (1 << 20) + 1, SEEK_SET), EINVAL);
    CHECK(read(fd, bytes, 5000) == 5000 && lseek(fd, 0, SEEK_CUR) == 5010);
    is_original(bytes, 10, 5000);
    CHECK(pread(fd, bytes, sizeof bytes, (1 << 20) - 100) == 100 && pread(fd, bytes, 1, 1 << 20) == 0);
    is_original(bytes, (1 << 20) - 100, 100);

    /* A part of a page, several pages, and what does not fit. */
    memset(bytes, 'x', sizeof bytes);
    CHECK(pwrite(fd, bytes, 10, 3 * PAGE + 5) == 10 && pwrite(fd, bytes, sizeof bytes, 16 * PAGE) == sizeof bytes);
    CHECK(pwrite(fd, bytes, sizeof bytes, (1 << 20) - 50) == 50);
    FAILS(pwrite(fd, bytes, 1, 1 << 20), ENOSPC);
    CHECK(figure("/proc/vmstat", "nr_dirty") == 66 && figure("/proc/meminfo", "Dirty") == 66 * 4);
    long flushes = requests("vda", 19);
    CHECK(fsync(fd) == 0 && requests("vda", 19) == flushes + 1 && figure("/proc/vmstat", "nr_dirty") == 0);
    CHECK(pwrite(fd, "y", 1, 4 * PAGE) == 1 && sync_file_range(fd, 4 * PAGE, 1, 7) == 0);
    CHECK(figure("/proc/vmstat", "nr_dirty") == 0 && requests("vda", 19) == flushes + 1);
    CHECK(pwrite(fd, "y", 1, 5 * PAGE) == 1 && fdatasync(fd) == 0 && requests("vda", 19) == flushes + 2);
    CHECK(pwrite(fd, "y", 1, 6 * PAGE) == 1);
    sync();
    CHECK(figure("/proc/vmstat", "nr_dirty") == 0 && syncfs(fd) == 0);
    FAILS(sync_file_range(fd, 0, 1, 8), EINVAL);

    /* After BLKFLSBUF everything is read again. The other descriptor sees the same. */
    long reads = requests("vda", 4);
    CHECK(ioctl(fd, BLKFLSBUF, 0) == 0);
    int other = open_disk("/dev/vda", O_RDONLY);
    CHECK(pread(other, bytes, 3 * PAGE, 3 * PAGE) == 3 * PAGE && requests("vda", 4) > reads);
    is_original(bytes, 3 * PAGE, 5);
    CHECK(memcmp(bytes + 5, "xxxxxxxxxx", 10) == 0 && bytes[PAGE] == 'y' && bytes[2 * PAGE] == 'y');
    is_original(bytes + PAGE + 1, 4 * PAGE + 1, PAGE - 1);
    FAILS(write(other, "z", 1), EBADF);

    /* Read-ahead: in order it takes few requests, and none of it without. */
    CHECK(ioctl(fd, BLKRAGET, &number) == 0 && number == 256);
    for (int on = 1; on >= 0; --on) {
        CHECK(ioctl(fd, BLKFLSBUF, 0) == 0 && ioctl(fd, BLKRASET, on ? 256 : 0) == 0);
        CHECK(lseek(other, 0, SEEK_SET) == 0);
        reads = requests("vda", 4);
        for (int page = 0; page < 64; ++page)
            CHECK(read(other, bytes, PAGE) == PAGE);
        reads = requests("vda", 4) - reads;
        CHECK(on ? reads < 10 : reads == 64);
    }
    CHECK(ioctl(fd, BLKRASET, 256) == 0);

    /* Mapped: shared mappings and reads are one, a private one keeps to itself. */
    unsigned char* shared = (unsigned char*)map_disk(fd, 8 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED);
    unsigned char* own = (unsigned char*)map_disk(other, 8 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE);
    is_original(shared, 0, PAGE);
    memset(shared + PAGE, 'm', PAGE);
    memset(own + 2 * PAGE, 'p', PAGE);
    CHECK(pread(other, bytes, 2 * PAGE, PAGE) == 2 * PAGE && bytes[0] == 'm' && bytes[PAGE - 1] == 'm');
    is_original(bytes + PAGE, 2 * PAGE, PAGE);
    CHECK(pwrite(fd, "w", 1, PAGE + 7) == 1 && shared[PAGE + 7] == 'w' && own[PAGE + 7] == 'w');
    CHECK(figure("/proc/vmstat", "nr_dirty") == 1 && msync(shared, 8 * PAGE, MS_SYNC) == 0);
    CHECK(figure("/proc/vmstat", "nr_dirty") == 0 && shared[PAGE] == 'm');
    shared[PAGE] = 'n'; /* the entry was cleaned: this faults, and makes the page dirty again */
    CHECK(figure("/proc/vmstat", "nr_dirty") == 1);
    CHECK(mprotect(shared, 8 * PAGE, PROT_READ) == 0 && msync(shared, 8 * PAGE, MS_SYNC) == 0);
    CHECK(mprotect(shared, 8 * PAGE, PROT_READ | PROT_WRITE) == 0 && figure("/proc/vmstat", "nr_dirty") == 0);
    shared[PAGE] = 'q';
    CHECK(figure("/proc/vmstat", "nr_dirty") == 1 && munmap(shared, 8 * PAGE) == 0);
    CHECK(figure("/proc/vmstat", "nr_dirty") == 1 && fsync(other) == 0 && figure("/proc/vmstat", "nr_dirty") == 0);
    close(other);
    close(fd);

    /* A disk that ends in a page. */
    fd = open_disk("/dev/vdb", O_RDWR);
    CHECK(lseek(fd, 0, SEEK_END) == PAGE + 1024 && pread(fd, bytes, sizeof bytes, 0) == PAGE + 1024);
    is_original(bytes, 0, PAGE + 1024);
    shared = (unsigned char*)map_disk(fd, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED);
    CHECK(shared[PAGE + 1023] == original(PAGE + 1023) && shared[PAGE + 1024] == 0);
    memset(shared, 'b', 2 * PAGE);
    CHECK(fsync(fd) == 0);
    close(fd);

    fd = open_disk("/dev/vdc", O_RDWR);
    CHECK(ioctl(fd, BLKROGET, &number) == 0 && number == 1);
    FAILS(write(fd, "r", 1), EPERM);
    CHECK(mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED && errno == EINVAL);
    map_disk(fd, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE)[0] = 'r';
    CHECK(fsync(fd) == 0);
    FAILS(open("/dev/vdd", O_RDONLY), ENOENT);
    CHECK(mknod("/tmp/vdd", S_IFBLK | 0600, makedev(254, 48)) == 0);
    FAILS(open("/tmp/vdd", O_RDONLY), ENXIO);
    return failures != 0;
}

/* Threads that store to all pages of a shared mapping while the flusher works; each has a word in every page. */
enum { THREADS = 8, PAGES = 48, WORDS = 64 / sizeof(uint32_t) };
static volatile uint32_t* pages_of_disk;
static volatile int enough;

static volatile uint32_t* word_of(int page, int thread) {
    return pages_of_disk + page * (PAGE / sizeof(uint32_t)) + thread * WORDS;
}

static void* store(void* argument) {
    int thread = (int)(intptr_t)argument;
    for (uint32_t value = 1; !enough; ++value)
        for (int page = 0; page < PAGES; ++page)
            *word_of((page * 7 + thread) % PAGES, thread) = value;
    return NULL;
}

/* Prints "offset value" of every word; the image must have just that. Without fsync, sync_how says how it gets there. */
static int stores(const char* milliseconds, const char* sync_how) {
    struct timespec pause = {0, 10 * 1000 * 1000};
    pthread_t threads[THREADS];
    int fd = open_disk("/dev/vda", O_RDWR);
    pages_of_disk = (volatile uint32_t*)map_disk(fd, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED);
    set("/proc/sys/vm/dirty_expire_centisecs", "0");
    set("/proc/sys/vm/dirty_writeback_centisecs", "1");
    long written = figure("/proc/vmstat", "nr_written");
    for (int thread = 0; thread < THREADS; ++thread)
        CHECK(pthread_create(&threads[thread], NULL, store, (void*)(intptr_t)thread) == 0);
    /* The host decides how long a transfer takes, so the time alone says nothing. */
    for (int left = atoi(milliseconds); left > 0 || figure("/proc/vmstat", "nr_written") - written <= 2 * PAGES;
         left -= 10)
        nanosleep(&pause, NULL);
    enough = 1;
    for (int thread = 0; thread < THREADS; ++thread)
        pthread_join(threads[thread], NULL);
    written = figure("/proc/vmstat", "nr_written") - written;
    if (strcmp(sync_how, "fsync") == 0)
        CHECK(fsync(fd) == 0);
    else if (strcmp(sync_how, "msync") == 0)
        CHECK(msync((void*)pages_of_disk, PAGES * PAGE, MS_SYNC) == 0);
    else /* the flusher does it by itself */
        while (figure("/proc/vmstat", "nr_dirty") + figure("/proc/vmstat", "nr_writeback") != 0)
            nanosleep(&pause, NULL);
    fprintf(stderr, "%ld pages written meanwhile\n", written);
    for (int page = 0; page < PAGES; ++page)
        for (int thread = 0; thread < THREADS; ++thread)
            printf("%d %u\n", (int)((const char*)word_of(page, thread) - (const char*)pages_of_disk),
                   (unsigned)*word_of(page, thread));
    return failures != 0;
}

/* A disk that is larger than memory: all of it is written, and read again. */
static int large(void) {
    static uint32_t block[64 * PAGE / sizeof(uint32_t)];
    int fd = open_disk("/dev/vda", O_RDWR);
    off_t size = lseek(fd, 0, SEEK_END);
    CHECK(size / 1024 > figure("/proc/meminfo", "MemTotal"));
    for (off_t at = 0; at < size; at += sizeof block) {
        for (size_t i = 0; i < sizeof block / sizeof *block; ++i)
            block[i] = (uint32_t)(at / 4) + (uint32_t)i * 3;
        CHECK(pwrite(fd, block, sizeof block, at) == sizeof block);
    }
    CHECK(fsync(fd) == 0);
    for (off_t at = 0; at < size && failures == 0; at += sizeof block) {
        CHECK(pread(fd, block, sizeof block, at) == sizeof block);
        for (size_t i = 0; i < sizeof block / sizeof *block; ++i)
            if (block[i] != (uint32_t)(at / 4) + (uint32_t)i * 3)
                ++failures;
    }
    CHECK(figure("/proc/meminfo", "MemFree") > 512);
    return failures != 0;
}

/* Processes that share a mapping of a disk larger than memory. Each writes to pages of its own, at random, and finds there what
 * it wrote last. Meanwhile their page cache leaves no memory free, so that reclaim takes pages all the time. */
enum { USERS = 4, TOUCHES = 1500, MOST_PAGES = 48 << 8 };
static uint32_t stamp(size_t page, uint32_t version) { return (uint32_t)page * 2654435761u + version; }
static int use_pages(uint32_t* disk, size_t pages, unsigned user) {
    static uint16_t version[MOST_PAGES]; /* 0: never written */
    uint32_t random = user + 1;
    for (int touch = 0; touch < TOUCHES; ++touch) {
        random = random * 1664525 + 1013904223;
        const size_t page = (random >> 8) % (pages / USERS) * USERS + user;
        uint32_t* word = disk + page * (PAGE / sizeof *disk) + page % 1024;
        CHECK(version[page] == 0 || *word == stamp(page, version[page]));
        *word = stamp(page, ++version[page]);
    }
    for (size_t page = user; page < pages; page += USERS)
        CHECK(version[page] == 0 || disk[page * (PAGE / sizeof *disk) + page % 1024] == stamp(page, version[page]));
    return failures != 0;
}
static int pressure(void) {
    const long free_at_first = figure("/proc/meminfo", "MemFree");
    int fd = open_disk("/dev/vda", O_RDWR), status;
    const size_t bytes = (size_t)lseek(fd, 0, SEEK_END);
    CHECK((long)(bytes / 1024) > figure("/proc/meminfo", "MemTotal"));
    uint32_t* disk = (uint32_t*)map_disk(fd, bytes, PROT_READ | PROT_WRITE, MAP_SHARED);
    CHECK(madvise(disk, bytes, MADV_RANDOM) == 0);
    for (unsigned user = 0; user < USERS; ++user)
        if (fork() == 0)
            exit(use_pages(disk, bytes / PAGE, user));
    for (unsigned user = 0; user < USERS; ++user)
        CHECK(wait(&status) > 0 && status == 0);

    /* The cache gives way to a program's own memory: what was not free before was taken from it. A sixteenth may have come from
     * elsewhere, such as the kernel's caches of small objects. */
    const long pages = free_at_first / 4 * 3 / (PAGE / 1024), stolen = pages_stolen();
    const long wanted = pages - figure("/proc/meminfo", "MemFree") / (PAGE / 1024);
    CHECK(wanted > pages / 8);
    char* own = mmap(NULL, (size_t)pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(own != MAP_FAILED);
    for (long at = 0; at < pages; ++at)
        own[at * PAGE] = 1;
    CHECK(pages_stolen() - stolen > wanted - pages / 16);
    CHECK(fsync(fd) == 0);
    return failures != 0;
}

/* More threads than the queue of the disk has room for read pieces of it that no other one reads, and find what is there. Now
 * and then each looks whether another one waits for the disk. */
enum { CROWD = 16, CROWD_ROUNDS = 200 };
static atomic_int seen_waiting;
static void* read_piece(void* argument) {
    const size_t piece = (1 << 20) / CROWD, from = (size_t)(uintptr_t)argument * piece;
    static unsigned char bytes[CROWD][(1 << 20) / CROWD];
    unsigned char* own = bytes[(uintptr_t)argument];
    int fd = open_disk("/dev/vda", O_RDONLY);
    for (int round = 0; round < CROWD_ROUNDS; ++round) {
        CHECK(pread(fd, own, piece, (off_t)from) == (ssize_t)piece);
        is_original(own, from, piece);
        CHECK(posix_fadvise(fd, (off_t)from, (off_t)piece, POSIX_FADV_DONTNEED) == 0);
        if (round % 20 == 0 && figure("/proc/stat", "procs_blocked") > 0)
            seen_waiting = 1;
    }
    close(fd);
    return NULL;
}
static int crowd(void) {
    pthread_t threads[CROWD];
    for (uintptr_t i = 0; i < CROWD; ++i)
        pthread_create(&threads[i], NULL, read_piece, (void*)i);
    for (int i = 0; i < CROWD; ++i)
        pthread_join(threads[i], NULL);
    CHECK(seen_waiting && figure("/proc/stat", "procs_blocked") == 0);
    return failures != 0;
}

/* The disk is slow, and the flusher writes at once. What is asked to have a file on its disk waits for what the flusher has begun,
 * too, when no page of the file is dirty any more. */
static int slow(void) {
    static char bytes[16 * PAGE];
    const char* const calls[] = {"sync", "fsync", "fdatasync", "msync", "sync_file_range", "BLKFLSBUF"};
    int fd = open_disk("/dev/vda", O_RDWR);
    char* at = map_disk(fd, sizeof bytes, PROT_READ | PROT_WRITE, MAP_SHARED);
    set("/proc/sys/vm/dirty_writeback_centisecs", "1");
    set("/proc/sys/vm/dirty_expire_centisecs", "1");
    CHECK(pwrite(fd, bytes, sizeof bytes, 0) == sizeof bytes && fsync(fd) == 0); /* QEMU delays what comes after it */
    for (int call = 0; call < 6; ++call) {
        int tries = 0;
        do {
            CHECK(pwrite(fd, bytes, sizeof bytes, 0) == sizeof bytes);
            while (figure("/proc/meminfo", "Dirty") > 0)
                ;
        } while (figure("/proc/meminfo", "Writeback") == 0 && ++tries < 100); /* it may all be written already */
        CHECK(tries < 100);
        switch (call) {
        case 0:
            sync();
            break;
        case 1:
            CHECK(fsync(fd) == 0);
            break;
        case 2:
            CHECK(fdatasync(fd) == 0);
            break;
        case 3:
            CHECK(msync(at, sizeof bytes, MS_SYNC) == 0);
            break;
        case 4:
            CHECK(sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WAIT_BEFORE) == 0);
            break;
        default:
            CHECK(ioctl(fd, BLKFLSBUF, 0) == 0);
        }
        long left = figure("/proc/meminfo", "Writeback");
        if (left != 0)
            fprintf(stderr, "%s: %ld kB are not written yet\n", calls[call], left);
        CHECK(left == 0);
    }
    return failures != 0;
}

int main(int count, char** words) {
    setvbuf(stdout, NULL, _IOFBF, 1 << 16);
    if (count == 2 && strcmp(words[1], "calls") == 0)
        return calls();
    if (count == 4 && strcmp(words[1], "stores") == 0)
        return stores(words[2], words[3]);
    if (count == 2 && strcmp(words[1], "large") == 0)
        return large();
    if (count == 2 && strcmp(words[1], "pressure") == 0)
        return pressure();
    if (count == 2 && strcmp(words[1], "crowd") == 0)
        return crowd();
    if (count == 2 && strcmp(words[1], "slow") == 0)
        return slow();
    return 64;
}
