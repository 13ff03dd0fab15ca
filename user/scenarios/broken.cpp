// The counterpart of stale.cpp: a TLB entry that permits too much. With tlb=broken the kernel omits what no kernel may
// omit: it takes a page away from a program and does not tell the other CPUs. A thread there keeps writing to memory
// that is no longer its own. The kernel's checker, which asks every CPU after every flush, has seen the error before
// the thread writes.
#include <cstdio>
#include <cstring>

#include <ulib/print.hpp>
#include <ulib/sys.hpp>

#include "user/scenarios/actors.hpp"
#include "user/scenarios/scenario.hpp"
#include "user/scenarios/states.hpp"
#include "user/scenarios/stories.hpp"
#include "user/scenarios/two_cpus.hpp"

namespace faultline {

namespace {

// "violations N" of /proc/faultline/tlb; −1 if it has no such line.
long violations() {
    char text[1024] = {};
    const int fd = static_cast<int>(must(sys_open("/proc/faultline/tlb", O_RDONLY), "/proc/faultline/tlb"));
    must(sys_read(fd, text, sizeof text - 1), "read from /proc/faultline/tlb");
    sys_close(fd);
    constexpr char NAME[] = "violations ";
    const char* digit = std::strstr(text, NAME);
    if (digit == nullptr)
        return -1;
    long count = 0;
    for (digit += sizeof NAME - 1; *digit >= '0' && *digit <= '9'; ++digit)
        count = count * 10 + (*digit - '0');
    return count;
}

void count_up(void* word) {
    auto* const counted = static_cast<Word*>(word);
    counted->store(counted->load() + 1);
}

// CPU 1 has written to the page; CPU 0 takes the page away; CPU 1 writes again. In a correct kernel this last write
// faults, and if the page is unmapped, the fault ends the thread.
template <class Take>
void write_after(Word* word, const char* what, Take&& take) {
    pin_to(0);
    const long before = violations();
    if (before < 0)
        fail("this kernel checks no flushes: the scenario needs the boot argument tlb=broken\n");
    Companion writer(1, count_up, word);
    writer.run();
    tell("  A thread on CPU 1 has written to the page; CPU 0 takes it away: %s.\n", what);
    take();
    const long found = violations() - before;
    tell("  The kernel's checker found %ld entr%s.\n", found, found == 1 ? "y" : "ies");
    writer.run();
    writer.rest();
    tell("  The thread on CPU 1 has written again, and no fault has stopped it.\n");
    if (found <= 0)
        fail("the kernel's checker did not see that CPU 1 may still write\n");
}

Word* private_page() {
    Word* const word = map_words(1, MAP_PRIVATE | MAP_ANONYMOUS);
    word->store(0);
    return word;
}

void expect_word(const char* what, const Word* word, long value) {
    expect(what, static_cast<long>(word->load()), value);
}

} // namespace

void broken_unmap() {
    Word* const word = private_page();
    write_after(word, "munmap, and the page is free", [&] { must(sys_munmap(word, PAGE_SIZE), "munmap"); });
}

void broken_write_protect() {
    Word* const word = private_page();
    write_after(word, "mprotect to read-only", [&] { must(sys_mprotect(word, PAGE_SIZE, PROT_READ), "mprotect"); });
    expect_word("the word, write-protected when it was 1", word, 2);
}

void broken_fork() {
    Word* const word = private_page();
    Signal written;
    int child = 0;
    write_after(word, "fork, and the page is the child's as well", [&] {
        child = start_child([&] {
            written.wait();
            expect_word("the child's word, which was 1 when it was born", word, 2);
        });
    });
    written.send();
    expect_child(child, 0);
}

void broken_remap() {
    Word* const word = private_page();
    Word* const other = private_page();
    write_after(word, "mremap, and the page has another address", [&] {
        must(system_call(__NR_mremap, word, PAGE_SIZE, PAGE_SIZE, MREMAP_MAYMOVE | MREMAP_FIXED, other), "mremap");
    });
    expect_word("the word at its new address, where only 1 was ever written", other, 2);
}

} // namespace faultline
