/* Uses disks that fail, as tests/boot/disk_errors.sh asks. /dev/vda has a megabyte; where one page fails, it is page 5. */
#define _GNU_SOURCE
#include <linux/fs.h>
#include <linux/futex.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>

#include "disk.h"

#ifndef MADV_POPULATE_READ
enum { MADV_POPULATE_READ = 22, MADV_POPULATE_WRITE = 23 };
#endif

enum { BAD = 5, SIZE = 1 << 20, PAGES = SIZE / PAGE };

static __thread sigjmp_buf after_signal;
static __thread siginfo_t told;
static void on_sigbus(int signal, siginfo_t* info, void* context) {
    (void)context;
    told = *info;
    siglongjmp(after_signal, signal);
}
static void catch_sigbus(void) {
    struct sigaction action = {.sa_sigaction = on_sigbus, .sa_flags = SA_SIGINFO};
    sigaction(SIGBUS, &action, NULL);
}

/* Whether an access to the byte raises SIGBUS, and says so as it should. */
enum access { READ, WRITE, EXECUTE };
static int raises_sigbus(volatile char* byte, enum access access) {
    if (sigsetjmp(after_signal, 1) != 0) {
        CHECK(told.si_code == BUS_ADRERR && told.si_addr == (void*)byte);
        return 1;
    }
    if (access == WRITE)
        *byte = 1;
    else if (access == READ)
        (void)*byte;
    else
        ((void (*)(void))(uintptr_t)byte)();
    return 0;
}

/* Page 5 cannot be read; all others can. */
static int read_error(void) {
    static unsigned char bytes[16 * PAGE];
    int fd = open_disk("/dev/vda", O_RDWR);
    CHECK(read(fd, bytes, sizeof bytes) == 5 * PAGE);
    is_original(bytes, 0, 5 * PAGE);
    FAILS(read(fd, bytes, PAGE), EIO);
    FAILS(pwrite(fd, "x", 1, 5 * PAGE), EIO); /* the rest of the page is needed */
    CHECK(pwrite(fd, bytes + 4 * PAGE, PAGE + 1, 4 * PAGE) == PAGE);
    /* A bad sector can take a disk long: it is not asked for more often than it must be. */
    CHECK(ioctl(fd, BLKRASET, 0) == 0);
    long reads = requests("vda", 4);
    FAILS(pread(fd, bytes, 1, 5 * PAGE), EIO);
    CHECK(requests("vda", 4) == reads + 1 && ioctl(fd, BLKRASET, 256) == 0);
    CHECK(pread(fd, bytes, 2 * PAGE, 6 * PAGE) == 2 * PAGE);
    is_original(bytes, 6 * PAGE, 2 * PAGE);
    char* at = map_disk(fd, 16 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED);
    CHECK(fsync(fd) == 0 && ioctl(fd, BLKFLSBUF, 0) == 0);
    reads = requests("vda", 4); /* all at once, and then each by itself */
    for (int page = 0; page < 5; ++page)
        CHECK(!raises_sigbus(at + page * PAGE, READ));
    CHECK(requests("vda", 4) == reads + 1 + 6);
    CHECK(raises_sigbus(at + 5 * PAGE, READ) && raises_sigbus(at + 5 * PAGE + 9, WRITE) &&
          !raises_sigbus(at + 4 * PAGE, READ));
    CHECK(!raises_sigbus(at + 6 * PAGE, WRITE) && raises_sigbus(at + 5 * PAGE, READ));
    FAILS(write(open("/dev/null", O_WRONLY), at + 5 * PAGE, 1) == 1 ? (errno = EFAULT, -1) : -1, EFAULT);
    int file = open("/tmp/file", O_RDWR | O_CREAT, 0600); /* the kernel reads the page for the program */
    FAILS(write(file, at + 5 * PAGE, 1), EFAULT);
    /* A whole page needs not be read to be written, and is there afterwards. */
    memset(bytes, 'w', PAGE);
    CHECK(pwrite(fd, bytes, PAGE, 5 * PAGE) == PAGE && !raises_sigbus(at + 5 * PAGE, READ) && at[5 * PAGE] == 'w');
    CHECK(fsync(fd) == 0);
    return failures != 0;
}

static long futex(void* word, int operation, unsigned value, void* timeout, void* other, unsigned third) {
    return syscall(SYS_futex, word, operation, value, timeout, other, third);
}

/* How a child ends that does this: as wait(2) tells it. */
#define STATUS_OF(...)                                                                                                 \
    ({                                                                                                                 \
        int status_ = -1;                                                                                              \
        pid_t child_ = fork();                                                                                         \
        if (child_ == 0) {                                                                                             \
            __VA_ARGS__;                                                                                               \
            _exit(0);                                                                                                  \
        }                                                                                                              \
        waitpid(child_, &status_, 0);                                                                                  \
        status_;                                                                                                       \
    })

static void nothing(int signal) { (void)signal; }
static void signal_on_stack(char* page) {
    stack_t stack = {.ss_sp = page, .ss_size = PAGE};
    struct sigaction action = {.sa_handler = nothing, .sa_flags = SA_ONSTACK};
    CHECK(sigaltstack(&stack, NULL) == 0 && sigaction(SIGUSR1, &action, NULL) == 0);
    raise(SIGUSR1);
}

/* Page 5 cannot be read, and the kernel needs it for the program: each call has an error of its own for that, or none. */
static int kernel_needs(void) {
    static char bytes[4 * PAGE];
    struct timespec moment = {0, 1000000};
    int fd = open_disk("/dev/vda", O_RDWR), file = open_disk("/tmp/file", O_RDWR | O_CREAT);
    CHECK(posix_fadvise(fd, 0, 0, POSIX_FADV_WILLNEED) == 0);
    for (int private = 0; private <= 1; ++private) {
        char* at = map_disk(fd, 16 * PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, private ? MAP_PRIVATE : MAP_SHARED);
        char* bad = at + BAD * PAGE;
        CHECK(raises_sigbus(bad + 8, READ) && raises_sigbus(bad + 4, WRITE) && raises_sigbus(bad + 16, EXECUTE));
        FAILS(read(fd, bad, 1), EFAULT);
        FAILS(open(bad, O_RDONLY), EFAULT);
        FAILS(syscall(SYS_nanosleep, bad, NULL), EFAULT);
        FAILS(execve("/bin/hello", (char**)bad, NULL), EFAULT);
        FAILS(futex(bad, FUTEX_WAIT, 0, &moment, NULL, 0), EFAULT);
        FAILS(futex(bad, FUTEX_LOCK_PI, 0, &moment, NULL, 0), EFAULT);
        FAILS(futex(bytes, FUTEX_WAKE_OP, 1, (void*)1, bad, FUTEX_OP(FUTEX_OP_ADD, 1, FUTEX_OP_CMP_EQ, 0)), EFAULT);
        FAILS(futex(bad, FUTEX_CMP_REQUEUE, 1, (void*)1, bytes, 0), EFAULT);
        if (!private)
            FAILS(futex(bad, FUTEX_WAKE, 1, NULL, NULL, 0), EFAULT); /* the page is a part of the key */

        /* What comes before it is done. */
        struct iovec parts[] = {{at + (BAD - 1) * PAGE, PAGE}, {bad, PAGE}, {bad + PAGE, PAGE}},
                     own = {bytes, sizeof bytes};
        CHECK(pwritev(file, parts, 3, 0) == PAGE && pread(file, bytes, PAGE, 0) == PAGE);
        is_original((unsigned char*)bytes, (BAD - 1) * PAGE, PAGE);
        CHECK(process_vm_readv(getpid(), &own, 1, parts, 3, 0) == PAGE);
        FAILS(process_vm_readv(getpid(), &own, 1, parts + 1, 1, 0), EFAULT);
        int memory = open_disk("/proc/self/mem", O_RDWR);
        CHECK(pread(memory, bytes, 2 * PAGE, (off_t)(uintptr_t)at + (BAD - 1) * PAGE) == PAGE);
        FAILS(pread(memory, bytes, 1, (off_t)(uintptr_t)bad), EIO);
        FAILS(pwrite(memory, bytes, 1, (off_t)(uintptr_t)bad), EIO);
        close(memory);

        /* Populating: what asks for it is told, what only wishes it is not. */
        CHECK(madvise(at, 16 * PAGE, MADV_WILLNEED) == 0);
        FAILS(madvise(at, 16 * PAGE, MADV_POPULATE_READ), EFAULT);
        FAILS(madvise(at, 16 * PAGE, MADV_POPULATE_WRITE), EFAULT);
        FAILS(mlock(at, 16 * PAGE), ENOMEM);
        CHECK(munlock(at, 16 * PAGE) == 0);
        char* populated = map_disk(fd, 16 * PAGE, PROT_READ, MAP_POPULATE | (private ? MAP_PRIVATE : MAP_SHARED));
        CHECK(raises_sigbus(populated + BAD * PAGE, READ) && munmap(populated, 16 * PAGE) == 0);

        CHECK(STATUS_OF(signal(SIGBUS, SIG_DFL); (void)*(volatile char*)bad) == SIGBUS);
        CHECK(STATUS_OF(syscall(SYS_set_robust_list, bad, 12)) == 0);
        CHECK(STATUS_OF(syscall(SYS_set_tid_address, bad)) == 0);
        CHECK(STATUS_OF(signal_on_stack(bad)) == SIGSEGV);
        munmap(at, 16 * PAGE);
    }
    off_t position = (BAD - 1) * PAGE;
    CHECK(sendfile(file, fd, &position, 2 * PAGE) == PAGE && position == BAD * PAGE);
    FAILS(sendfile(file, fd, &position, 2 * PAGE), EIO);
    CHECK(position == BAD * PAGE && fsync(fd) == 0);
    return failures != 0;
}

/* A futex in a page that could be written, but not read: it waits, its page leaves memory, and nobody can wake it until the
 * page is there again. */
static int* word_in_page;
static long waited;
static void* wait_for_word(void* argument) {
    struct timespec* limit = argument;
    waited = futex(word_in_page, FUTEX_WAIT, 7, limit, NULL, 0) == 0 ? 0 : errno;
    return NULL;
}
static int futex_waits(void) {
    static int whole[PAGE / sizeof(int)] = {7};
    struct timespec shortly = {0, 300 * 1000 * 1000}, moment = {0, 10 * 1000 * 1000};
    pthread_t thread;
    int fd = open_disk("/dev/vda", O_RDWR);
    char* at = map_disk(fd, 16 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED);
    word_in_page = (int*)(at + BAD * PAGE);
    for (int back = 0; back <= 1; ++back) {
        CHECK(pwrite(fd, whole, PAGE, BAD * PAGE) == PAGE && fsync(fd) == 0);
        pthread_create(&thread, NULL, wait_for_word, back ? NULL : &shortly);
        nanosleep(&moment, NULL);
        CHECK(madvise(at + BAD * PAGE, PAGE, MADV_PAGEOUT) == 0);
        FAILS(futex(word_in_page, FUTEX_WAKE, 1, NULL, NULL, 0), EFAULT);
        if (back)
            CHECK(pwrite(fd, whole, PAGE, BAD * PAGE) == PAGE &&
                  futex(word_in_page, FUTEX_WAKE, 1, NULL, NULL, 0) == 1);
        pthread_join(thread, NULL);
        CHECK(waited == (back ? 0 : ETIMEDOUT));
    }
    CHECK(fsync(fd) == 0);
    return failures != 0;
}

/* Several processes read everything, in different ways and orders, again and again: only page 5 fails, and always. */
enum { READERS = 6, READER_ROUNDS = 4 };
static int read_all(unsigned reader) {
    static unsigned char bytes[PAGE];
    int fd = open_disk("/dev/vda", O_RDONLY);
    char* at = map_disk(fd, SIZE, PROT_READ, reader % 3 == 0 ? MAP_PRIVATE : MAP_SHARED);
    for (unsigned round = 0; round < READER_ROUNDS; ++round) {
        for (unsigned i = 0; i < PAGES; ++i) {
            const unsigned page = (i * (2 * reader + 1) + round) % PAGES;
            if (reader % 2 == 0) {
                CHECK(raises_sigbus(at + page * PAGE, READ) == (page == BAD));
                if (page != BAD)
                    is_original((unsigned char*)at + page * PAGE, (uint64_t)page * PAGE, PAGE);
            } else if (page == BAD) {
                FAILS(pread(fd, bytes, PAGE, page * PAGE), EIO);
            } else {
                CHECK(pread(fd, bytes, PAGE, (off_t)page * PAGE) == PAGE);
                is_original(bytes, (uint64_t)page * PAGE, PAGE);
            }
        }
        CHECK(posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED) == 0);
    }
    return failures != 0;
}
static int readers(void) {
    int status;
    for (unsigned reader = 0; reader < READERS; ++reader)
        if (fork() == 0)
            _exit(read_all(reader));
    for (unsigned reader = 0; reader < READERS; ++reader)
        CHECK(wait(&status) > 0 && status == 0);
    return failures != 0;
}

/* Nothing can be read: more threads than the queue has room for are all told, and no memory stays with the requests. */
enum { CROWD = 48 };
static void* told_of_each(void* argument) {
    int fd = open_disk("/dev/vda", O_RDONLY);
    char byte;
    for (int i = 0; i < 10; ++i) {
        FAILS(pread(fd, &byte, 1, (off_t)((uintptr_t)argument * 5 + (unsigned)i) * PAGE), EIO);
        FAILS(pread(fd, &byte, 1, (off_t)i * PAGE), EIO); /* all want the same page */
    }
    close(fd);
    return NULL;
}
static void tell_crowd(void) {
    pthread_t threads[CROWD];
    for (uintptr_t i = 0; i < CROWD; ++i)
        CHECK(pthread_create(&threads[i], NULL, told_of_each, (void*)i) == 0);
    for (int i = 0; i < CROWD; ++i)
        pthread_join(threads[i], NULL);
}
static int dead(void) {
    tell_crowd();
    const long free = figure("/proc/meminfo", "MemFree");
    tell_crowd();
    CHECK(figure("/proc/meminfo", "MemFree") > free - CROWD * PAGE / 1024 && figure("/proc/meminfo", "Buffers") == 0);
    return failures != 0;
}

/* Page 5 cannot be written. */
static int write_error(void) {
    int fd = open_disk("/dev/vda", O_RDWR), other = open_disk("/dev/vda", O_RDWR);
    CHECK(pwrite(fd, "x", 1, 5 * PAGE) == 1);
    FAILS(fsync(fd), EIO);
    CHECK(fsync(fd) == 0); /* it was told once */
    FAILS(fsync(other), EIO);
    CHECK(fsync(other) == 0);
    char* at = map_disk(fd, 16 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED);
    at[5 * PAGE + 1] = 'y';
    at[6 * PAGE] = 'z';
    FAILS(msync(at, 16 * PAGE, MS_SYNC), EIO);
    CHECK(msync(at, 16 * PAGE, MS_SYNC) == 0 && at[5 * PAGE] == 'x' && at[5 * PAGE + 1] == 'y');
    CHECK(pwrite(fd, "v", 1, 7 * PAGE) == 1);
    sync();
    FAILS(fsync(fd), EIO); /* of the failed msync(2) */
    CHECK(figure("/proc/vmstat", "nr_dirty") == 0 && figure("/proc/vmstat", "nr_writeback") == 0);
    int late = open_disk("/dev/vda", O_RDWR); /* what others have been told is not told again */
    CHECK(fsync(late) == 0);
    return failures != 0;
}

static void until_clean(void) {
    struct timespec pause = {0, 10 * 1000 * 1000};
    while (figure("/proc/vmstat", "nr_dirty") + figure("/proc/vmstat", "nr_writeback") != 0)
        nanosleep(&pause, NULL);
}

/* Page 5 cannot be written, and it is not fsync that finds out. Every way must leave the error to fsync, and the page behind it
 * must be on the disk. */
enum finder { FLUSHER, PAGEOUT, SYNC, RANGE, FADVISE, BUFFERS, CLOSE, FINDERS };
static void find_error(enum finder finder, int fd, char* at) {
    if (finder == FLUSHER) {
        set("/proc/sys/vm/dirty_expire_centisecs", "0");
        set("/proc/sys/vm/dirty_writeback_centisecs", "1");
        until_clean();
        set("/proc/sys/vm/dirty_writeback_centisecs", "500");
    } else if (finder == PAGEOUT) {
        CHECK(madvise(at + BAD * PAGE, 2 * PAGE, MADV_PAGEOUT) == 0);
    } else if (finder == SYNC) {
        sync();
    } else if (finder == RANGE) {
        CHECK(sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE) == 0);
    } else if (finder == FADVISE) {
        CHECK(posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED) == 0);
    } else if (finder == BUFFERS) {
        CHECK(ioctl(fd, BLKFLSBUF, 0) == 0);
    }
}
static int found_by_others(void) {
    for (enum finder finder = FLUSHER; finder < FINDERS; ++finder) {
        const long was = failures;
        int fd = open_disk("/dev/vda", O_RDWR), other = open_disk("/dev/vda", O_RDWR),
            mapped = open_disk("/dev/vda", O_RDWR);
        char* at = map_disk(mapped, 16 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED);
        close(mapped); /* nobody can ask with this one: only msync does */
        at[BAD * PAGE] = 'x';
        at[(BAD + 1) * PAGE + finder] = 'g';
        if (finder == CLOSE) { /* nobody is left whom it could be told: so the next one is */
            munmap(at, 16 * PAGE);
            close(other);
            close(fd);
            fd = open_disk("/dev/vda", O_RDWR);
            other = dup(fd);
            FAILS(fsync(fd), EIO);
        } else {
            find_error(finder, fd, at);
            CHECK(figure("/proc/vmstat", "nr_dirty") == 0);
            int late = open_disk("/dev/vda", O_RDWR); /* nobody has been told yet */
            FAILS(fsync(late), EIO);
            FAILS(fdatasync(fd), EIO);
            FAILS(fsync(other), EIO);
            CHECK(fsync(late) == 0);
            close(late);
            FAILS(msync(at, 16 * PAGE, MS_SYNC), EIO);
            CHECK(msync(at, 16 * PAGE, MS_SYNC) == 0);
            munmap(at, 16 * PAGE);
        }
        CHECK(fsync(fd) == 0 && fsync(other) == 0);
        close(other);
        close(fd);
        if (failures != was)
            fprintf(stderr, "this was way %d\n", finder);
    }

    /* A write that must be on the disk when it returns has not been made: the position stays. */
    static char bytes[3 * PAGE];
    int fd = open_disk("/dev/vda", O_RDWR | O_DSYNC);
    memset(bytes, 'd', sizeof bytes);
    CHECK(lseek(fd, (BAD - 1) * PAGE, SEEK_SET) == (BAD - 1) * PAGE);
    FAILS(write(fd, bytes, sizeof bytes), EIO);
    CHECK(lseek(fd, 0, SEEK_CUR) == (BAD - 1) * PAGE);
    int from = open_disk("/tmp/file", O_RDWR | O_CREAT);
    CHECK(write(from, bytes, sizeof bytes) == sizeof bytes && lseek(from, 0, SEEK_SET) == 0);
    CHECK(sendfile(fd, from, NULL, sizeof bytes) == PAGE && lseek(fd, 0, SEEK_CUR) == BAD * PAGE);
    CHECK(pwrite(fd, bytes, PAGE, (BAD + 3) * PAGE) == PAGE && fsync(fd) == 0);
    return failures != 0;
}

/* Some writes fail. Who writes again until fsync succeeds has what it wrote on the disk. */
enum { WRITERS = 4 };
static int write_until_safe(unsigned writer) {
    static unsigned char bytes[PAGE];
    int fd = open_disk("/dev/vda", O_RDWR);
    char* at = map_disk(fd, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED);
    memset(bytes, 'A' + (int)writer, sizeof bytes);
    for (unsigned page = writer, errors = 0; page < PAGES; page += WRITERS) {
        do {
            if (page / WRITERS % 2 == 0)
                memcpy(at + page * PAGE, bytes, PAGE);
            else
                CHECK(pwrite(fd, bytes, PAGE, (off_t)page * PAGE) == PAGE);
        } while (fsync(fd) != 0 && errno == EIO && ++errors < 10000);
        CHECK(errors < 10000);
    }
    return failures != 0;
}
static int nth_write(void) {
    int status;
    set("/proc/sys/vm/dirty_expire_centisecs", "0");
    set("/proc/sys/vm/dirty_writeback_centisecs", "1");
    for (unsigned writer = 0; writer < WRITERS; ++writer)
        if (fork() == 0)
            _exit(write_until_safe(writer));
    for (unsigned writer = 0; writer < WRITERS; ++writer)
        CHECK(wait(&status) > 0 && status == 0);
    return failures != 0;
}

/* Every third read fails. What is read is right, and reading again gets on. */
static int nth_read(void) {
    static unsigned char bytes[3 * PAGE];
    int fd = open_disk("/dev/vda", O_RDONLY), errors = 0;
    char* at = map_disk(fd, SIZE, PROT_READ, MAP_SHARED);
    for (unsigned page = 0; page < PAGES - 3;) {
        if (page % 8 == 0)
            CHECK(posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED) == 0);
        errno = 0;
        const ssize_t done = pread(fd, bytes, sizeof bytes, (off_t)page * PAGE);
        CHECK(done > 0 || errno == EIO);
        errors += done < (ssize_t)sizeof bytes;
        if (done > 0)
            is_original(bytes, (uint64_t)page * PAGE, (size_t)done);
        if (done > 0 && !raises_sigbus(at + (page + 2) * PAGE, READ)) {
            is_original((unsigned char*)at + (page + 2) * PAGE, (uint64_t)(page + 2) * PAGE, PAGE);
            ++page;
        }
        CHECK(errors < 1000);
        if (errors >= 1000)
            break;
    }
    return failures != 0;
}

/* Nothing can be written any more. Memory is small, so that who writes must wait for pages to be clean. */
static int full(void) {
    static unsigned char bytes[16 * PAGE];
    int fd = open_disk("/dev/vda", O_RDWR);
    const off_t size = lseek(fd, 0, SEEK_END);
    for (off_t at = 0; at < size; at += sizeof bytes)
        CHECK(pwrite(fd, bytes, sizeof bytes, at) == sizeof bytes);
    char* at = map_disk(fd, (size_t)size, PROT_READ | PROT_WRITE, MAP_SHARED);
    for (off_t page = 0; page < size / PAGE; ++page)
        at[page * PAGE] = 'f';
    FAILS(fsync(fd), EIO);
    CHECK(figure("/proc/vmstat", "nr_dirty") == 0 && fsync(fd) == 0);
    at[0] = 'f';
    FAILS(fsync(fd), EIO);
    CHECK(ioctl(fd, BLKFLSBUF, 0) == 0 && pread(fd, bytes, PAGE, size - PAGE) == PAGE);
    return failures != 0;
}

/* The disk cannot flush: once, or ever. Only who asked is told, as nothing is known of what the others have written (Linux:
 * blkdev_fsync). What was written is not lost by that. */
static int flush_error(int once) {
    int fd = open_disk("/dev/vda", O_RDWR), other = open_disk("/dev/vda", O_RDWR);
    char* at = map_disk(fd, 16 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED);
    at[BAD * PAGE] = 'x';
    FAILS(fsync(fd), EIO);
    CHECK(figure("/proc/vmstat", "nr_dirty") == 0);
    at[BAD * PAGE + 1] = 'y';
    if (once) {
        CHECK(fsync(fd) == 0 && fsync(other) == 0);
        return failures != 0;
    }
    FAILS(fdatasync(other), EIO);
    at[BAD * PAGE + 2] = 'z';
    FAILS(msync(at, 16 * PAGE, MS_SYNC), EIO);
    int dsync = open_disk("/dev/vda", O_RDWR | O_DSYNC);
    FAILS(write(dsync, "d", 1), EIO);
    CHECK(lseek(dsync, 0, SEEK_CUR) == 0);
    sync();
    CHECK(sync_file_range(fd, 0, 0, 7) == 0); /* does not flush */
    return failures != 0;
}

int main(int count, char** words) {
    static const struct {
        const char* name;
        int (*function)(void);
    } tests[] = {{"read-error", read_error},
                 {"kernel-needs", kernel_needs},
                 {"futex", futex_waits},
                 {"readers", readers},
                 {"dead", dead},
                 {"write-error", write_error},
                 {"found-by-others", found_by_others},
                 {"nth-write", nth_write},
                 {"nth-read", nth_read},
                 {"full", full}};
    catch_sigbus();
    if (count == 2 && strncmp(words[1], "flush-error", 11) == 0)
        return flush_error(strcmp(words[1], "flush-error-once") == 0);
    for (size_t i = 0; count == 2 && i < sizeof tests / sizeof *tests; ++i)
        if (strcmp(words[1], tests[i].name) == 0)
            return tests[i].function();
    return 64;
}
