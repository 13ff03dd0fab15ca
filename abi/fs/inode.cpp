// Inodes and their names: creation, references, destruction, and the path from an inode back to "/".
#include "abi/fs/inode.hpp"

#include <cstring>

#include "abi/cred/cred.hpp"
#include "abi/fs/xattr.hpp"
#include "abi/time/realtime.hpp"
#include "base/late.hpp"
#include "mm/kmalloc.hpp"
#include "mm/slab.hpp"

namespace faultline {

namespace {

constinit KmemCache inode_cache("inode", sizeof(Inode), alignof(Inode));

constinit Late<RwSemaphore> lock_of_tree;
constinit Inode* root = nullptr;

Inode& host_of(AddressSpace& mapping) { return *static_cast<InodeMapping&>(mapping).host; }

const char* mapping_name(AddressSpace& mapping, char* buffer, u32 size) {
    ReadGuard guard(tree_lock());
    const auto path = inode_path(host_of(mapping), buffer, size);
    return path.ok() ? buffer : "(path too long)";
}

constexpr AddressSpaceOps inode_mapping_ops{
    .get = [](AddressSpace& mapping) { iget(host_of(mapping)); },
    .put = [](AddressSpace& mapping) { iput(&host_of(mapping)); },
    .get_not_zero = [](AddressSpace& mapping) { return host_of(mapping).references.inc_not_zero(); },
    .name = mapping_name,
    .update_time = [](AddressSpace& mapping) { touch(host_of(mapping)); },
};

Dentry* new_dentry(Inode& inode, Inode* parent, std::string_view name) {
    void* place = kmalloc(static_cast<u32>(sizeof(Dentry) + name.size()));
    if (place == nullptr)
        return nullptr;
    auto* dentry = new (place) Dentry;
    dentry->inode = &inode;
    dentry->parent = parent != nullptr ? &iget(*parent) : nullptr;
    dentry->length = static_cast<u32>(name.size());
    std::memcpy(dentry->text, name.data(), name.size());
    inode.names.push_front(*dentry);
    return dentry;
}

// Frees a name. Returns its directory, with the reference that the name held.
Inode* free_dentry(Dentry& dentry) {
    dentry.inode->names.erase(dentry.inode->names.iterator_to(dentry));
    Inode* parent = dentry.parent;
    dentry.~Dentry();
    kfree(&dentry);
    return parent;
}

// Frees a dead inode. Returns the directory of its last name, with the reference that the name held.
Inode* destroy(Inode& inode) {
    Inode* parent = inode.names.empty() ? nullptr : free_dentry(inode.names.front());
    BUG_ON(!inode.names.empty() || !inode.children.empty() || inode.pipe != nullptr);
    BUG_ON(inode.locks != nullptr || inode.mapping.i_writecount != 0);
    truncate_inode_pages(inode.mapping);
    if (ShmemSbInfo* sb = inode.mapping.sb) {
        if (inode.link_has_block)
            shmem_unacct_block(sb);
        shmem_free_inode(*sb);
        shmem_sb_put(*sb);
    }
    free_xattrs(inode);
    kfree(inode.link_target);
    kmem_delete(inode_cache, &inode);
    return parent;
}

} // namespace

Inode* inode_of(AddressSpace& mapping) { return mapping.ops == &inode_mapping_ops ? &host_of(mapping) : nullptr; }

RwSemaphore& tree_lock() { return *lock_of_tree; }
Inode& root_inode() { return *root; }

void init_inodes() {
    lock_of_tree.emplace("tree");
    root = new_inode(S_IFDIR | 0755).value();
    root->nlink = 2;
    ShmemSbInfo* sb = shmem_sb_new(0, 0); // limit_root_file_system() comes later
    BUG_ON(sb == nullptr);
    join_file_system(*root, *sb);
    shmem_sb_put(*sb);
}

Result<Inode*> new_inode(u32 mode) {
    Inode* inode = kmem_new<Inode>(inode_cache);
    if (inode == nullptr)
        return Err(Errno::NOMEM);
    inode->number = next_inode_number();
    inode->mode = mode;
    if (const Cred* cred = current()->cred) { // nullptr at boot
        inode->uid = cred->fsuid;
        inode->gid = cred->fsgid;
    }
    inode->mapping.ops = &inode_mapping_ops;
    inode->mapping.inode = inode->number;
    inode->mapping.host = inode;
    inode->atime_ns = inode->mtime_ns = inode->ctime_ns = current_time_ns();
    return inode;
}

void join_file_system(Inode& inode, ShmemSbInfo& sb) {
    BUG_ON(inode.mapping.sb != nullptr || inode.mapping.nr_pages != 0);
    shmem_sb_get(sb);
    shmem_count_inode(sb);
    inode.mapping.sb = &sb;
}

Inode& iget(Inode& inode) {
    inode.references.inc();
    return inode;
}

void iput(Inode* inode) {
    while (inode != nullptr && inode->references.dec_and_test())
        inode = destroy(*inode);
}

Dentry* find_child(Inode& directory, std::string_view name) {
    const auto found = directory.entries.find(name);
    return found != directory.entries.end() ? &*found : nullptr;
}

Result<void> add_name(Inode& directory, std::string_view name, Inode& inode, Dentry* replaced) {
    // A file whose last name was removed, and that now gets a new one (linkat(2) after O_TMPFILE), loses the old one.
    Inode* old_parent = nullptr;
    const bool had_removed = !inode.names.empty() && inode.names.front().removed;
    Dentry* dentry = new_dentry(inode, &directory, name);
    if (dentry == nullptr)
        return Err(Errno::NOMEM);
    if (replaced != nullptr)
        remove_name(*replaced);
    if (had_removed)
        old_parent = free_dentry(inode.names.back());
    iget(inode);
    dentry->cookie = directory.next_cookie++;
    BUG_ON(!directory.entries.insert(*dentry).second || !directory.children.insert(*dentry).second);
    if (ShmemSbInfo* sb = directory.mapping.sb; sb != nullptr && inode.mapping.sb == nullptr)
        join_file_system(inode, *sb);
    else if (sb != nullptr && inode.nlink != 0 && !inode.is_directory())
        shmem_count_inode(*sb); // each further name counts as one, too
    ++inode.nlink;
    if (inode.is_directory()) {
        inode.nlink = inode.nlink < 2 ? 2 : inode.nlink;
        ++directory.nlink;
    }
    touch(directory);
    iput(old_parent);
    return {};
}

void remove_name(Dentry& dentry) {
    Inode& inode = *dentry.inode;
    Inode& directory = *dentry.parent;
    directory.entries.erase(directory.entries.iterator_to(dentry));
    directory.children.erase(directory.children.iterator_to(dentry));
    touch(directory);
    --inode.nlink;
    inode.ctime_ns = current_time_ns();
    if (inode.is_directory()) {
        inode.nlink = 0;
        --directory.nlink;
    } else if (inode.nlink != 0 && inode.mapping.sb != nullptr) {
        shmem_free_inode(*inode.mapping.sb);
    }
    const bool last = &inode.names.front() == &dentry && &inode.names.back() == &dentry;
    if (last)
        dentry.removed = true;
    else
        iput(free_dentry(dentry));
    iput(&inode);
}

Result<void> set_unlisted_name(Inode& inode, Inode* parent, std::string_view name) {
    BUG_ON(!inode.names.empty());
    Dentry* dentry = new_dentry(inode, parent, name);
    if (dentry == nullptr)
        return Err(Errno::NOMEM);
    dentry->removed = true;
    return {};
}

Dentry* next_below(const Inode& root, const Dentry& at) {
    if (!at.inode->children.empty())
        return &*at.inode->children.begin();
    for (const Dentry* done = &at;;) {
        Inode& parent = *done->parent;
        if (const auto next = parent.children.upper_bound(done->cookie); next != parent.children.end())
            return &*next;
        if (&parent == &root)
            return nullptr;
        done = &parent.names.front(); // a directory has one name
    }
}

bool is_in_tree(const Inode& directory) {
    if (directory.covers != nullptr || &directory == root)
        return true;
    return !directory.names.empty() && !directory.names.front().removed;
}

bool is_removed(const Inode& directory) { return directory.nlink == 0; }

InodeRef parent_of(Inode& directory) {
    Inode* at = &directory;
    while (at->covers != nullptr)
        at = at->covers;
    Inode* parent = at->names.empty() ? nullptr : at->names.front().parent;
    return cross_mounts(InodeRef(&iget(parent != nullptr ? *parent : *at)));
}

InodeRef cross_mounts(InodeRef directory) {
    while (directory->mounted != nullptr)
        directory = InodeRef(&iget(*directory->mounted));
    return directory;
}

Result<std::string_view> inode_path(Inode& inode, char* buffer, u32 size) {
    constexpr std::string_view deleted = " (deleted)";
    u32 start = size; // the path grows from the end of the buffer towards its beginning
    const auto prepend = [&](std::string_view text) {
        if (text.size() > start)
            return false;
        start -= static_cast<u32>(text.size());
        std::memcpy(buffer + start, text.data(), text.size());
        return true;
    };
    bool fits = prepend({"", 1});
    if (inode.nlink == 0 && inode.covers == nullptr)
        fits = fits && prepend(deleted);
    Inode* at = &inode;
    bool any = false;
    for (;;) {
        while (at->covers != nullptr)
            at = at->covers;
        if (at->names.empty())
            break;
        const Dentry& dentry = at->names.front();
        fits = fits && prepend(dentry.name()) && prepend("/");
        any = true;
        if (dentry.parent == nullptr)
            break;
        at = dentry.parent;
    }
    if (!any)
        fits = fits && prepend("/");
    if (!fits)
        return Err(Errno::RANGE);
    std::memmove(buffer, buffer + start, size - start);
    return std::string_view(buffer, size - start - 1);
}

u64 current_time_ns() { return realtime_ns(); }

void touch(Inode& inode) { inode.mtime_ns = inode.ctime_ns = current_time_ns(); }

} // namespace faultline
