// What the descriptor table and the place in the tree are made of; for abi/fs and procfs only.
#pragma once

#include "abi/fs/files.hpp"
#include "abi/fs/inode.hpp"
#include "base/refcount.hpp"
#include "base/spinlock.hpp"

namespace faultline {

struct Descriptor {
    File* file = nullptr; // with a reference; nullptr: free
    bool close_on_exec = false;
};

struct FilesStruct {
    Refcount references{1};
    u32 capacity = 0;
    SpinLock lock{"FilesStruct"}; // guards the table; no file is closed under it
    Descriptor* table = nullptr;  // `capacity` of them, from kmalloc; grows, never shrinks
};

struct FsStruct {
    Refcount references{1};
    Inode* pwd = nullptr; // with a reference
    u32 umask = 022;
};

} // namespace faultline
