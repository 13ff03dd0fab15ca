// The layout of the descriptor table and of FsStruct. Private to abi/fs and abi/procfs.
#pragma once

#include "abi/fs/files.hpp"
#include "abi/fs/inode.hpp"
#include "base/refcount.hpp"
#include "base/spinlock.hpp"

namespace faultline {

struct Descriptor {
    File* file = nullptr; // with a reference; nullptr: the descriptor is free
    bool close_on_exec = false;
    bool reserved = false; // not open yet, but taken: fd_install_pair() will fill it, or free it
};

struct FilesStruct {
    Refcount references{1};
    u32 capacity = 0;
    SpinLock lock{"FilesStruct"}; // guards the table; files are closed after it is released
    Descriptor* table = nullptr;  // `capacity` entries from kmalloc; it grows and never shrinks
    u32 end = 0;                  // descriptors from here on have always been free, and their entries hold nothing yet
};

struct FsStruct {
    Refcount references{1};
    Inode* pwd = nullptr; // working directory, with a reference
    u32 umask = 022;
};

} // namespace faultline
