// msync(2), mincore(2), the mlock(2) family.
#include "check.h"

static void synchronising(void) {
    const int fd = file_of(4 * PAGE);
    volatile char* map = mmap(0, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    FAILS(msync((void*)map, PAGE, MS_ASYNC | MS_SYNC), EINVAL);
    FAILS(msync((void*)map, PAGE, 8), EINVAL);
    FAILS(msync((void*)(map + 1), PAGE, MS_SYNC), EINVAL);
    FAILS(msync((void*)map, SIZE_MAX - PAGE, MS_SYNC), ENOMEM);
    FAILS(msync((void*)0xc0000000, PAGE, MS_SYNC), ENOMEM);
    FAILS(msync(NULL, PAGE, MS_SYNC), ENOMEM);
    WORKS(msync((void*)map, 4 * PAGE, MS_SYNC));
    WORKS(msync((void*)map, 4 * PAGE, MS_ASYNC));
    WORKS(msync((void*)map, 4 * PAGE, MS_INVALIDATE));
    WORKS(msync((void*)map, 4 * PAGE, 0));
    WORKS(msync((void*)map, 0, MS_SYNC));
    WORKS(mlock((void*)(map + PAGE), PAGE));
    FAILS(msync((void*)map, 4 * PAGE, MS_SYNC | MS_INVALIDATE), EBUSY);
    WORKS(msync((void*)map, 4 * PAGE, MS_SYNC));
    WORKS(munlock((void*)map, 4 * PAGE));
    WORKS(msync((void*)map, 4 * PAGE, MS_SYNC | MS_INVALIDATE));
    WORKS(munmap((void*)(map + 2 * PAGE), PAGE));
    FAILS(msync((void*)map, 4 * PAGE, MS_SYNC), ENOMEM);
}

static void residence(void) {
    unsigned char vector[8] = {0};
    volatile char* map = anonymous(4, PROT_READ | PROT_WRITE);
    FAILS(mincore((void*)(map + 1), PAGE, vector), EINVAL);
    FAILS(mincore((void*)map, PAGE, (void*)0xffff0000), EFAULT);
    FAILS(mincore((void*)map, PAGE, NULL), EFAULT);
    FAILS(mincore((void*)0xc0000000, PAGE, vector), ENOMEM);
    FAILS(mincore((void*)map, SIZE_MAX, vector), ENOMEM);
    WORKS(mincore((void*)map, 0, vector));
    map[PAGE] = 1;
    WORKS(mincore((void*)map, 4 * PAGE, vector));
    CHECK((vector[0] & 1) == 0 && (vector[1] & 1) == 1 && (vector[2] & 1) == 0);
    WORKS(mincore((void*)map, PAGE + 1, vector)); // two pages
    WORKS(madvise((void*)map, 4 * PAGE, MADV_DONTNEED));
    WORKS(mincore((void*)map, 4 * PAGE, vector));
    CHECK((vector[1] & 1) == 0);
    munmap((void*)(map + 2 * PAGE), PAGE);
    FAILS(mincore((void*)map, 4 * PAGE, vector), ENOMEM);

    const int fd = file_of(2 * PAGE);
    ftruncate(fd, 4 * PAGE);
    volatile char* file = mmap(0, 4 * PAGE, PROT_READ, MAP_SHARED, fd, 0);
    WORKS(mincore((void*)file, 4 * PAGE, vector)); // in the cache, though not mapped yet
    CHECK((vector[0] & 1) == 1 && (vector[1] & 1) == 1 && (vector[2] & 1) == 0);
}

static long locked(void) { return field("/proc/self/status", "VmLck"); }

static void locking(void) {
    volatile char* map = anonymous(8, PROT_READ | PROT_WRITE);
    CHECK(locked() == 0);
    WORKS(mlock((void*)(map + PAGE + 5), PAGE)); // two pages, whole
    CHECK(locked() == 8 && present(map + PAGE) && present(map + 2 * PAGE) && !present(map));
    WORKS(mlock((void*)map, 2 * PAGE)); // locked twice counts once
    CHECK(locked() == 12);
    WORKS(munlock((void*)(map + PAGE), PAGE));
    CHECK(locked() == 8);
    FAILS(madvise((void*)map, 3 * PAGE, MADV_DONTNEED), EINVAL);
    WORKS(munlockall());
    CHECK(locked() == 0);
    WORKS(madvise((void*)map, 3 * PAGE, MADV_DONTNEED));

    WORKS(mlock2((void*)map, 2 * PAGE, MLOCK_ONFAULT));
    CHECK(locked() == 8 && !present(map));
    map[0] = 1;
    FAILS(mlock2((void*)map, PAGE, 2), EINVAL);
    WORKS(munlock((void*)map, 2 * PAGE));
    CHILD_OK(CHECK(locked() == 0)); // not inherited

    FAILS(mlock((void*)0xc0000000, PAGE), ENOMEM);
    FAILS(munlock((void*)0xc0000000, PAGE), ENOMEM);
    munmap((void*)(map + 4 * PAGE), PAGE);
    FAILS(mlock((void*)map, 8 * PAGE), ENOMEM);
    FAILS(munlock((void*)map, 8 * PAGE), ENOMEM);
    volatile char* none = anonymous(1, PROT_NONE);
    FAILS(mlock((void*)none, PAGE), ENOMEM);
    munlockall();

    FAILS(mlockall(0), EINVAL);
    FAILS(mlockall(8), EINVAL);
    FAILS(mlockall(MCL_ONFAULT), EINVAL);
    WORKS(mlockall(MCL_FUTURE));
    CHECK(locked() == 0);
    volatile char* later = anonymous(3, PROT_READ | PROT_WRITE);
    CHECK(locked() == 12 && present(later + 2 * PAGE));
    WORKS(munlockall());
    later = anonymous(3, PROT_READ | PROT_WRITE);
    CHECK(locked() == 0 && !present(later));
    CHILD_OK(WORKS(mlockall(MCL_CURRENT | MCL_ONFAULT)); CHECK(locked() > 100 && !present(later)));
    CHILD_OK(WORKS(mlockall(MCL_CURRENT)); CHECK(present(later)));

    later = mmap(0, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED, -1, 0);
    CHECK(locked() == 8 && present(later + PAGE));
    later = mremap((void*)later, 2 * PAGE, 5 * PAGE, MREMAP_MAYMOVE);
    CHECK(locked() == 20 && present(later + 4 * PAGE));
    munmap((void*)later, 5 * PAGE);
    CHECK(locked() == 0);
}

static void limits(void) {
    const struct rlimit little = {4 * PAGE, 4 * PAGE}, none = {0, 0};
    volatile char* map = anonymous(8, PROT_READ | PROT_WRITE);
    setrlimit(RLIMIT_MEMLOCK, &little);
    WORKS(setuid(65534)); // no capability any more
    FAILS(mlock((void*)map, 5 * PAGE), ENOMEM);
    WORKS(mlock((void*)map, 4 * PAGE));
    WORKS(mlock((void*)map, 4 * PAGE));
    FAILS(mlock((void*)(map + 4 * PAGE), PAGE), ENOMEM);
    FAILS(mmap(0, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED, -1, 0), EAGAIN);
    FAILS(mremap((void*)map, 4 * PAGE, 5 * PAGE, MREMAP_MAYMOVE), EAGAIN);
    FAILS(mlockall(MCL_CURRENT), ENOMEM);
    WORKS(munlock((void*)map, 4 * PAGE));
    WORKS(mlockall(MCL_FUTURE));
    FAILS(mmap(0, 5 * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), EAGAIN);
    WORKS(munlockall());
    setrlimit(RLIMIT_MEMLOCK, &none);
    FAILS(mlock((void*)map, PAGE), EPERM);
    FAILS(mlockall(MCL_CURRENT), EPERM);
    FAILS(mmap(0, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED, -1, 0), EPERM);
    WORKS(munlock((void*)map, PAGE));
}

int main(void) {
    synchronising();
    residence();
    locking();
    CHILD_OK(limits());
    return finish();
}
