// Open files: creation, references, last close.
#include "abi/fs/file.hpp"

#include <algorithm>
#include <atomic>

#include <linux/capability.h>
#include <linux/fcntl.h>
#include <linux/fs.h>

#include "abi/cred/cred.hpp"
#include "abi/fs/eventpoll.hpp"
#include "abi/fs/inode.hpp"
#include "abi/fs/locks.hpp"
#include "kernel/debug/printk.hpp"
#include "mm/page_alloc.hpp"
#include "mm/slab.hpp"

namespace faultline {

namespace {
constinit KmemCache file_cache("file", sizeof(File), alignof(File));
constinit std::atomic<u32> nr_files = 0;

// Whether current may have one more open file. Says so the first time that so many are too many.
bool may_open_another() {
    static constinit u32 most_told = 0;
    const u32 now = nr_open_files();
    if (now < max_files || capable(CAP_SYS_ADMIN))
        return true;
    if (now > most_told) {
        printk(KERN_INFO, "VFS: file-max limit %u reached", static_cast<unsigned>(max_files));
        most_told = now;
    }
    return false;
}
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
    if (first_ == nullptr || (second_ != nullptr && second_ < first_))
        std::swap(first_, second_);
    if (first_ != nullptr)
        lock();
}

void PositionLocked::lock() {
    first_->position_lock.down_write();
    if (second_ != nullptr)
        second_->position_lock.down_write();
}

void PositionLocked::unlock() {
    if (second_ != nullptr)
        second_->position_lock.up_write();
    first_->position_lock.up_write();
}

Result<File*> alloc_file(Inode& inode, const FileOps& ops, u32 flags) {
    if (!may_open_another())
        return Err(Errno::NFILE);
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
    nr_files.fetch_add(1, std::memory_order_relaxed);
    return file;
}

u32 nr_open_files() { return nr_files.load(std::memory_order_relaxed); }

void init_max_files() {
    constexpr u32 KIB_PER_FILE = 10;
    const u32 total = nr_total_pages(), used = total - nr_free_pages();
    const u32 reserved = std::min(used * 3 / 2, total - 1);
    max_files = std::max((total - reserved) * (PAGE_SIZE / 1024) / KIB_PER_FILE, u32{NR_FILE});
}

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
    nr_files.fetch_sub(1, std::memory_order_relaxed);
    kmem_delete(file_cache, &file);
}

AddressSpace* file_mapping(File& file) {
    const bool cached = file.inode->is_regular() ? file.inode->file_ops == nullptr : file.inode->type() == S_IFBLK;
    return cached && (file.flags & O_PATH) == 0 ? file.mapping : nullptr;
}

} // namespace faultline
