/* A program for any C library. It does what its first argument says, and the tests look at what comes out. */
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/reboot.h>
#include <unistd.h>

/* Copies standard input to standard output until its end. */
static int copy(void) {
    char buffer[4096];
    ssize_t got;
    while ((got = read(STDIN_FILENO, buffer, sizeof buffer)) > 0)
        for (ssize_t done = 0; done < got;) {
            ssize_t put = write(STDOUT_FILENO, buffer + done, (size_t)(got - done));
            if (put <= 0)
                return 1;
            done += put;
        }
    return got < 0;
}

static int surroundings(void) {
    char directory[256];
    const char *home = getenv("HOME"), *term = getenv("TERM"), *extra = getenv("EXTRA");
    printf("pid %d in %s\n", (int)getpid(), getcwd(directory, sizeof directory) ? directory : "?");
    printf("HOME=%s TERM=%s EXTRA=%s\n", home ? home : "?", term ? term : "?", extra ? extra : "?");
    return 0;
}

int main(int argc, char** argv) {
    const char* what = argc > 1 ? argv[1] : "";
    const char* value = argc > 2 ? argv[2] : "0";
    if (strcmp(what, "arguments") == 0) {
        for (int i = 2; i < argc; i++)
            printf("%d: [%s]\n", i, argv[i]);
        return 0;
    }
    if (strcmp(what, "root") == 0) {
        printf("%.6f\n", sqrt(atof(value)));
        return 0;
    }
    if (strcmp(what, "streams") == 0) {
        fprintf(stderr, "to error\n");
        printf("to output\n");
        return 0;
    }
    if (strcmp(what, "copy") == 0)
        return copy();
    if (strcmp(what, "surroundings") == 0)
        return surroundings();
    if (strcmp(what, "crash") == 0) { /* the kernel, not this program */
        int trigger = open("/proc/sysrq-trigger", O_WRONLY);
        return write(trigger, value, 1) != 1;
    }
    if (strcmp(what, "power-off") == 0)
        return reboot(RB_POWER_OFF);
    if (strcmp(what, "kill") == 0)
        raise(atoi(value));
    return atoi(value); /* exit N */
}
