// A process dies holding a lock, and its parent looks at the word that is left.
#include <asm/signal.h>

#include <ulib/print.hpp>
#include <ulib/sys.hpp>

#include "user/scenarios/actors.hpp"
#include "user/scenarios/robust.hpp"
#include "user/scenarios/scenario.hpp"
#include "user/scenarios/states.hpp"

namespace faultline {

namespace {

int* volatile nowhere = nullptr;
RobustList list; // in a page that only this process has, far from the word

void hold(Word* word, Held how) {
    if (how == Held::PENDING)
        must(list.hold_pending(word), "set_robust_list");
    else if (how == Held::MISALIGNED)
        must(list.hold(reinterpret_cast<Word*>(reinterpret_cast<char*>(word) + 2)), "set_robust_list");
    else
        must(list.hold(word), "set_robust_list");
}

// Executes this program again, which prints its list of names to a closed descriptor. The robust list belongs to the
// old program; the new one knows nothing of its locks.
[[noreturn]] void become_another_program() {
    static char name[] = "scenario", option[] = "--list";
    char* arguments[] = {name, option, nullptr};
    char* environment[] = {nullptr};
    sys_close(1);
    must(sys_execve("/proc/self/exe", arguments, environment), "execve");
    __builtin_unreachable();
}

void die(Death how) {
    if (how == Death::KILLED)
        sys_pause(); // until the parent's SIGKILL
    if (how == Death::FAULT)
        *nowhere = 0;
    if (how == Death::EXEC)
        become_another_program();
    end_child();
}

int status_of(Death how) { return how == Death::KILLED ? 128 + SIGKILL : how == Death::FAULT ? 128 + SIGSEGV : 0; }

} // namespace

void touch_nothing(Word*) {}
void read_word(Word* word) { word->load(); }
void write_word(Word* word) { word->store(word->load()); }
void write_and_age(Word* word) {
    write_word(word);
    age_all_pages();
}
void make_read_only(Word* word) {
    read_word(word);
    must(sys_mprotect(word, PAGE_SIZE, PROT_READ), "mprotect");
}
void make_inaccessible(Word* word) { must(sys_mprotect(word, PAGE_SIZE, PROT_NONE), "mprotect"); }

void run(const RobustExit& variant) {
    Word* const word = map_words(1, MAP_SHARED | MAP_ANONYMOUS);
    Signal owned, ready, go;
    const int child = start_child([&] {
        owned.wait();
        variant.prepare(word);
        hold(word, variant.held);
        show_entry("before", word);
        ready.send();
        if (variant.death != Death::KILLED)
            go.wait();
        die(variant.death);
    });
    // The parent writes the child's id into the word through its own mapping, so that the child need not write.
    word->store(static_cast<u32>(child));
    if (variant.held == Held::MISALIGNED)
        word[1].store(static_cast<u32>(child)); // the misaligned word then holds halves of both
    owned.send();
    ready.wait();
    tell("  A child holds the lock and has prepared its mapping of the word (%s). Now it dies.\n", variant.name.data());

    const long before = fault_in_count();
    if (variant.death == Death::KILLED)
        must(sys_kill(child, SIGKILL), "kill");
    else
        go.send();
    expect_child(child, status_of(variant.death));
    const long calls = fault_in_count() - before;
    tell("  The child is gone; the word holds %#x.\n", static_cast<unsigned>(word->load()));
    check_calls(calls);
    expect("the word", static_cast<long>(word->load()),
           variant.word == Mark::OWNER_DIED ? long{FUTEX_OWNER_DIED} : long{child});
}

void robust_exit_cow() {
    Signal forked, owner_gone, looked;
    Word* const word = map_words(1, MAP_PRIVATE | MAP_ANONYMOUS);
    const int owner = start_child([&] {
        const u32 id = static_cast<u32>(sys_gettid());
        word->store(id);
        hold(word, Held::LISTED);
        start_child([&] { // shares the page, and must not see the owner's death in its own copy
            owner_gone.wait();
            looked.send(word->load() == id);
        });
        forked.send();
        sys_pause();
    });
    forked.wait();

    const long before = fault_in_count();
    must(sys_kill(owner, SIGKILL), "kill");
    expect_child(owner, 128 + SIGKILL);
    check_calls(fault_in_count() - before);
    owner_gone.send();
    expect("that the other process kept its copy", looked.wait(), true);
}

} // namespace faultline
