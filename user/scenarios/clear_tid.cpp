// The word that the kernel clears and wakes when a thread ends (CLONE_CHILD_CLEARTID, set_tid_address(2)). The kernel
// makes an ordinary user write, which may sleep: it faults like any other and hangs nowhere; where the program may not
// write, nothing happens.
#include <ulib/print.hpp>
#include <ulib/sys.hpp>
#include <ulib/thread.hpp>

#include "user/scenarios/actors.hpp"
#include "user/scenarios/scenario.hpp"
#include "user/scenarios/states.hpp"
#include "user/scenarios/stories.hpp"

namespace faultline {

namespace {

// Starts a thread whose exit word is `word`, lets it end, and returns when the kernel no longer knows it.
void end_thread_with(Word* word) {
    static Thread thread;
    static Signal go;
    must(thread.start([](void*) { go.wait(); }, nullptr, word), "clone");
    counted(word, [] {
        go.send();
        while (sys_tgkill(static_cast<int>(sys_getpid()), thread.id(), 0) != -ESRCH)
            sys_nanosleep(0, 1'000'000);
        return 0;
    });
}

} // namespace

void exit_word_clean() {
    const Place at = memfd_read(1);
    end_thread_with(at.word);
    expect("the word", static_cast<long>(at.word->load()), 0);
}

void exit_word_cow() {
    const Place at = cow_child(1);
    end_thread_with(at.word);
    expect("the word", static_cast<long>(at.word->load()), 0);
    expect("the word's neighbour", static_cast<long>(at.word[1].load()), static_cast<long>(MARKER));
}

void exit_word_read_only() {
    const Place at = memfd_read(1);
    must(sys_mprotect(at.word, PAGE_SIZE, PROT_READ), "mprotect");
    end_thread_with(at.word);
    expect("the word", static_cast<long>(at.word->load()), 1);
}

void exit_word_unmapped() {
    const Place at = memfd_read(1);
    must(sys_munmap(at.word, PAGE_SIZE), "munmap");
    end_thread_with(at.word);
}

} // namespace faultline
