// sysv_ipc: System V semaphores and shared memory, as semop(2), semctl(2), shmop(2) and shmctl(2) describe them. The
// operations of one call are done together or not at all; sleepers are served, and learn of a removal; SEM_UNDO works
// at exit; errors are the right ones. Under `init balanced`, segments that were removed while mapped must have given
// their pages back.
#include <asm/signal.h>
#include <cstring>

#include <linux/ipc.h>
#include <linux/sem.h>

#include <ulib/print.hpp>
#include <ulib/sys.hpp>

using namespace faultline;

namespace {

constexpr int MODE = 0600;
constexpr int SHM_RDONLY = 010000, SHM_RND = 020000; // linux/shm.h needs a C library

void expect(long wanted, long result, const char* what) {
    if (result != wanted)
        fail("sysv_ipc: %s: %ld, not %ld\n", what, result, wanted);
}

long sys_semget(int key, int count, int flags) { return system_call(__NR_semget, key, count, flags); }
long sys_semctl(long id, int number, int command, long argument = 0) {
    return system_call(__NR_semctl, id, number, command | IPC_64, argument);
}
template <int N>
long sys_semop(long id, const sembuf (&operations)[N]) {
    return system_call(__NR_semop, id, operations, N);
}
long value(long id, int number) { return sys_semctl(id, number, GETVAL); }
void set_value(long id, int number, int to) { must(sys_semctl(id, number, SETVAL, to), "sysv_ipc: SETVAL"); }

// Runs `body` in a child. Returns the child's status as a shell gives it.
template <class Body>
int child(Body&& body) {
    const long pid = must(sys_fork(), "sysv_ipc: fork");
    if (pid == 0) {
        body();
        sys_exit_group(0);
    }
    int status = 0;
    must(sys_wait4(static_cast<int>(pid), &status), "sysv_ipc: wait4");
    return shell_status(status);
}

// Starts a child that makes one operation, which has to wait, and exits with the errno of its result. Returns when it
// waits.
int start_sleeper(long id, const sembuf& operation) {
    const long before = sys_semctl(id, operation.sem_num, operation.sem_op == 0 ? GETZCNT : GETNCNT);
    const long pid = must(sys_fork(), "sysv_ipc: fork");
    if (pid == 0) {
        const sembuf operations[] = {operation};
        sys_exit_group(static_cast<int>(-sys_semop(id, operations)));
    }
    while (sys_semctl(id, operation.sem_num, operation.sem_op == 0 ? GETZCNT : GETNCNT) == before)
        sys_sched_yield();
    return static_cast<int>(pid);
}

void expect_end(int pid, int wanted, const char* what) {
    int status = 0;
    must(sys_wait4(pid, &status), "sysv_ipc: wait4");
    expect(wanted, shell_status(status), what);
}

void errors(long id) {
    expect(-EINVAL, sys_semget(IPC_PRIVATE, 0, MODE), "a set of none");
    expect(-EINVAL, sys_semget(IPC_PRIVATE, SEMMSL + 1, MODE), "a set of too many");
    expect(-ENOENT, sys_semget(0x1234, 1, MODE), "a key without a set");
    const long named = must(sys_semget(0x1234, 2, MODE | IPC_CREAT), "sysv_ipc: semget");
    expect(named, sys_semget(0x1234, 1, 0), "the same key");
    expect(-EEXIST, sys_semget(0x1234, 1, IPC_CREAT | IPC_EXCL), "the same key, exclusively");
    expect(-EINVAL, sys_semget(0x1234, 3, 0), "more than the set has");
    must(sys_semctl(named, 0, IPC_RMID), "sysv_ipc: IPC_RMID");
    expect(-EINVAL, value(named, 0), "a set that was removed");

    const sembuf outside[] = {{3, 1, 0}}, too_small[] = {{0, -1, IPC_NOWAIT}},
                 too_large[] = {{0, SEMVMX, 0}, {0, 1, 0}};
    expect(-EFBIG, sys_semop(id, outside), "a semaphore that is not there");
    expect(-EAGAIN, sys_semop(id, too_small), "not now");
    expect(-ERANGE, sys_semop(id, too_large), "too large a value");
    expect(0, value(id, 0), "nothing was done");
    expect(-EINVAL, system_call(__NR_semop, id, outside, 0), "no operations");
    expect(-E2BIG, system_call(__NR_semop, id, outside, SEMOPM + 1), "too many operations");
    expect(-EFAULT, system_call(__NR_semop, id, nullptr, 1), "operations nowhere");
    expect(-ERANGE, sys_semctl(id, 0, SETVAL, SEMVMX + 1), "SETVAL out of range");
    expect(-EINVAL, sys_semctl(id, 3, SETVAL, 0), "SETVAL of a semaphore that is not there");
    expect(-EINVAL, sys_semctl(id, 0, 99), "a command that is none");

    const __kernel_timespec soon{0, 1'000'000};
    const sembuf wait[] = {{0, -1, 0}};
    expect(-EAGAIN, system_call(__NR_semtimedop_time64, id, wait, 1, &soon), "a timeout");
}

void all_or_nothing(long id) {
    set_value(id, 1, 5);
    const sembuf half[] = {{1, -5, 0}, {0, -1, IPC_NOWAIT}};
    expect(-EAGAIN, sys_semop(id, half), "the second of two cannot be done");
    expect(5, value(id, 1), "so the first was not");

    // The sleeper takes one of each; it is served only when both are there.
    set_value(id, 1, 0);
    const long pid = must(sys_fork(), "sysv_ipc: fork");
    if (pid == 0) {
        const sembuf both[] = {{0, -1, 0}, {1, -1, 0}};
        sys_exit_group(static_cast<int>(-sys_semop(id, both)));
    }
    while (sys_semctl(id, 0, GETNCNT) == 0)
        sys_sched_yield();
    set_value(id, 0, 1);
    expect(0, sys_semctl(id, 0, GETNCNT), "it waits for the first no more");
    expect(1, sys_semctl(id, 1, GETNCNT), "but for the second");
    expect(1, value(id, 0), "and has taken nothing");
    set_value(id, 1, 1);
    expect(0, value(id, 0) + value(id, 1), "now it has both, before it even runs");
    expect(pid, sys_semctl(id, 1, GETPID), "and is the last process that operated");
    expect_end(static_cast<int>(pid), 0, "the sleeper");
}

void sleepers(long id) {
    set_value(id, 0, 1);
    const int for_zero = start_sleeper(id, {0, 0, 0});
    set_value(id, 0, 0);
    expect_end(for_zero, 0, "a wait for zero");
    const int killed = start_sleeper(id, {0, -1, 0});
    must(sys_kill(killed, SIGKILL), "sysv_ipc: kill");
    expect_end(killed, 128 + SIGKILL, "a sleeper that is killed");
    expect(0, sys_semctl(id, 0, GETNCNT), "no longer waits");

    const long other = must(sys_semget(IPC_PRIVATE, 1, MODE), "sysv_ipc: semget");
    const int bereft = start_sleeper(other, {0, -1, 0});
    must(sys_semctl(other, 0, IPC_RMID), "sysv_ipc: IPC_RMID");
    expect_end(bereft, EIDRM, "a sleeper whose set is removed");
}

void undo(long id) {
    set_value(id, 0, 1);
    set_value(id, 1, 0);
    expect(0, child([&] {
               const sembuf take[] = {{0, -1, SEM_UNDO}, {1, 3, SEM_UNDO}}, give[] = {{1, 4, 0}};
               must(sys_semop(id, take), "sysv_ipc: semop");
               must(sys_semop(id, give), "sysv_ipc: semop");
               expect(7, value(id, 1), "before the end");
           }),
           "the child that takes");
    expect(1, value(id, 0), "what it took was put back");
    expect(4, value(id, 1), "and what it gave was taken, but for what was given for good");
    expect(0, child([&] {
               const sembuf give[] = {{0, 2, SEM_UNDO}};
               must(sys_semop(id, give), "sysv_ipc: semop");
               set_value(id, 0, 9);
           }),
           "the child that sets");
    expect(9, value(id, 0), "SETVAL is not undone");
    const int waits = start_sleeper(id, {2, -1, 0});
    expect(0, child([&] {
               const sembuf give_and_take[] = {{2, 1, 0}, {2, -1, SEM_UNDO}};
               must(sys_semop(id, give_and_take), "sysv_ipc: semop");
           }),
           "the child that gives and takes");
    expect_end(waits, 0, "a sleeper that an exit serves");
}

long sys_shmget(int key, unsigned size, int flags) { return system_call(__NR_shmget, key, size, flags); }
long sys_shmat(long id, const void* at, int flags) { return system_call(__NR_shmat, id, at, flags); }
long sys_shmdt(const void* at) { return system_call(__NR_shmdt, at); }
long sys_shmctl(long id, int command) { return system_call(__NR_shmctl, id, command | IPC_64, nullptr); }

void shared_memory() {
    expect(-EINVAL, sys_shmget(IPC_PRIVATE, 0, MODE), "a segment of nothing");
    expect(-ENOENT, sys_shmget(0x4321, 1, MODE), "a key without a segment");
    const long id = must(sys_shmget(0x4321, 3 * PAGE_SIZE, MODE | IPC_CREAT), "sysv_ipc: shmget");
    expect(-EINVAL, sys_shmget(0x4321, 3 * PAGE_SIZE + 1, 0), "more than the segment has");
    auto* const words = reinterpret_cast<unsigned*>(must(sys_shmat(id, nullptr, 0), "sysv_ipc: shmat"));
    const auto* const again =
        reinterpret_cast<const unsigned*>(must(sys_shmat(id, nullptr, SHM_RDONLY), "sysv_ipc: shmat"));
    expect(-EINVAL, sys_shmat(id, again, 0), "an address that is taken");
    expect(-EINVAL, sys_shmat(id, words + 1, 0), "an address that is not a multiple of SHMLBA");
    words[1024] = 7;
    expect(7, again[1024], "both are one memory");
    expect(128 + SIGSEGV, child([&] { const_cast<volatile unsigned*>(again)[0] = 1; }), "a write to the read-only one");
    must(sys_mprotect(words + 1024, PAGE_SIZE, PROT_READ), "sysv_ipc: mprotect");
    must(sys_shmctl(id, IPC_RMID), "sysv_ipc: IPC_RMID");
    expect(-ENOENT, sys_shmget(0x4321, 1, 0), "its key is free again");
    must(sys_shmdt(words), "sysv_ipc: shmdt"); // mprotect has split it into three mappings
    expect(-EINVAL, sys_shmdt(words), "not attached");
    must(sys_shmctl(id, IPC_STAT) == -EFAULT ? 0 : -EINVAL, "sysv_ipc: a segment lives as long as it is mapped");
    expect(7, again[1024], "its contents too");
    must(sys_shmdt(again), "sysv_ipc: shmdt");
    expect(-EINVAL, sys_shmctl(id, IPC_STAT), "now it has gone");

    // A segment that is still mapped when its process ends.
    expect(0, child([] {
               const long own = must(sys_shmget(IPC_PRIVATE, 16 * PAGE_SIZE, MODE), "sysv_ipc: shmget");
               auto* const at = reinterpret_cast<char*>(must(sys_shmat(own, nullptr, SHM_RND), "sysv_ipc: shmat"));
               std::memset(at, 1, 16 * PAGE_SIZE);
               must(sys_shmctl(own, IPC_RMID), "sysv_ipc: IPC_RMID");
           }),
           "the child that leaves a segment behind");
}

} // namespace

int main() {
    const long id = must(sys_semget(IPC_PRIVATE, 3, MODE), "sysv_ipc: semget");
    errors(id);
    all_or_nothing(id);
    sleepers(id);
    undo(id);
    must(sys_semctl(id, 0, IPC_RMID), "sysv_ipc: IPC_RMID");
    shared_memory();
    print("sysv_ipc: semaphores and shared memory do as they should\n");
    return 0;
}
