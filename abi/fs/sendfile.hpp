// From one file to another (sendfile(2)).
#pragma once

#include "base/result.hpp"
#include "base/types.hpp"

namespace faultline {

// System calls (contract: abi/syscall/table.cpp). `offset` points to a position in `in_fd`, in bytes, which is read and
// updated; null: the file's own position. Return the bytes moved. BADF, NOMEM, FAULT; INVAL: `in_fd` is not a regular
// file, or `out_fd` takes no data from the kernel (FileOps::splice_write).
Result<u32> sys_sendfile(s32 out_fd, s32 in_fd, UserAddr offset, u32 count);   // 32-bit offset
Result<u32> sys_sendfile64(s32 out_fd, s32 in_fd, UserAddr offset, u32 count); // 64-bit

} // namespace faultline
