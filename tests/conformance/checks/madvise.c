// madvise(2): every advice that this machine's Linux knows without huge pages and without KSM.
#include "check.h"

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22
#define MADV_POPULATE_WRITE 23
#endif

static int has_flag(const volatile char* address, const char* flag) {
    FILE* file = fopen("/proc/self/smaps", "r");
    char line[512];
    unsigned long low, high;
    int inside = 0, found = 0;
    while (file && fgets(line, sizeof line, file)) {
        if (sscanf(line, "%lx-%lx ", &low, &high) == 2)
            inside = low <= (uintptr_t)address && (uintptr_t)address < high;
        else if (inside && strncmp(line, "VmFlags:", 8) == 0)
            found = strstr(line, flag) != NULL;
    }
    fclose(file);
    return found;
}

static void errors(void) {
    volatile char* map = anonymous(4, PROT_READ | PROT_WRITE);
    FAILS(madvise((void*)map, PAGE, 5), EINVAL);
    FAILS(madvise((void*)map, PAGE, 1212), EINVAL);
    FAILS(madvise((void*)(map + 1), PAGE, MADV_NORMAL), EINVAL);
    FAILS(madvise((void*)map, SIZE_MAX, MADV_NORMAL), EINVAL);
    WORKS(madvise((void*)map, 0, MADV_DONTNEED));
    WORKS(madvise(NULL, 0, MADV_NORMAL));
    FAILS(madvise(NULL, PAGE, MADV_NORMAL), ENOMEM);
    FAILS(madvise(NULL, 0, 1212), EINVAL);
    munmap((void*)(map + PAGE), PAGE);
    map[2 * PAGE] = 1;
    FAILS(madvise((void*)map, 4 * PAGE, MADV_DONTNEED), ENOMEM); // but does it on both sides of the hole
    CHECK(map[2 * PAGE] == 0);
    FAILS(madvise((void*)map, 4 * PAGE, MADV_RANDOM), ENOMEM);

    const int fd = file_of(PAGE);
    volatile char* shared = mmap(0, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    volatile char* own = mmap(0, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    volatile char* memory = mmap(0, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    FAILS(madvise((void*)shared, PAGE, MADV_FREE), EINVAL);
    FAILS(madvise((void*)own, PAGE, MADV_FREE), EINVAL);
    FAILS(madvise((void*)shared, PAGE, MADV_WIPEONFORK), EINVAL);
    FAILS(madvise((void*)memory, PAGE, MADV_WIPEONFORK), EINVAL);
    FAILS(madvise((void*)map, PAGE, MADV_REMOVE), EINVAL);
    FAILS(madvise((void*)own, PAGE, MADV_REMOVE), EACCES);
    mlock((void*)map, PAGE);
    FAILS(madvise((void*)map, PAGE, MADV_DONTNEED), EINVAL);
    FAILS(madvise((void*)map, PAGE, MADV_FREE), EINVAL);
    FAILS(madvise((void*)map, PAGE, MADV_COLD), EINVAL);
    FAILS(madvise((void*)map, PAGE, MADV_PAGEOUT), EINVAL);
    WORKS(madvise((void*)map, PAGE, 24)); // MADV_DONTNEED_LOCKED
    WORKS(madvise((void*)map, PAGE, MADV_WILLNEED));
}

static void effects(void) {
    volatile char* map = anonymous(4, PROT_READ | PROT_WRITE);
    map[0] = map[PAGE] = 1;
    WORKS(madvise((void*)map, PAGE, MADV_DONTNEED));
    CHECK(map[0] == 0 && map[PAGE] == 1);
    const int fd = file_of(4 * PAGE);
    volatile char* own = mmap(0, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    own[0] = 'o';
    WORKS(madvise((void*)own, PAGE, MADV_DONTNEED));
    CHECK(own[0] == 'f'); // the file's again
    volatile char* shared = mmap(0, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    shared[0] = shared[PAGE] = shared[2 * PAGE] = 's';
    WORKS(madvise((void*)shared, PAGE, MADV_DONTNEED));
    CHECK(shared[0] == 's'); // the data are the file's
    WORKS(madvise((void*)(shared + PAGE), PAGE, MADV_REMOVE));
    CHECK(shared[0] == 's' && shared[PAGE] == 0 && shared[2 * PAGE] == 's');
    char byte = 1;
    CHECK(pread(fd, &byte, 1, PAGE) == 1 && byte == 0);

    WORKS(madvise((void*)map, PAGE, MADV_FREE));
    map[0] = 9; // written again: kept
    CHECK(map[0] == 9);
    WORKS(madvise((void*)map, 4 * PAGE, MADV_COLD));
    WORKS(madvise((void*)map, 4 * PAGE, MADV_PAGEOUT));
    CHECK(map[0] == 9);

    const char* const flags[][2] = {{(char*)MADV_RANDOM, " rr"},
                                    {(char*)MADV_SEQUENTIAL, " sr"},
                                    {(char*)MADV_DONTFORK, " dc"},
                                    {(char*)MADV_DONTDUMP, " dd"},
                                    {(char*)MADV_WIPEONFORK, " wf"}};
    const int undo[] = {MADV_NORMAL, MADV_NORMAL, MADV_DOFORK, MADV_DODUMP, MADV_KEEPONFORK};
    for (int i = 0; i < 5; ++i) {
        WORKS(madvise((void*)(map + PAGE), PAGE, (int)(intptr_t)flags[i][0]));
        CHECK(has_flag(map + PAGE, flags[i][1]) && !has_flag(map, flags[i][1]));
        WORKS(madvise((void*)(map + PAGE), PAGE, undo[i]));
        CHECK(!has_flag(map + PAGE, flags[i][1]) && mappings_in(map, 4) == 1);
    }
}

static void forking(void) {
    volatile char* map = anonymous(3, PROT_READ | PROT_WRITE);
    map[0] = map[PAGE] = map[2 * PAGE] = 1;
    WORKS(madvise((void*)map, PAGE, MADV_WIPEONFORK));
    WORKS(madvise((void*)(map + PAGE), PAGE, MADV_DONTFORK));
    CHILD_OK(CHECK(map[0] == 0 && map[2 * PAGE] == 1); DIES((void)map[PAGE], SIGSEGV); map[0] = 2;
             CHILD_OK(CHECK(map[0] == 0))); // stays so for grandchildren
    CHECK(map[0] == 1 && map[PAGE] == 1);
    WORKS(madvise((void*)map, 2 * PAGE, MADV_KEEPONFORK));
    WORKS(madvise((void*)map, 2 * PAGE, MADV_DOFORK));
    CHILD_OK(CHECK(map[0] == 1 && map[PAGE] == 1));
}

static void populating(void) {
    const int fd = file_of(2 * PAGE);
    volatile char* map = anonymous(2, PROT_READ | PROT_WRITE);
    WORKS(madvise((void*)map, 2 * PAGE, MADV_POPULATE_READ));
    CHECK(present(map) && present(map + PAGE));
    WORKS(madvise((void*)map, 2 * PAGE, MADV_POPULATE_WRITE));
    volatile char* file = mmap(0, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    FAILS(madvise((void*)file, 4 * PAGE, MADV_POPULATE_READ), EFAULT); // past the end
    CHECK(present(file + PAGE));
    volatile char* read_only = anonymous(1, PROT_READ);
    FAILS(madvise((void*)read_only, PAGE, MADV_POPULATE_WRITE), EINVAL);
    volatile char* none = anonymous(1, PROT_NONE);
    FAILS(madvise((void*)none, PAGE, MADV_POPULATE_READ), EINVAL);
    munmap((void*)(map + PAGE), PAGE);
    FAILS(madvise((void*)map, 2 * PAGE, MADV_POPULATE_READ), ENOMEM);
}

int main(void) {
    errors();
    effects();
    forking();
    populating();
    return finish();
}
