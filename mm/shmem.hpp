// Shared memory without a file system.
#pragma once

#include "base/result.hpp"
#include "mm/filemap.hpp"

namespace faultline {

// A file without a name in any directory, all zeros, of `size` bytes: what MAP_SHARED|MAP_ANONYMOUS and memfd_create use.
// `name` is for /proc/PID/maps, and outlives it. NOMEM. (Linux: shmem_zero_setup.)
Result<MappingRef> shmem_new(u64 size, const char* name);

} // namespace faultline
