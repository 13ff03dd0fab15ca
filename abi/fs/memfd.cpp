// A memfd is a regular file whose name is only for /proc. Any file of tmpfs has seals, but only a memfd can get more
// than F_SEAL_SEAL. (Linux mm/memfd.c.)
#include "abi/fs/memfd.hpp"

#include <linux/fcntl.h>
#include <linux/memfd.h>

#include <algorithm>
#include <cstring>

#include "abi/cred/cred.hpp"
#include "abi/fs/file.hpp"
#include "abi/fs/files.hpp"
#include "abi/fs/files_private.hpp"
#include "abi/fs/inode.hpp"
#include "abi/fs/open.hpp"
#include "arch/contract/uaccess.hpp"

namespace faultline {

namespace {

// Whether an address space maps the file shared, from a descriptor that may write it.
bool is_mapped_for_writing(AddressSpace& mapping) {
    Guard guard(mapping.lock);
    return std::any_of(mapping.i_mmap.begin(), mapping.i_mmap.end(),
                       [](const VmArea& vma) { return vma.flags.has(VM_SHARED); });
}

} // namespace

Result<u32> get_seals(File& file) {
    if (file_mapping(file) == nullptr || !file.inode->is_regular())
        return Err(Errno::INVAL);
    return file.inode->seals;
}

Result<u32> add_seals(File& file, u32 seals) {
    constexpr u32 ALL = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_FUTURE_WRITE;
    if (!file.writable())
        return Err(Errno::PERM);
    if ((seals & ~ALL) != 0 || file_mapping(file) == nullptr || !file.inode->is_regular())
        return Err(Errno::INVAL);
    Inode& inode = *file.inode;
    WriteGuard guard(inode.lock); // a write that has begun ends first
    if ((inode.seals & F_SEAL_SEAL) != 0)
        return Err(Errno::PERM);
    const bool forbids_writing = (seals & ~inode.seals & F_SEAL_WRITE) != 0;
    if (forbids_writing && (inode.shared_maps_begun != 0 || is_mapped_for_writing(inode.mapping)))
        return Err(Errno::BUSY);
    inode.seals |= seals;
    return 0u;
}

u32 memfd_pages(FilesStruct& files) {
    u32 pages = 0;
    const Guard guard(files.lock);
    for (u32 fd = 0; fd < files.end; ++fd)
        if (const File* file = files.table[fd].file; file != nullptr && file->inode->mapping.sb == &shm_mnt)
            pages += file->inode->mapping.nr_pages + file->inode->mapping.nr_swapped;
    return pages;
}

Result<u32> sys_memfd_create(UserAddr user_name, u32 flags) {
    constexpr std::string_view prefix = "memfd:";
    constexpr u32 longest = NAME_LENGTH_MAX - static_cast<u32>(prefix.size()); // memfd_create(2): 249
    if ((flags & ~u32(MFD_CLOEXEC | MFD_ALLOW_SEALING)) != 0)
        return Err(Errno::INVAL);
    // On Linux a mapping keeps the file open, so that file-max bounds memfds. Here it keeps only the inode.
    if (shm_mnt.used_inodes.load(std::memory_order_relaxed) >= max_files && !capable(CAP_SYS_ADMIN))
        return Err(Errno::NFILE);
    char name[NAME_LENGTH_MAX + 1];
    std::memcpy(name, prefix.data(), prefix.size());
    const u32 length = TRY(strncpy_from_user(name + prefix.size(), user_name, longest + 1));
    if (length > longest)
        return Err(Errno::INVAL);
    InodeRef inode(TRY(new_inode(S_IFREG | 0777)));
    join_file_system(*inode, shm_mnt);
    TRY_VOID(set_unlisted_name(*inode, nullptr, {name, prefix.size() + length}));
    if ((flags & MFD_ALLOW_SEALING) != 0)
        inode->seals = 0;
    FileRef file = TRY(open_inode(*inode, O_RDWR | O_LARGEFILE));
    // This descriptor is how a memfd is run (fexecve(3)), so it does not count as a writer's.
    file->is_writer = false;
    put_write_access(inode->mapping);
    return static_cast<u32>(TRY(fd_install(std::move(file), (flags & MFD_CLOEXEC) != 0)));
}

} // namespace faultline
