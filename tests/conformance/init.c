// Process 1 of a conformance boot, the same on either kernel: runs each program of /conformance/list as a child of its
// own, with a time limit, kills what it leaves behind, and says on the console where its output begins and ends:
//
//   @@ begin NAME        @@ end NAME STATUS        STATUS: a number, `signal N`, or `timeout`
//
// The list is a sequence of strings, each ended by a NUL: a name, a number of seconds, a number of words, the words.
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WORDS = 64, SECONDS_TO_DIE = 10 };

static char list[1 << 16];
static volatile sig_atomic_t ticks;

static void tick(int signal) {
    (void)signal;
    ++ticks;
}

static void mount_one(const char* type, const char* where, const char* options) {
    mkdir(where, 0755);
    mount(type, where, type, 0, options); // fails where the kernel has mounted it already
}

// Waits for `child`, or with −1 for everybody, at most so long. False if the time is over.
static int wait_for(pid_t child, int seconds, int* status) {
    ticks = 0;
    for (;;) {
        const pid_t ended = waitpid(-1, status, 0);
        if (ended == child || (ended < 0 && errno == ECHILD))
            return 1;
        if (ended < 0 && ticks >= seconds)
            return 0;
    }
}

static void run(const char* name, int seconds, char** words) {
    printf("\n@@ begin %s\n", name);
    fflush(stdout);
    const pid_t child = fork();
    if (child == 0) {
        setsid();
        const int null = open("/dev/null", O_RDWR);
        dup2(null, 0);
        close(null);
        execve(words[0], words, (char*[]){"PATH=/bin:/usr/bin:/sbin:/usr/sbin", "HOME=/tmp", NULL});
        printf("cannot run %s: %s\n", words[0], strerror(errno));
        fflush(stdout);
        _exit(127);
    }
    int status = 0, rest = 0;
    const int ended = wait_for(child, seconds, &status);
    kill(-1, SIGKILL);
    const int clean = wait_for(-1, SECONDS_TO_DIE, &rest);
    if (!clean)
        printf("\na process of %s survived SIGKILL\n", name);
    if (!ended || !clean)
        printf("\n@@ end %s timeout\n", name);
    else if (WIFSIGNALED(status))
        printf("\n@@ end %s signal %d\n", name, WTERMSIG(status));
    else
        printf("\n@@ end %s %d\n", name, WEXITSTATUS(status));
    fflush(stdout);
}

static char* next_string(char** at) {
    char* string = *at;
    *at += strlen(string) + 1;
    return string;
}

int main(void) {
    mount_one("devtmpfs", "/dev", "");
    mount_one("proc", "/proc", "");
    mount_one("sysfs", "/sys", "");
    mount_one("tmpfs", "/tmp", "mode=1777");
    mount_one("tmpfs", "/dev/shm", "mode=1777");
    if (chdir("/tmp") < 0)
        perror("/tmp");

    struct sigaction action = {.sa_handler = tick};
    sigaction(SIGALRM, &action, NULL);
    const struct itimerval second = {{1, 0}, {1, 0}};
    setitimer(ITIMER_REAL, &second, NULL); // children do not inherit it

    const int fd = open("/conformance/list", O_RDONLY);
    const ssize_t length = read(fd, list, sizeof list - 1);
    if (length <= 0)
        perror("/conformance/list");
    for (char* at = list; length > 0 && at < list + length;) {
        const char* name = next_string(&at);
        const int seconds = atoi(next_string(&at));
        const int count = atoi(next_string(&at));
        char* words[WORDS + 1] = {0};
        for (int i = 0; i < count; ++i) {
            char* word = next_string(&at);
            words[i < WORDS ? i : WORDS] = word;
        }
        words[WORDS] = NULL;
        run(name, seconds, words);
    }
    printf("\n@@ done\n");
    fflush(stdout);
    reboot(RB_POWER_OFF);
    _exit(0);
}
