// A program for pressure_random_test.cpp: operations with small numbers, which mean something in every state. So any part of
// a program is a program, too.
#pragma once

#include <array>
#include <functional>
#include <string>
#include <vector>

#include "base/types.hpp"

namespace faultline::pressure {

enum class Op : u8 {
    MapAnon,
    MapShared,
    MapDisk,
    MapDiskPrivate,
    Unmap,
    Protect,
    Move,
    DontNeed,
    Free,
    Cold,
    PageOut,
    WillNeed,
    Remove,
    Age,
    Msync,
    Fsync,
    Flush,
    Reclaim,
    Balance,
    WriteByGup,
    Fixup,
    Pin,
    Unpin,
    Lock,
    Unlock,
    LockFile,
    Fork,
    Exit,
    SwapOn,
    SwapOff,
    DiskError,
    SwapError,
    FailAlloc,
    Read,
    Write,
    WriteFromOutside,
    Poison,
    Offline,
};

// What the numbers are: which address space, which page of its window, how many pages, and whatever the operation needs besides.
struct Step {
    Op op = Op::Read;
    std::array<u32, 4> numbers{};
};
using Program = std::vector<Step>;

// Draws a program. Errors of devices are in every other one.
Program draw(u32 seed, u32 steps);

// `write 0 12 1 7; fork 0 0 0 0`, and back; an unknown name throws.
std::string to_text(const Program& program);
Program from_text(const std::string& text);

// The shortest program that still fails, and that with the smallest numbers, as far as leaving out and making smaller one thing
// at a time lead there. `fails` runs one from the beginning; at most `runs` times.
Program shrink(Program program, const std::function<bool(const Program&)>& fails, u32 runs);

} // namespace faultline::pressure
