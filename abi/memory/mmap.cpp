// Turns descriptors into mappings, and passes the system calls on to mm/ for the address space of current.
#include "abi/memory/mmap.hpp"

#include "abi/fs/block_file.hpp"
#include "abi/fs/file.hpp"
#include "abi/fs/files.hpp"
#include "abi/fs/inode.hpp"
#include "abi/fs/memory_devices.hpp"
#include "abi/memory/current_mm.hpp"
#include "abi/task/personality.hpp"
#include "kernel/sched/sched.hpp"
#include "mm/brk.hpp"
#include "mm/filemap.hpp"
#include "mm/madvise.hpp"
#include "mm/mman.hpp"
#include "mm/mmap.hpp"
#include "mm/mprotect.hpp"
#include "mm/mremap.hpp"
#include "mm/munmap.hpp"
#include "mm/remap_file_pages.hpp"

namespace faultline {

namespace {

Result<UserAddr> mmap_file(UserAddr address, u32 length, u32 prot, u32 flags, File& file, u32 page_offset) {
    // The arguments that do not depend on the file are checked first (Linux do_mmap).
    if (length == 0 || (flags & MAP_TYPE) == 0 || (flags & MAP_TYPE) > MAP_SHARED_VALIDATE)
        return Err(Errno::INVAL);
    if (!file.readable())
        return Err(Errno::ACCES);
    AddressSpace* mapping = file_mapping(file);
    if (mapping == nullptr && !maps_as_zeros(file))
        return Err(Errno::NODEV);
    // A shared mapping of /dev/zero gets a new file, with the access mode of this one.
    if (mapping == nullptr && (flags & MAP_TYPE) != MAP_PRIVATE && (prot & PROT_WRITE) != 0 && !file.writable())
        return Err(Errno::ACCES);
    Inode& inode = *file.inode;
    inode.atime_ns = current_time_ns(); // as read(2) does (Linux file_accessed)
    bool may_write = file.writable();
    const bool shared = (flags & MAP_TYPE) != MAP_PRIVATE && may_write && mapping != nullptr;
    if (shared && is_read_only_device(file)) // Linux: generic_file_readonly_mmap
        return Err(Errno::INVAL);
    // As Debian's kernel 6.1 does; earlier versions refused F_SEAL_WRITE even for reading. (Linux: memfd_check_seals_mmap.)
    if (shared && (inode.seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE)) != 0) {
        if ((prot & PROT_WRITE) != 0)
            return Err(Errno::PERM);
        may_write = false;
    }
    // do_mmap() may sleep before the mapping can be seen; meanwhile no seal may forbid it.
    inode.shared_maps_begun += shared ? 1 : 0;
    const auto mapped = do_mmap(current_mm(), address, length, prot, flags, mapping, may_write, page_offset);
    inode.shared_maps_begun -= shared ? 1 : 0;
    return mapped;
}

} // namespace

u32 sys_brk(UserAddr new_brk) {
    const bool executable = (implied_protection(PROT_READ) & PROT_EXEC) != 0;
    return do_brk(current_mm(), new_brk, executable).value();
}

Result<UserAddr> sys_mmap2(UserAddr address, u32 length, u32 prot, u32 flags, s32 fd, u32 page_offset) {
    prot = implied_protection(prot);
    if ((flags & MAP_ANONYMOUS) != 0)
        return do_mmap(current_mm(), address, length, prot, flags, nullptr, true, page_offset);
    const FileRef file = TRY(fget_ref(fd));
    return mmap_file(address, length, prot, flags, *file, page_offset);
}

Result<void> sys_munmap(UserAddr start, u32 length) { return do_munmap(current_mm(), start, length); }
Result<void> sys_mprotect(UserAddr start, u32 length, u32 prot) {
    return do_mprotect(current_mm(), start, length, implied_protection(prot));
}
Result<UserAddr> sys_mremap(UserAddr old_address, u32 old_length, u32 new_length, u32 flags, UserAddr new_address) {
    return do_mremap(current_mm(), old_address, old_length, new_length, flags, new_address);
}
Result<void> sys_madvise(UserAddr start, u32 length, u32 advice) {
    return do_madvise(current_mm(), start, length, advice);
}

Result<void> sys_remap_file_pages(UserAddr start, u32 length, u32 prot, u32 pgoff, u32) {
    return do_remap_file_pages(current_mm(), start, length, prot, pgoff);
}

} // namespace faultline
