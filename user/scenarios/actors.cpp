// The processes of a scenario: fork, wait, and one-byte signals over pipes.
#include <cstdio>
#include <cstring>

#include <ulib/print.hpp>
#include <ulib/sys.hpp>

#include "user/scenarios/actors.hpp"

namespace faultline {

namespace {

int release_pipe[2] = {-1, -1}; // kept children sleep in a read of it, until its only writer closes it

void nap() { sys_nanosleep(0, 2'000'000); }

} // namespace

int fork_child() { return static_cast<int>(must(sys_fork(), "fork")); }

void end_child() { sys_exit_group(0); }

void continue_in_child() {
    const int child = fork_child();
    if (child == 0)
        return;
    int status = 0;
    must(sys_wait4(child, &status), "wait4");
    sys_exit_group(shell_status(status));
}

void keep_a_child() {
    if (release_pipe[0] < 0)
        must(sys_pipe(release_pipe), "pipe");
    start_child([] {
        sys_close(release_pipe[1]);
        char byte;
        sys_read(release_pipe[0], &byte, 1);
    });
}

void release_children() {
    if (release_pipe[1] >= 0) {
        sys_close(release_pipe[1]);
        sys_close(release_pipe[0]);
        release_pipe[0] = release_pipe[1] = -1;
    }
    while (!is_error(sys_wait4(-1, nullptr))) {
    }
}

Signal::Signal() { must(sys_pipe(ends_), "pipe"); }

void Signal::send(bool yes) { must(sys_write(ends_[1], yes ? "y" : "n", 1), "write to a pipe"); }

bool Signal::wait() {
    char byte = 0;
    must(sys_read(ends_[0], &byte, 1), "read from a pipe");
    return byte == 'y';
}

void expect_child(int pid, int expected) {
    int status = 0;
    must(sys_wait4(pid, &status), "wait4");
    if (shell_status(status) != expected)
        fail("a child ended with status %d, expected %d\n", shell_status(status), expected);
}

void let_it_block(int pid) {
    char path[32];
    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    for (int patience = 0; patience < 20; ++patience) {
        // Gives the child time to get there. Where the kernel shows its state (proc(5), the letter after the name), 'S'
        // ends the wait.
        nap();
        const long fd = sys_open(path, O_RDONLY);
        if (is_error(fd))
            continue;
        char text[128] = {};
        sys_read(static_cast<int>(fd), text, sizeof text - 1);
        sys_close(static_cast<int>(fd));
        const char* name_end = std::strrchr(text, ')');
        if (name_end && name_end[1] == ' ' && name_end[2] == 'S')
            return;
    }
}

void await_waiter(const Word* word) {
    while ((word->load() & FUTEX_WAITERS) == 0) {
        nap();
        int status = 0;
        if (sys_wait4(-1, &status, WNOHANG) > 0)
            fail("a child that should wait for the lock ended with status %d\n", shell_status(status));
    }
}

} // namespace faultline
