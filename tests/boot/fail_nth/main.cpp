// fail_nth [PART-OF-NAME]: the debug kernel makes the first, the second, the third, … allocation of an operation fail
// (/proc/self/fail-nth), until the operation needs no more. Each time it must end in an error that Linux has for it, or kill
// its process in an ordinary way. Then it must work, and in the end nothing may be missing: no memory, no object, no file.
#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <asm/signal.h>
#include <linux/fcntl.h>
#include <linux/prctl.h>

#include <ulib/print.hpp>
#include <ulib/resources.hpp>
#include <ulib/sys.hpp>

#include "tests/boot/fail_nth/scenario.hpp"

extern "C" char __data_start__[], _end[];

namespace faultline::fail_nth {

namespace {

constexpr unsigned MOST = 1000; // allocations of one operation
constexpr unsigned NEVER = 1'000'000;
constexpr int EXIT_WRONG = 1, EXIT_DONE = 0;

// What a worker tells the process that watches it.
struct Shared {
    unsigned nth;      // the allocation that fails
    unsigned failures; // how many have failed
    unsigned errors;   // how many of those led to an error
    bool armed;        // while the operation runs
    unsigned defects;  // of all scenarios
}* shared;

__attribute__((format(printf, 2, 3))) void wrong(const Scenario& scenario, const char* format, ...) {
    char text[200];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    complain("fail_nth: %s: allocation %u: %s\n", scenario.name, shared->nth, text);
    ++shared->defects;
}

void open_fail_nth() {
    const int fd = static_cast<int>(must(sys_open("/proc/self/fail-nth", O_RDWR), "/proc/self/fail-nth"));
    must(system_call(__NR_dup2, fd, FAIL_NTH_FD), "fail_nth: dup2");
    sys_close(fd);
}

// This process gets its own copies of the pages that it shares since a fork, so that the operation has no faults of ours.
void settle() {
    for (volatile char* at = __data_start__; at < _end; at = at + PAGE_SIZE)
        *at = *at;
    volatile char stack[4 * PAGE_SIZE];
    for (std::size_t at = 0; at < sizeof stack; at += PAGE_SIZE)
        stack[at] = 0;
}

// --- a worker: it makes the attempts ---------------------------------------------------------------------------------

long run_armed(const Scenario& scenario, unsigned nth, bool& failed) {
    settle();
    shared->armed = true;
    arm(nth);
    const long result = scenario.run();
    failed = left() == 0;
    arm(0);
    shared->armed = false;
    return result;
}

const char* undo(const Scenario& scenario, long result) {
    return scenario.undo != nullptr ? scenario.undo(result) : nullptr;
}

struct Maps {
    char text[8192];
    void read() {
        const int fd = static_cast<int>(must(sys_open("/proc/self/maps", O_RDONLY), "/proc/self/maps"));
        std::size_t length = 0;
        for (long more; (more = must(sys_read(fd, text + length, sizeof text - 1 - length), "maps")) > 0;)
            length += static_cast<std::size_t>(more);
        text[length] = '\0';
        sys_close(fd);
    }
} maps_before, maps_after;

// False: the allocation did not happen, so the attempt was an ordinary one.
bool attempt(const Scenario& scenario) {
    if (scenario.prepare != nullptr)
        scenario.prepare();
    if (scenario.keeps_maps)
        maps_before.read();
    bool failed = false;
    const long result = run_armed(scenario, shared->nth, failed);
    if (is_error(result) && scenario.keeps_maps) {
        maps_after.read();
        if (std::strcmp(maps_before.text, maps_after.text) != 0)
            wrong(scenario, "the address space has changed. Before:\n%s", ""),
                complain("%safterwards:\n%s", maps_before.text, maps_after.text);
    }
    if (const char* const defect = undo(scenario, result); defect != nullptr)
        wrong(scenario, "%s (it returned %ld)", defect, result);
    if (!failed) {
        if (is_error(result))
            wrong(scenario, "nothing failed, but it returned %s", errno_name(result));
        return false;
    }
    ++shared->failures;
    if (is_error(result)) {
        ++shared->errors;
        if (result != scenario.error && result != scenario.also)
            wrong(scenario, "it returned %s", errno_name(result));
    }
    return true;
}

// Once more, without failures.
void attempt_again(const Scenario& scenario) {
    if (scenario.prepare != nullptr)
        scenario.prepare();
    const long result = scenario.run();
    if (is_error(result))
        wrong(scenario, "after that it returned %s", errno_name(result));
    if (const char* const defect = undo(scenario, result); defect != nullptr)
        wrong(scenario, "after that, without a failure: %s", defect);
}

// The operation ends its process: a child's. The zombie's count tells whether the allocation failed.
bool attempt_end(const Scenario& scenario) {
    const int child = static_cast<int>(must(sys_fork(), "fail_nth: fork"));
    if (child == 0) {
        open_fail_nth();
        if (scenario.prepare != nullptr)
            scenario.prepare();
        settle();
        arm(shared->nth);
        scenario.run();
        sys_exit_group(EXIT_WRONG);
    }
    char path[40];
    snprintf(path, sizeof path, "/proc/%d/fail-nth", child);
    const int fd = static_cast<int>(must(sys_open(path, O_RDONLY), path));
    alignas(8) char info[128];
    must(system_call(__NR_waitid, 1, child, info, WEXITED | WNOWAIT, nullptr), "fail_nth: waitid");
    char text[16] = {};
    must(sys_pread(fd, text, sizeof text - 1, 0), path);
    const bool failed = std::strtoul(text, nullptr, 10) == 0;
    sys_close(fd);
    int status = 0;
    sys_wait4(child, &status);
    undo(scenario, 0);
    if (exited(status) && exit_status(status) == EXIT_WRONG)
        wrong(scenario, "it did not end");
    shared->failures += failed ? 1 : 0;
    return failed;
}

[[noreturn]] void work(const Scenario& scenario) {
    open_fail_nth();
    for (; shared->nth == NEVER || shared->nth < MOST; ++shared->nth) {
        const bool failed = scenario.ends ? attempt_end(scenario) : attempt(scenario);
        if (!failed)
            sys_exit_group(EXIT_DONE);
        if (!scenario.replaces && !scenario.ends)
            attempt_again(scenario);
    }
    wrong(scenario, "there is no end of allocations");
    sys_exit_group(EXIT_WRONG);
}

// --- the process that watches ----------------------------------------------------------------------------------------

bool orderly(int status) {
    const int signal = term_signal(status);
    return signal == SIGKILL || signal == SIGSEGV || signal == SIGBUS;
}

// Waits for the worker and all that it leaves behind.
int wait_for(long worker) {
    int worker_status = 0;
    for (;;) {
        int status = 0;
        const long ended = sys_wait4(-1, &status, __WALL);
        if (ended == -ECHILD)
            return worker_status;
        if (ended != worker)
            continue;
        worker_status = status;
        for (int left_over; (left_over = static_cast<int>(sys_wait4(-1, &status, WNOHANG | __WALL))) >= 0;)
            if (left_over == 0) {
                sys_kill(-1, SIGKILL); // all but this process and process 1
                sys_sched_yield();
            }
    }
}

void fresh_place() {
    system_call(__NR_umount2, PLACE, 2);
    must(sys_mount("fail_nth", PLACE, "tmpfs"), "fail_nth: mount");
}

// Makes the attempts from shared->nth on, with as many workers as it takes.
void sweep(const Scenario& scenario) {
    for (;;) {
        const long worker = must(sys_fork(), "fail_nth: fork");
        if (worker == 0)
            work(scenario);
        const int status = wait_for(worker);
        if (exited(status)) {
            const int code = exit_status(status);
            if (code == EXIT_FAILED) { // by way of another program
                ++shared->failures;
                ++shared->nth;
                continue;
            }
            if (code != EXIT_DONE && code != EXIT_NOT_REACHED)
                wrong(scenario, "the worker ended with %d", code);
            return;
        }
        if (!orderly(status) || !shared->armed) {
            wrong(scenario, "%s by signal %d", shared->armed ? "killed" : "killed, with failures off,",
                  term_signal(status));
            return;
        }
        ++shared->failures;
        ++shared->nth;
        shared->armed = false;
        fresh_place(); // without what it had made there
    }
}

bool same(const Resources& a, const Resources& b) {
    return a.free_kib == b.free_kib && a.small_objects == b.small_objects && a.open_files == b.open_files;
}

void begin(unsigned nth) {
    shared->nth = nth;
    shared->failures = shared->errors = 0;
    shared->armed = false;
}

Resources before, after;

// Compares the two, and tells what is missing.
bool all_is_back(const Scenario& scenario) {
    take_resources(after);
    if (same(before, after))
        return true;
    wrong(scenario, "%ld KiB free, %ld objects, %ld open files before; %ld, %ld, %ld afterwards", before.free_kib,
          before.small_objects, before.open_files, after.free_kib, after.small_objects, after.open_files);
    before.slabs.tell_differences(after.slabs, "fail_nth");
    return false;
}

// One attempt, and what it leaves.
void find_leak(const Scenario& scenario, unsigned last) {
    for (unsigned nth = 1; nth <= last; ++nth) {
        take_resources(before);
        begin(nth);
        const long worker = must(sys_fork(), "fail_nth: fork");
        if (worker == 0) {
            open_fail_nth();
            if (scenario.ends)
                attempt_end(scenario);
            else
                attempt(scenario);
            sys_exit_group(0);
        }
        wait_for(worker);
        fresh_place();
        static_cast<void>(all_is_back(scenario));
    }
}

void test(const Scenario& scenario) {
    begin(NEVER); // all that the kernel keeps for later is there afterwards
    sweep(scenario);
    fresh_place();
    take_resources(before);
    begin(1);
    sweep(scenario);
    fresh_place();
    const unsigned failures = shared->failures, errors = shared->errors, last = shared->nth;
    if (!all_is_back(scenario))
        find_leak(scenario, last);
    if (failures < scenario.at_least || (failures != 0) != (scenario.at_least != 0))
        wrong(scenario, "%u failures, not %u%s", failures, scenario.at_least, scenario.at_least != 0 ? " or more" : "");
    print("fail_nth: %s: %u failures, %u errors\n", scenario.name, failures, errors);
}

} // namespace

void arm(unsigned nth) {
    char text[12];
    const int length = snprintf(text, sizeof text, "%u", nth);
    must(sys_write(FAIL_NTH_FD, text, static_cast<std::size_t>(length)), "fail_nth: write");
}

unsigned left() {
    char text[16] = {};
    must(sys_pread(FAIL_NTH_FD, text, sizeof text - 1, 0), "fail_nth: read");
    return static_cast<unsigned>(std::strtoul(text, nullptr, 10));
}

void after_exec() { sys_exit_group(left() == 0 ? EXIT_FAILED : EXIT_NOT_REACHED); }

} // namespace faultline::fail_nth

int main(int argc, char** argv) {
    using namespace faultline;
    using namespace faultline::fail_nth;
    if (argc > 1 && std::strcmp(argv[1], "--after-exec") == 0)
        after_exec();
    if (const long proc = sys_mount("proc", "/proc", "proc"); proc != -EBUSY)
        must(proc, "fail_nth: mount /proc");
    if (system_call(__NR_access, "/proc/self/fail-nth", 0) != 0)
        fail("fail_nth: there is no /proc/self/fail-nth: it needs the debug kernel\n");
    system_call(__NR_mkdir, "/tmp", 01777);
    system_call(__NR_mkdir, PLACE, 0700);
    must(sys_mount("fail_nth", PLACE, "tmpfs"), "fail_nth: mount");
    must(system_call(__NR_prctl, PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), "fail_nth: prctl");
    shared = reinterpret_cast<Shared*>(map(sizeof(Shared), MAP_SHARED | MAP_ANONYMOUS));
    *shared = {};
    unsigned scenarios = 0;
    take_resources(after); // by asking it makes an object
    for (const auto& subject : {memory_scenarios(), file_scenarios(), event_scenarios(), process_scenarios()})
        for (const Scenario& scenario : subject)
            if (argc == 1 || std::strstr(scenario.name, argv[1]) != nullptr) {
                test(scenario);
                ++scenarios;
            }
    system_call(__NR_umount2, PLACE, 2);
    print("fail_nth: %u scenarios, %u things wrong\n", scenarios, shared->defects);
    return shared->defects == 0 ? 0 : 1;
}
