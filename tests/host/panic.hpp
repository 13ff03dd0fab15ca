// How a kernel panic looks to a host test.
#pragma once

#include <stdexcept>

namespace faultline {

struct KernelPanic : std::runtime_error {
    using std::runtime_error::runtime_error;
};

} // namespace faultline
