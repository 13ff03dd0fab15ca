// Small kernel objects out of whole pages: one cache per type, one page per slab, free objects linked through
// themselves. Each CPU has some free ones for itself (mm/per_cpu_free.hpp).
#pragma once

#include <algorithm>
#include <new>
#include <utility>

#include "base/irq_spinlock.hpp"
#include "base/relaxed.hpp"
#include "mm/page.hpp"
#include "mm/per_cpu_free.hpp"

namespace faultline {

class KmemCache;
struct SlabInfo;

// What a free object holds.
struct FreeObject {
    FreeObject* next;
    std::uintptr_t cookie; // a hint only that it is free, since a live object may hold anything
};
struct FreeObjectLink {
    static constexpr const char* NAME = "PerCpuObjects";
    static FreeObject* next(const FreeObject& object) { return object.next; }
    static void set_next(FreeObject& object, FreeObject* next) { object.next = next; }
};
using PerCpuObjects = PerCpuFree<FreeObject, FreeObjectLink>;

// What a slab's page begins with; the objects follow.
struct Slab {
    KmemCache* cache = nullptr;
    Slab* next = nullptr; // ring of the cache's slabs that have a free object
    Slab* previous = nullptr;
    u16 free = 0;   // byte offset of the first free object in the page; 0: none
    u16 in_use = 0; // objects in use, or in a CPU's stack
};

// A cache of equal objects, `size` <= 2032 bytes (two to a page). Make it a `constinit` global; it needs no start-up.
class KmemCache {
  public:
    static constexpr u32 MAX_SIZE = (PAGE_SIZE - 32) / 2;

    // `align`: a power of two up to MAX_SIZE; objects are at least 8-aligned, and as large as a FreeObject.
    constexpr KmemCache(const char* name, u32 size, u32 align)
        : name_(name), size_(round_up(std::max<u32>(size, sizeof(FreeObject)), align)),
          first_(round_up(sizeof(Slab), align)), capacity_((PAGE_SIZE - first_) / size_) {
        BUG_ON(size == 0 || size_ > MAX_SIZE || capacity_ == 0); // at compile time, the cache being constinit
    }
    KmemCache(const KmemCache&) = delete;
    KmemCache& operator=(const KmemCache&) = delete;

    [[nodiscard]] void* alloc(); // contents undefined; nullptr: out of memory
    void free(void* object);     // panics if the object is not of this cache or free already
    u32 shrink();                // gives empty slabs to the page allocator; how many pages
    const char* name() const { return name_; }
    u32 in_use() const { return handed_out_ - cpus_.count(); } // exact while no CPU allocates or frees

  private:
    static constexpr u32 round_up(u32 size, u32 align) {
        const u32 mask = (align < 8 ? 8 : align) - 1;
        return (size + mask) & ~mask;
    }
    void* alloc_from_slab();
    bool grow();
    void link_first(Slab& slab) REQUIRES(lock_);
    void unlink(Slab& slab) REQUIRES(lock_);
    bool is_free(FreeObject& object);
    FreeObject& take_from(Slab& slab) REQUIRES(lock_);
    void put_back(FreeObject& object) REQUIRES(lock_);
    template <class, class>
    friend class PerCpuFree;
    void refill(PerCpuObjects::Stack& stack) REQUIRES(stack.lock);
    u32 drain(PerCpuObjects::Stack& stack, u32 most) REQUIRES(stack.lock);
    friend u32 shrink_caches();
    friend u32 nr_reserved_slab_pages();
    friend bool slab_info(u32 index, SlabInfo& info);
    friend void kmem_cache_init();

    const char* name_;
    u32 size_;                    // bytes from one object to the next
    u32 first_;                   // offset of the first object in the page
    u32 capacity_;                // objects in a slab
    Relaxed<u32> handed_out_ = 0; // objects that are in no slab's list
    Relaxed<u32> num_slabs_ = 0;  // pages it has now
    Relaxed<u32> empty_slabs_ = 0;
    // Those with a free object, empty ones last; a ring, since Boost's lists are not constinit.
    Slab* slabs_ GUARDED_BY(lock_) = nullptr;
    IrqSpinLock lock_{"KmemCache"};
    PerCpuObjects cpus_;

    // All caches that ever grew, for shrink_caches. Outside lock_.
    static IrqSpinLock all_caches_lock;
    static KmemCache* all_caches GUARDED_BY(all_caches_lock);
    KmemCache* next_ GUARDED_BY(all_caches_lock) = nullptr;
    bool registered_ GUARDED_BY(all_caches_lock) = false;
};

// Typed: construct in, and destroy from, a cache. nullptr: out of memory.
template <class T, class... Args>
[[nodiscard]] T* kmem_new(KmemCache& cache, Args&&... args) {
    void* place = cache.alloc();
    return place != nullptr ? new (place) T(std::forward<Args>(args)...) : nullptr;
}
template <class T>
void kmem_delete(KmemCache& cache, T* object) {
    if (object == nullptr)
        return;
    object->~T();
    cache.free(object);
}

// All caches are empty. For init_page_allocator: whatever slabs there were lay in pages that are gone (on the host,
// where one machine follows another).
void kmem_cache_init();

// What a cache that ever grew has now (Linux: struct slabinfo).
struct SlabInfo {
    const char* name;
    u32 active_objs, num_slabs, objsize, objperslab; // a slab is a page
};
// False: there are no more than `index` such caches.
bool slab_info(u32 index, SlabInfo& info);

// Pages in empty slabs: what shrink_caches would give back. Empties the CPUs' stacks first.
u32 nr_reserved_slab_pages();

// Returns unused slab pages to the buddy lists (Linux: drop_caches); how many came back.
u32 shrink_caches();

} // namespace faultline
