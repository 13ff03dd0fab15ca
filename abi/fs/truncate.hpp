// Changing a file's size (truncate(2), fallocate(2)).
#pragma once

#include "base/result.hpp"
#include "base/types.hpp"

namespace faultline {

// System calls (contract: abi/syscall/table.cpp). `length` and `offset` in bytes. INVAL: negative, or not a regular
// file. ftruncate() is INVAL and fallocate() BADF if the file is not open for writing. FBIG: above FILE_SIZE_MAX or
// RLIMIT_FSIZE; TXTBSY: truncate() of a running program; OPNOTSUPP: any `mode` of fallocate() but 0 and
// FALLOC_FL_KEEP_SIZE.
Result<u32> sys_ftruncate(s32 fd, u32 length);
Result<u32> sys_ftruncate64(s32 fd, s64 length);
Result<u32> sys_truncate(UserAddr path, u32 length);
Result<u32> sys_truncate64(UserAddr path, s64 length);
Result<u32> sys_fallocate(s32 fd, u32 mode, s64 offset, s64 length);

} // namespace faultline
