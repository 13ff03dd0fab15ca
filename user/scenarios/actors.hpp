// The other processes of a scenario, and how they wait for one another without touching the page under test.
#pragma once

#include <ulib/futex.hpp>

namespace faultline {

// Forks. The child returns and continues the scenario; the parent waits for it and ends with its status.
void continue_in_child();

// Forks a child that does nothing: while it exists, so do its copies of the private pages. release_children() ends it.
void keep_a_child();

// Lets the kept children end, and reaps every child.
void release_children();

// A pipe as a signal between processes: one byte, waited for once. Create before fork.
class Signal {
  public:
    Signal();
    void send(bool yes = true);
    bool wait(); // the value that was sent

  private:
    int ends_[2];
};

// Forks a child that runs `part` and exits with status 0, unless `part` ends it otherwise. Returns its process id.
template <class Part>
int start_child(Part&& part);

// Waits for one child. Ends the scenario with a message if its status, as a shell gives it, is not `status`.
void expect_child(int pid, int status);

// Returns when `pid`, which is about to enter a blocking system call, sleeps in it.
void let_it_block(int pid);

// Waits until `*word` has FUTEX_WAITERS set: a task sleeps in FUTEX_LOCK_PI on it. The caller must be free to touch the
// word's page.
void await_waiter(const Word* word);

int fork_child(); // 0 in the child
[[noreturn]] void end_child();

template <class Part>
int start_child(Part&& part) {
    const int pid = fork_child();
    if (pid == 0) {
        part();
        end_child();
    }
    return pid;
}

} // namespace faultline
