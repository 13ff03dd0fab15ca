// What the programs share that look at memory through /proc. A check that fails is told, and ends the process.
#pragma once

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PAGE = 4096, MIB = 1 << 20 };

static inline void fail(const char* what, ...) {
    va_list arguments;
    va_start(arguments, what);
    printf("%s: ", program_invocation_short_name);
    vprintf(what, arguments);
    putchar('\n');
    fflush(stdout);
    _exit(1);
}
#define CHECK(condition) ((condition) ? (void)0 : fail("line %d: %s (errno %d)", __LINE__, #condition, errno))

// Writes a file of /proc; the error, or 0. put() must succeed.
static inline int try_put(const char* path, const char* text) {
    const int fd = open(path, O_WRONLY);
    const int result = fd < 0 || write(fd, text, strlen(text)) < 0 ? errno : 0;
    close(fd);
    return result;
}
static inline void put(const char* path, const char* text) {
    const int error = try_put(path, text);
    if (error != 0)
        fail("%s: %s: errno %d", path, text, error);
}

// What it says, until the next call.
static inline const char* contents(const char* path) {
    static char text[8192];
    const int fd = open(path, O_RDONLY);
    const ssize_t length = read(fd, text, sizeof text - 1);
    if (fd < 0 || length < 0)
        fail("%s: errno %d", path, errno);
    close(fd);
    text[length] = '\0';
    return text;
}

// The number behind `name` in a file.
static inline long figure(const char* path, const char* name) {
    const char* at = strstr(contents(path), name);
    if (at == NULL)
        fail("%s has no %s", path, name);
    return atol(at + strlen(name));
}

static inline long free_kib(void) {
    put("/proc/sys/vm/drop_caches", "3");
    return figure("/proc/meminfo", "\nMemFree:");
}
static inline long kills(void) { return figure("/proc/vmstat", "\noom_kill "); }
