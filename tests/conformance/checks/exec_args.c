// The limits of execve(2): chains of scripts, their first line, the size of one string and of all.
#include "check.h"

extern char** environ;

static char self[256];
static char* none[] = {NULL};

static const char* script(const char* name, const char* text) {
    static char path[16][64];
    static int next;
    char* const at = path[next++ % 16];
    snprintf(at, sizeof path[0], "/tmp/args.%s", name);
    unlink(at);
    const int fd = open(at, O_WRONLY | O_CREAT | O_TRUNC, 0755);
    WORKS(write(fd, text, strlen(text)));
    close(fd);
    return at;
}

// What the new program says of its arguments; or "errno N".
static const char* runs(const char* path, char* const* arguments, char* const* environment) {
    static char said[8192];
    int fds[2];
    pipe(fds);
    fflush(stdout);
    const pid_t child = fork();
    if (child == 0) {
        dup2(fds[1], 1);
        execve(path, arguments, environment);
        dprintf(1, "errno %d", errno);
        _exit(1);
    }
    close(fds[1]);
    size_t length = 0;
    ssize_t got;
    while ((got = read(fds[0], said + length, sizeof said - 1 - length)) > 0)
        length += (size_t)got;
    said[length] = '\0';
    close(fds[0]);
    waitpid(child, NULL, 0);
    return said;
}
#define SAYS(expected, path, ...)                                                                                      \
    do {                                                                                                               \
        char* const arguments_[] = {__VA_ARGS__ __VA_OPT__(, ) NULL};                                                  \
        const char* const said_ = runs(path, arguments_, environ);                                                     \
        if (strcmp(said_, expected) != 0)                                                                              \
            printf("%s:%d: %.300s instead of %.300s\n", __FILE__, __LINE__, said_, expected), ++failures;              \
    } while (0)
#define REFUSED(error, path, ...)                                                                                      \
    do {                                                                                                               \
        char text_[16];                                                                                                \
        snprintf(text_, sizeof text_, "errno %d", error);                                                              \
        SAYS(text_, path, __VA_ARGS__);                                                                                \
    } while (0)

static void scripts(void) {
    char text[1024], expected[2048];
    const char* last = self;
    const char* chain[7];
    for (int i = 0; i < 7; ++i) {
        char name[] = {'n', (char)('0' + i), 0};
        snprintf(text, sizeof text, "#!%s\n", last);
        last = chain[i] = script(name, text);
    }
    snprintf(expected, sizeof expected, "[%s][%s][%s][%s][%s][%s][x]", self, chain[0], chain[1], chain[2], chain[3],
             chain[4]);
    SAYS(expected, chain[4], "zero", "x");
    REFUSED(ELOOP, chain[5], "zero");
    REFUSED(ELOOP, chain[6], "zero");
    // The sixth is still read, so what is wrong with it comes first.
    snprintf(text, sizeof text, "#!%s", script("blank", "#! \n"));
    const char* to_blank = script("to-blank", text);
    REFUSED(ENOEXEC, to_blank, "zero");

    snprintf(text, sizeof text, "#! \t%s  one two\t \nrest\n", self);
    const char* two = script("two", text);
    snprintf(expected, sizeof expected, "[%s][one two][%s][a]", self, two);
    SAYS(expected, two, "zero", "a");
    snprintf(text, sizeof text, "#!%s", self);
    const char* open_end = script("open", text);
    snprintf(expected, sizeof expected, "[%s][%s]", self, open_end);
    SAYS(expected, open_end, );

    // 256 bytes are looked at: an argument may be cut off, a name may not.
    memset(text, 0, sizeof text);
    snprintf(text, sizeof text, "#!/%s", "no/such");
    memset(text + strlen(text), 'q', 400);
    REFUSED(ENOEXEC, script("long", text), "z");
    memset(text, 0, sizeof text);
    snprintf(text, sizeof text, "#!%s ", self);
    const size_t start = strlen(text);
    memset(text + start, 'o', 400);
    const char* cut = script("cut", text);
    char argument[256] = "";
    memset(argument, 'o', 255 - start);
    snprintf(expected, sizeof expected, "[%s][%s][%s]", self, argument, cut);
    SAYS(expected, cut, "z");
    memset(text + 2, ' ', 400);
    REFUSED(ENOEXEC, script("blanks", text), "z");
    REFUSED(ENOEXEC, script("nothing", "#!\n"), "z");
    REFUSED(EACCES, script("short", "#!"), "z"); // the name is empty: that is the working directory
    REFUSED(ENOENT, script("gone", "#!/no/such/thing\n"), "z");
    REFUSED(EACCES, script("plain", "#!/tmp\n"), "z");
}

static void sizes(void) {
    enum { MOST = 32 * PAGE };
    char* const big = malloc(MOST + 1);
    memset(big, 'b', MOST);
    big[MOST] = '\0';
    REFUSED(E2BIG, self, "z", big);
    big[MOST - 1] = '\0';
    char expected[64] = "[z][";
    memset(expected + 4, 'b', 40);
    strcat(expected, "]");
    SAYS(expected, self, "z", big);
    // A quarter of the stack's limit, the name, the pointers and the environment included; and 128 KiB in any case.
    struct rlimit limit;
    getrlimit(RLIMIT_STACK, &limit);
    char* many[65] = {NULL};
    for (int i = 0; i < 17; ++i)
        many[i] = big;
    static const struct {
        unsigned long stack;
        int fit; // strings of MOST bytes, beside a small environment
    } rows[] = {{8 << 20, 15}, {1 << 20, 1}, {64 << 20, 47}};
    for (unsigned i = 0; i < sizeof rows / sizeof *rows; ++i)
        for (int more = 0; more < 2; ++more) {
            for (int at = 0; at < 64; ++at)
                many[at] = at < rows[i].fit + more ? big : NULL;
            CHILD_OK({
                limit.rlim_cur = rows[i].stack;
                WORKS(setrlimit(RLIMIT_STACK, &limit));
                const char* said = runs(self, many, environ);
                const int refused = strcmp(said, "errno 7") == 0;
                if (refused != more)
                    printf("stack %lu, %d strings: %.40s\n", rows[i].stack, rows[i].fit + more, said), ++failures;
            });
        }
    CHILD_OK({ // a stack smaller than the strings
        limit.rlim_cur = 64 << 10;
        WORKS(setrlimit(RLIMIT_STACK, &limit));
        big[100 << 10] = '\0';
        REFUSED(E2BIG, self, "z", big);
        big[40 << 10] = '\0';
        SAYS(expected, self, "z", big);
    });
    const int count = 600000; // with the pointers they are too large
    char** const pointers = malloc(((size_t)count + 1) * sizeof *pointers);
    for (int i = 0; i < count; ++i)
        pointers[i] = (char*)"";
    pointers[count] = NULL;
    CHECK(strcmp(runs(self, pointers, none), "errno 7") == 0);
    CHECK(strcmp(runs(self, none, pointers), "errno 7") == 0);
    // The strings come before the file.
    REFUSED(EFAULT, "/no/such/file", "z", (char*)8);
    REFUSED(ENOENT, "/no/such/file", "z");
    CHECK(strcmp(runs(self, (char**)8, none), "errno 14") == 0);
    CHECK(strcmp(runs(self, none, (char**)8), "errno 14") == 0);
    SAYS("[]", self, );
}

int main(int argc, char** argv) {
    if (getenv("SHOW") || argc == 0 || strcmp(argv[0], "") == 0) {
        for (int i = 0; i < argc; ++i)
            printf("[%.*s]", strlen(argv[i]) > 1000 ? 40 : 400, argv[i]);
        return 0;
    }
    setenv("SHOW", "1", 1);
    readlink("/proc/self/exe", self, sizeof self - 1);
    scripts();
    sizes();
    return finish();
}
