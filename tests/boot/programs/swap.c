/* Uses disks as swap, as tests/boot/swap.sh asks. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <sys/ipc.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/sysinfo.h>
#include <sys/wait.h>

#include "disk.h"

enum { WORD = PAGE / 4 };

static long vmstat(const char* name) { return figure("/proc/vmstat", name); }
static long meminfo(const char* name) { return figure("/proc/meminfo", name); }
static long status(const char* name) { return figure("/proc/self/status", name); }

static int is_swapped(const void* page) { return (pagemap(page) >> 62 & 3) == 1; }
static int is_resident(void* page) {
    unsigned char in_core = 0;
    CHECK(mincore(page, PAGE, &in_core) == 0);
    return in_core & 1;
}

static char* map(size_t bytes, int flags) {
    char* at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, flags | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED) {
        perror("mmap");
        exit(2);
    }
    return at;
}

static void errors(void) {
    int fd = open("/tmp/file", O_RDWR | O_CREAT, 0600);
    CHECK(ftruncate(fd, 1 << 20) == 0);
    FAILS(swapon("/tmp/file", 0), EINVAL); /* no place of its own on a disk */
    FAILS(swapon("/tmp/none", 0), ENOENT);
    FAILS(swapon("/tmp", 0), EINVAL);
    FAILS(swapon("/dev/null", 0), EINVAL);
    FAILS(swapon("/dev/vdc", 0), EINVAL); /* no signature */
    FAILS(swapon("/dev/vdd", 0), EINVAL); /* it says that it is larger than the disk */
    FAILS(swapon("/dev/vda", 1 << 30), EINVAL);
    FAILS(swapon(NULL, 0), EFAULT);
    FAILS(swapoff("/dev/vda"), EINVAL);
    CHECK(swapon("/dev/vda", 0) == 0);
    FAILS(swapon("/dev/vda", 0), EBUSY);
    FAILS(swapoff("/dev/vdb"), EINVAL);
    if (fork() == 0) {
        CHECK(setuid(1000) == 0);
        FAILS(swapon("/dev/vdb", 0), EPERM);
        FAILS(swapoff("/dev/vda"), EPERM);
        _exit(failures);
    }
    int state = 0;
    CHECK(wait(&state) > 0 && state == 0);
}

/* Two areas, and what is told of them. */
static void areas(void) {
    CHECK(swapon("/dev/vdb", SWAP_FLAG_PREFER | 7) == 0);
    char text[512] = {0};
    int fd = open("/proc/swaps", O_RDONLY);
    CHECK(read(fd, text, sizeof text - 1) > 0);
    close(fd);
    CHECK(strstr(text, "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n") == text);
    CHECK(strstr(text, "/dev/vda                                partition\t4092\t\t0\t\t-2\n") != NULL);
    CHECK(strstr(text, "/dev/vdb                                partition\t4084\t\t0\t\t7\n") !=
          NULL); /* two are bad */
    struct sysinfo info;
    CHECK(sysinfo(&info) == 0 && info.totalswap * info.mem_unit == 8176 << 10 && info.freeswap == info.totalswap);
    CHECK(meminfo("SwapTotal") == 8176 && meminfo("SwapFree") == 8176 && meminfo("SwapCached") == 0);
}

/* A page goes, is seen to be away, and comes back; the better area has it. */
static void one_page(int flags) {
    char* page = map(PAGE, flags);
    strcpy(page, "swapped");
    long out = vmstat("pswpout"), in = vmstat("pswpin");
    CHECK(madvise(page, PAGE, MADV_PAGEOUT) == 0 && !is_resident(page));
    CHECK(vmstat("pswpout") == out + 1 && meminfo("SwapFree") == 8172);
    if (flags & MAP_PRIVATE) {
        CHECK(is_swapped(page) && status("VmSwap") == 4);
        CHECK((pagemap(page) & 31) == 1 && (pagemap(page) >> 5 & 0xffffff) != 0);
    }
    CHECK(strcmp(page, "swapped") == 0 && vmstat("pswpin") == in + 1);
    CHECK(munmap(page, PAGE) == 0 && meminfo("SwapFree") == 8176);
}

/* swapoff brings back what is there, of this process, of a child's and of a file. */
static void back(void) {
    char* page = map(2 * PAGE, MAP_PRIVATE);
    strcpy(page, "mine");
    int fd = memfd_create("file", 0);
    CHECK(write(fd, "file", 5) == 5);
    char* file = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    CHECK(file[0] == 'f' && madvise(page, PAGE, MADV_PAGEOUT) == 0 && madvise(file, PAGE, MADV_PAGEOUT) == 0);
    struct stat before;
    CHECK(fstat(fd, &before) == 0 && before.st_blocks == 8); /* it is the file's, wherever it is */
    int pipes[2];
    CHECK(pipe(pipes) == 0);
    pid_t child = fork();
    if (child == 0) {
        char byte;
        CHECK(read(pipes[0], &byte, 1) == 1 && strcmp(page, "mine") == 0);
        _exit(failures);
    }
    CHECK(swapoff("/dev/vdb") == 0 && meminfo("SwapTotal") == 4092 && meminfo("SwapFree") == 4092);
    CHECK(is_resident(page) && is_resident(file) && strcmp(page, "mine") == 0 && strcmp(file, "file") == 0);
    int state = 0;
    CHECK(write(pipes[1], "x", 1) == 1 && waitpid(child, &state, 0) == child && state == 0);
    close(fd);
    CHECK(swapoff("/dev/vda") == 0);
}

static void calls(void) {
    errors();
    areas();
    one_page(MAP_PRIVATE);
    one_page(MAP_SHARED);
    back();
}

static sigjmp_buf after_sigbus;
static void on_sigbus(int signal, siginfo_t* info, void* context) {
    (void)signal, (void)context;
    CHECK(info->si_code == BUS_ADRERR);
    siglongjmp(after_sigbus, 1);
}

/* The first slot cannot be read, or written. */
static void broken(const char* how) {
    struct sigaction action = {.sa_sigaction = on_sigbus, .sa_flags = SA_SIGINFO};
    sigaction(SIGBUS, &action, NULL);
    CHECK(swapon("/dev/vda", 0) == 0);
    char* pages = map(2 * PAGE, MAP_PRIVATE);
    strcpy(pages, "first");
    strcpy(pages + PAGE, "second");
    CHECK(madvise(pages, 2 * PAGE, MADV_PAGEOUT) == 0);
    if (strcmp(how, "write") == 0) {
        CHECK(is_resident(pages) && strcmp(pages, "first") == 0 && strcmp(pages + PAGE, "second") == 0);
        return;
    }
    CHECK(is_swapped(pages) && is_swapped(pages + PAGE));
    if (sigsetjmp(after_sigbus, 1) == 0)
        CHECK(pages[0] == 0); /* does not come here */
    CHECK(strcmp(pages + PAGE, "second") == 0);
    FAILS(swapoff("/dev/vda"), EIO);
    CHECK(munmap(pages, PAGE) == 0 && swapoff("/dev/vda") == 0);
}

/* ---- a working set larger than memory ---- */

static uint32_t next(uint32_t* state) { return (*state = *state * 1664525 + 1013904223) >> 8; }

/* A page is known by four words, which hang together. */
static void fill(uint32_t* page, uint32_t value) {
    for (int i = 0; i < 4; ++i)
        page[i * WORD / 4] = value == 0 ? 0 : value + (uint32_t)i;
}
static int is_filled(const uint32_t* page, uint32_t value) {
    for (int i = 0; i < 4; ++i)
        if (page[i * WORD / 4] != (value == 0 ? 0 : value + (uint32_t)i))
            return 0;
    return 1;
}

static void use(uint32_t* memory, uint32_t pages, uint32_t touches, uint32_t seed) {
    uint32_t* values = calloc(pages, sizeof *values);
    for (uint32_t i = 0; i < touches + pages; ++i) {
        /* Each page once, then at random, and at last each once more. */
        const uint32_t page = i < pages ? i : i < touches ? next(&seed) % pages : (i - touches) % pages;
        CHECK(is_filled(memory + page * WORD, values[page]));
        if (i < pages || (i < touches && next(&seed) % 2 == 0))
            fill(memory + page * WORD, values[page] = next(&seed) | 1);
    }
    free(values);
}

/* The sums of figures_add_up(). */
enum { EVICTED, STOLEN, SCANNED };
static int holds(int sum) {
    switch (sum) {
    case EVICTED: /* in a slot and not in memory; while nobody gives memory up */
        return (meminfo("SwapTotal") - meminfo("SwapFree") - meminfo("SwapCached")) / 4 ==
               vmstat("pgsteal_anon") - vmstat("pswpin");
    case STOLEN:
        return vmstat("pgsteal_anon") + vmstat("pgsteal_file") == vmstat("pgsteal_kswapd") + vmstat("pgsteal_direct");
    default:
        return vmstat("pgscan_anon") + vmstat("pgscan_file") == vmstat("pgscan_kswapd") + vmstat("pgscan_direct");
    }
}

/* What moves while pages come and go. */
static long moves(void) {
    return vmstat("pgsteal_anon") + vmstat("pgsteal_file") + vmstat("pswpin") + vmstat("pgscan_anon") +
           vmstat("pgscan_file");
}

/* To look may bring pages in, or begin a round of kswapd, so that no two figures are of the same moment. What counts is a look
   during which nothing moved; and kswapd comes to the end of its round. */
static int comes_to_hold(int sum) {
    for (int looks = 0; looks < 3000; ++looks) {
        const long before = moves();
        const int good = holds(sum);
        if (good && moves() == before)
            return 1;
        usleep(20000);
    }
    return 0;
}

static void figures_add_up(void) {
    CHECK(comes_to_hold(EVICTED));
    CHECK(comes_to_hold(STOLEN));
    CHECK(comes_to_hold(SCANNED));
    CHECK(vmstat("pgsteal_anon") <= vmstat("pgscan_anon") && vmstat("pswpin") <= vmstat("pswpout"));
}

/* A segment of System V shared memory, and how many of its pages are in memory. */
enum { SEGMENT_PAGES = 64 };
static uint32_t* segment(int lock) {
    const int id = shmget(IPC_PRIVATE, SEGMENT_PAGES * PAGE, 0600 | IPC_CREAT);
    uint32_t* at = shmat(id, NULL, 0);
    CHECK(id >= 0 && at != (void*)-1 && (!lock || shmctl(id, SHM_LOCK, NULL) == 0) && shmctl(id, IPC_RMID, NULL) == 0);
    for (uint32_t page = 0; page < SEGMENT_PAGES; ++page)
        fill(at + page * WORD, page + 1);
    return at;
}
static int pages_here(uint32_t* at) {
    int here = 0;
    for (uint32_t page = 0; page < SEGMENT_PAGES; ++page)
        here += is_resident(at + page * WORD);
    return here;
}
static void leave(uint32_t* at) {
    for (uint32_t page = 0; page < SEGMENT_PAGES; ++page)
        CHECK(is_filled(at + page * WORD, page + 1));
    CHECK(shmdt(at) == 0);
}

static void pressure(uint32_t processes, uint32_t mib, uint32_t touches) {
    CHECK(swapon("/dev/vda", 0) == 0);
    const long free_before = meminfo("MemFree");
    uint32_t *locked = segment(1), *other = segment(0);
    int done[2], end[2];
    CHECK(pipe(done) == 0 && pipe(end) == 0);
    for (uint32_t process = 0; process < processes; ++process) {
        if (fork() != 0)
            continue;
        close(end[1]);
        CHECK(shmdt(locked) == 0 && shmdt(other) == 0);
        const uint32_t pages = (mib << 20) / PAGE / processes;
        /* One of them in shared memory. */
        use((uint32_t*)map(pages * PAGE, process == 0 ? MAP_SHARED : MAP_PRIVATE), pages, touches, process + 1);
        char byte = 'x';
        CHECK(write(done[1], &byte, 1) == 1 && read(end[0], &byte, 1) == 0); /* keeps its memory until all are there */
        _exit(failures);
    }
    char byte;
    for (uint32_t process = 0; process < processes; ++process)
        CHECK(read(done[0], &byte, 1) == 1);
    figures_add_up();
    CHECK(pages_here(locked) == SEGMENT_PAGES && pages_here(other) < SEGMENT_PAGES);
    leave(locked);
    leave(other);
    printf("%ld pages scanned, %ld written to swap, %ld read\n", vmstat("pgscan_anon"), vmstat("pswpout"),
           vmstat("pswpin"));
    CHECK(vmstat("pswpin") > 0);
    close(end[1]);
    for (int state = 0; wait(&state) > 0;)
        CHECK(state == 0);
    CHECK(swapoff("/dev/vda") == 0 && meminfo("SwapTotal") == 0);
    CHECK(meminfo("MemFree") > free_before - 1024); /* what init and this program have brought in */
    CHECK(vmstat("oom_kill") == 0);
}

int main(int count, char** words) {
    mkdir("/tmp", 01777);
    if (count > 1 && strcmp(words[1], "calls") == 0)
        calls();
    else if (count > 2 && strcmp(words[1], "broken") == 0)
        broken(words[2]);
    else if (count > 4 && strcmp(words[1], "pressure") == 0)
        pressure((uint32_t)atoi(words[2]), (uint32_t)atoi(words[3]), (uint32_t)atoi(words[4]));
    else
        return 2;
    return failures != 0;
}
