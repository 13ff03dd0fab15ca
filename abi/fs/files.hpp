// What a process has open, and where it stands in the tree.
#pragma once

#include <array>

#include "abi/fs/file.hpp"
#include "base/result.hpp"

namespace faultline {

inline constexpr u32 OPEN_MAX = 1024; // RLIMIT_NOFILE

struct FilesStruct; // shared between the threads of CLONE_FILES; defined in files_private.hpp
struct FsStruct;

Result<FilesStruct*> files_new();                  // NOMEM
Result<FilesStruct*> files_dup(FilesStruct& from); // fork: same open files
FilesStruct& files_get(FilesStruct& files);        // clone(CLONE_FILES)
void files_put(FilesStruct& files);                // exit
void files_close_on_exec(FilesStruct& files);

Result<FsStruct*> fs_new(); // "/" as root and working directory
Result<FsStruct*> fs_dup(FsStruct& from);
FsStruct& fs_get(FsStruct& fs);
void fs_put(FsStruct& fs);

// current's file for a descriptor: BADF. The reference is the table's; valid while current does not close it
// (a thread that shares the table may: so it comes with its own reference, dropped by fput).
Result<File*> fget(s32 fd);
Result<s32> fd_install(File& file, u32 lowest,
                       bool close_on_exec); // MFILE; consumes the reference on success
Result<void> close_fd(s32 fd);              // BADF

// Opens a path of current's tree for the kernel's own reading (execve) with a reference. NOENT, NOTDIR,
// ACCES, ISDIR …
Result<File*> open_exec(const char* path);
Result<File*> open_exec_at(s32 dirfd, UserAddr path,
                           u32 flags); // execveat(2): AT_EMPTY_PATH, AT_SYMLINK_NOFOLLOW

// Reads into kernel memory. Returns bytes read (short only at end of file).
Result<u32> kernel_read(File& file, void* buffer, u32 bytes, u64 position);

} // namespace faultline
