// The inode behind an open file without a place in the tree. It has a name, but is in no directory.
#include "abi/fs/anon_inode.hpp"

#include "abi/fs/file.hpp"
#include "abi/fs/inode.hpp"

namespace faultline {

Result<FileRef> anon_inode_getfile(std::string_view name, const FileOps& ops, void* private_data, u32 flags) {
    InodeRef inode(TRY(new_inode(0600))); // without a type, as on Linux
    TRY_VOID(set_unlisted_name(*inode, nullptr, name));
    FileRef file(TRY(alloc_file(*inode, ops, flags)));
    file->private_data = private_data;
    return file;
}

} // namespace faultline
