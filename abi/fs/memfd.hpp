// Files that have no name in the tree (memfd_create(2)), and the seals of files.
#pragma once

#include "base/result.hpp"
#include "base/types.hpp"

namespace faultline {

struct File;
struct FilesStruct;

// The pages of all memfds that are open in the table; of one that is open twice, twice. Callable with the kernel lock held.
u32 memfd_pages(FilesStruct& files);

// F_GET_SEALS and F_ADD_SEALS of fcntl(2). INVAL: not a file of a tmpfs, or an unknown seal; PERM: the file is not open
// for writing, or has F_SEAL_SEAL; BUSY: F_SEAL_WRITE, and it is mapped shared, and for writing. add_seals() may sleep.
Result<u32> get_seals(File& file);
Result<u32> add_seals(File& file, u32 seals);

// System calls (contract: abi/syscall/table.cpp). Returns a descriptor open for reading and writing. `flags`:
// MFD_CLOEXEC, MFD_ALLOW_SEALING. INVAL: other flags, or a name of more than 249 bytes. FAULT, MFILE, NOMEM.
// NFILE: there are as many memfds as there may be open files.
Result<u32> sys_memfd_create(UserAddr name, u32 flags);

} // namespace faultline
