// tmpfs as mount(2) sees it: its options. What they limit is in mm/shmem.hpp. (tmpfs(5); Linux mm/shmem.c.)
#pragma once

#include <optional>
#include <string_view>

#include "abi/fs/inode.hpp"
#include "mm/shmem.hpp"

namespace faultline {

class SeqFile;

// What the options of a mount say. What they do not mention is not there.
struct ShmemOptions {
    std::optional<u32> blocks, inodes; // pages, numbers; 0: no limit
    std::optional<u32> mode, uid, gid; // of the root directory
};

// Parses "size=4m,nr_inodes=1k,mode=755". INVAL: an unknown option, or a value that cannot be. (Linux:
// shmem_parse_options.)
Result<ShmemOptions> parse_tmpfs_options(std::string_view text);

// The root directory of a new tmpfs, with a reference. NOMEM. (Linux: shmem_fill_super.)
Result<InodeRef> new_tmpfs(const ShmemOptions& options);

// New limits for a tmpfs. INVAL: it holds more already, or had no limit. (Linux: shmem_reconfigure.)
Result<void> reconfigure_tmpfs(ShmemSbInfo& sb, const ShmemOptions& options);

// Writes the options that are not the default, each after a comma, for /proc/mounts. (Linux: shmem_show_options.)
void show_tmpfs_options(const Inode& root, SeqFile& out);

// The limits of the root file system, which has none while the initramfs is unpacked: those of any other tmpfs, but what it
// holds already stays. Once, when all memory is known.
void limit_root_file_system();

} // namespace faultline
