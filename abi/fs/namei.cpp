// The walk along a path, one component at a time. A symbolic link is expanded in place: its text replaces its name in
// the buffer.
#include "abi/fs/namei.hpp"

#include <cstring>

#include <linux/fcntl.h>

#include "abi/cred/cred.hpp"
#include "abi/fs/file.hpp"
#include "abi/fs/files.hpp"
#include "abi/fs/files_private.hpp"
#include "abi/fs/inode.hpp"
#include "abi/fs/permission.hpp"
#include "arch/contract/uaccess.hpp"
#include "kernel/sched/sched.hpp"
#include "mm/kmalloc.hpp"
#include "mm/upcalls.hpp"

namespace faultline {

PathName::~PathName() { kfree(text_); }

Result<PathName> PathName::from_user(UserAddr path, bool empty_allowed) {
    PathName name;
    name.text_ = static_cast<char*>(kmalloc(PATH_LENGTH_MAX));
    if (name.text_ == nullptr)
        return Err(Errno::NOMEM);
    const u32 length = TRY(strncpy_from_user(name.text_, path, PATH_LENGTH_MAX));
    if (length == PATH_LENGTH_MAX)
        return Err(Errno::NAMETOOLONG);
    if (length == 0 && !empty_allowed)
        return Err(Errno::NOENT);
    return name;
}

Result<PathName> PathName::from_kernel(std::string_view path) {
    if (path.empty())
        return Err(Errno::NOENT);
    if (path.size() >= PATH_LENGTH_MAX)
        return Err(Errno::NAMETOOLONG);
    PathName name;
    name.text_ = static_cast<char*>(kmalloc(PATH_LENGTH_MAX));
    if (name.text_ == nullptr)
        return Err(Errno::NOMEM);
    std::memcpy(name.text_, path.data(), path.size());
    name.text_[path.size()] = '\0';
    return name;
}

Result<InodeRef> directory_of(s32 dirfd) {
    if (dirfd == AT_FDCWD)
        return cross_mounts(InodeRef(&iget(*current()->fs->pwd)));
    File* file = TRY(fget(dirfd));
    InodeRef directory(&iget(*file->inode));
    fput(*file);
    if (!directory->is_directory())
        return Err(Errno::NOTDIR);
    return directory;
}

Result<InodeRef> lookup_child(Inode& directory, std::string_view name) {
    InodeRef child;
    if (Dentry* dentry = find_child(directory, name))
        child = InodeRef(&iget(*dentry->inode));
    else if (directory.ops != nullptr && directory.ops->lookup != nullptr)
        child = InodeRef(TRY(directory.ops->lookup(directory, name)));
    else
        return Err(Errno::NOENT);
    return cross_mounts(std::move(child));
}

namespace {

// Puts the text of `link` in front of the rest of the path, and moves both to the beginning of the buffer. NOENT: the
// text is empty; NAMETOOLONG, NOMEM.
Result<void> expand_symlink(Inode& link, char* buffer, const char* rest) {
    const u32 rest_length = static_cast<u32>(std::strlen(rest));
    const u32 room = PATH_LENGTH_MAX - rest_length - 2;
    char* target = static_cast<char*>(kmalloc(PATH_LENGTH_MAX));
    if (target == nullptr)
        return Err(Errno::NOMEM);
    Result<void> result{};
    u32 length = 0;
    if (link.ops != nullptr && link.ops->readlink != nullptr) {
        const auto read = link.ops->readlink(link, target, PATH_LENGTH_MAX);
        if (read.ok())
            length = read.value();
        else
            result = Err(read.error());
    } else {
        length = static_cast<u32>(std::strlen(link.link_target));
        std::memcpy(target, link.link_target, length);
    }
    if (result.ok() && length == 0)
        result = Err(Errno::NOENT);
    else if (result.ok() && length > room)
        result = Err(Errno::NAMETOOLONG);
    if (result.ok()) {
        std::memmove(buffer + length + (rest_length != 0), rest, rest_length + 1);
        std::memcpy(buffer, target, length);
        if (rest_length != 0)
            buffer[length] = '/';
    }
    kfree(target);
    return result;
}

const char* skip_slashes(const char* at) {
    while (*at == '/')
        ++at;
    return at;
}

std::string_view component_at(const char* at) {
    u32 length = 0;
    while (at[length] != '\0' && at[length] != '/')
        ++length;
    return {at, length};
}

} // namespace

Result<Found> walk_path(s32 dirfd, PathName& path, u32 flags, const Cred* cred) {
    Found found;
    char* const buffer = path.text();
    InodeRef here = buffer[0] == '/' ? cross_mounts(InodeRef(&iget(root_inode()))) : TRY(directory_of(dirfd));
    u32 links = 0;
    for (const char* at = skip_slashes(buffer); *at != '\0';) {
        cond_resched(); // a path may have two thousand components, and a directory many entries
        if (!here->is_directory())
            return Err(Errno::NOTDIR);
        TRY_VOID(inode_permission(cred, *here, MAY_EXEC));
        const std::string_view name = component_at(at);
        const char* rest = skip_slashes(name.data() + name.size());
        const bool last = *rest == '\0';
        const bool slash = name.data()[name.size()] == '/';
        if (name.size() > NAME_LENGTH_MAX)
            return Err(Errno::NAMETOOLONG);
        if (name == "." || name == "..") {
            if (name == "..")
                here = parent_of(*here);
            found.last = name == "." ? Found::Dot : Found::DotDot;
            at = rest;
            continue;
        }

        auto looked_up = lookup_child(*here, name);
        if (!looked_up.ok() && !(looked_up.error() == Errno::NOENT && last && (flags & LOOKUP_MISSING) != 0))
            return Err(looked_up.error());
        InodeRef next = looked_up.ok() ? std::move(*looked_up) : InodeRef();
        if (next && next->is_symlink() && (!last || slash || (flags & LOOKUP_FOLLOW) != 0)) {
            if (++links > SYMLINK_DEPTH_MAX)
                return Err(Errno::LOOP);
            if (next->ops != nullptr && next->ops->follow != nullptr) {
                here = InodeRef(TRY(next->ops->follow(*next)));
                found.last = Found::Dot;
                at = rest;
                continue;
            }
            // Keep the trailing slash: "link/" means the directory to which the link leads.
            TRY_VOID(expand_symlink(*next, buffer, last && slash ? rest - 1 : rest));
            if (buffer[0] == '/')
                here = cross_mounts(InodeRef(&iget(root_inode())));
            at = skip_slashes(buffer);
            found.last = Found::Dot;
            continue;
        }
        if (last) {
            if (next && slash && !next->is_directory())
                return Err(Errno::NOTDIR);
            found.last = Found::Name;
            found.parent = std::move(here);
            found.name = name;
            found.inode = std::move(next);
            found.trailing_slash = slash;
            return found;
        }
        here = std::move(next);
        at = rest;
    }
    found.inode = std::move(here);
    return found;
}

Result<InodeRef> user_path(s32 dirfd, UserAddr path, u32 flags) {
    PathName name = TRY(PathName::from_user(path));
    ReadGuard guard(tree_lock());
    Found found = TRY(walk_path(dirfd, name, flags));
    return std::move(found.inode);
}

Result<InodeRef> inode_at(s32 dirfd, UserAddr path, u32 flags, const Cred* cred) {
    PathName name = TRY(PathName::from_user(path, (flags & AT_EMPTY_PATH) != 0));
    if (name.empty()) {
        if (dirfd == AT_FDCWD)
            return directory_of(dirfd);
        FileRef file(TRY(fget(dirfd)));
        return InodeRef(&iget(*file->inode));
    }
    ReadGuard guard(tree_lock());
    const u32 lookup = (flags & AT_SYMLINK_NOFOLLOW) != 0 ? 0 : u32{LOOKUP_FOLLOW};
    return std::move(TRY(walk_path(dirfd, name, lookup, cred)).inode);
}

namespace {

Inode& make_node(std::string_view path, u32 mode, u32 rdev) {
    auto name = PathName::from_kernel(path);
    BUG_ON(!name.ok());
    auto found = walk_path(AT_FDCWD, *name, LOOKUP_MISSING | LOOKUP_FOLLOW);
    if (!found.ok() || (!found->inode && found->last != Found::Name))
        panic("fs: cannot make %s at boot", name->text());
    if (found->inode) {
        if ((mode & S_IFMT) == S_IFDIR && found->inode->is_directory())
            return *found->inode;
        remove_name(*find_child(*found->parent, found->name));
    }
    auto inode = new_inode(mode);
    if (!inode.ok() || !add_name(*found->parent, found->name, **inode).ok())
        panic("fs: out of memory for %s at boot", name->text());
    (*inode)->rdev = rdev;
    iput(*inode);
    return **inode;
}

} // namespace

Inode& make_directory(std::string_view path, u32 permissions) { return make_node(path, S_IFDIR | permissions, 0); }

void make_device(std::string_view path, u32 mode, u32 rdev) { make_node(path, mode, rdev); }

} // namespace faultline
