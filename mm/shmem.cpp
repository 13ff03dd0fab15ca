// Shared memory without a file system: MAP_SHARED|MAP_ANONYMOUS and memfd_create.
#include "mm/shmem.hpp"

#include "base/refcount.hpp"
#include "mm/slab.hpp"

namespace faultline {

namespace {

struct ShmemObject {
    AddressSpace mapping;
    Refcount references{1};
    const char* name = nullptr; // outlives the object
};

constinit KmemCache shmem_cache("shmem", sizeof(ShmemObject), alignof(ShmemObject));

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

constexpr AddressSpaceOps SHMEM_OPS = {.get = shmem_get, .put = shmem_put, .name = shmem_name};

} // namespace

Result<MappingRef> shmem_new(u64 size, const char* name) {
    auto* object = kmem_new<ShmemObject>(shmem_cache);
    if (object == nullptr)
        return Err(Errno::NOMEM);
    object->name = name;
    object->mapping.ops = &SHMEM_OPS;
    object->mapping.size = size;
    object->mapping.inode = next_inode_number();
    return MappingRef(&object->mapping);
}

} // namespace faultline
