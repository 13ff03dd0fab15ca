// poll(2) with bit sets instead of a list of files (select(2)).
#pragma once

#include "base/result.hpp"
#include "base/types.hpp"

namespace faultline {

// System calls (contract: abi/syscall/table.cpp). A set has a bit for each descriptor below `count`, or is null. A null
// time span waits without limit; another is replaced by what is left of it. `sigmask` points to the address and the
// size of a signal mask (select(2), Notes). Return how many bits are set; 0 after the timeout. BADF: a set names a
// descriptor that is not open; INTR: a handler ran; INVAL, NOMEM, FAULT. sys_select() serves _newselect.
Result<u32> sys_select(u32 count, UserAddr read_set, UserAddr write_set, UserAddr except_set, UserAddr timeval);
Result<u32> sys_pselect6(u32 count, UserAddr read_set, UserAddr write_set, UserAddr except_set, UserAddr timeout,
                         UserAddr sigmask);
Result<u32> sys_pselect6_time64(u32 count, UserAddr read_set, UserAddr write_set, UserAddr except_set, UserAddr timeout,
                                UserAddr sigmask);

} // namespace faultline
