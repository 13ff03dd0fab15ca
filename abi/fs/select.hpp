// poll(2) with its files named by bits (select(2)).
#pragma once

#include "base/result.hpp"
#include "base/types.hpp"

namespace faultline {

// System calls; `sigmask` points to the address and the size of a signal mask (select(2), Notes).
Result<u32> sys_select(u32 count, UserAddr read_set, UserAddr write_set, UserAddr except_set,
                       UserAddr timeval); // _newselect
Result<u32> sys_pselect6(u32 count, UserAddr read_set, UserAddr write_set, UserAddr except_set, UserAddr timeout,
                         UserAddr sigmask);
Result<u32> sys_pselect6_time64(u32 count, UserAddr read_set, UserAddr write_set, UserAddr except_set, UserAddr timeout,
                                UserAddr sigmask);

} // namespace faultline
