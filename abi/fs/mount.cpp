// mount(2) and umount(2). The kernel has mounted "proc", "sysfs" and "devtmpfs"; mounting one of them again at its
// place succeeds and has no effect. "tmpfs" makes a new file system each time; MS_REMOUNT changes its limits.
#include "abi/fs/mount.hpp"

#include <algorithm>
#include <cstring>

#include <linux/capability.h>
#include <linux/fcntl.h>
#include <linux/mount.h>

#include "abi/cred/cred.hpp"
#include "abi/fs/file.hpp"
#include "abi/fs/inode.hpp"
#include "abi/fs/namei.hpp"
#include "abi/fs/seq_file.hpp"
#include "abi/fs/tmpfs.hpp"
#include "mm/kmalloc.hpp"
#include "mm/slab.hpp"
#include "mm/upcalls.hpp"

namespace faultline {

namespace {

struct Mount {
    Mount* next = nullptr;
    Inode* root = nullptr; // its target holds the reference
    u32 device = 0;
    const char* type = "";
    char source[32] = {};
};
constexpr u32 ROOT_DEVICE = 1, NAMELESS_DEVICE = 2;
constinit u32 last_device = NAMELESS_DEVICE;
constinit Mount* mounts = nullptr; // oldest first; guarded by tree_lock
constinit u32 nr_mounts = 1;       // with the root, which is not in the list; guarded by tree_lock
constinit KmemCache mount_cache("mount", sizeof(Mount), alignof(Mount));

// The link that points to the mount with this root. It points to nullptr if there is none. Caller holds tree_lock.
Mount** find_mount(const Inode& root) {
    Mount** at = &mounts;
    while (*at != nullptr && (*at)->root != &root)
        at = &(*at)->next;
    return at;
}

// Removes everything below `root`, deepest first, without recursion.
void empty_tree(Inode& root) {
    Inode* at = &root;
    while (!root.children.empty()) {
        Dentry& first = *at->children.begin();
        if (!first.inode->children.empty()) {
            at = first.inode;
            continue;
        }
        remove_name(first);
        at = &root;
    }
}

// The root of the file system that an inode is in. Caller holds tree_lock.
const Inode& root_of(const Inode& inode) {
    const Inode* at = &inode;
    while (at->covers == nullptr && !at->names.empty() && at->names.front().parent != nullptr)
        at = at->names.front().parent;
    return *at;
}

// The newest mount on the file system of `root`, or on one mounted below it; nullptr: there is none. Nothing is mounted
// on that one itself.
Mount* newest_below(const Inode& root) {
    Mount* found = nullptr;
    for (Mount* mount = mounts; mount != nullptr; mount = mount->next)
        for (const Inode* at = mount->root->covers; at != nullptr; at = at->covers) {
            at = &root_of(*at);
            if (at == &root)
                found = mount;
        }
    return found;
}

// Takes a file system out of the tree of files. Its names are removed, and its directories count as removed: nothing
// can be made in them any more, so it goes with its last open file.
void detach(const Inode& root) {
    Mount** place = find_mount(root);
    Mount* mount = std::exchange(*place, (*place)->next);
    InodeRef kept(&iget(*mount->root));
    kmem_delete(mount_cache, mount);
    --nr_mounts;
    InodeRef covered(std::exchange(kept->covers, nullptr));
    iput(std::exchange(covered->mounted, nullptr));
    empty_tree(*kept);
    kept->nlink = 0;
}

// How many references on an inode its names in the tree and its entries hold.
s32 references_of_tree(const Inode& inode) {
    s32 count = static_cast<s32>(inode.children.size());
    for (const Dentry& name : inode.names)
        count += name.removed ? 0 : 1;
    return count;
}

// Whether a file of the mounted file system is open, mapped, or a working directory. Of its root, the covered directory
// and the caller hold a reference, too. (Linux: propagate_mount_busy, by a count of the mount.)
bool is_busy(Inode& root) {
    if (root.references.read() != references_of_tree(root) + 2)
        return true;
    if (root.children.empty())
        return false;
    for (const Dentry* at = &*root.children.begin(); at != nullptr; at = next_below(root, *at)) {
        if (at->inode->references.read() != references_of_tree(*at->inode))
            return true;
        cond_resched();
    }
    return false;
}

bool is_mounted_as(const Inode& inode, std::string_view type) {
    Mount* mount = *find_mount(inode);
    return mount != nullptr && mount->type == type;
}

} // namespace

Result<void> mount_root(Inode& target, Inode& root, std::string_view source, const char* type) {
    if (target.mounted != nullptr || root.covers != nullptr)
        return Err(Errno::BUSY);
    if (nr_mounts >= mount_max) // Linux: count_mounts
        return Err(Errno::NOSPC);
    Mount* mount = kmem_new<Mount>(mount_cache);
    if (mount == nullptr)
        return Err(Errno::NOMEM);
    mount->root = target.mounted = &iget(root);
    root.covers = &iget(target);
    mount->type = type;
    mount->device = ++last_device;
    std::memcpy(mount->source, source.data(), std::min(source.size(), sizeof mount->source - 1));
    Mount** end = &mounts;
    while (*end != nullptr)
        end = &(*end)->next;
    *end = mount;
    ++nr_mounts;
    return {};
}

u32 device_of(const Inode& inode) {
    const Inode* at = &inode;
    while (at->covers == nullptr) {
        if (at == &root_inode())
            return ROOT_DEVICE;
        if (at->names.empty() || at->names.front().parent == nullptr)
            return NAMELESS_DEVICE;
        at = at->names.front().parent;
    }
    return (*find_mount(*at))->device;
}

Result<void> show_mounts(const Inode&, SeqFile& out) {
    char* path = static_cast<char*>(kmalloc(PATH_LENGTH_MAX));
    if (path == nullptr)
        return Err(Errno::NOMEM);
    ReadGuard guard(tree_lock());
    out.text("rootfs / tmpfs rw 0 0\n");
    for (Mount* mount = mounts; mount != nullptr; mount = mount->next)
        if (inode_path(*mount->root, path, PATH_LENGTH_MAX).ok()) {
            out.printf("%s %s %s rw", mount->source[0] != '\0' ? mount->source : "none", path, mount->type);
            show_tmpfs_options(*mount->root, out);
            out.text(" 0 0\n");
        }
    kfree(path);
    return {};
}

Result<void> show_mountinfo(const Inode&, SeqFile& out) {
    char* path = static_cast<char*>(kmalloc(PATH_LENGTH_MAX));
    if (path == nullptr)
        return Err(Errno::NOMEM);
    ReadGuard guard(tree_lock());
    out.printf("%u 0 0:%u / / rw - tmpfs rootfs rw\n", static_cast<unsigned>(ROOT_DEVICE),
               static_cast<unsigned>(ROOT_DEVICE));
    for (const Mount* mount = mounts; mount != nullptr; mount = mount->next)
        if (inode_path(*mount->root, path, PATH_LENGTH_MAX).ok()) {
            out.printf("%u %u 0:%u / %s rw - %s %s rw", static_cast<unsigned>(mount->device),
                       static_cast<unsigned>(device_of(*mount->root->covers)), static_cast<unsigned>(mount->device),
                       path, mount->type, mount->source[0] != '\0' ? mount->source : "none");
            show_tmpfs_options(*mount->root, out);
            out.text("\n");
        }
    kfree(path);
    return {};
}

namespace {

// The options of a tmpfs in the program's memory; a null address: none. INVAL, FAULT, NOMEM.
Result<ShmemOptions> user_tmpfs_options(UserAddr data) {
    if (data == UserAddr())
        return ShmemOptions();
    PageRef page = alloc_page(GFP_ATOMIC);
    if (!page)
        return Err(Errno::NOMEM);
    auto* text = static_cast<char*>(page_address(*page));
    const u32 length = TRY(strncpy_from_user(text, data, PAGE_SIZE));
    return parse_tmpfs_options({text, std::min(length, PAGE_SIZE - 1)});
}

// New limits for the tmpfs that is mounted at `target`. INVAL: none is.
Result<u32> remount(UserAddr target, UserAddr data) {
    const ShmemOptions options = TRY(user_tmpfs_options(data));
    PathName path = TRY(PathName::from_user(target));
    WriteGuard guard(tree_lock());
    const Found found = TRY(walk_path(AT_FDCWD, path, LOOKUP_FOLLOW));
    if (found.inode->mapping.sb == nullptr ||
        (*find_mount(*found.inode) == nullptr && found.inode.get() != &root_inode()))
        return Err(Errno::INVAL);
    TRY_VOID(reconfigure_tmpfs(*found.inode->mapping.sb, options));
    return 0u;
}

} // namespace

Result<u32> sys_mount(UserAddr source, UserAddr target, UserAddr type, u32 flags, UserAddr data) {
    if (!capable(CAP_SYS_ADMIN))
        return Err(Errno::PERM);
    if ((flags & (MS_REMOUNT | MS_BIND)) == MS_REMOUNT)
        return remount(target, data);
    char type_name[16] = {}, source_name[32] = {};
    if ((flags & (MS_REMOUNT | MS_BIND | MS_MOVE | MS_SHARED | MS_PRIVATE | MS_SLAVE | MS_UNBINDABLE)) != 0)
        return Err(Errno::INVAL);
    if (type == UserAddr() || TRY(strncpy_from_user(type_name, type, sizeof type_name)) == sizeof type_name)
        return Err(type == UserAddr() ? Errno::INVAL : Errno::NODEV);
    if (source != UserAddr()) {
        (void)TRY(strncpy_from_user(source_name, source, sizeof source_name));
        source_name[sizeof source_name - 1] = '\0';
    }
    const std::string_view wanted = type_name;
    ShmemOptions options;
    if (wanted == "tmpfs")
        options = TRY(user_tmpfs_options(data));
    else if (wanted == "ramfs")
        options.blocks = options.inodes = 0; // a tmpfs without limits
    PathName path = TRY(PathName::from_user(target));
    WriteGuard guard(tree_lock());
    const Found found = TRY(walk_path(AT_FDCWD, path, LOOKUP_FOLLOW));
    if (!found.inode->is_directory())
        return Err(Errno::NOTDIR);
    if (!is_in_tree(*found.inode) || is_removed(*found.inode)) // nobody could find the mount again
        return Err(Errno::NOENT);
    if (wanted == "proc" || wanted == "sysfs" || wanted == "devtmpfs")
        return is_mounted_as(*found.inode, wanted) ? Result<u32>(0u) : Result<u32>(Err(Errno::BUSY));
    if (wanted != "tmpfs" && wanted != "ramfs")
        return Err(Errno::NODEV);
    const InodeRef root = TRY(new_tmpfs(options));
    TRY_VOID(mount_root(*found.inode, *root, source_name, "tmpfs"));
    return 0u;
}

Result<u32> sys_umount2(UserAddr target, u32 flags) {
    constexpr u32 FORCE = 1, DETACH = 2, EXPIRE = 4, NOFOLLOW = 8; // umount(2); no UAPI header has them
    if ((flags & ~(FORCE | DETACH | EXPIRE | NOFOLLOW)) != 0)
        return Err(Errno::INVAL);
    if (!capable(CAP_SYS_ADMIN))
        return Err(Errno::PERM);
    PathName path = TRY(PathName::from_user(target));
    WriteGuard guard(tree_lock());
    InodeRef root = std::move(TRY(walk_path(AT_FDCWD, path, (flags & NOFOLLOW) != 0 ? 0 : u32{LOOKUP_FOLLOW})).inode);
    if (*find_mount(*root) == nullptr)
        return Err(Errno::INVAL);
    if (root->ops != nullptr)
        return Err(Errno::BUSY);
    if ((flags & DETACH) == 0 && (newest_below(*root) != nullptr || is_busy(*root)))
        return Err(Errno::BUSY);
    while (Mount* mount = newest_below(*root))
        detach(*mount->root);
    detach(*root);
    return 0u;
}

} // namespace faultline
