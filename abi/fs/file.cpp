// Open files: creation, references, last close.
#include "abi/fs/file.hpp"

#include <linux/fcntl.h>

#include "abi/fs/eventpoll.hpp"
#include "abi/fs/inode.hpp"
#include "abi/fs/locks.hpp"
#include "mm/slab.hpp"

namespace faultline {

namespace {
constinit KmemCache file_cache("file", sizeof(File), alignof(File));
} // namespace

bool File::readable() const {
    return (flags & (O_ACCMODE | O_PATH)) == O_RDONLY || (flags & (O_ACCMODE | O_PATH)) == O_RDWR;
}
bool File::writable() const {
    return (flags & (O_ACCMODE | O_PATH)) == O_WRONLY || (flags & (O_ACCMODE | O_PATH)) == O_RDWR;
}

Result<File*> alloc_file(Inode& inode, const FileOps& ops, u32 flags) {
    File* file = kmem_new<File>(file_cache);
    if (file == nullptr)
        return Err(Errno::NOMEM);
    file->ops = &ops;
    file->inode = &iget(inode);
    file->flags = flags;
    if (file->writable())
        inode.writers.fetch_add(1, std::memory_order_relaxed);
    return file;
}

u32 nr_open_files() { return file_cache.in_use(); }

File& get_file(File& file) {
    file.references.inc();
    return file;
}

void fput(File& file) {
    if (!file.references.dec_and_test())
        return;
    eventpoll_release(file);
    locks_remove_flock(file);
    if (file.ops->release != nullptr)
        file.ops->release(file);
    if (file.writable())
        file.inode->writers.fetch_sub(1, std::memory_order_relaxed);
    iput(file.inode);
    kmem_delete(file_cache, &file);
}

AddressSpace* file_mapping(File& file) {
    return file.inode->is_regular() && file.inode->file_ops == nullptr && (file.flags & O_PATH) == 0
               ? &file.inode->mapping
               : nullptr;
}

} // namespace faultline
