// The bad words of the error table, and the calls made on them.
#include <ulib/print.hpp>
#include <ulib/sys.hpp>

#include "user/scenarios/errors.hpp"
#include "user/scenarios/scenario.hpp"
#include "user/scenarios/states.hpp"

namespace faultline {

namespace {

Word good_word{0};

Word* at_address(std::uintptr_t address) { return reinterpret_cast<Word*>(address); }

Word* second_page(Word* word) { return word + PAGE_SIZE / sizeof(Word); }

long ask(std::size_t column, Word* word) {
    const int flag = column % 2 == 0 ? 0 : FUTEX_PRIVATE_FLAG;
    constexpr u32 another_value = 0x12345;
    switch (column / 2) {
    case 0:
        return futex_wait_for(word, another_value, 2, flag);
    case 1:
        return futex_wake(word, 1, flag);
    case 2:
        return futex_cmp_requeue(word, 1, 1, &good_word, another_value, flag);
    case 3:
        return futex_wake_op(&good_word, 1, word, 1, futex_op(FUTEX_OP_ADD, 1, FUTEX_OP_CMP_EQ, 0), flag);
    case 4:
        return futex_lock_pi(word, flag);
    case 5:
        return futex_trylock_pi(word, flag);
    default:
        return futex_unlock_pi(word, flag);
    }
}

} // namespace

Word* null_word() { return nullptr; }

Word* unmapped_word() {
    Word* const word = map_words(1, MAP_PRIVATE | MAP_ANONYMOUS);
    word->store(0);
    must(sys_munmap(word, PAGE_SIZE), "munmap");
    return word;
}

Word* prot_none_word() {
    Word* const word = map_words(1, MAP_PRIVATE | MAP_ANONYMOUS);
    word->store(0);
    must(sys_mprotect(word, PAGE_SIZE, PROT_NONE), "mprotect");
    return word;
}

Word* past_eof_word() { return second_page(map_words(2, MAP_SHARED, filled_memfd(1, 0))); }

Word* truncated_word() {
    const int fd = filled_memfd(1, 0);
    Word* const word = map_words(1, MAP_SHARED, fd);
    word->store(0);
    must(sys_ftruncate(fd, 0), "ftruncate");
    return word;
}

Word* kernel_word() { return at_address(0xc0001000); }
Word* vector_word() { return at_address(0xffff0000); }

Word* read_only_word() {
    Word* const word = map_words(1, MAP_SHARED, filled_memfd(1, 0));
    must(sys_mprotect(word, PAGE_SIZE, PROT_READ), "mprotect");
    return word;
}

Word* read_only_anon_word() {
    Word* const word = map_words(1, MAP_PRIVATE | MAP_ANONYMOUS);
    word->store(0);
    must(sys_mprotect(word, PAGE_SIZE, PROT_READ), "mprotect");
    return word;
}

Word* misaligned_word() {
    static Word words[2];
    return at_address(reinterpret_cast<std::uintptr_t>(words) + 2);
}

// The last word of the page just below the lowest page of the stack. madvise returns ENOMEM where nothing is mapped
// (madvise(2)).
Word* below_stack_word() {
    std::uintptr_t page = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0)) & ~(PAGE_SIZE - 1);
    while (sys_madvise(reinterpret_cast<void*>(page), PAGE_SIZE, MADV_COLD) == 0)
        page -= PAGE_SIZE;
    return at_address(page + PAGE_SIZE - sizeof(Word));
}

void run(const ErrorKind& kind, std::string_view operation) {
    for (std::size_t column = 0; column < std::size(error_operations); ++column) {
        const Answer& answer = kind.answers[column];
        const bool asked =
            operation.empty() ? answer.when == Answer::WITH_THE_REST : operation == error_operations[column];
        if (!asked)
            continue;
        tell("  %s on this word\n", error_operations[column].data());
        expect(error_operations[column].data(), ask(column, kind.make()), answer.value);
    }
}

} // namespace faultline
