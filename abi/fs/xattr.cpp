// Setting, reading, listing and removing extended attributes. (Linux 6.1 fs/xattr.c, mm/shmem.c.)
#include "abi/fs/xattr.hpp"

#include <linux/capability.h>
#include <linux/fcntl.h>
#include <linux/limits.h>
#include <linux/xattr.h>

#include <algorithm>
#include <cstring>
#include <new>

#include "abi/cred/cred.hpp"
#include "abi/fs/file.hpp"
#include "abi/fs/files.hpp"
#include "abi/fs/namei.hpp"
#include "abi/fs/permission.hpp"
#include "arch/contract/uaccess.hpp"
#include "mm/kmalloc.hpp"

namespace faultline {

// An attribute, and behind it its name and its value.
struct Xattr {
    Xattr* next = nullptr; // in Inode::xattrs, oldest first
    u32 name_bytes = 0, value_bytes = 0;

    char* text() { return reinterpret_cast<char*>(this + 1); }
    std::string_view name() { return {text(), name_bytes}; }
    char* value() { return text() + name_bytes; }
};

namespace {

constexpr std::string_view TRUSTED = "trusted.", SECURITY = "security.", USER = "user.";

// The name of an attribute, from the program.
class XattrName {
  public:
    // RANGE: empty, or more than XATTR_NAME_MAX bytes; FAULT.
    Result<void> load(UserAddr user) {
        length_ = TRY(strncpy_from_user(text_, user, sizeof text_));
        if (length_ == 0 || length_ == sizeof text_)
            return Err(Errno::RANGE);
        return {};
    }
    std::string_view view() const { return {text_, length_}; }

  private:
    char text_[XATTR_NAME_MAX + 1];
    u32 length_ = 0;
};

// Memory for a value or a list; none for 0 bytes.
class KernelBuffer {
  public:
    explicit KernelBuffer(u32 bytes)
        : data_(bytes != 0 ? static_cast<char*>(kmalloc(bytes)) : nullptr), bytes_(bytes) {}
    KernelBuffer(const KernelBuffer&) = delete;
    KernelBuffer& operator=(const KernelBuffer&) = delete;
    ~KernelBuffer() { kfree(data_); }
    bool ok() const { return bytes_ == 0 || data_ != nullptr; }
    char* data() { return data_; }
    char* release() { return std::exchange(data_, nullptr); }

  private:
    char* data_;
    u32 bytes_;
};

// What is on a tmpfs: not what procfs makes, and not what never had a place in a file system, except a memfd.
bool has_xattrs(const Inode& inode) {
    if (inode.ops != nullptr || inode.proc_entry != nullptr)
        return false;
    switch (inode.type()) {
    case S_IFREG:
    case S_IFDIR:
    case S_IFLNK:
    case S_IFCHR:
    case S_IFBLK:
        return true;
    case S_IFIFO:
        return !inode.names.empty();
    default:
        return false;
    }
}

// Whether current may use an attribute of this name in this way: MAY_READ or MAY_WRITE. (Linux: xattr_permission, and
// for changes cap_inode_setxattr.)
Result<void> check_permission(const Inode& inode, std::string_view name, u32 wanted) {
    const bool writes = wanted == MAY_WRITE;
    if (name.starts_with(TRUSTED))
        return capable(CAP_SYS_ADMIN) ? Result<void>() : Result<void>(Err(writes ? Errno::PERM : Errno::NODATA));
    if (name.starts_with(SECURITY))
        return !writes || capable(CAP_SYS_ADMIN) ? Result<void>() : Result<void>(Err(Errno::PERM));
    if (name.starts_with("system."))
        return {};
    if (name.starts_with(USER)) {
        if (!inode.is_regular() && !inode.is_directory())
            return Err(writes ? Errno::PERM : Errno::NODATA);
        if (writes && inode.is_directory() && (inode.mode & S_ISVTX) != 0 && !owner_or_capable(inode))
            return Err(Errno::PERM);
    }
    return inode_permission(inode, wanted);
}

// Whether the file can have an attribute of this name. OPNOTSUPP; INVAL: the prefix alone. (Linux: xattr_resolve_name.)
Result<void> check_name(const Inode& inode, std::string_view name) {
    if (!has_xattrs(inode) || name == XATTR_NAME_CAPS || (!name.starts_with(TRUSTED) && !name.starts_with(SECURITY)))
        return Err(Errno::OPNOTSUPP);
    if (name == TRUSTED || name == SECURITY)
        return Err(Errno::INVAL);
    return {};
}

// The link that leads to the attribute; it is nullptr if there is none.
Xattr** find_xattr(Inode& inode, std::string_view name) {
    Xattr** at = &inode.xattrs;
    while (*at != nullptr && (*at)->name() != name)
        at = &(*at)->next;
    return at;
}

Result<u32> set(Inode& inode, UserAddr user_name, UserAddr user_value, u32 size, u32 flags) {
    if ((flags & ~u32{XATTR_CREATE | XATTR_REPLACE}) != 0)
        return Err(Errno::INVAL);
    XattrName name;
    TRY_VOID(name.load(user_name));
    if (size > XATTR_SIZE_MAX)
        return Err(Errno::TOOBIG);
    const u32 name_bytes = static_cast<u32>(name.view().size());
    KernelBuffer memory(u32{sizeof(Xattr)} + name_bytes + size);
    if (!memory.ok())
        return Err(Errno::NOMEM);
    TRY_VOID(copy_struct_from_user(memory.data() + sizeof(Xattr) + name_bytes, user_value, size));
    TRY_VOID(check_permission(inode, name.view(), MAY_WRITE));
    TRY_VOID(check_name(inode, name.view()));
    Xattr** place = find_xattr(inode, name.view());
    if (*place != nullptr && (flags & XATTR_CREATE) != 0)
        return Err(Errno::EXIST);
    if (*place == nullptr && (flags & XATTR_REPLACE) != 0)
        return Err(Errno::NODATA);
    auto* made = new (memory.release()) Xattr;
    made->name_bytes = name_bytes;
    made->value_bytes = size;
    std::memcpy(made->text(), name.view().data(), name_bytes);
    made->next = *place != nullptr ? (*place)->next : nullptr;
    kfree(std::exchange(*place, made));
    inode.ctime_ns = current_time_ns();
    return 0u;
}

Result<u32> get(Inode& inode, UserAddr user_name, UserAddr user_value, u32 size) {
    XattrName name;
    TRY_VOID(name.load(user_name));
    size = std::min(size, u32{XATTR_SIZE_MAX});
    TRY_VOID(check_permission(inode, name.view(), MAY_READ));
    TRY_VOID(check_name(inode, name.view()));
    Xattr* found = *find_xattr(inode, name.view());
    if (found == nullptr)
        return Err(Errno::NODATA);
    const u32 bytes = found->value_bytes;
    if (size == 0)
        return bytes;
    if (size < bytes)
        return Err(Errno::RANGE);
    KernelBuffer copy(bytes); // the attribute may go while the program's memory is written
    if (!copy.ok())
        return Err(Errno::NOMEM);
    std::copy_n(found->value(), bytes, copy.data());
    TRY_VOID(copy_struct_to_user(user_value, copy.data(), bytes));
    return bytes;
}

Result<u32> list(Inode& inode, UserAddr user_list, u32 size) {
    const auto shown = [admin = capable(CAP_SYS_ADMIN)](Xattr& one) {
        return admin || !one.name().starts_with(TRUSTED);
    };
    u32 bytes = 0;
    for (Xattr* one = inode.xattrs; one != nullptr; one = one->next)
        bytes += shown(*one) ? one->name_bytes + 1 : 0;
    if (size == 0)
        return bytes;
    if (bytes > XATTR_LIST_MAX)
        return Err(Errno::TOOBIG);
    if (size < bytes)
        return Err(Errno::RANGE);
    KernelBuffer copy(bytes);
    if (!copy.ok())
        return Err(Errno::NOMEM);
    char* at = copy.data();
    for (Xattr* one = inode.xattrs; one != nullptr; one = one->next)
        if (shown(*one)) {
            at = std::copy_n(one->text(), one->name_bytes, at);
            *at++ = '\0';
        }
    TRY_VOID(copy_struct_to_user(user_list, copy.data(), bytes));
    return bytes;
}

Result<u32> remove(Inode& inode, UserAddr user_name) {
    XattrName name;
    TRY_VOID(name.load(user_name));
    TRY_VOID(check_permission(inode, name.view(), MAY_WRITE));
    TRY_VOID(check_name(inode, name.view()));
    Xattr** place = find_xattr(inode, name.view());
    if (*place == nullptr)
        return Err(Errno::NODATA);
    kfree(std::exchange(*place, (*place)->next));
    inode.ctime_ns = current_time_ns();
    return 0u;
}

Result<InodeRef> at_path(UserAddr path, u32 lookup) { return user_path(AT_FDCWD, path, lookup); }

Result<InodeRef> of_descriptor(s32 fd) {
    const FileRef file = TRY(fget_ref(fd));
    return InodeRef(&iget(*file->inode));
}

} // namespace

void free_xattrs(Inode& inode) {
    while (inode.xattrs != nullptr)
        kfree(std::exchange(inode.xattrs, inode.xattrs->next));
}

Result<u32> sys_setxattr(UserAddr path, UserAddr name, UserAddr value, u32 size, u32 flags) {
    return set(*TRY(at_path(path, LOOKUP_FOLLOW)), name, value, size, flags);
}
Result<u32> sys_lsetxattr(UserAddr path, UserAddr name, UserAddr value, u32 size, u32 flags) {
    return set(*TRY(at_path(path, 0)), name, value, size, flags);
}
Result<u32> sys_fsetxattr(s32 fd, UserAddr name, UserAddr value, u32 size, u32 flags) {
    return set(*TRY(of_descriptor(fd)), name, value, size, flags);
}

Result<u32> sys_getxattr(UserAddr path, UserAddr name, UserAddr value, u32 size) {
    return get(*TRY(at_path(path, LOOKUP_FOLLOW)), name, value, size);
}
Result<u32> sys_lgetxattr(UserAddr path, UserAddr name, UserAddr value, u32 size) {
    return get(*TRY(at_path(path, 0)), name, value, size);
}
Result<u32> sys_fgetxattr(s32 fd, UserAddr name, UserAddr value, u32 size) {
    return get(*TRY(of_descriptor(fd)), name, value, size);
}

Result<u32> sys_listxattr(UserAddr path, UserAddr names, u32 size) {
    return list(*TRY(at_path(path, LOOKUP_FOLLOW)), names, size);
}
Result<u32> sys_llistxattr(UserAddr path, UserAddr names, u32 size) {
    return list(*TRY(at_path(path, 0)), names, size);
}
Result<u32> sys_flistxattr(s32 fd, UserAddr names, u32 size) { return list(*TRY(of_descriptor(fd)), names, size); }

Result<u32> sys_removexattr(UserAddr path, UserAddr name) { return remove(*TRY(at_path(path, LOOKUP_FOLLOW)), name); }
Result<u32> sys_lremovexattr(UserAddr path, UserAddr name) { return remove(*TRY(at_path(path, 0)), name); }
Result<u32> sys_fremovexattr(s32 fd, UserAddr name) { return remove(*TRY(of_descriptor(fd)), name); }

} // namespace faultline
