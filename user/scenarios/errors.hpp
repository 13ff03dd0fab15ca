// The error table: bad words × operations. "error.null" makes every operation that ends under each repair;
// "error.read-only.wake_op-p" makes one operation alone, which loops for ever under fault_in=fixup_2011.
#pragma once

#include <string_view>

#include <ulib/futex.hpp>

namespace faultline {

// Each makes a new word of its kind.
Word* null_word();
Word* unmapped_word();
Word* prot_none_word();
Word* past_eof_word();
Word* truncated_word();
Word* kernel_word();
Word* vector_word();
Word* read_only_word();
Word* read_only_anon_word();
Word* misaligned_word();
Word* below_stack_word();

// The columns. WAIT and CMP_REQUEUE expect another value than the word's: EAGAIN means that the word could be read.
inline constexpr std::string_view error_operations[] = {
    "wait",      "wait-p",  "wake",      "wake-p",     "cmp_requeue",  "cmp_requeue-p", "wake_op",
    "wake_op-p", "lock_pi", "lock_pi-p", "trylock_pi", "trylock_pi-p", "unlock_pi",     "unlock_pi-p",
};

struct Answer {
    int value; // 0 or −errno
    enum { WITH_THE_REST, ALONE, NOT_ASKED } when = WITH_THE_REST;
};

struct ErrorKind {
    std::string_view name;
    Word* (*make)();
    Answer answers[std::size(error_operations)];
};

namespace answers {
inline constexpr Answer ok{0}, F{-EFAULT}, I{-EINVAL}, P{-EPERM}, A{-EAGAIN};
inline constexpr Answer Fx{-EFAULT, Answer::ALONE};
inline constexpr Answer no{0, Answer::NOT_ASKED};
} // namespace answers

// clang-format off
using namespace answers;
inline constexpr ErrorKind error_kinds[] = {
    //                                     wait  -p wake  -p cmp_rq -p wake_op -p lock  -p trylock -p unlock -p
    {"null",           null_word,           {F,   F,  F,  ok,  F,   F,   F,   F,   F,   F,   F,   F,   F,   F}},
    {"unmapped",       unmapped_word,       {F,   F,  F,  ok,  F,   F,   F,   F,   F,   F,   F,   F,   F,   F}},
    {"prot-none",      prot_none_word,      {F,   F,  F,  ok,  F,   F,   F,   Fx,  F,   Fx,  F,   Fx,  F,   F}},
    {"past-eof",       past_eof_word,       {F,   F,  F,  ok,  F,   F,   F,   F,   F,   F,   F,   F,   F,   F}},
    {"truncated",      truncated_word,      {F,   F,  F,  ok,  F,   F,   F,   F,   F,   F,   F,   F,   F,   F}},
    {"kernel",         kernel_word,         {F,   F,  F,  F,   F,   F,   F,   F,   F,   F,   F,   F,   F,   F}},
    {"vectors",        vector_word,         {F,   F,  F,  F,   F,   F,   F,   F,   F,   F,   F,   F,   F,   F}},
    {"read-only",      read_only_word,      {A,   A,  ok, ok,  A,   A,   F,   Fx,  F,   Fx,  F,   Fx,  P,   P}},
    {"read-only-anon", read_only_anon_word, {F,   A,  F,  ok,  F,   A,   F,   Fx,  F,   Fx,  F,   Fx,  P,   P}},
    {"misaligned",     misaligned_word,     {I,   I,  I,  I,   I,   I,   I,   I,   I,   I,   I,   I,   P,   P}},
    {"below-stack",    below_stack_word,    {no,  A,  no, no,  no,  no,  F,   no,  F,   no,  no,  no,  no,  no}},
};
// clang-format on

// `operation` is a name of error_operations, or empty: all that are WITH_THE_REST.
void run(const ErrorKind& kind, std::string_view operation);

} // namespace faultline
