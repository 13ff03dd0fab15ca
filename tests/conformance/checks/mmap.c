// mmap(2): arguments and their errors, files and their ends, sharing, populating, placing.
#include "check.h"

static void errors(void) {
    const int fd = file_of(PAGE), read_only = open("/proc/self/exe", O_RDONLY), directory = open("/tmp", O_RDONLY);
    const int write_only = open("/tmp/check.write-only", O_WRONLY | O_CREAT, 0600);
    FAILS(mmap(0, 0, PROT_READ, MAP_PRIVATE, fd, 0), EINVAL);
    FAILS(mmap(0, 0, PROT_READ, MAP_PRIVATE, -1, 0), EBADF);
    FAILS(mmap(0, PAGE, PROT_READ, 0, fd, 0), EINVAL);
    FAILS(mmap(0, PAGE, PROT_READ, 4, fd, 0), EINVAL);
    FAILS(mmap(0, PAGE, PROT_READ, MAP_ANONYMOUS, -1, 0), EINVAL);
    FAILS(mmap(0, PAGE, PROT_READ, MAP_SHARED_VALIDATE | MAP_ANONYMOUS, -1, 0), EINVAL);
    FAILS(mmap(0, PAGE, PROT_READ, MAP_PRIVATE, -1, 0), EBADF);
    FAILS(mmap(0, PAGE, PROT_READ, MAP_PRIVATE, 1000, 0), EBADF);
    FAILS(mmap(0, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, read_only, 0), EACCES);
    FAILS(mmap(0, PAGE, PROT_READ, MAP_PRIVATE, write_only, 0), EACCES);
    FAILS(mmap(0, PAGE, PROT_READ, MAP_SHARED, write_only, 0), EACCES);
    FAILS(mmap(0, PAGE, PROT_WRITE, MAP_SHARED, write_only, 0), EACCES);
    FAILS(mmap(0, PAGE, PROT_READ, MAP_PRIVATE, directory, 0), ENODEV);
    FAILS(mmap(0, PAGE, PROT_READ, MAP_PRIVATE, fd, 1), EINVAL);
    FAILS(mmap(0, SIZE_MAX, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), ENOMEM);
    FAILS(mmap(0, SIZE_MAX - PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), ENOMEM);
    FAILS(syscall(SYS_mmap2, 0, 2 * PAGE, PROT_READ, MAP_PRIVATE, fd, 0xffffffff), EOVERFLOW);
    FAILS(mmap((void*)1, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0), EINVAL);
    FAILS(mmap((void*)0x20000001, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0), EINVAL);
    FAILS(mmap((void*)0xfffff000, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0), ENOMEM);
    FAILS(mmap(0, PAGE, PROT_READ, MAP_SHARED_VALIDATE | (1 << 7), fd, 0), EOPNOTSUPP);
    FAILS(mmap(0, PAGE, PROT_READ, MAP_SHARED_VALIDATE | MAP_SYNC, fd, 0), EOPNOTSUPP);
    WORKS(mmap(0, PAGE, PROT_READ, MAP_SHARED_VALIDATE, fd, 0));
    WORKS(mmap(0, PAGE, PROT_READ, MAP_SHARED | (1 << 7), fd, 0));
    FAILS(mmap(0, PAGE, PROT_READ, MAP_PRIVATE | MAP_GROWSDOWN, fd, 0), EINVAL);
    FAILS(mmap(0, PAGE, PROT_READ, MAP_SHARED | MAP_ANONYMOUS | MAP_GROWSDOWN, -1, 0), EINVAL);
    unlink("/tmp/check.write-only");
}

static void past_the_end(void) {
    const int fd = file_of(PAGE + 100);
    volatile char* map = mmap(0, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    CHECK(map[PAGE + 99] == 'f' && map[PAGE + 100] == 0 && map[2 * PAGE - 1] == 0);
    map[PAGE + 100] = 'x'; // beyond the end, in the last page: not in the file
    WORKS(msync((void*)map, 2 * PAGE, MS_SYNC));
    struct stat status;
    fstat(fd, &status);
    CHECK(status.st_size == PAGE + 100);
    char byte = 1;
    CHECK(pread(fd, &byte, 1, PAGE + 100) == 0);
    DIES(map[2 * PAGE] = 1, SIGBUS);
    DIES((void)map[2 * PAGE], SIGBUS);
    FAILS(pread(fd, (char*)map + 2 * PAGE, 1, 0), EFAULT);

    WORKS(ftruncate(fd, 3 * PAGE));
    CHECK(map[2 * PAGE] == 0);
    map[2 * PAGE] = 'y';
    CHECK(pread(fd, &byte, 1, 2 * PAGE) == 1 && byte == 'y');
    WORKS(ftruncate(fd, 10));
    CHECK(map[9] == 'f' && map[10] == 0 && map[PAGE - 1] == 0);
    DIES((void)map[PAGE], SIGBUS);
    WORKS(ftruncate(fd, 3 * PAGE));
    CHECK(map[2 * PAGE] == 0 && map[PAGE] == 0);

    const int empty = file_of(0);
    volatile char* nothing = mmap(0, PAGE, PROT_READ, MAP_PRIVATE, empty, 0);
    CHECK((void*)nothing != MAP_FAILED);
    DIES((void)nothing[0], SIGBUS);
    volatile char* behind = mmap(0, PAGE, PROT_READ, MAP_SHARED, fd, 100 * PAGE);
    CHECK((void*)behind != MAP_FAILED);
    DIES((void)behind[0], SIGBUS);
}

static void sharing(void) {
    const int fd = file_of(2 * PAGE);
    volatile char* one = mmap(0, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    volatile char* two = mmap(0, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, PAGE);
    volatile char* own = mmap(0, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    close(fd); // the mappings stay
    one[PAGE] = 'a';
    CHECK(two[0] == 'a' && own[PAGE] == 'a');
    own[PAGE] = 'b';
    CHECK(one[PAGE] == 'a');
    one[PAGE] = 'c';
    CHECK(own[PAGE] == 'b');
    CHILD_OK(two[0] = 'd'; own[0] = 'e');
    CHECK(one[PAGE] == 'd' && own[0] == 'f');

    volatile char* memory = mmap(0, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHILD_OK(memory[5] = 5);
    CHECK(memory[5] == 5);
    const int zero = open("/dev/zero", O_RDWR);
    volatile char* zeros = mmap(0, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, zero, 0);
    volatile char* shared = mmap(0, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, zero, 0);
    CHECK(zeros[0] == 0 && shared[0] == 0);
    CHILD_OK(zeros[0] = 1; shared[0] = 1);
    CHECK(zeros[0] == 0 && shared[0] == 1);
}

static int later(struct timespec a, struct timespec b) {
    return a.tv_sec > b.tv_sec || (a.tv_sec == b.tv_sec && a.tv_nsec > b.tv_nsec);
}

static void times(void) {
    const int fd = file_of(PAGE);
    struct stat before, after;
    fstat(fd, &before);
    usleep(20000);
    volatile char* map = mmap(0, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    fstat(fd, &after);
    CHECK(later(after.st_atim, before.st_atim) && !later(after.st_mtim, before.st_mtim));
    map[0] = 1; // a write through a mapping changes the file
    fstat(fd, &after);
    CHECK(later(after.st_mtim, before.st_mtim) && later(after.st_ctim, before.st_ctim));
    const int pipe_ends[2] = {-1, -1}, null = open("/dev/null", O_RDWR);
    pipe((int*)pipe_ends);
    FAILS(mmap(0, PAGE, PROT_READ, MAP_PRIVATE, pipe_ends[0], 0), ENODEV);
    FAILS(mmap(0, PAGE, PROT_READ, MAP_PRIVATE, null, 0), ENODEV);
}

static void placing(void) {
    volatile char* map = anonymous(4, PROT_READ | PROT_WRITE);
    map[PAGE] = 1;
    FAILS(mmap((void*)(map + PAGE), PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0), EEXIST);
    CHECK(map[PAGE] == 1);
    CHECK(mmap((void*)(map + PAGE), PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == map + PAGE);
    CHECK(map[PAGE] == 0);
    CHECK(mappings_in(map, 4) == 3);
    WORKS(munmap((void*)map, 4 * PAGE));
    CHECK(mmap((void*)map, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == map); // a hint that is free
    CHECK(mmap((void*)map, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != map); // and one that is not
    CHECK(mmap((void*)(map + PAGE + 1), PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED);
}

static void rights_in_maps(void) {
    static const struct {
        int prot, flags;
        const char* rights;
    } cases[] = {
        {PROT_NONE, MAP_PRIVATE, "---p"},
        {PROT_NONE, MAP_SHARED, "---s"},
        {PROT_READ, MAP_PRIVATE, "r--p"},
        {PROT_READ, MAP_SHARED, "r--s"},
        {PROT_EXEC, MAP_PRIVATE, "--xp"},
        {PROT_EXEC, MAP_SHARED, "--xs"},
        {PROT_WRITE, MAP_PRIVATE, "-w-p"},
        {PROT_WRITE, MAP_SHARED, "-w-s"},
        {PROT_READ | PROT_WRITE, MAP_PRIVATE, "rw-p"},
        {PROT_READ | PROT_WRITE | PROT_EXEC, MAP_SHARED, "rwxs"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i) {
        char* map = mmap(0, 3 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        mmap(map + PAGE, PAGE, cases[i].prot, cases[i].flags | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
        uintptr_t start, end;
        char rights[5] = "";
        CHECK(mapping_at(map + PAGE, &start, &end, rights) && strcmp(rights, cases[i].rights) == 0);
    }
    volatile char* none = anonymous(1, PROT_NONE);
    DIES((void)none[0], SIGSEGV);
    volatile char* read_only = anonymous(1, PROT_READ);
    DIES(read_only[0] = 1, SIGSEGV);
    volatile char* write_only = anonymous(1, PROT_WRITE);
    CHILD_OK(write_only[0] = 1; CHECK(write_only[0] == 1));
    volatile char* exec_only = anonymous(1, PROT_EXEC);
    CHILD_OK(CHECK(exec_only[0] == 0));
    DIES(exec_only[0] = 1, SIGSEGV);
    DIES(((void (*)(void))(uintptr_t)read_only)(), SIGSEGV);
}

static void populating(void) {
    const int fd = file_of(4 * PAGE);
    volatile char* map = mmap(0, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(!present(map));
    map = mmap(0, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    for (int i = 0; i < 4; ++i)
        CHECK(present(map + i * PAGE));
    map = mmap(0, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, 0);
    for (int i = 0; i < 4; ++i)
        CHECK(present(map + i * PAGE));
    map = mmap(0, 6 * PAGE, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0); // populates what there is
    CHECK((void*)map != MAP_FAILED && present(map + 3 * PAGE) && !present(map + 4 * PAGE));
    map = mmap(0, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE | MAP_NONBLOCK, -1, 0);
    CHECK(!present(map));
    map = mmap(0, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    CHECK((void*)map != MAP_FAILED && !present(map));
}

// A mapping that grows down, as far as a gap of 256 pages above the mapping below it.
static void growing(void) {
    enum { GAP = 256, BIG = 1024 };
    volatile char* room = anonymous(BIG, PROT_NONE);
    munmap((void*)room, BIG * PAGE);
    volatile char* top = mmap((void*)(room + (BIG - 2) * PAGE), 2 * PAGE, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_GROWSDOWN, -1, 0);
    CHECK((void*)top != MAP_FAILED);
    volatile char* below =
        mmap((void*)room, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    CHILD_OK(for (volatile char* at = top; at >= room + (GAP + 1) * PAGE; at -= PAGE)* at = 1);
    DIES(for (volatile char* at = top; at >= room + PAGE; at -= PAGE)* at = 1, SIGSEGV);
    DIES(room[GAP * PAGE] = 1, SIGSEGV);
    CHILD_OK(room[(GAP + 1) * PAGE] = 1);
    (void)below;
}

static void limits(void) {
    const struct rlimit as = {64 << 20, 64 << 20};
    CHILD_OK(WORKS(setrlimit(RLIMIT_AS, &as));
             FAILS(mmap(0, 64 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), ENOMEM);
             WORKS(mmap(0, 16 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)));
    const struct rlimit data = {32 << 20, 32 << 20};
    CHILD_OK(WORKS(setrlimit(RLIMIT_DATA, &data));
             FAILS(mmap(0, 32 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), ENOMEM);
             WORKS(mmap(0, 32 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)));
    // The kernel refuses more writable memory than the machine has, unless the program says MAP_NORESERVE.
    FAILS(mmap(0, 1 << 30, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), ENOMEM);
    FAILS(mmap(0, 1 << 30, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0), ENOMEM);
    CHILD_OK(WORKS(mmap(0, 1 << 30, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)));
    CHILD_OK(WORKS(mmap(0, 1 << 30, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)));
}

int main(void) {
    errors();
    past_the_end();
    sharing();
    times();
    placing();
    rights_in_maps();
    populating();
    growing();
    limits();
    return finish();
}
