/* What the programs that use disks share. A check that fails is told on standard error, and makes the status 1. */
#pragma once

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PAGE = 4096 };
static int failures;

#define CHECK(condition)                                                                                               \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            fprintf(stderr, "line %d: %s (errno %d)\n", __LINE__, #condition, errno);                                  \
            ++failures;                                                                                                \
        }                                                                                                              \
    } while (0)
#define FAILS(call, error) CHECK((errno = 0, (call)) == -1 && errno == (error))

static inline int open_disk(const char* path, int flags) {
    int fd = open(path, flags, 0600);
    if (fd < 0) {
        perror(path);
        exit(2);
    }
    return fd;
}

static inline char* map_disk(int fd, size_t bytes, int protection, int flags) {
    char* at = mmap(NULL, bytes, protection, flags, fd, 0);
    if (at == MAP_FAILED) {
        perror("mmap");
        exit(2);
    }
    return at;
}

static inline void set(const char* path, const char* value) {
    int fd = open_disk(path, O_WRONLY);
    CHECK(write(fd, value, strlen(value)) == (ssize_t)strlen(value));
    close(fd);
}

/* The number behind `name` in a file of lines; -1: there is none. */
static inline long figure(const char* path, const char* name) {
    char line[256];
    long value = -1;
    FILE* file = fopen(path, "r");
    while (file && fgets(line, sizeof line, file))
        if (strncmp(line, name, strlen(name)) == 0 && strchr(" :\t", line[strlen(name)]))
            value = strtol(line + strlen(name) + 1, NULL, 10);
    if (file)
        fclose(file);
    return value;
}

/* How many pages reclaim has freed since the boot. */
static inline long pages_stolen(void) {
    return figure("/proc/vmstat", "pgsteal_kswapd") + figure("/proc/vmstat", "pgsteal_direct");
}

/* What /proc/self/pagemap says of the page. */
static inline uint64_t pagemap(const void* page) {
    uint64_t entry = 0;
    int fd = open_disk("/proc/self/pagemap", O_RDONLY);
    CHECK(pread(fd, &entry, sizeof entry, (off_t)((uintptr_t)page / PAGE * sizeof entry)) == sizeof entry);
    close(fd);
    return entry;
}

/* How many requests of a kind the disk had: column 4 is reads, 8 writes, 19 flushes (Documentation/admin-guide/iostats.rst). */
static inline long requests(const char* disk, int column) {
    char line[512];
    long value = -1;
    FILE* file = fopen("/proc/diskstats", "r");
    while (file && fgets(line, sizeof line, file)) {
        char* word = strtok(line, " \n");
        for (int number = 1, ours = 0; word; word = strtok(NULL, " \n"), ++number) {
            ours |= number == 3 && strcmp(word, disk) == 0;
            if (ours && number == column)
                value = strtol(word, NULL, 10);
        }
    }
    if (file)
        fclose(file);
    return value;
}

/* Byte n of a disk of the test is this, before anything is written. */
static inline unsigned char original(uint64_t n) { return (unsigned char)(n * 7 + n / 256 * 13 + n / PAGE); }

static inline void is_original(const unsigned char* bytes, uint64_t from, size_t count) {
    for (size_t i = 0; i < count; ++i)
        if (bytes[i] != original(from + i)) {
            fprintf(stderr, "byte %llu is %d\n", (unsigned long long)(from + i), bytes[i]);
            ++failures;
            return;
        }
}
