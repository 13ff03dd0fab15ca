// beside SCENARIO: process 1 starts a scenario that hangs, and must get on beside it: sleep, make system calls that need the
// kernel lock, fork and wait.
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { LOOPS = 2000, ROUNDS = 100 };

static void sleep_a_ms(void) {
    const struct timespec ms = {0, 1000000};
    nanosleep(&ms, 0);
}

// How often a futex call or an exit has asked for a page: a loop that never ends asks in each round.
static long faults_asked_for(void) {
    char text[32] = "";
    const int fd = open("/proc/sys/kernel/futex_faultin_count", O_RDONLY);
    if (fd < 0 || read(fd, text, sizeof text - 1) <= 0)
        return -1;
    close(fd);
    return atol(text);
}

int main(int argc, char** argv) {
    if (argc != 2)
        return 64;
    const pid_t scenario = fork();
    if (scenario == 0) {
        execl("/bin/scenario", "scenario", argv[1], (char*)0);
        _exit(127);
    }
    for (long before = 0; before < LOOPS; before = faults_asked_for()) {
        int status;
        if (before < 0 || waitpid(scenario, &status, WNOHANG) == scenario) {
            printf("beside: the scenario does not hang\n");
            return 1;
        }
        sleep_a_ms();
    }
    printf("beside: it turns\n");
    const long before = faults_asked_for();
    for (int i = 0; i < ROUNDS; ++i) {
        const pid_t child = fork();
        if (child == 0)
            _exit(access("/bin/scenario", X_OK));
        int status = -1;
        if (waitpid(child, &status, 0) != child || status != 0)
            return 1;
        sleep_a_ms();
    }
    if (faults_asked_for() == before) {
        printf("beside: it turns no longer\n");
        return 1;
    }
    printf("beside: and others get on\n");
    return 0;
}
