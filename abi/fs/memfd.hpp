// Files that have no name in the tree (memfd_create(2)).
#pragma once

#include "base/result.hpp"
#include "base/types.hpp"

namespace faultline {

// System calls (contract: abi/syscall/table.cpp). Returns a descriptor open for reading and writing. `flags`:
// MFD_CLOEXEC; MFD_ALLOW_SEALING is accepted, but there are no seals. INVAL: other flags, or a name of more than 249
// bytes. FAULT, MFILE, NOMEM.
Result<u32> sys_memfd_create(UserAddr name, u32 flags);

} // namespace faultline
