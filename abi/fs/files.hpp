// The descriptors of a process (close(2)), its working directory and its umask.
#pragma once

#include "abi/fs/file.hpp"
#include "base/result.hpp"

namespace faultline {

inline constexpr u32 OPEN_MAX = 4096; // descriptors are below this, and below RLIMIT_NOFILE

struct FilesStruct; // the descriptors; threads made with CLONE_FILES share them
struct FsStruct;    // working directory and umask; both types are defined in files_private.hpp

Result<FilesStruct*> files_new();                  // an empty table. NOMEM
Result<FilesStruct*> files_dup(FilesStruct& from); // for fork: the same open files. NOMEM
FilesStruct& files_get(FilesStruct& files);        // for clone(CLONE_FILES): one more reference
void files_put(FilesStruct& files);                // at exit: drops a reference; the last one closes all files
void files_close_on_exec(FilesStruct& files);      // for execve: closes the descriptors that are marked

Result<FsStruct*> fs_new();               // "/" as working directory. NOMEM
Result<FsStruct*> fs_dup(FsStruct& from); // for fork. NOMEM
FsStruct& fs_get(FsStruct& fs);           // for clone(CLONE_FS): one more reference
void fs_put(FsStruct& fs);                // at exit: drops a reference

bool files_shared(const FilesStruct& files); // whether several tasks share it

u32 fd_limit();      // current's RLIMIT_NOFILE, at most OPEN_MAX; new descriptors are below it
u32 fd_table_size(); // of current: every open descriptor is below it

// Current's file for a descriptor, with a reference. BADF; for fget_ref() also if the descriptor was opened with
// O_PATH.
Result<File*> fget(s32 fd);
Result<FileRef> fget_ref(s32 fd);

// The same as fget_ref() for the length of a system call; nullptr: BADF. While no other task shares the table, only current
// can close the descriptor, and it does not: then no reference is needed. (Linux: struct fd, fdget.)
class [[nodiscard]] FdRef {
  public:
    explicit FdRef(s32 fd);
    ~FdRef() {
        if (referenced_)
            fput(*file_);
    }
    FdRef(const FdRef&) = delete;
    FdRef& operator=(const FdRef&) = delete;
    File* get() const { return file_; }
    File* operator->() const { return file_; }
    File& operator*() const { return *file_; }

  private:
    File* file_ = nullptr;
    bool referenced_ = false;
};

// The file for a descriptor of any task, with a reference; nullptr if it is not open. The caller keeps `files` alive.
File* lookup_fd(FilesStruct& files, s32 fd);

// Gives current the lowest free descriptor from `lowest` on, and returns it. MFILE, NOMEM. The first function takes
// over the caller's reference only if it succeeds, the second one always.
Result<s32> fd_install(File& file, u32 lowest, bool close_on_exec);
Result<s32> fd_install(FileRef file, bool close_on_exec);
// Gives current the two lowest free descriptors, and writes their numbers to `fds` before they are open: no other
// thread can use them if that fails. 0; MFILE, NOMEM, FAULT.
Result<u32> fd_install_pair(FileRef first, FileRef second, bool close_on_exec, UserAddr fds);
// Puts the file at current's descriptor `fd`, and closes the file that was there; no other thread can get the
// descriptor in between. Returns `fd`. BADF: it is past the limit; BUSY: another thread is opening it; NOMEM. (Linux:
// do_dup2.)
Result<u32> fd_replace(FileRef file, u32 fd, bool close_on_exec);
Result<void> close_fd(s32 fd); // drops current's descriptor, and its range locks on the file. BADF

// The close-on-exec flag of a descriptor. If the descriptor is not open, the flag reads as false, and setting it has no
// effect.
bool get_close_on_exec(FilesStruct& files, s32 fd);
void set_close_on_exec(FilesStruct& files, s32 fd, bool on);

// System calls (contract: abi/syscall/table.cpp). close(): BADF. close_range() skips descriptors that are not open.
// INVAL: first > last, or any flag.
Result<u32> sys_close(s32 fd);
Result<u32> sys_close_range(u32 first, u32 last, u32 flags);

} // namespace faultline
