// Makes one access that faults, at a known instruction, for tools/path.py to follow through the kernel:
//   one_access anonymous   the first write to a page of private anonymous memory
//   one_access clean       the first write to a page of shared memory that was only read: its entry is young and clean
//   one_access wake_op     FUTEX_WAKE_OP on a word in such a page
#include <cstring>

#include <linux/futex.h>

#include <ulib/futex.hpp>
#include <ulib/print.hpp>
#include <ulib/sys.hpp>

using namespace faultline;

namespace {

volatile unsigned* map(int flags) {
    return reinterpret_cast<volatile unsigned*>(must(
        sys_mmap2(nullptr, 2 * PAGE_SIZE, PROT_READ | PROT_WRITE, flags | MAP_ANONYMOUS, -1, 0), "one_access: mmap"));
}

// The access to follow: the instruction at the label.
[[gnu::noinline]] void write_once(volatile unsigned* word) {
    asm volatile(".global the_write\n"
                 "the_write: str %1, [%0]" ::"r"(word),
                 "r"(1)
                 : "memory");
}

// futex(&own, FUTEX_WAKE_OP_PRIVATE, 1, 1, word, "add 1, compare equal to 0").
[[gnu::noinline]] void wake_op_once(volatile unsigned* word) {
    static unsigned own;
    register volatile void* r0 asm("r0") = &own;
    register int r1 asm("r1") = FUTEX_WAKE_OP_PRIVATE;
    register int r2 asm("r2") = 1;
    register int r3 asm("r3") = 1;
    register volatile unsigned* r4 asm("r4") = word;
    register u32 r5 asm("r5") = futex_op(FUTEX_OP_ADD, 1, FUTEX_OP_CMP_EQ, 0);
    register int r7 asm("r7") = __NR_futex;
    asm volatile(".global the_call\n"
                 "the_call: svc 0"
                 : "+r"(r0)
                 : "r"(r1), "r"(r2), "r"(r3), "r"(r4), "r"(r5), "r"(r7)
                 : "memory");
}

} // namespace

int main(int argc, char** argv) {
    const char* kind = argc == 2 ? argv[1] : "";
    if (std::strcmp(kind, "anonymous") == 0) {
        volatile unsigned* words = map(MAP_PRIVATE);
        words[0] = 1; // the table is there; the next page is not
        write_once(words + PAGE_SIZE / sizeof *words);
    } else if (std::strcmp(kind, "clean") == 0) {
        volatile unsigned* word = map(MAP_SHARED);
        static_cast<void>(*word);
        write_once(word);
    } else if (std::strcmp(kind, "wake_op") == 0) {
        volatile unsigned* word = map(MAP_SHARED);
        static_cast<void>(*word);
        wake_op_once(word);
    } else {
        complain("one_access: anonymous, clean or wake_op\n");
        return 64;
    }
    return 0;
}
