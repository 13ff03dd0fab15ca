// The table of verbs: what reads a script (script.cpp) and what runs it (scripted_program.cpp) agree on it.
#pragma once

#include <string_view>

#include "base/types.hpp"

namespace faultline::interleave {

enum class VerbKind : u8 {
    Read,
    Write,
    Expect,
    Fill,
    Cmpxchg,
    Await,
    Mprotect,
    Munmap,
    Madvise,
    Age,
    Clean,
    SwapOut,
    Fork,
    Thread,
    Exit,
    Wait,
    Wake,
    WakeOp,
    CmpRequeue,
    LockPi,
    LockPi2,
    TrylockPi,
    UnlockPi,
    Lock,
    Unlock,
};

// Operands: p a place; q, Q a second place, Q may be missing; v, w values; N a number that may be missing; r one of
// RIGHTS; a one of ADVICE; c what stands
// behind fork; t the number of a CPU.
struct VerbInfo {
    std::string_view name;
    VerbKind kind;
    const char* operands;
    bool is_futex = false; // there is one with -p
};

inline constexpr VerbInfo VERBS[] = {
    {"read", VerbKind::Read, "p"},
    {"write", VerbKind::Write, "pv"},
    {"expect", VerbKind::Expect, "pv"},
    {"fill", VerbKind::Fill, "pv"},
    {"cmpxchg", VerbKind::Cmpxchg, "pvw"},
    {"await", VerbKind::Await, "pN"},
    {"mprotect", VerbKind::Mprotect, "pr"},
    {"munmap", VerbKind::Munmap, "p"},
    {"madvise", VerbKind::Madvise, "pa"},
    {"age", VerbKind::Age, "p"},
    {"clean", VerbKind::Clean, "p"},
    {"swapout", VerbKind::SwapOut, "p"},
    {"fork", VerbKind::Fork, "c"},
    {"thread", VerbKind::Thread, "t"},
    {"exit", VerbKind::Exit, ""},
    {"wait", VerbKind::Wait, "pv", true},
    {"wake", VerbKind::Wake, "pN", true},
    {"wake_op", VerbKind::WakeOp, "pQ", true},
    {"cmp_requeue", VerbKind::CmpRequeue, "pvq", true},
    {"lock_pi", VerbKind::LockPi, "p", true},
    {"lock_pi2", VerbKind::LockPi2, "p", true},
    {"trylock_pi", VerbKind::TrylockPi, "p", true},
    {"unlock_pi", VerbKind::UnlockPi, "p", true},
    {"lock", VerbKind::Lock, "p"},
    {"unlock", VerbKind::Unlock, "p"},
};

inline constexpr const char* RIGHTS[] = {"none", "r", "rw"};
inline constexpr const char* ADVICE[] = {"dontneed", "free", "cold", "pageout"};
inline constexpr u32 MADVISE_PAGEOUT = 3; // in ADVICE

// What stands behind fork, if it is not a CPU's number.
inline constexpr u32 FORK_ALONE = 100, FORK_CHILD = 101;

} // namespace faultline::interleave
