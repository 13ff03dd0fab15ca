// mprotect(2) and munmap(2): errors, ranges over several mappings, what is cut and joined, what dies.
#include "check.h"

static void errors(void) {
    volatile char* map = anonymous(4, PROT_READ | PROT_WRITE);
    FAILS(mprotect((void*)(map + 1), PAGE, PROT_READ), EINVAL);
    FAILS(mprotect((void*)map, PAGE, 0x40), EINVAL);
    FAILS(mprotect((void*)map, PAGE, PROT_READ | PROT_GROWSDOWN | PROT_GROWSUP), EINVAL);
    FAILS(mprotect((void*)map, PAGE, PROT_READ | PROT_GROWSDOWN), EINVAL);
    FAILS(mprotect((void*)map, PAGE, PROT_READ | PROT_GROWSUP), EINVAL);
    FAILS(mprotect((void*)map, SIZE_MAX - PAGE, PROT_READ), ENOMEM);
    FAILS(mprotect(NULL, PAGE, PROT_READ), ENOMEM);
    FAILS(mprotect((void*)0xc0000000, PAGE, PROT_READ), ENOMEM);
    WORKS(mprotect((void*)map, 0, PROT_READ));
    WORKS(mprotect(NULL, 0, PROT_READ));
    munmap((void*)(map + 2 * PAGE), PAGE);
    FAILS(mprotect((void*)map, 4 * PAGE, PROT_READ), ENOMEM);
    DIES(map[0] = 1, SIGSEGV); // what came before the hole has changed
    CHILD_OK(map[3 * PAGE] = 1);

    const int read_only = open("/proc/self/exe", O_RDONLY);
    volatile char* shared = mmap(0, PAGE, PROT_READ, MAP_SHARED, read_only, 0);
    FAILS(mprotect((void*)shared, PAGE, PROT_READ | PROT_WRITE), EACCES);
    volatile char* own = mmap(0, PAGE, PROT_READ, MAP_PRIVATE, read_only, 0);
    WORKS(mprotect((void*)own, PAGE, PROT_READ | PROT_WRITE));
    own[0] = 1;
}

static volatile char* touched;
static volatile sig_atomic_t faults;
static siginfo_t last;

static void on_fault(int number, siginfo_t* info, void* context) {
    (void)number, (void)context;
    ++faults;
    last = *info;
    mprotect((void*)((uintptr_t)info->si_addr & -(uintptr_t)PAGE), PAGE, PROT_READ | PROT_WRITE);
}

static void what_dies(void) {
    volatile char* map = anonymous(3, PROT_READ | PROT_WRITE);
    map[0] = map[PAGE] = map[2 * PAGE] = 7;
    WORKS(mprotect((void*)(map + PAGE), PAGE, PROT_NONE));
    CHECK(mappings_in(map, 3) == 3);
    DIES((void)map[PAGE], SIGSEGV);
    FAILS(write(1, (char*)map + PAGE, 1), EFAULT);
    WORKS(mprotect((void*)(map + PAGE), PAGE, PROT_READ));
    CHECK(map[PAGE] == 7); // the data were there all the time
    DIES(map[PAGE] = 1, SIGSEGV);
    WORKS(mprotect((void*)map, 3 * PAGE, PROT_READ | PROT_WRITE));
    CHECK(mappings_in(map, 3) == 1);
    map[PAGE] = 8;

    struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
    struct sigaction before;
    sigaction(SIGSEGV, &action, &before);
    touched = anonymous(2, PROT_READ);
    touched[PAGE + 4] = 3;
    CHECK(faults == 1 && last.si_code == SEGV_ACCERR && last.si_addr == touched + PAGE + 4 && touched[PAGE + 4] == 3);
    faults = 0;
    volatile char* gone = anonymous(1, PROT_READ);
    munmap((void*)gone, PAGE);
    if (IN_CHILD(on_fault(0, &last, NULL); faults = 0; action.sa_flags |= SA_RESETHAND; sigaction(SIGSEGV, &action, 0);
                 gone[0] = 1) == 0)
        CHECK(!"an unmapped page was written");
    sigaction(SIGSEGV, &before, NULL);
}

// ARM code: mov r0, #42; bx lr
static const uint32_t answer[] = {0xe3a0002a, 0xe12fff1e};

static void code(void) {
    volatile char* page = anonymous(1, PROT_READ | PROT_WRITE);
    memcpy((void*)page, answer, sizeof answer);
    __builtin___clear_cache((char*)page, (char*)page + sizeof answer);
    int (*function)(void) = (int (*)(void))(uintptr_t)page;
    DIES(function(), SIGSEGV);
    WORKS(mprotect((void*)page, PAGE, PROT_READ | PROT_EXEC));
    CHILD_OK(CHECK(function() == 42));
    DIES(page[0] = 0, SIGSEGV);
    WORKS(mprotect((void*)page, PAGE, PROT_EXEC));
    CHILD_OK(CHECK(function() == 42));
    WORKS(mprotect((void*)page, PAGE, PROT_READ));
    DIES(function(), SIGSEGV);
}

static void stacks(void) {
    char here;
    uintptr_t start, end;
    char rights[5];
    CHECK(mapping_at(&here, &start, &end, rights));
    WORKS(mprotect((void*)(end - PAGE), PAGE, PROT_READ | PROT_WRITE | PROT_GROWSDOWN));
}

static void unmapping(void) {
    volatile char* map = anonymous(5, PROT_READ | PROT_WRITE);
    FAILS(munmap((void*)(map + 1), PAGE), EINVAL);
    FAILS(munmap((void*)map, 0), EINVAL);
    FAILS(munmap((void*)0xc0000000, PAGE), EINVAL);
    FAILS(munmap((void*)map, SIZE_MAX), EINVAL);
    map[0] = map[4 * PAGE] = 1;
    WORKS(munmap((void*)(map + 2 * PAGE), 1)); // the length is rounded up
    CHECK(mappings_in(map, 2) == 1 && mappings_in(map + 3 * PAGE, 2) == 1);
    DIES((void)map[2 * PAGE], SIGSEGV);
    CHECK(map[0] == 1 && map[4 * PAGE] == 1);
    WORKS(munmap((void*)(map + 2 * PAGE), PAGE)); // nothing there: no error
    WORKS(munmap((void*)map, 5 * PAGE));
    DIES((void)map[0], SIGSEGV);
    WORKS(munmap(NULL, PAGE));
}

int main(void) {
    errors();
    what_dies();
    code();
    stacks();
    unmapping();
    return finish();
}
