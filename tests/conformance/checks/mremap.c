// mremap(2) and brk(2).
#include "check.h"

static void errors(void) {
    volatile char* map = anonymous(4, PROT_READ | PROT_WRITE);
    volatile char* room = anonymous(4, PROT_NONE);
    FAILS(mremap((void*)(map + 1), PAGE, 2 * PAGE, MREMAP_MAYMOVE), EINVAL);
    FAILS(mremap((void*)map, PAGE, 2 * PAGE, 8), EINVAL);
    FAILS(mremap((void*)map, PAGE, PAGE, MREMAP_FIXED, room), EINVAL);
    FAILS(mremap((void*)map, PAGE, 0, MREMAP_MAYMOVE), EINVAL);
    FAILS(mremap((void*)map, 0, PAGE, MREMAP_MAYMOVE), EINVAL); // private: nothing to share
    FAILS(mremap((void*)map, 2 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, map + PAGE), EINVAL);
    FAILS(mremap((void*)map, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, room + 1), EINVAL);
    FAILS(mremap((void*)map, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, 0xc0000000), EINVAL);
    FAILS(mremap((void*)map, PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, 0), EINVAL);
    FAILS(mremap((void*)map, PAGE, PAGE, MREMAP_DONTUNMAP, 0), EINVAL);
    FAILS(mremap(NULL, PAGE, PAGE, MREMAP_MAYMOVE), EFAULT);
    FAILS(mremap((void*)0xc0000000, PAGE, PAGE, MREMAP_MAYMOVE), EFAULT);
    FAILS(mremap((void*)map, 4 * PAGE, (size_t)3 << 30, MREMAP_MAYMOVE), ENOMEM);
    FAILS(mremap((void*)map, 2 * PAGE, 4 * PAGE, 0), ENOMEM); // something follows
    munmap((void*)room, 4 * PAGE);
    FAILS(mremap((void*)room, PAGE, 2 * PAGE, MREMAP_MAYMOVE), EFAULT);
    mprotect((void*)(map + PAGE), PAGE, PROT_READ);
    FAILS(mremap((void*)map, 2 * PAGE, 3 * PAGE, MREMAP_MAYMOVE), EFAULT); // two mappings
}

static void moving(void) {
    volatile char* room = anonymous(16, PROT_NONE);
    munmap((void*)room, 16 * PAGE);
    volatile char* map =
        mmap((void*)room, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    map[0] = 1, map[PAGE] = 2;
    CHECK(mremap((void*)map, 2 * PAGE, 4 * PAGE, 0) == map && map[3 * PAGE] == 0); // there is room
    map[3 * PAGE] = 4;
    CHECK(mappings_in(map, 4) == 1);
    CHECK(mremap((void*)map, 4 * PAGE, 3 * PAGE, 0) == map);
    DIES((void)map[3 * PAGE], SIGSEGV);
    CHECK(mremap((void*)map, 3 * PAGE, 3 * PAGE, 0) == map);
    volatile char* to = room + 8 * PAGE;
    CHECK(mremap((void*)map, 3 * PAGE, 5 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, to) == to);
    CHECK(to[0] == 1 && to[PAGE] == 2 && to[2 * PAGE] == 0 && to[4 * PAGE] == 0);
    DIES((void)map[0], SIGSEGV);
    // Moves a page out of the middle; what was at the destination goes.
    volatile char* other = mmap((void*)room, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    CHECK(mremap((void*)(to + PAGE), PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, other) == other && other[0] == 2);
    DIES((void)to[PAGE], SIGSEGV);
    CHECK(to[0] == 1);

    const int fd = file_of(8 * PAGE);
    volatile char* file = mmap(0, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, PAGE);
    file[0] = 'm';
    volatile char* longer = mremap((void*)file, 2 * PAGE, 7 * PAGE, MREMAP_MAYMOVE);
    CHECK((void*)longer != MAP_FAILED && longer[0] == 'm' && longer[6 * PAGE] == 'f');
    volatile char* second = mremap((void*)longer, 0, 2 * PAGE, MREMAP_MAYMOVE); // shared: maps it a second time
    CHECK((void*)second != MAP_FAILED && second != longer && second[0] == 'm');
    second[1] = 'n';
    CHECK(longer[1] == 'n');
}

static void keeping(void) {
    volatile char* map = anonymous(2, PROT_READ | PROT_WRITE);
    map[0] = 1, map[PAGE] = 2;
    volatile char* moved = mremap((void*)map, 2 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, 0);
    CHECK((void*)moved != MAP_FAILED && moved != map && moved[0] == 1 && moved[PAGE] == 2);
    CHECK(map[0] == 0 && map[PAGE] == 0);
    map[0] = 3;
    CHECK(moved[0] == 1);
}

static void heap(void) {
    char* start = sbrk(0);
    CHECK(brk(start + 10) == 0 && sbrk(0) == start + 10);
    CHECK(sbrk(3 * PAGE) == start + 10 && sbrk(0) == start + 10 + 3 * PAGE);
    start[3 * PAGE] = 1;
    CHECK(brk(start) == 0);
    CHECK(sbrk(4 * PAGE) == start && start[3 * PAGE] == 0); // fresh pages are zero
    FAILS(brk((char*)0xc0000000), ENOMEM);
    FAILS(sbrk(0x7f000000), ENOMEM);
    CHECK(syscall(SYS_brk, 0) == (long)sbrk(0) && syscall(SYS_brk, 1) == (long)sbrk(0));
    char* end = (char*)(((uintptr_t)sbrk(0) + PAGE - 1) & -(uintptr_t)PAGE);
    mmap(end + 4 * PAGE, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    FAILS(brk(end + 5 * PAGE), ENOMEM); // into another mapping
    WORKS(brk(end + 2 * PAGE));
    WORKS(brk(start));
    const struct rlimit data = {1 << 20, 1 << 20};
    CHILD_OK(WORKS(setrlimit(RLIMIT_DATA, &data)); FAILS(sbrk(1 << 20), ENOMEM); WORKS(sbrk(PAGE)));
}

int main(void) {
    errors();
    moving();
    keeping();
    heap();
    return finish();
}
