// A dynamic C program. It checks what the interpreter is told, what is read-only after relocation, shared objects
// opened through LD_LIBRARY_PATH, thread-local storage in them, and programs started with vfork.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <link.h>
#include <pthread.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

static void expect(int good, const char* what) {
    if (!good) {
        printf("not so: %s\n", what);
        exit(1);
    }
}

// The rights that /proc/self/maps shows for an address, and the name of the file behind it.
static void mapped(unsigned long address, char rights[5], char name[256]) {
    char line[512];
    FILE* maps = fopen("/proc/self/maps", "r");
    rights[0] = name[0] = '\0';
    while (maps && fgets(line, sizeof line, maps)) {
        unsigned long start, end;
        char here[5] = "", path[256] = "";
        if (sscanf(line, "%lx-%lx %4s %*s %*s %*s %255s", &start, &end, here, path) >= 3 && address >= start &&
            address < end) {
            strcpy(rights, here);
            strcpy(name, path);
        }
    }
    if (maps)
        fclose(maps);
}

static int relro_is_read_only(struct dl_phdr_info* info, size_t size, void* count) {
    (void)size;
    char rights[5], name[256];
    for (int i = 0; i < info->dlpi_phnum; ++i) {
        if (info->dlpi_phdr[i].p_type != PT_GNU_RELRO)
            continue;
        mapped(info->dlpi_addr + info->dlpi_phdr[i].p_vaddr, rights, name);
        expect(strcmp(rights, "r--p") == 0, "what is read-only after relocation is read-only");
        ++*(int*)count;
    }
    return 0;
}

static void auxiliary_vector(void) {
    char rights[5], name[256];
    mapped(getauxval(AT_BASE), rights, name);
    expect(strstr(name, "ld-linux") != NULL, "AT_BASE is where the interpreter lies");
    mapped(getauxval(AT_ENTRY), rights, name);
    expect(rights[2] == 'x' && strstr(name, "/program") != NULL, "AT_ENTRY is in the program");
    mapped(getauxval(AT_PHDR), rights, name);
    expect(strstr(name, "/program") != NULL, "AT_PHDR is in the program");
    int objects = 0;
    dl_iterate_phdr(relro_is_read_only, &objects);
    expect(objects >= 3, "the program, the C library and the interpreter have such parts");
}

static void* in_a_thread(void* count) { return (void*)(long)(((int (*)(void))count)()); }

static void shared_objects(void) {
    expect(dlopen("libnone.so", RTLD_NOW) == NULL && strstr(dlerror(), "libnone.so"), "there is no libnone.so");
    void* plugin = dlopen("libplugin.so", RTLD_NOW); // by LD_LIBRARY_PATH alone
    expect(plugin != NULL, "libplugin.so can be opened");
    int (*constructed)(void) = (int (*)(void))dlsym(plugin, "plugin_is_constructed");
    int (*count)(void) = (int (*)(void))dlsym(plugin, "plugin_count");
    int* errors = dlsym(plugin, "plugin_errors");
    expect(constructed && count && errors, "its symbols are found");
    expect(constructed() == 1, "its constructor has run");
    expect(count() == 41 && count() == 42, "its variables live");
    pthread_t thread;
    void* first = NULL;
    expect(pthread_create(&thread, NULL, in_a_thread, (void*)count) == 0, "a thread starts");
    pthread_join(thread, &first);
    expect((long)first == 41 && count() == 43, "each thread has its own");
    const unsigned long text = (unsigned long)constructed;
    char rights[5], name[256];
    dlclose(plugin);
    mapped(text, rights, name);
    expect(rights[0] == '\0', "closed, it is mapped no more");
}

static void children(const char* self) {
    const pid_t child = vfork();
    if (child == 0) {
        execl(self, self, "leaf", (char*)NULL);
        _exit(127);
    }
    int status = 0;
    expect(waitpid(child, &status, 0) == child && status == 7 << 8, "vfork and exec");
    pid_t spawned;
    expect(posix_spawn(&spawned, self, NULL, NULL, (char*[]){(char*)self, "leaf", NULL}, environ) == 0, "posix_spawn");
    expect(waitpid(spawned, &status, 0) == spawned && status == 7 << 8, "its status");
    expect(posix_spawn(&spawned, "/none", NULL, NULL, (char*[]){"none", NULL}, environ) == 2, "ENOENT through vfork");
}

int main(int argc, char** argv) {
    if (argc == 2 && strcmp(argv[1], "leaf") == 0)
        return 7;
    if (argc == 1) { // the interpreter reads this when it starts
        setenv("LD_LIBRARY_PATH", "/dynamic", 1);
        execl(argv[0], argv[0], "again", (char*)NULL);
        return 1;
    }
    auxiliary_vector();
    shared_objects();
    children(argv[0]);
    puts("dynamic C");
    return 0;
}
