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

bool File::has_atomic_position() const { return inode->is_regular() || inode->is_directory(); }

PositionLocked::PositionLocked(File* one, File* other)
    : first_(one != nullptr && one->has_atomic_position() ? one : nullptr),
      second_(other != nullptr && other != one && other->has_atomic_position() ? other : nullptr) {
    if (second_ < first_)
        std::swap(first_, second_);
    if (first_ != nullptr)
        first_->position_lock.down_write();
    if (second_ != nullptr)
        second_->position_lock.down_write();
}

PositionLocked::~PositionLocked() {
    if (second_ != nullptr)
        second_->position_lock.up_write();
    if (first_ != nullptr)
        first_->position_lock.up_write();
}

Result<File*> alloc_file(Inode& inode, const FileOps& ops, u32 flags) {
    File* file = kmem_new<File>(file_cache);
    if (file == nullptr)
        return Err(Errno::NOMEM);
    file->ops = &ops;
    file->inode = &inode;
    file->mapping = &inode.mapping;
    file->flags = flags;
    file->is_writer = file->writable() && inode.is_regular();
    if (file->is_writer && !get_write_access(inode.mapping)) {
        kmem_delete(file_cache, file);
        return Err(Errno::TXTBSY);
    }
    iget(inode);
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
    if (file.is_writer)
        put_write_access(file.inode->mapping);
    if (file.denies_write)
        allow_write_access(file.inode->mapping);
    iput(file.inode);
    kmem_delete(file_cache, &file);
}

AddressSpace* file_mapping(File& file) {
    const bool cached = file.inode->is_regular() ? file.inode->file_ops == nullptr : file.inode->type() == S_IFBLK;
    return cached && (file.flags & O_PATH) == 0 ? file.mapping : nullptr;
}

} // namespace faultline
