// The machines on which every program is tried.
#pragma once

#include <span>

#include "interleave/preset.hpp"
#include "interleave/settings.hpp"

namespace faultline::interleave {

struct Temper {
    const char* name;
    Settings settings;
};

// Those under which a program is tried.
std::span<const Temper> tempers(Tlbs tlbs);

} // namespace faultline::interleave
