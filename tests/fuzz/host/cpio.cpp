// The unpacker of cpio archives, over the real tree of names. Only the pages of files are left out: their contents are
// read, byte by byte, and forgotten.
#include <algorithm>
#include <cstring>

#include <arch/current.hpp>

#include "abi/cred/cred.hpp"
#include "abi/fs/eventpoll.hpp"
#include "abi/fs/files.hpp"
#include "abi/fs/initramfs.hpp"
#include "abi/fs/inode.hpp"
#include "abi/fs/locks.hpp"
#include "abi/fs/namei.hpp"
#include "abi/fs/regular.hpp"
#include "abi/fs/xattr.hpp"
#include "abi/task/pid_ref.hpp"
#include "abi/time/realtime.hpp"
#include "base/park.hpp"
#include "kernel/sched/task.hpp"
#include "mm/filemap.hpp"
#include "mm/overcommit.hpp"
#include "mm/page_alloc.hpp"
#include "tests/fuzz/host/seams.hpp"

namespace faultline {

namespace {
Task task; // as at boot: without credentials
u64 checksum = 0;
} // namespace

Task* current() { return &task; }
u64 realtime_ns() { return 0; }
void cond_resched() {}

Result<void> truncate_inode(Inode& inode, u64 size) {
    inode.mapping.size = size;
    return {};
}
Result<void> write_kernel(Inode& inode, const void* data, u32 bytes, u64 position) {
    for (u32 i = 0; i < bytes; ++i)
        checksum += static_cast<const u8*>(data)[i];
    inode.mapping.size = position + bytes;
    return {};
}
void truncate_inode_pages(AddressSpace&) {}
void free_xattrs(Inode& inode) { fuzz::require(inode.xattrs == nullptr, "an attribute out of nowhere"); }

// What a task that holds no descriptor, and waits for nobody, does not call.
void park(ParkQueue&, SpinLock&) { BUG(); }
void unpark_one(ParkQueue&) { BUG(); }
void put_pid(Pid&) { BUG(); }
u32 nr_total_pages() { BUG(); }
bool vm_enough_memory(u32) { BUG(); }
void vm_acct_memory(u32) { BUG(); }
Result<u32> strncpy_from_user(char*, UserAddr, u32) { BUG(); }
Result<File*> fget(s32) { BUG(); }
void fput(File&) { BUG(); }
bool in_group_p(const Cred&, u32) { BUG(); }

u64 next_inode_number() {
    static u64 last = 0;
    return ++last;
}

} // namespace faultline

using namespace faultline;

namespace {

// Removes everything below `directory`, the last first.
void empty(Inode& directory) {
    while (!directory.children.empty()) {
        Dentry& name = *directory.children.begin();
        InodeRef kept(&iget(*name.inode));
        if (kept->is_directory())
            empty(*kept);
        remove_name(name);
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const u8* data, std::size_t size) {
    static const bool made = (init_inodes(), true);
    static_cast<void>(made);
    const auto archive = fuzz::exact_copy(data, size);
    const std::size_t before = fuzz::objects_in_use;
    unpack_initramfs(archive.get(), static_cast<u32>(size));
    empty(root_inode());
    fuzz::require(fuzz::objects_in_use == before, "objects of the tree are not freed");
    return 0;
}
