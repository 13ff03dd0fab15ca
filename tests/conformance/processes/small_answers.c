// Answers of system calls that few programs look at: prctl(2), clone(2) with namespaces, setrlimit(2), syslog(2), ids in 16
// bits, and the settings below /proc/sys.
#include "tests/conformance/checks/check.h"

#include <linux/capability.h>
#include <linux/prctl.h>
#include <sched.h>
#include <sys/klog.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/shm.h>
#include <sys/timex.h>
#include <time.h>

static long number_in(const char* path) {
    char text[32] = {0};
    const int fd = open(path, O_RDONLY);
    read(fd, text, sizeof text - 1);
    close(fd);
    return atol(text);
}

static int put(const char* path, const char* text) {
    const int fd = open(path, O_WRONLY);
    const int done = fd < 0 ? -1 : write(fd, text, strlen(text));
    close(fd);
    return done;
}

static void ids_in_16_bits(void) {
    CHILD_OK({
        WORKS(syscall(SYS_setresgid32, 70001, 70002, 0));
        WORKS(syscall(SYS_setresuid32, 70001, 70002, 0));
        CHECK(syscall(SYS_getuid) == 65534 && syscall(SYS_geteuid) == 65534);
        CHECK(syscall(SYS_getgid) == 65534 && syscall(SYS_getegid) == 65534);
        CHECK(syscall(SYS_getuid32) == 70001 && syscall(SYS_geteuid32) == 70002);
    });
    CHILD_OK({
        WORKS(syscall(SYS_setresuid32, 65535, 0, 0));
        CHECK(syscall(SYS_getuid) == 65535);
    });
}

static void namespaces(void) {
    CHILD_OK({
        WORKS(setuid(1000));
        const int kinds[] = {CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWIPC, CLONE_NEWPID, CLONE_NEWNET};
        for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; ++i)
            FAILS(syscall(SYS_clone, kinds[i] | SIGCHLD, 0, 0, 0, 0), EPERM);
        FAILS(syscall(SYS_clone, CLONE_NEWNS | CLONE_FS | SIGCHLD, 0, 0, 0, 0), EINVAL);
    });
}

static void process_control(void) {
    FAILS(prctl(PR_SET_DUMPABLE, 2), EINVAL);
    FAILS(prctl(PR_SET_PDEATHSIG, 65), EINVAL);
    FAILS(prctl(PR_SET_NAME, 8), EFAULT);
    FAILS(prctl(PR_GET_THP_DISABLE, 1, 0, 0, 0), EINVAL);
    FAILS(prctl(PR_SET_THP_DISABLE, 0, 1, 0, 0), EINVAL);
    CHILD_OK(WORKS(prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0)); CHECK(prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0) == 1));
    FAILS(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 1, 0, 0), EINVAL);
    FAILS(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, 99, 0, 0), EINVAL);
    FAILS(prctl(PR_CAP_AMBIENT, 99, 0, 0, 0), EINVAL);
    CHECK(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) == 0);
    CHECK(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, CAP_CHOWN, 0, 0) == 0);
    FAILS(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_CHOWN, 0, 0), EPERM); // it is not inheritable
    FAILS(prctl(PR_CAPBSET_READ, 99), EINVAL);
    FAILS(prctl(PR_CAPBSET_DROP, 99), EINVAL);
    CHILD_OK({
        CHECK(prctl(PR_CAPBSET_READ, CAP_SYS_TIME) == 1);
        WORKS(prctl(PR_CAPBSET_DROP, CAP_SYS_TIME));
        CHECK(prctl(PR_CAPBSET_READ, CAP_SYS_TIME) == 0);
    });
    CHILD_OK({
        WORKS(setuid(1000));
        FAILS(prctl(PR_CAPBSET_DROP, CAP_CHOWN), EPERM);
        FAILS(prctl(PR_SET_SECUREBITS, 0), EPERM);
        FAILS(prctl(PR_SET_MM, PR_SET_MM_BRK, 0, 0, 0), EPERM);
    });
}

static void limits(void) {
    struct rlimit files;
    WORKS(getrlimit(RLIMIT_NOFILE, &files));
    CHECK(files.rlim_cur == 1024 && files.rlim_max == 4096);
    CHILD_OK({
        files.rlim_cur = files.rlim_max;
        WORKS(setrlimit(RLIMIT_NOFILE, &files));
        CHECK(dup2(0, 4095) == 4095 || errno == EBADF);
        const int null = open("/dev/null", O_RDONLY);
        CHECK(dup2(null, 4095) == 4095);
        FAILS(dup2(null, 4096), EBADF);
    });

    const long maps = number_in("/proc/sys/vm/max_map_count");
    CHECK(maps == 65530);
    CHECK(put("/proc/sys/vm/max_map_count", "100") == 3 && number_in("/proc/sys/vm/max_map_count") == 100);
    CHILD_OK({
        int made = 0;
        while (mmap(NULL, PAGE, made % 2 ? PROT_READ : PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED)
            ++made;
        CHECK(errno == ENOMEM && made > 50 && made < 102);
    });
    CHECK(put("/proc/sys/vm/max_map_count", "65530") == 5);
    FAILS(put("/proc/sys/vm/max_map_count", "-1"), EINVAL);
}

static void kernel_log(void) {
    static char text[300000];
    CHECK(put("/proc/sys/kernel/dmesg_restrict", "0") == 1); // Debian's Linux starts with 1
    CHECK(klogctl(10, NULL, 0) >= 4096);
    const int bytes = klogctl(3, text, sizeof text);
    CHECK(bytes > 0 && text[0] == '<' && text[bytes - 1] == '\n');
    const int some = klogctl(3, text, 200);
    CHECK(some > 0 && some <= 200 && text[0] == '<'); // the newest, whole lines
    FAILS(klogctl(3, NULL, 10), EINVAL);
    FAILS(klogctl(3, text, -1), EINVAL);
    FAILS(klogctl(99, text, 10), EINVAL);
    FAILS(klogctl(8, NULL, 9), EINVAL);
    WORKS(klogctl(5, NULL, 0));
    CHECK(klogctl(3, text, sizeof text) >= 0);
    CHILD_OK({
        WORKS(setuid(1000));
        FAILS(klogctl(4, text, sizeof text), EPERM);
        FAILS(klogctl(99, text, 10), EPERM);
        CHECK(klogctl(10, NULL, 0) >= 4096);
    });
    CHECK(put("/proc/sys/kernel/dmesg_restrict", "1") == 1);
    CHILD_OK({
        WORKS(setuid(1000));
        FAILS(klogctl(3, text, sizeof text), EPERM);
        FAILS(klogctl(10, NULL, 0), EPERM);
    });
    CHECK(put("/proc/sys/kernel/dmesg_restrict", "0") == 1);
}

static void system_v(void) {
    const int queue = msgget(IPC_PRIVATE, 0600 | IPC_CREAT), segment = shmget(IPC_PRIVATE, 5000, 0640 | IPC_CREAT);
    char line[256];
    int found = 0;
    FILE* file = fopen("/proc/sysvipc/msg", "r");
    while (file != NULL && fgets(line, sizeof line, file) != NULL)
        found += strtol(line + 10, NULL, 10) == queue && strstr(line, "  600 ") != NULL;
    if (file != NULL)
        fclose(file);
    file = fopen("/proc/sysvipc/shm", "r");
    while (file != NULL && fgets(line, sizeof line, file) != NULL)
        found +=
            strtol(line + 10, NULL, 10) == segment && strstr(line, "  640 ") != NULL && strstr(line, " 5000 ") != NULL;
    if (file != NULL)
        fclose(file);
    CHECK(found == 2);
    shmctl(segment, IPC_RMID, NULL);
    msgctl(queue, IPC_RMID, NULL);

    CHECK(number_in("/proc/sys/kernel/msg_next_id") == -1);
    CHECK(put("/proc/sys/kernel/msg_next_id", "32775") == 5); // sequence 1, index 7
    const int chosen = msgget(IPC_PRIVATE, 0600 | IPC_CREAT);
    CHECK(chosen == 32775 && number_in("/proc/sys/kernel/msg_next_id") == -1);
    msgctl(chosen, IPC_RMID, NULL);
    CHECK(number_in("/proc/sys/kernel/msgmax") == 8192 && number_in("/proc/sys/kernel/shmmni") == 4096);
}

static void machine(void) {
    char first[64] = {0}, second[64] = {0};
    int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY);
    CHECK(read(fd, first, sizeof first) == 37 && pread(fd, second, sizeof second, 0) == 37 &&
          strcmp(first, second) == 0);
    close(fd);
    fd = open("/proc/sys/kernel/random/uuid", O_RDONLY);
    CHECK(read(fd, first, sizeof first) == 37 && first[14] == '4');
    close(fd);
    fd = open("/proc/sys/kernel/random/uuid", O_RDONLY);
    CHECK(read(fd, second, sizeof second) == 37 && strcmp(first, second) != 0);
    close(fd);
    FILE* file = fopen("/proc/interrupts", "r");
    char line[512];
    CHECK(file != NULL && fgets(line, sizeof line, file) != NULL && strstr(line, "CPU0") != NULL);
    CHECK(file != NULL && fgets(line, sizeof line, file) != NULL && strchr(line, ':') != NULL);
    if (file != NULL)
        fclose(file);
}

// The first number behind `name` in /proc/stat.
static long long stat_of(const char* name) {
    static char line[8192];
    long long value = -1;
    FILE* file = fopen("/proc/stat", "r");
    while (file != NULL && fgets(line, sizeof line, file) != NULL)
        if (strncmp(line, name, strlen(name)) == 0 && line[strlen(name)] == ' ')
            value = atoll(line + strlen(name));
    if (file != NULL)
        fclose(file);
    return value;
}

// A byte goes to a child and back, so often.
static void play(int rounds) {
    int there[2], back[2];
    char byte = 'x';
    WORKS(pipe(there));
    WORKS(pipe(back));
    const pid_t child = fork();
    if (child == 0) {
        for (int i = 0; i < rounds; ++i)
            read(there[0], &byte, 1), write(back[1], &byte, 1);
        _exit(0);
    }
    for (int i = 0; i < rounds; ++i)
        write(there[1], &byte, 1), read(back[0], &byte, 1);
    CHECK(waitpid(child, NULL, 0) == child);
    for (int end = 0; end < 2; ++end)
        close(there[end]), close(back[end]);
}

static void figures_of_the_machine(void) {
    long long forks = stat_of("processes"), interrupts = stat_of("intr");
    const long long switches = stat_of("ctxt");
    CHECK(forks > 0 && interrupts > 0 && switches > 0);
    for (int i = 0; i < 20; ++i)
        CHILD_OK((void)0);
    CHECK(stat_of("processes") >= forks + 20);
    play(200); // the child has ended when its switches are looked for
    CHECK(stat_of("ctxt") >= switches + 400);
    const struct timespec moment = {0, 2000000};
    for (int i = 0; i < 20; ++i)
        nanosleep(&moment, NULL); // the clock ends each
    CHECK(stat_of("intr") >= interrupts + 20);
}

static void clock_tuning(void) {
    struct timex clock = {0};
    CHECK(adjtimex(&clock) == TIME_ERROR && (clock.status & STA_UNSYNC) != 0 && clock.tick == 10000);
    CHECK(clock.time.tv_sec - time(NULL) <= 1 && clock.tolerance == 500 << 16 && clock.precision == 1);
    clock.modes = ADJ_TICK;
    clock.tick = 8999;
    FAILS(adjtimex(&clock), EINVAL);
    clock.modes = ADJ_MAXERROR | ADJ_ESTERROR;
    clock.maxerror = 1234, clock.esterror = 567;
    CHECK(adjtimex(&clock) == TIME_ERROR && clock.maxerror >= 1234 && clock.esterror == 567);
    clock.modes = ADJ_SETOFFSET;
    clock.time.tv_sec = 1000, clock.time.tv_usec = -1;
    FAILS(adjtimex(&clock), EINVAL);
    const time_t before = time(NULL);
    clock.time.tv_usec = 0;
    CHECK(adjtimex(&clock) >= 0 && time(NULL) - before >= 1000 && time(NULL) - before < 1010);
    FAILS(clock_adjtime(CLOCK_MONOTONIC, &clock), EOPNOTSUPP);
    FAILS(clock_adjtime(999, &clock), EINVAL);
    CHILD_OK({
        WORKS(setuid(1000));
        clock.modes = 0;
        WORKS(adjtimex(&clock));
        clock.modes = ADJ_MAXERROR;
        FAILS(adjtimex(&clock), EPERM);
    });
}

int main(void) {
    ids_in_16_bits();
    namespaces();
    process_control();
    limits();
    kernel_log();
    system_v();
    machine();
    figures_of_the_machine();
    clock_tuning();
    return failures != 0;
}
