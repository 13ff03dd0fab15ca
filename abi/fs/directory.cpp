// Listing and making directories.
#include "abi/fs/directory.hpp"

#include <algorithm>
#include <cstring>

#include <linux/fcntl.h>

#include "abi/fs/file.hpp"
#include "abi/fs/files.hpp"
#include "abi/fs/files_private.hpp"
#include "abi/fs/inode.hpp"
#include "abi/fs/namei.hpp"
#include "abi/fs/open.hpp"
#include "abi/fs/permission.hpp"
#include "kernel/sched/sched.hpp"
#include "mm/kmalloc.hpp"

namespace faultline {

constinit const FileOps directory_file_ops{
    .read = [](File&, UserAddr, u32, u64&) -> Result<u32> { return Err(Errno::ISDIR); },
    .seekable = true, // the position is the cookie of the last entry read
};

namespace {

constexpr u32 DOT_COOKIE = 1, DOT_DOT_COOKIE = 2;

// struct linux_dirent64 (getdents(2)). The name follows with its NUL, padded to a multiple of 8 bytes.
struct DirentHeader {
    u64 inode_number;
    s64 cookie;
    u16 record_bytes;
    u8 type;
} __attribute__((packed));
static_assert(sizeof(DirentHeader) == 19);

// Collects entries in kernel memory, in the format of getdents64().
class DirentBuffer : public DirectorySink {
  public:
    DirentBuffer(u8* buffer, u32 size) : buffer_(buffer), size_(size) {}

    bool entry(std::string_view name, u64 inode_number, u32 type, u32 cookie) override {
        const u32 bytes = (static_cast<u32>(sizeof(DirentHeader) + name.size()) + 1 + 7) & ~7u;
        if (bytes > size_ - used_) {
            full_ = true;
            return false;
        }
        const DirentHeader header{inode_number, s64{cookie}, static_cast<u16>(bytes), static_cast<u8>(type >> 12)};
        u8* at = buffer_ + used_;
        std::memset(at, 0, bytes);
        std::memcpy(at, &header, sizeof header);
        std::memcpy(at + sizeof header, name.data(), name.size());
        used_ += bytes;
        last_cookie_ = cookie;
        return true;
    }
    // Drops the entries that do not lie in the first `bytes` bytes.
    void cut(u32 bytes) {
        u32 kept = 0;
        for (DirentHeader header; kept < used_; kept += header.record_bytes) {
            std::memcpy(&header, buffer_ + kept, sizeof header);
            if (kept + header.record_bytes > bytes)
                break;
            last_cookie_ = static_cast<u32>(header.cookie);
        }
        used_ = kept;
    }
    u32 used() const { return used_; }
    bool full() const { return full_; }
    u32 last_cookie() const { return last_cookie_; }

  private:
    u8* buffer_;
    u32 size_, used_ = 0, last_cookie_ = 0;
    bool full_ = false;
};

// Passes the entries with a cookie greater than `after` to `sink`. Caller holds tree_lock. NOENT: the directory is of
// something that is gone.
Result<void> iterate(Inode& directory, u32 after, DirectorySink& sink) {
    if (after < DOT_COOKIE && !sink.entry(".", directory.number, S_IFDIR, DOT_COOKIE))
        return {};
    if (after < DOT_DOT_COOKIE && !sink.entry("..", parent_of(directory)->number, S_IFDIR, DOT_DOT_COOKIE))
        return {};
    for (auto at = directory.children.upper_bound(after); at != directory.children.end(); ++at)
        if (!sink.entry(at->name(), at->inode->number, at->inode->type(), at->cookie))
            return {};
    if (directory.ops != nullptr && directory.ops->iterate != nullptr)
        return directory.ops->iterate(directory, after, sink);
    return {};
}

} // namespace

Result<u32> sys_getdents64(s32 fd, UserAddr buffer, u32 bytes) {
    FileRef file = TRY(fget_ref(fd));
    if (!file->inode->is_directory())
        return Err(Errno::NOTDIR);
    const PositionLocked position(*file);
    u8* page = static_cast<u8*>(kmalloc(PAGE_SIZE));
    if (page == nullptr)
        return Err(Errno::NOMEM);
    DirentBuffer entries(page, std::min(bytes, PAGE_SIZE));
    Result<void> listed = Err(Errno::NOENT); // the directory was removed
    {
        ReadGuard guard(tree_lock());
        if (!is_removed(*file->inode))
            listed = iterate(*file->inode, static_cast<u32>(std::min<u64>(file->position, ~u32{0})), entries);
    }
    const auto pass_on = [&]() -> Result<u32> {
        TRY_VOID(listed);
        if (entries.used() == 0)
            return entries.full() ? Result<u32>(Err(Errno::INVAL)) : Result<u32>(0u);
        // Where the buffer turns bad, what fitted before counts.
        if (const u32 missing = copy_to_user(buffer, page, entries.used()); missing != 0)
            entries.cut(entries.used() - missing);
        if (entries.used() == 0)
            return Err(Errno::FAULT);
        file->position = entries.last_cookie();
        return entries.used();
    };
    const auto result = pass_on();
    kfree(page);
    return result;
}

Result<u32> sys_mkdirat(s32 dirfd, UserAddr path, u32 mode) {
    PathName name = TRY(PathName::from_user(path));
    WriteGuard guard(tree_lock());
    Found found = TRY(walk_path(dirfd, name, LOOKUP_MISSING));
    InodeRef inode(TRY(new_inode(S_IFDIR | (mode & 01777 & ~current()->fs->umask))));
    if (found.last == Found::Name)
        inherit_group(*inode, *found.parent);
    TRY_VOID(link_new(found, *inode));
    return 0u;
}

Result<u32> sys_mkdir(UserAddr path, u32 mode) { return sys_mkdirat(AT_FDCWD, path, mode); }

} // namespace faultline
