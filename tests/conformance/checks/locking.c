// Locks of fcntl(2) and flock(2): whose they are, and when they end.
#include "check.h"

#include <poll.h>
#include <pthread.h>
#include <sys/file.h>

static const char* const path = "/tmp/check.locking";
static int shared;
static volatile int result, error;

static struct flock whole(short type) { return (struct flock){.l_type = type, .l_whence = SEEK_SET}; }

// The state of a thread of this process that sleeps for a lock: 'S' in /proc/self/task/TID/stat.
static volatile int waiter_tid;
static void until_it_sleeps(void) {
    char name[64], line[256];
    for (;;) {
        snprintf(name, sizeof name, "/proc/self/task/%d/stat", waiter_tid);
        FILE* file = waiter_tid ? fopen(name, "r") : NULL;
        const int asleep = file && fgets(line, sizeof line, file) && strrchr(line, ')')[2] == 'S';
        if (file)
            fclose(file);
        if (asleep)
            return;
        poll(NULL, 0, 1);
    }
}

static void* wait_for_range(void* open_file) {
    struct flock lock = whole(F_WRLCK);
    waiter_tid = syscall(SYS_gettid);
    result = fcntl(shared, open_file ? F_OFD_SETLKW : F_SETLKW, &lock);
    error = errno;
    return NULL;
}

static void* wait_for_whole(void* unused) {
    waiter_tid = syscall(SYS_gettid);
    result = flock(shared, LOCK_EX);
    error = errno;
    return unused;
}

// A thread waits for a lock, another closes the descriptor, then the lock is free: nobody holds it afterwards.
static void closed_meanwhile(void* (*wait)(void*), void* argument, int is_range, int expected) {
    int go[2], ready[2];
    char byte;
    pipe(go);
    pipe(ready);
    fflush(stdout);
    const pid_t holder = fork();
    if (holder == 0) {
        const int fd = open(path, O_RDWR);
        struct flock lock = whole(F_WRLCK);
        if ((is_range ? fcntl(fd, F_SETLK, &lock) : flock(fd, LOCK_EX)) != 0)
            _exit(1);
        write(ready[1], "x", 1);
        read(go[0], &byte, 1);
        _exit(0);
    }
    read(ready[0], &byte, 1);
    CHILD_OK({
        shared = open(path, O_RDWR);
        waiter_tid = 0;
        pthread_t thread;
        pthread_create(&thread, NULL, wait, argument);
        until_it_sleeps();
        close(shared);
        write(go[1], "x", 1);
        pthread_join(thread, NULL);
        CHECK(expected ? result == -1 && error == expected : result == 0);
        struct flock lock = whole(F_WRLCK);
        const int fd = open(path, O_RDWR);
        pid_t other = fork(); // a process of its own: it meets every lock of this one
        if (other == 0) {
            failures = 0;
            WORKS(fcntl(fd, F_SETLK, &lock));
            WORKS(flock(fd, LOCK_EX | LOCK_NB));
            fflush(stdout);
            _exit(failures);
        }
        int status = -1;
        waitpid(other, &status, 0);
        CHECK(status == 0);
    });
    waitpid(holder, NULL, 0);
    for (int i = 0; i < 2; ++i) {
        close(go[i]);
        close(ready[i]);
    }
}

// Locks of open files (F_OFD_SETLK): of the file, not of the process.
static void open_file_locks(void) {
    const int one = open(path, O_RDWR), other = open(path, O_RDWR), same = dup(one);
    struct flock lock = whole(F_WRLCK), asked = whole(F_WRLCK);
    WORKS(fcntl(one, F_OFD_SETLK, &lock));
    WORKS(fcntl(same, F_OFD_SETLK, &lock)); // its own
    FAILS(fcntl(other, F_OFD_SETLK, &lock), EAGAIN);
    FAILS(fcntl(other, F_SETLK, &lock), EAGAIN); // the two kinds of ranges meet
    WORKS(fcntl(other, F_OFD_GETLK, &asked));
    CHECK(asked.l_type == F_WRLCK && asked.l_pid == -1);
    lock.l_pid = 1;
    FAILS(fcntl(one, F_OFD_SETLK, &lock), EINVAL);
    lock.l_pid = 0;
    close(other); // drops locks of the process, and it has none
    CHILD_OK({
        const int third = open(path, O_RDWR);
        FAILS(fcntl(third, F_OFD_SETLK, &lock), EAGAIN);
        WORKS(fcntl(one, F_OFD_SETLK, &lock)); // inherited
    });
    close(one);
    CHILD_OK({
        const int third = open(path, O_RDWR);
        FAILS(fcntl(third, F_OFD_SETLK, &lock), EAGAIN);
    });
    close(same); // the last descriptor
    CHILD_OK({
        const int third = open(path, O_RDWR);
        WORKS(fcntl(third, F_OFD_SETLK, &lock));
    });
}

int main(void) {
    alarm(50);
    close(open(path, O_CREAT | O_RDWR, 0666));
    closed_meanwhile(wait_for_range, NULL, 1, EBADF);
    closed_meanwhile(wait_for_range, (void*)1, 1, 0); // ends with the open file, which ends with the call
    closed_meanwhile(wait_for_whole, NULL, 0, 0);
    open_file_locks();
    unlink(path);
    return failures != 0;
}
