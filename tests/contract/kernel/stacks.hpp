// Tests of the debug kernel's stacks, which only the kernel itself can make.
#pragma once

#include <span>

#include "tests/contract/contract.hpp"

namespace faultline::contract {

std::span<const Test> stack_tests(); // none in the ordinary kernel

} // namespace faultline::contract
