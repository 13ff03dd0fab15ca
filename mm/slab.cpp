// Slab caches (Linux mm/slab.c; Bonwick, "The Slab Allocator", USENIX 1994). A free object holds the place of the next
// free one, and a cookie that shows a second free. Empty slabs stay until memory is short.
#include "mm/slab.hpp"

#include "mm/fail_alloc.hpp"
#include "mm/page_alloc.hpp"

namespace faultline {
namespace {

std::uintptr_t cookie_of(const FreeObject* object) { return 0x5ab0b1ecu ^ reinterpret_cast<std::uintptr_t>(object); }

Slab* slab_of(void* object) {
    const auto address = reinterpret_cast<std::uintptr_t>(object);
    return reinterpret_cast<Slab*>(address & ~std::uintptr_t{PAGE_SIZE - 1});
}

u32 offset_in(const Slab* slab, const void* object) {
    return static_cast<u32>(static_cast<const std::byte*>(object) - reinterpret_cast<const std::byte*>(slab));
}

FreeObject* object_at(Slab* slab, u32 offset) {
    return reinterpret_cast<FreeObject*>(reinterpret_cast<std::byte*>(slab) + offset);
}

// The objects of a slab's list are all in its page.
u32 offset_of_next(const FreeObject& object) {
    return static_cast<u32>(reinterpret_cast<std::uintptr_t>(object.next) & (PAGE_SIZE - 1));
}

void push(Slab* slab, FreeObject& object) {
    object.next = slab->free != 0 ? object_at(slab, slab->free) : nullptr;
    slab->free = static_cast<u16>(offset_in(slab, &object));
}

} // namespace

constinit IrqSpinLock KmemCache::all_caches_lock("all_caches");
constinit KmemCache* KmemCache::all_caches = nullptr;

void KmemCache::link_first(Slab& slab) {
    if (slabs_ == nullptr) {
        slab.next = slab.previous = &slab;
    } else {
        slab.next = slabs_;
        slab.previous = slabs_->previous;
        slab.next->previous = slab.previous->next = &slab;
    }
    slabs_ = &slab;
}

void KmemCache::unlink(Slab& slab) {
    slab.previous->next = slab.next;
    slab.next->previous = slab.previous;
    if (slabs_ == &slab)
        slabs_ = slab.next != &slab ? slab.next : nullptr;
}

// Adds an empty slab; false: out of memory. The lock is not held: alloc_page may come back here through shrink_caches.
bool KmemCache::grow() {
    Page* page = alloc_pages(0);
    if (page == nullptr)
        return false;
    page->set(PG_SLAB);
    page->slab = this;
    Slab* slab = new (page_address(*page)) Slab{.cache = this};
    for (u32 i = capacity_; i-- > 0;) {
        FreeObject* object = object_at(slab, first_ + i * size_);
        object->cookie = cookie_of(object);
        push(slab, *object);
    }

    {
        const Guard all(all_caches_lock);
        if (!registered_) {
            next_ = all_caches;
            all_caches = this;
            registered_ = true;
        }
    }
    const Guard guard(lock_);
    link_first(*slab);
    num_slabs_ = num_slabs_ + 1;
    empty_slabs_ = empty_slabs_ + 1;
    return true;
}

FreeObject& KmemCache::take_from(Slab& slab) {
    FreeObject* object = object_at(&slab, slab.free);
    slab.free = static_cast<u16>(offset_of_next(*object));
    if (slab.in_use++ == 0)
        empty_slabs_ = empty_slabs_ - 1;
    if (slab.free == 0)
        unlink(slab);
    return *object;
}

void KmemCache::put_back(FreeObject& object) {
    Slab* slab = slab_of(&object);
    if (slab->free == 0)
        link_first(*slab); // it was full
    push(slab, object);
    if (--slab->in_use == 0) {
        empty_slabs_ = empty_slabs_ + 1;
        if (slabs_ == slab)
            slabs_ = slab->next; // the ring's first becomes its last
        else {
            unlink(*slab);
            link_first(*slab);
            slabs_ = slab->next;
        }
    }
}

// Takes from one slab only, so that a CPU does not keep objects of slabs that could otherwise become empty.
void KmemCache::refill(PerCpuObjects::Stack& stack) {
    const Guard guard(lock_);
    Slab* slab = slabs_;
    if (slab == nullptr)
        return;
    u32 objects = 0;
    for (; slab->free != 0 && objects < PerCpuObjects::BATCH; ++objects)
        stack.push(take_from(*slab));
    handed_out_ = handed_out_ + objects;
}

u32 KmemCache::drain(PerCpuObjects::Stack& stack, u32 most) {
    const Guard guard(lock_);
    u32 objects = 0;
    for (; objects < most; ++objects) {
        FreeObject* object = stack.pop();
        if (object == nullptr)
            break;
        put_back(*object);
    }
    handed_out_ = handed_out_ - objects;
    return objects;
}

// (Linux: ___slab_alloc.)
[[gnu::noinline]] void* KmemCache::alloc_from_slab() {
    FreeObject* object = cpus_.refill_and_take(*this);
    while (object == nullptr) {
        if (!grow())
            return nullptr;
        object = cpus_.refill_and_take(*this);
    }
    object->cookie = 0;
    return object;
}

void* KmemCache::alloc() {
    if (should_failslab(size_)) [[unlikely]]
        return nullptr;
    FreeObject* object = cpus_.take();
    if (object == nullptr) [[unlikely]]
        return alloc_from_slab();
    object->cookie = 0;
    return object;
}

bool KmemCache::is_free(FreeObject& object) {
    if (cpus_.contains(object))
        return true;
    const Guard guard(lock_);
    Slab* slab = slab_of(&object);
    const u32 offset = offset_in(slab, &object);
    u32 at = slab->free;
    while (at != 0 && at != offset)
        at = offset_of_next(*object_at(slab, at));
    return at != 0;
}

void KmemCache::free(void* pointer) {
    const Slab* slab = slab_of(pointer);
    const u32 offset = offset_in(slab, pointer);
    if (slab->cache != this || offset < first_ || (offset - first_) % size_ != 0) [[unlikely]]
        panic("kmem_cache_free: %p is no object of %s", pointer, name_);
    auto* object = static_cast<FreeObject*>(pointer);
    if (object->cookie == cookie_of(object) && is_free(*object)) [[unlikely]]
        panic("kmem_cache_free: %p of %s is free already", pointer, name_);
    object->cookie = cookie_of(object);
    cpus_.give(*object, *this);
}

u32 KmemCache::shrink() {
    cpus_.drain_all(*this);
    const Guard guard(lock_);
    u32 pages = 0;
    while (slabs_ != nullptr && slabs_->previous->in_use == 0) {
        Slab* slab = slabs_->previous;
        unlink(*slab);
        Page& page = virt_to_page(slab);
        page.clear(PG_SLAB);
        put_page(page);
        ++pages;
    }
    num_slabs_ = num_slabs_ - pages;
    empty_slabs_ = empty_slabs_ - pages;
    return pages;
}

void kmem_cache_init() {
    const Guard guard(KmemCache::all_caches_lock);
    for (KmemCache* cache = KmemCache::all_caches; cache != nullptr; cache = cache->next_) {
        cache->cpus_.forget();
        const Guard slabs(cache->lock_);
        cache->slabs_ = nullptr;
        cache->handed_out_ = 0;
        cache->num_slabs_ = 0;
        cache->empty_slabs_ = 0;
    }
}

u32 shrink_caches() {
    const Guard guard(KmemCache::all_caches_lock);
    u32 pages = 0;
    for (KmemCache* cache = KmemCache::all_caches; cache != nullptr; cache = cache->next_)
        pages += cache->shrink();
    return pages;
}

bool slab_info(u32 index, SlabInfo& info) {
    const Guard guard(KmemCache::all_caches_lock);
    const KmemCache* cache = KmemCache::all_caches;
    while (cache != nullptr && index-- > 0)
        cache = cache->next_;
    if (cache == nullptr)
        return false;
    info = {cache->name_, cache->in_use(), cache->num_slabs_, cache->size_, cache->capacity_};
    return true;
}

u32 nr_reserved_slab_pages() {
    const Guard guard(KmemCache::all_caches_lock);
    u32 pages = 0;
    for (KmemCache* cache = KmemCache::all_caches; cache != nullptr; cache = cache->next_) {
        cache->cpus_.drain_all(*cache);
        pages += cache->empty_slabs_;
    }
    return pages;
}

} // namespace faultline
