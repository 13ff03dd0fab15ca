// What a tmpfs may hold, and shared memory without a file system. (Linux 6.1 mm/shmem.c.)
#include "mm/shmem.hpp"

#include "mm/page_alloc.hpp"
#include "mm/slab.hpp"

namespace faultline {

namespace {

struct ShmemObject {
    AddressSpace mapping;
    Refcount references{1};
    const char* name = nullptr; // outlives the object
    VmCharge charge;            // all of it, or nothing if it counts in shm_mnt
};

constinit KmemCache shmem_cache("shmem", sizeof(ShmemObject), alignof(ShmemObject));
constinit KmemCache sb_cache("shmem_sb_info", sizeof(ShmemSbInfo), alignof(ShmemSbInfo));

// Counts one more, unless there are `most`, which is not 0, already.
bool count_one(std::atomic<u32>& used, u32 most) {
    u32 now = used.load(std::memory_order_relaxed);
    do {
        if (most != 0 && now >= most)
            return false;
    } while (!used.compare_exchange_weak(now, now + 1, std::memory_order_relaxed));
    return true;
}

ShmemObject& object_of(AddressSpace& mapping) {
    static_assert(offsetof(ShmemObject, mapping) == 0);
    return reinterpret_cast<ShmemObject&>(mapping);
}

void shmem_get(AddressSpace& mapping) { object_of(mapping).references.inc(); }

void shmem_put(AddressSpace& mapping) {
    if (!object_of(mapping).references.dec_and_test())
        return;
    truncate_inode_pages(mapping);
    kmem_delete(shmem_cache, &object_of(mapping));
}

const char* shmem_name(AddressSpace& mapping, char*, u32) { return object_of(mapping).name; }

bool shmem_get_not_zero(AddressSpace& mapping) { return object_of(mapping).references.inc_not_zero(); }

constexpr AddressSpaceOps SHMEM_OPS = {
    .get = shmem_get, .put = shmem_put, .get_not_zero = shmem_get_not_zero, .name = shmem_name};

} // namespace

ShmemSbInfo* shmem_sb_new(u32 max_blocks, u32 max_inodes) {
    auto* sb = kmem_new<ShmemSbInfo>(sb_cache);
    if (sb != nullptr) {
        sb->max_blocks = max_blocks;
        sb->max_inodes = max_inodes;
    }
    return sb;
}

void shmem_sb_put(ShmemSbInfo& sb) {
    if (sb.references.dec_and_test())
        kmem_delete(sb_cache, &sb);
}

u32 shmem_default_max_blocks() { return nr_total_pages() / 2; }

bool shmem_has_free_inode(const ShmemSbInfo& sb) {
    const u32 most = sb.max_inodes;
    return most == 0 || sb.used_inodes.load(std::memory_order_relaxed) < most;
}
void shmem_count_inode(ShmemSbInfo& sb) { sb.used_inodes.fetch_add(1, std::memory_order_relaxed); }
void shmem_free_inode(ShmemSbInfo& sb) { sb.used_inodes.fetch_sub(1, std::memory_order_relaxed); }

Result<void> shmem_acct_block(ShmemSbInfo* sb) {
    if (sb == nullptr)
        return {};
    if (!count_one(sb->used_blocks, sb->max_blocks))
        return Err(Errno::NOSPC);
    if (vm_enough_memory(1))
        return {};
    sb->used_blocks.fetch_sub(1, std::memory_order_relaxed);
    return Err(Errno::NOSPC);
}

void shmem_unacct_block(ShmemSbInfo* sb) {
    if (sb == nullptr)
        return;
    sb->used_blocks.fetch_sub(1, std::memory_order_relaxed);
    vm_unacct_memory(1);
}

Result<MappingRef> shmem_new(u64 size, const char* name, VmFlags flags) {
    VmCharge charge;
    const bool whole = !flags.has(VM_NORESERVE);
    if (whole && !charge.take(static_cast<u32>((size + PAGE_SIZE - 1) >> PAGE_SHIFT)))
        return Err(Errno::NOMEM);
    auto* object = kmem_new<ShmemObject>(shmem_cache);
    if (object == nullptr)
        return Err(Errno::NOMEM);
    object->name = name;
    object->charge = std::move(charge);
    object->mapping.sb = whole ? nullptr : &shm_mnt;
    object->mapping.ops = &SHMEM_OPS;
    object->mapping.size = size;
    object->mapping.inode = next_inode_number();
    return MappingRef(&object->mapping);
}

} // namespace faultline
