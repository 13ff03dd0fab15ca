// The descriptors of a process (close(2)), and where it stands in the tree.
#pragma once

#include "abi/fs/file.hpp"
#include "base/result.hpp"

namespace faultline {

inline constexpr u32 OPEN_MAX = 1024; // RLIMIT_NOFILE

struct FilesStruct; // shared between the threads of CLONE_FILES
struct FsStruct;    // both are defined in files_private.hpp

Result<FilesStruct*> files_new();                  // NOMEM
Result<FilesStruct*> files_dup(FilesStruct& from); // fork: same open files
FilesStruct& files_get(FilesStruct& files);        // clone(CLONE_FILES)
void files_put(FilesStruct& files);                // exit
void files_close_on_exec(FilesStruct& files);

Result<FsStruct*> fs_new(); // "/" as root and working directory
Result<FsStruct*> fs_dup(FsStruct& from);
FsStruct& fs_get(FsStruct& fs);
void fs_put(FsStruct& fs);

bool files_shared(const FilesStruct& files); // by several tasks

u32 fd_limit(); // current's RLIMIT_NOFILE: every new descriptor is below

// Current's file for a descriptor, with a reference. BADF; the second also for a descriptor opened with O_PATH.
Result<File*> fget(s32 fd);
Result<FileRef> fget_ref(s32 fd);

// Any task's file for a descriptor, with a reference, as long as `files` stays; nullptr: none.
File* lookup_fd(FilesStruct& files, s32 fd);

// Gives current the lowest free descriptor from `lowest` on. MFILE, NOMEM. The first takes over the reference if it
// succeeds; the second always.
Result<s32> fd_install(File& file, u32 lowest, bool close_on_exec);
Result<s32> fd_install(FileRef file, bool close_on_exec);
Result<void> close_fd(s32 fd); // BADF

// The close-on-exec flag of a descriptor; false, or nothing done, if it is not open.
bool get_close_on_exec(FilesStruct& files, s32 fd);
void set_close_on_exec(FilesStruct& files, s32 fd, bool on);

// System calls.
Result<u32> sys_close(s32 fd);
Result<u32> sys_close_range(u32 first, u32 last, u32 flags);

} // namespace faultline
