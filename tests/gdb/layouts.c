// Five processes with memory of every sort, each of which stops where a debugger knows what it must find: its own pagemap,
// in a table. Runs on Faultline as a program, and on Linux as process 1. Built static, and in ARM state.
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PAGE = 4096, MOST = 4096, LAYOUTS = 5 };
enum { READ = 1, WRITE = 2, EXECUTE = 4 };

struct row {
    uint32_t address, frame, rights;
};
static struct row table[MOST];
static char maps[16384];

// The debugger's breakpoint. Layout 0 is none.
__attribute__((noinline)) void stop_here(int layout, const struct row* rows, int count) {
    asm volatile("" ::"r"(layout), "r"(rows), "r"(count) : "memory");
}

static void must(int good, const char* what) {
    if (!good) {
        perror(what);
        exit(1);
    }
}

static char* map(size_t size, int rights, int flags, int fd) {
    char* start = mmap(NULL, size, rights, flags, fd, 0);
    must(start != MAP_FAILED, "mmap");
    return start;
}

static volatile char sink;
static void read_all(const char* start, size_t size) {
    for (size_t i = 0; i < size; i += PAGE)
        sink = start[i];
}
static void write_all(char* start, size_t size, size_t step) {
    for (size_t i = 0; i < size; i += step)
        start[i] = 1;
}

// Fills the table from /proc/self/maps and /proc/self/pagemap.
static int read_pagemap(void) {
    const int list = open("/proc/self/maps", O_RDONLY), pagemap = open("/proc/self/pagemap", O_RDONLY);
    must(list >= 0 && pagemap >= 0, "/proc/self");
    size_t length = 0;
    ssize_t got;
    while ((got = read(list, maps + length, sizeof maps - 1 - length)) > 0)
        length += (size_t)got;
    maps[length] = '\0';
    int count = 0;
    for (char* line = maps; *line != '\0'; line = strchr(line, '\n') + 1) {
        unsigned start, end;
        char rights[5];
        must(sscanf(line, "%x-%x %4s", &start, &end, rights) == 3, line);
        for (unsigned address = start; address != end; address += PAGE) {
            uint64_t entry = 0;
            if (pread(pagemap, &entry, sizeof entry, (off_t)(address / PAGE * sizeof entry)) != sizeof entry)
                break;
            if (entry >> 63 == 0)
                continue;
            must(count < MOST, "too many pages");
            table[count++] = (struct row){address, (uint32_t)entry,
                                          (rights[0] == 'r' ? READ : 0) | (rights[1] == 'w' ? WRITE : 0) |
                                              (rights[2] == 'x' ? EXECUTE : 0)};
        }
    }
    close(list);
    close(pagemap);
    return count;
}

// Twice: what the first time touches is there the second time.
static void stop(int layout) {
    stop_here(0, table, read_pagemap());
    stop_here(layout, table, read_pagemap());
}

static pthread_barrier_t barrier;
static void* thread(void* unused) {
    char local[3 * PAGE];
    write_all(local, sizeof local, PAGE);
    pthread_barrier_wait(&barrier);
    pthread_barrier_wait(&barrier);
    return unused;
}

static void make_layout(int layout) {
    char* memory;
    switch (layout) {
    case 2: // over several tables, with holes; the zero page; pages that lost a right
        memory = map(5 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
        write_all(memory, 5 << 20, 7 * PAGE);
        read_all(memory + (1 << 20), 64 * PAGE);
        must(mprotect(memory + (2 << 20), 40 * PAGE, PROT_NONE) == 0, "mprotect");
        must(mprotect(memory + (3 << 20), 40 * PAGE, PROT_READ) == 0, "mprotect");
        break;
    case 3: { // a file, private and shared; code; shared memory
        const int self = open("/proc/self/exe", O_RDONLY);
        read_all(map(20 * PAGE, PROT_READ, MAP_PRIVATE, self), 20 * PAGE);
        read_all(map(20 * PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, self), 20 * PAGE);
        write_all(map(20 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, self), 20 * PAGE, 3 * PAGE);
        read_all(map(20 * PAGE, PROT_READ, MAP_SHARED, self), 20 * PAGE);
        write_all(map(40 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1), 40 * PAGE, 2 * PAGE);
        break;
    }
    case 4: { // a child: pages that it shares with its parent, some old, some its own
        memory = map(90 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
        write_all(memory, 90 * PAGE, PAGE);
        const pid_t child = fork();
        must(child >= 0, "fork");
        if (child == 0) {
            write_all(memory, 30 * PAGE, PAGE);
            read_all(memory + 30 * PAGE, 30 * PAGE);
            return;
        }
        int status;
        waitpid(child, &status, 0);
        exit(status != 0);
    }
    case 5: // threads
        pthread_barrier_init(&barrier, NULL, 4);
        for (int i = 0; i < 3; ++i) {
            pthread_t one;
            must(pthread_create(&one, NULL, thread, NULL) == 0, "pthread_create");
        }
        pthread_barrier_wait(&barrier);
        break;
    }
}

static int run(const char* self, char layout) {
    const char word[] = {layout, '\0'};
    const pid_t child = fork();
    must(child >= 0, "fork");
    if (child == 0) {
        execl(self, self, word, (char*)NULL);
        must(0, "execl");
    }
    int status;
    waitpid(child, &status, 0);
    return status;
}

int main(int argc, char** argv) {
    if (argc == 2) {
        write_all((char*)table, sizeof table, PAGE);
        make_layout(atoi(argv[1]));
        stop(atoi(argv[1]));
        _exit(0);
    }
    if (getpid() == 1) {
        mkdir("/proc", 0755);
        must(mount("proc", "/proc", "proc", 0, NULL) == 0, "mount");
    }
    int failed = 0;
    for (int layout = 1; layout <= LAYOUTS; ++layout)
        failed |= run("/proc/self/exe", (char)('0' + layout));
    puts(failed ? "a layout failed" : "five layouts");
    if (getpid() == 1)
        reboot(RB_POWER_OFF);
    return failed != 0;
}
