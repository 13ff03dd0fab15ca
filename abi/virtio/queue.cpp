// The driver's side of a split virtqueue.
#include "abi/virtio/queue.hpp"

#include "arch/contract/memory.hpp"
#include "mm/page_alloc.hpp"

namespace faultline {

namespace {
constexpr u16 VRING_DESC_F_NEXT = 1, VRING_DESC_F_WRITE = 2; // 2.4.5; Linux's header with them is not C++
} // namespace

Result<void> Virtqueue::allocate() {
    static_assert(sizeof(Rings) <= PAGE_SIZE);
    PageRef page = alloc_zeroed_page();
    if (!page)
        return Err(Errno::NOMEM);
    rings_ = static_cast<Rings*>(page_address(*page.release()));
    for (u16 i = 0; i < SIZE; ++i)
        rings_->descriptors[i].next = static_cast<u16>(i + 1);
    free_count_ = SIZE;
    return {};
}

bool Virtqueue::add(std::span<const VirtBuffer> chain, void* token) {
    if (chain.empty() || chain.size() > free_count_)
        return false;
    const u16 head = free_head_;
    u16 last = head;
    for (std::size_t i = 0; i < chain.size(); ++i) {
        last = i == 0 ? head : rings_->descriptors[last].next;
        Descriptor& descriptor = rings_->descriptors[last];
        descriptor.address = virt_to_phys(chain[i].data).value();
        descriptor.bytes = chain[i].bytes;
        descriptor.flags = static_cast<u16>((chain[i].device_writes ? VRING_DESC_F_WRITE : 0) |
                                            (i + 1 < chain.size() ? VRING_DESC_F_NEXT : 0));
    }
    free_head_ = rings_->descriptors[last].next;
    free_count_ = static_cast<u16>(free_count_ - chain.size());
    tokens_[head] = token;

    Available& available = rings_->available;
    available.ring[available.index % SIZE] = head;
    std::atomic_ref(available.index).store(static_cast<u16>(available.index + 1), std::memory_order_release);
    return true;
}

bool Virtqueue::has_used() const {
    return rings_ != nullptr && std::atomic_ref(rings_->used.index).load(std::memory_order_acquire) != seen_used_;
}

void* Virtqueue::get_used(u32& bytes) {
    if (!has_used())
        return nullptr;
    const UsedElement element = rings_->used.ring[seen_used_ % SIZE];
    ++seen_used_;
    bytes = element.bytes;
    const u16 head = static_cast<u16>(element.id % SIZE);
    u16 last = head, count = 1;
    while ((rings_->descriptors[last].flags & VRING_DESC_F_NEXT) != 0) {
        last = rings_->descriptors[last].next;
        ++count;
    }
    rings_->descriptors[last].next = free_head_;
    free_head_ = head;
    free_count_ = static_cast<u16>(free_count_ + count);
    return tokens_[head];
}

PhysAddr Virtqueue::descriptors() const { return virt_to_phys(rings_->descriptors); }
PhysAddr Virtqueue::available() const { return virt_to_phys(&rings_->available); }
PhysAddr Virtqueue::used() const { return virt_to_phys(&rings_->used); }

} // namespace faultline
