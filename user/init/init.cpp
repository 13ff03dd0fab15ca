// Process 1. It starts the program that its arguments name, reaps every child, and exits with that program's status,
// which ends the machine:
//
//   init scenario NAME            /bin/scenario NAME
//   init scenario-balanced NAME   the same, and fails if the kernel has more or less in use afterwards
//   init act NAME                 /bin/scenario --act NAME
//   init run PROGRAM [ARG…]       that program
//   init balanced PROGRAM [ARG…]  that program, with the same check
//   init exec                     the program and arguments in /exec/argv, separated by NUL
//   init batch                    each line of standard input, as if its words were init's arguments: `run /bin/hello`
//   init                          the programs of run_honest_programs(), one after the other
//
// Descriptors 0, 1 and 2 are open already; every program started here inherits them and the environment.
#include <cstdio>
#include <cstring>
#include <initializer_list>
#include <span>

#include <ulib/print.hpp>
#include <ulib/resources.hpp>
#include <ulib/sys.hpp>

extern "C" char** environ;

using namespace faultline;

namespace {

constexpr int USAGE = 64;       // sysexits(3) EX_USAGE
constexpr int CANNOT_RUN = 126; // the status that shells use: found, but not a program that runs
constexpr int NOT_FOUND = 127;

// Reads the rest of a small file and ends it with a NUL. Returns its length, or −errno.
long read_rest(int fd, std::span<char> buffer) {
    std::size_t length = 0;
    long got = 0;
    while (length < buffer.size() - 1 && (got = sys_read(fd, &buffer[length], buffer.size() - 1 - length)) > 0)
        length += static_cast<std::size_t>(got);
    buffer[length] = '\0';
    return is_error(got) ? got : static_cast<long>(length);
}
long read_file(const char* path, std::span<char> buffer) {
    const long fd = sys_open(path, O_RDONLY);
    if (is_error(fd))
        return fd;
    const long length = read_rest(static_cast<int>(fd), buffer);
    sys_close(static_cast<int>(fd));
    return length;
}

[[noreturn]] void become(char* const* argv) {
    const long result = sys_execve(argv[0], argv, environ);
    complain("init: cannot run %s: %s\n", argv[0], errno_name(result));
    sys_exit_group(result == -ENOEXEC || result == -EACCES ? CANNOT_RUN : NOT_FOUND);
}

// Starts argv[0] and waits until it ends; reaps every orphan that ends meanwhile. Returns the status as a shell gives
// it.
int run(char* const* argv) {
    const long child = must(sys_fork(), "init: fork");
    if (child == 0)
        become(argv);
    for (;;) {
        int status = 0;
        const long ended = sys_wait4(-1, &status);
        if (ended == child)
            return shell_status(status);
        if (is_error(ended) && ended != -EINTR)
            must(ended, "init: wait4");
    }
}

int run(std::initializer_list<const char*> words) {
    char* argv[8] = {};
    std::size_t count = 0;
    for (const char* word : words)
        argv[count++] = const_cast<char*>(word); // execve(2) wants char*, and does not write
    return run(argv);
}

// Orphans that a program left behind hold pages until they are reaped.
void reap_the_rest() {
    while (!is_error(sys_wait4(-1, nullptr))) {
    }
}

// Runs argv and compares what is in use of the kernel's before and after. The fork beforehand makes init touch every page of
// its own that the run needs.
int run_balanced(char* const* argv) {
    static Resources before, after;
    const long warm_up = must(sys_fork(), "init: fork");
    if (warm_up == 0)
        sys_exit_group(0);
    reap_the_rest();
    take_resources(after); // touches the pages of both
    take_resources(before);

    const int status = run(argv);
    reap_the_rest();
    take_resources(after);
    if (before.free_kib == after.free_kib && before.small_objects == after.small_objects &&
        before.open_files == after.open_files)
        return status;
    complain("init: %s did not give back what it took: %ld KiB, %ld small objects, %ld open files\n", argv[0],
             before.free_kib - after.free_kib, after.small_objects - before.small_objects,
             after.open_files - before.open_files);
    before.slabs.tell_differences(after.slabs, "init");
    return status != 0 ? status : 1;
}

// /exec/argv holds the whole argument vector, separated by NUL; argv[0] is the program's path, /exec/NAME.
int run_exec() {
    static char text[128 * 1024];
    static char* argv[4096];
    const long length = read_file("/exec/argv", text);
    if (is_error(length)) {
        complain("init: /exec/argv: %s\n", errno_name(length));
        return NOT_FOUND;
    }
    std::size_t count = 0;
    for (char* word = text; word < text + length && count < std::size(argv) - 1; word += std::strlen(word) + 1)
        argv[count++] = word;
    if (count == 0) {
        complain("init: /exec/argv is empty\n");
        return USAGE;
    }
    return run(argv);
}

int run_honest_programs() {
    static const char* const programs[] = {"hello",           "threads",  "fork_pipe",   "producer_consumer",
                                           "wake_op_counter", "pi_chain", "sched_calls", "fork_beside_writes",
                                           "sigsegv",         "vfp",      "hostile"};
    print("Faultline: process 1 is running. No argument says what to start, so here are the honest "
          "programs.\n");
    int failures = 0;
    for (const char* name : programs) {
        char path[64] = "/bin/";
        std::strncat(path, name, sizeof path - sizeof "/bin/");
        const int status = run({path});
        print("init: %s ended with status %d\n", path, status);
        failures += status != 0;
    }
    return failures == 0 ? 0 : 1;
}

int usage() {
    complain("usage: init scenario NAME | scenario-balanced NAME | act NAME | run PROGRAM [ARG...] |\n"
             "            balanced PROGRAM [ARG...] | exec | batch\n");
    return USAGE;
}

int obey(int argc, char** argv) {
    const char* const what = argc > 1 ? argv[1] : "";
    if (std::strcmp(what, "exec") == 0 && argc == 2)
        return run_exec();
    if (std::strcmp(what, "scenario") == 0 && argc == 3)
        return run({"/bin/scenario", argv[2]});
    if (std::strcmp(what, "act") == 0 && argc == 3)
        return run({"/bin/scenario", "--act", argv[2]});
    if (std::strcmp(what, "run") == 0 && argc >= 3)
        return run(argv + 2);
    if (std::strcmp(what, "balanced") == 0 && argc >= 3)
        return run_balanced(argv + 2);
    if (std::strcmp(what, "scenario-balanced") == 0 && argc == 3) {
        char program[] = "/bin/scenario";
        char* words[] = {program, argv[2], nullptr};
        return run_balanced(words);
    }
    return usage();
}

// The next part of `text` that holds none of `separators`, ended by a NUL in place; null where there is none.
char* next_part(char*& text, const char* separators) {
    text += std::strspn(text, separators);
    if (*text == '\0')
        return nullptr;
    char* const part = text;
    text += std::strcspn(text, separators);
    if (*text != '\0')
        *text++ = '\0';
    return part;
}

// Prints the status of each line, `init: status 0: run /bin/hello`, and reaps what is left of it before the next begins.
// The status of the batch is 0 if that of every line is.
int run_batch() {
    static char text[64 * 1024];
    const long length = must(read_rest(0, text), "init: standard input");
    if (length == 0 || static_cast<std::size_t>(length) == sizeof text - 1)
        fail("init: the batch on standard input is empty, or longer than %zu bytes\n", sizeof text - 2);
    int failures = 0;
    for (char* lines = text; const char* line = next_part(lines, "\n");) {
        char copy[256], *argv[16] = {};
        snprintf(copy, sizeof copy, "%s", line);
        int argc = 1; // argv[0] is init's own name
        for (char* words = copy; argc < 15 && (argv[argc] = next_part(words, " "));)
            ++argc;
        const int status = obey(argc, argv);
        reap_the_rest();
        print("init: status %d: %s\n", status, line);
        failures += status != 0;
    }
    return failures == 0 ? 0 : 1;
}

} // namespace

int main(int argc, char** argv) {
    // Linux needs this mount. Faultline has mounted /proc already, and may return EBUSY.
    if (sys_getpid() == 1)
        sys_mount("proc", "/proc", "proc");

    const bool batch = argc == 2 && std::strcmp(argv[1], "batch") == 0;
    const int status = argc == 1 ? run_honest_programs() : batch ? run_batch() : obey(argc, argv);
    sys_sync(); // the end of process 1 is the end of the machine
    return status;
}
