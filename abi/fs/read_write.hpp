// Moving bytes and positions (read(2), write(2), readv(2), lseek(2)).
#pragma once

#include "base/result.hpp"
#include "base/types.hpp"

namespace faultline {

// System calls (contract: abi/syscall/table.cpp). All but the last two return the bytes moved. `vector`: `count`
// structs iovec, at most 1024. preadv() and pwritev() get their offset as two words, the low one first, in any
// registers (preadv(2)). BADF, FAULT, INVAL, and the errors of the file's operation; SPIPE: not seekable.
CountResult sys_read(s32 fd, UserAddr buffer, u32 bytes);
CountResult sys_write(s32 fd, UserAddr buffer, u32 bytes);
CountResult sys_pread64(s32 fd, UserAddr buffer, u32 bytes, s64 offset);
CountResult sys_pwrite64(s32 fd, UserAddr buffer, u32 bytes, s64 offset);
CountResult sys_readv(s32 fd, UserAddr vector, u32 count);
CountResult sys_writev(s32 fd, UserAddr vector, u32 count);
CountResult sys_preadv(s32 fd, UserAddr vector, u32 count, u32 offset_low, u32 offset_high);
CountResult sys_pwritev(s32 fd, UserAddr vector, u32 count, u32 offset_low, u32 offset_high);
// lseek() returns the new position; OVERFLOWED: it needs more than 31 bits. llseek() writes it to `result`, 64 bits
// wide.
Result<u32> sys_lseek(s32 fd, s32 offset, u32 whence);
Result<u32> sys_llseek(s32 fd, u32 offset_high, u32 offset_low, UserAddr result, u32 whence);

} // namespace faultline
