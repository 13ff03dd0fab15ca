// What the checks share. Each program states facts of the manual pages. A fact that does not hold is printed with its
// line, and makes the exit status 1. The same binary runs on Linux, which shows whether the checks are right.
#pragma once

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PAGE = 4096 };

static int failures;

#define CHECK(condition)                                                                                               \
    do {                                                                                                               \
        if (!(condition))                                                                                              \
            printf("%s:%d: %s (errno %d)\n", __FILE__, __LINE__, #condition, errno), ++failures;                       \
    } while (0)

// The call fails with exactly this errno.
#define FAILS(call, error)                                                                                             \
    do {                                                                                                               \
        errno = 0;                                                                                                     \
        const long result_ = (long)(call);                                                                             \
        if (result_ != -1 || errno != (error))                                                                         \
            printf("%s:%d: %s: %ld, errno %d instead of %s\n", __FILE__, __LINE__, #call, result_, errno, #error),     \
                ++failures;                                                                                            \
    } while (0)

#define WORKS(call) CHECK((long)(call) != -1)

// Runs the statement in a child. Its value is the wait status.
#define IN_CHILD(...)                                                                                                  \
    ({                                                                                                                 \
        fflush(stdout);                                                                                                \
        const pid_t child_ = fork();                                                                                   \
        if (child_ == 0) {                                                                                             \
            failures = 0;                                                                                              \
            __VA_ARGS__;                                                                                               \
            fflush(stdout);                                                                                            \
            _exit(failures ? 99 : 0);                                                                                  \
        }                                                                                                              \
        int status_ = -1;                                                                                              \
        waitpid(child_, &status_, 0);                                                                                  \
        status_;                                                                                                       \
    })

// A child that runs the statement dies of this signal.
#define DIES(statement, number)                                                                                        \
    do {                                                                                                               \
        const int ended_ = IN_CHILD(statement);                                                                        \
        if (!WIFSIGNALED(ended_) || WTERMSIG(ended_) != (number))                                                      \
            printf("%s:%d: %s: status 0x%x instead of %s\n", __FILE__, __LINE__, #statement, ended_, #number),         \
                ++failures;                                                                                            \
    } while (0)

// In a child, the statement's own checks hold.
#define CHILD_OK(...)                                                                                                  \
    do {                                                                                                               \
        const int ended_ = IN_CHILD(__VA_ARGS__);                                                                      \
        if (ended_ != 0)                                                                                               \
            printf("%s:%d: the child's status is 0x%x\n", __FILE__, __LINE__, ended_), ++failures;                     \
    } while (0)

static inline volatile char* anonymous(size_t pages, int prot) {
    return mmap(NULL, pages * PAGE, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

// A file of so many bytes, each 'f', on tmpfs, without a name.
static inline int file_of(size_t bytes) {
    char path[] = "/tmp/check.XXXXXX";
    const int fd = mkstemp(path);
    unlink(path);
    char page[PAGE];
    memset(page, 'f', sizeof page);
    for (size_t done = 0; done < bytes; done += PAGE)
        if (write(fd, page, bytes - done < PAGE ? bytes - done : PAGE) < 0)
            return -1;
    return fd;
}

// A child that waits to be killed, and its end.
static inline pid_t paused_child(void) {
    const pid_t child = fork();
    if (child == 0)
        for (;;)
            pause();
    return child;
}
static inline void end_child(pid_t child) {
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
}

// The value of a line `name: value` of a /proc file; −1 if there is no such line.
static inline long field(const char* path, const char* name) {
    FILE* file = fopen(path, "r");
    char line[256];
    long value = -1;
    while (file && fgets(line, sizeof line, file))
        if (strncmp(line, name, strlen(name)) == 0 && line[strlen(name)] == ':')
            value = strtol(line + strlen(name) + 1, NULL, 10);
    if (file)
        fclose(file);
    return value;
}

// Finds the line of /proc/self/maps that holds an address: its bounds and rights. Returns 0 if there is none.
static inline int mapping_at(const volatile void* address, uintptr_t* start, uintptr_t* end, char rights[5]) {
    FILE* file = fopen("/proc/self/maps", "r");
    char line[512];
    int found = 0;
    while (file && !found && fgets(line, sizeof line, file)) {
        unsigned long low, high;
        if (sscanf(line, "%lx-%lx %4s", &low, &high, rights) == 3 && low <= (uintptr_t)address &&
            (uintptr_t)address < high) {
            *start = low, *end = high;
            found = 1;
        }
    }
    if (file)
        fclose(file);
    return found;
}

// The number of mappings over which the pages of a range are spread.
static inline int mappings_in(const volatile char* from, size_t pages) {
    uintptr_t start, end = (uintptr_t)from;
    char rights[5];
    int count = 0;
    while (end < (uintptr_t)from + pages * PAGE && mapping_at((void*)end, &start, &end, rights))
        ++count;
    return count;
}

// Whether a page is present, according to /proc/self/pagemap.
static inline int present(const volatile void* address) {
    const int fd = open("/proc/self/pagemap", O_RDONLY);
    uint64_t entry = 0;
    if (pread(fd, &entry, sizeof entry, (uintptr_t)address / PAGE * sizeof entry) != sizeof entry)
        entry = 0;
    close(fd);
    return entry >> 63 != 0;
}

static inline int finish(void) {
    if (failures)
        printf("%d facts do not hold\n", failures);
    return failures != 0;
}
