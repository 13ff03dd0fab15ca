// Requests to a file beside reading and writing (ioctl(2)).
#pragma once

#include "base/result.hpp"
#include "base/types.hpp"

namespace faultline {

// System calls (contract: abi/syscall/table.cpp). BADF, FAULT; NOTTY: this kind of file does not have the request.
Result<u32> sys_ioctl(s32 fd, u32 request, u32 argument);

} // namespace faultline
