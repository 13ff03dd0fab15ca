// Core dumps: core(5), signal(7), wait(2), madvise(2), proc(5).
#include "tests/conformance/checks/check.h"

#include <elf.h>
#include <pthread.h>
#include <sys/prctl.h>

static char directory[] = "/tmp/cores.XXXXXX";

static void write_file(const char* path, const char* text) {
    const int fd = open(path, O_WRONLY);
    CHECK(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    close(fd);
}

static void read_line(const char* path, char* line, int size) {
    FILE* file = fopen(path, "r");
    line[0] = '\0';
    if (file) {
        fgets(line, size, file);
        fclose(file);
    }
}

static long size_of(const char* path) {
    struct stat status;
    return stat(path, &status) == 0 ? (long)status.st_size : -1;
}

static void set_limit(rlim_t bytes) {
    struct rlimit limit;
    getrlimit(RLIMIT_CORE, &limit);
    limit.rlim_cur = bytes;
    WORKS(setrlimit(RLIMIT_CORE, &limit));
}

static int dumps(int status, int signal) {
    return WIFSIGNALED(status) && WTERMSIG(status) == signal && WCOREDUMP(status);
}
static int only_dies(int status, int signal) {
    return WIFSIGNALED(status) && WTERMSIG(status) == signal && !WCOREDUMP(status);
}

// Which signals make a core, and what the parent is told.
static void signals(void) {
    static const int with[] = {SIGQUIT, SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV, SIGSYS, SIGXCPU, SIGXFSZ};
    static const int without[] = {SIGHUP, SIGINT, SIGKILL, SIGUSR1, SIGPIPE, SIGALRM, SIGTERM, SIGPOLL};
    set_limit(RLIM_INFINITY);
    for (unsigned i = 0; i < sizeof with / sizeof *with; ++i) {
        unlink("core");
        CHECK(dumps(IN_CHILD(raise(with[i])), with[i]));
        CHECK(size_of("core") > PAGE);
    }
    unlink("core");
    for (unsigned i = 0; i < sizeof without / sizeof *without; ++i)
        CHECK(only_dies(IN_CHILD(raise(without[i])), without[i]));
    CHECK(size_of("core") == -1);

    const pid_t child = fork();
    if (child == 0)
        abort();
    siginfo_t info = {0};
    WORKS(waitid(P_PID, child, &info, WEXITED));
    CHECK(info.si_code == CLD_DUMPED && info.si_status == SIGABRT && info.si_pid == child);
    CHECK(dumps(IN_CHILD(*(volatile int*)8 = 1), SIGSEGV)); // and the signal of a fault
}

// When there is no core although the signal could make one.
static void refusals(void) {
    unlink("core");
    set_limit(0);
    CHECK(only_dies(IN_CHILD(abort()), SIGABRT));
    set_limit(RLIM_INFINITY);
    CHECK(only_dies(IN_CHILD(prctl(PR_SET_DUMPABLE, 0), abort()), SIGABRT));
    CHECK(only_dies(IN_CHILD(setuid(65534), abort()), SIGABRT)); // it has changed its user id
    mkdir("closed", 0755);
    CHECK(only_dies(IN_CHILD(chdir("closed"), setuid(65534), prctl(PR_SET_DUMPABLE, 1), abort()), SIGABRT));
    chmod("closed", 0777);
    CHECK(dumps(IN_CHILD(chdir("closed"), setuid(65534), prctl(PR_SET_DUMPABLE, 1), abort()), SIGABRT));
    struct stat status;
    CHECK(stat("closed/core", &status) == 0 && status.st_uid == 65534 && (status.st_mode & 07777) == 0600);
    set_limit(2 * PAGE); // cut there, and still a core
    CHECK(dumps(IN_CHILD(abort()), SIGABRT));
    CHECK(size_of("core") <= 2 * PAGE);
    set_limit(RLIM_INFINITY);
    unlink("core");
    symlink("elsewhere", "core"); // the link is replaced by a new file
    CHECK(dumps(IN_CHILD(abort()), SIGABRT));
    CHECK(size_of("elsewhere") == -1 && size_of("core") > PAGE);
}

static void names(void) {
    char line[300], name[300];
    read_line("/proc/sys/kernel/core_pattern", line, sizeof line);
    CHECK(strcmp(line, "core\n") == 0);
    snprintf(line, sizeof line, "%s/dump-%%p-%%s-%%e-%%u-%%%%", directory);
    write_file("/proc/sys/kernel/core_pattern", line);
    const pid_t child = fork();
    if (child == 0) {
        chdir("/");
        prctl(PR_SET_NAME, "a/b");
        abort();
    }
    waitpid(child, NULL, 0);
    snprintf(name, sizeof name, "dump-%d-6-a!b-0-%%", child);
    CHECK(size_of(name) > PAGE);
    unlink(name);
    write_file("/proc/sys/kernel/core_pattern", "core");
    write_file("/proc/sys/kernel/core_uses_pid", "1");
    const pid_t second = fork();
    if (second == 0)
        abort();
    waitpid(second, NULL, 0);
    snprintf(name, sizeof name, "core.%d", second);
    CHECK(size_of(name) > PAGE);
    write_file("/proc/sys/kernel/core_uses_pid", "0");
    unlink(name);
}

// --- what a core holds ---

static char* core_bytes;
static long core_size;

static void load_core(void) {
    const int fd = open("core", O_RDONLY);
    core_size = size_of("core");
    core_bytes = mmap(NULL, core_size, PROT_READ, MAP_PRIVATE, fd, 0);
    close(fd);
}

// The dumped byte at an address; −1 if the core does not have it.
static int dumped(const volatile void* address) {
    const Elf32_Ehdr* header = (void*)core_bytes;
    const Elf32_Phdr* segment = (void*)(core_bytes + header->e_phoff);
    for (int i = 0; i < header->e_phnum; ++i)
        if (segment[i].p_type == PT_LOAD && (uintptr_t)address - segment[i].p_vaddr < segment[i].p_filesz)
            return (unsigned char)core_bytes[segment[i].p_offset + ((uintptr_t)address - segment[i].p_vaddr)];
    return -1;
}

// The n-th note of a type, and its length.
static const char* note(unsigned type, int n, unsigned* length) {
    const Elf32_Ehdr* header = (void*)core_bytes;
    const Elf32_Phdr* segment = (void*)(core_bytes + header->e_phoff);
    if (segment->p_type != PT_NOTE)
        return NULL;
    for (unsigned at = 0; at < segment->p_filesz;) {
        const Elf32_Nhdr* one = (void*)(core_bytes + segment->p_offset + at);
        const unsigned data = at + sizeof *one + ((one->n_namesz + 3) & ~3u);
        if (one->n_type == type && n-- == 0) {
            *length = one->n_descsz;
            return core_bytes + segment->p_offset + data;
        }
        at = data + ((one->n_descsz + 3) & ~3u);
    }
    return NULL;
}

static volatile int in_data = 0x5a;

static void* sleeper(void* ready) {
    *(volatile int*)ready = gettid();
    for (;;)
        pause();
    return NULL;
}

static void contents(void) {
    unlink("core");
    volatile int* ready = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    volatile char* shown = anonymous(2, PROT_READ | PROT_WRITE);
    volatile char* hidden = anonymous(2, PROT_READ | PROT_WRITE);
    volatile char* again = anonymous(1, PROT_READ | PROT_WRITE);
    volatile char* file = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, file_of(PAGE), 0);
    volatile char* guarded = anonymous(1, PROT_READ | PROT_WRITE);
    shown[0] = 'S', hidden[0] = 'H', again[0] = 'A', guarded[0] = 'G';
    WORKS(mprotect((void*)guarded, PAGE, PROT_NONE));
    WORKS(madvise((void*)hidden, 2 * PAGE, MADV_DONTDUMP));
    WORKS(madvise((void*)again, PAGE, MADV_DONTDUMP));
    WORKS(madvise((void*)again, PAGE, MADV_DODUMP));
    const pid_t child = fork();
    if (child == 0) {
        pthread_t thread;
        in_data = 0xa5;
        pthread_create(&thread, NULL, sleeper, (void*)ready);
        while (!*ready)
            usleep(1000);
        *(volatile int*)8 = 1;
    }
    int status;
    waitpid(child, &status, 0);
    CHECK(dumps(status, SIGSEGV));
    load_core();
    const Elf32_Ehdr* header = (void*)core_bytes;
    CHECK(memcmp(header->e_ident, ELFMAG, SELFMAG) == 0 && header->e_type == ET_CORE && header->e_machine == EM_ARM);
    CHECK(dumped(&in_data) == 0xa5);
    CHECK(dumped(shown) == 'S' && dumped(shown + PAGE) == 0);
    CHECK(dumped(hidden) == -1 && dumped(again) == 'A' && dumped(guarded) == 'G');
    CHECK(dumped(file) == 'f' || dumped(file) == -1); // without a name it counts as anonymous
    CHECK(dumped((void*)&dumped) != -1);              // the first page of the program, at least

    unsigned length = 0;
    const char* first = note(NT_PRSTATUS, 0, &length);
    CHECK(first && length == 148);
    CHECK(*(short*)(first + 12) == SIGSEGV && *(int*)(first + 24) == child);
    const char* second = note(NT_PRSTATUS, 1, &length);
    CHECK(second && *(int*)(second + 24) == *ready);
    const char* process = note(NT_PRPSINFO, 0, &length);
    CHECK(process && length == 124 && strncmp(process + 28, "core_dumps", 16) == 0 && *(int*)(process + 12) == child);
    const siginfo_t* info = (void*)note(NT_SIGINFO, 0, &length);
    CHECK(info && length == sizeof *info && info->si_signo == SIGSEGV && info->si_addr == (void*)8);
    const unsigned* auxv = (void*)note(NT_AUXV, 0, &length);
    int page_size = 0;
    for (unsigned i = 0; auxv && i + 1 < length / 4; i += 2)
        if (auxv[i] == AT_PAGESZ)
            page_size = (int)auxv[i + 1];
    CHECK(page_size == PAGE);
    CHECK(note(NT_ARM_VFP, 0, &length) && length == 260);
    munmap(core_bytes, core_size);
}

static void filter(void) {
    char line[64];
    read_line("/proc/self/coredump_filter", line, sizeof line);
    CHECK(strtoul(line, NULL, 16) == 0x33);
    volatile char* private = anonymous(1, PROT_READ | PROT_WRITE);
    *private = 'P';
    unlink("core");
    CHECK(dumps(IN_CHILD(write_file("/proc/self/coredump_filter", "0x2"); abort()), SIGABRT));
    load_core();
    CHECK(dumped(private) == -1);
    munmap(core_bytes, core_size);
}

// The thread that dumps, if it is not the first one, may be gone before the others have noticed that it is done.
static void* dies_together(void* fd) {
    char byte;
    read((int)(long)fd, &byte, 1);
    return NULL;
}
static void* aborts(void* unused) {
    raise(SIGABRT);
    return unused;
}
static void many_threads(void) {
    for (int round = 0; round < 40; ++round) {
        unlink("core");
        const pid_t child = fork();
        if (child == 0) {
            int ends[2];
            pipe(ends);
            for (int i = 0; i < 8; ++i) {
                pthread_t thread;
                pthread_create(&thread, NULL, dies_together, (void*)(long)ends[0]);
            }
            pthread_t thread;
            pthread_create(&thread, NULL, aborts, NULL);
            dies_together((void*)(long)ends[0]);
        }
        int status;
        waitpid(child, &status, 0);
        CHECK(dumps(status, SIGABRT));
    }
}

int main(void) {
    CHECK(mkdtemp(directory) != NULL);
    chmod(directory, 0755);
    chdir(directory);
    signals();
    refusals();
    names();
    contents();
    filter();
    many_threads();
    return finish();
}
