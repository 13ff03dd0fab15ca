// The system call that reports which pages are in memory (mincore(2)).
#pragma once

#include "base/result.hpp"
#include "base/types.hpp"

namespace faultline {

// System calls; abi/syscall/table.cpp states the rules for all of them.
// Writes a byte for each page to `vector`. INVAL, NOMEM: page_range(), or a page that is not mapped. FAULT: `vector`.
Result<u32> sys_mincore(UserAddr start, u32 length, UserAddr vector);

} // namespace faultline
