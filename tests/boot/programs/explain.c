/* Prints what /proc/self/explain says of a fault on a page, after the task has done more to the same page: its fork has stored the
   child's entry, and mprotect and munmap have changed its own. Only that page is recorded. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static void put(const char* path, const char* text) {
    int file = open(path, O_WRONLY);
    if (file < 0 || write(file, text, strlen(text)) != (ssize_t)strlen(text))
        perror(path);
    close(file);
}

static void explain(const char* when) {
    char text[4096];
    int file = open("/proc/self/explain", O_RDONLY);
    ssize_t length = read(file, text, sizeof text - 1);
    close(file);
    text[length > 0 ? length : 0] = '\0';
    printf("after %s:\n%s", when, text);
    fflush(stdout);
}

int main(void) {
    volatile char* page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    char words[80];
    snprintf(words, sizeof words, "on station=fault address=%lx-0X%lX", (unsigned long)page,
             (unsigned long)page + 4095);
    *page = 1;
    put("/proc/self/clear_refs", "1");
    put("/proc/faultline/trace", words);
    (void)*page;
    explain("the fault");
    pid_t child = fork();
    if (child == 0)
        _exit(0);
    waitpid(child, NULL, 0);
    explain("fork");
    mprotect((void*)page, 4096, PROT_READ);
    explain("mprotect");
    munmap((void*)page, 4096);
    explain("munmap");
    return 0;
}
