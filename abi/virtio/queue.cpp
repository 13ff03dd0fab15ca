// The driver's side of a split virtqueue.
#include "abi/virtio/queue.hpp"

#include "arch/contract/memory.hpp"
#include "mm/page_alloc.hpp"

namespace faultline {

namespace {
constexpr u16 VRING_DESC_F_NEXT = 1, VRING_DESC_F_WRITE = 2; // 2.4.5; Linux's header with them is not C++
} // namespace

Result<void> Virtqueue::allocate() {
    static_assert(used_offset(16, 2) == used_offset(16, 0) && used_offset(MAX_SIZE, 2) == used_offset(MAX_SIZE, 0));
    static_assert(used_offset(MAX_SIZE, 2) + sizeof(Used) + 2 <= PAGE_SIZE);
    PageRef page = alloc_zeroed_page(GFP_ATOMIC);
    if (!page)
        return Err(Errno::NOMEM);
    u8* const rings = static_cast<u8*>(page_address(*page.release()));
    descriptors_ = reinterpret_cast<Descriptor*>(rings);
    available_ = reinterpret_cast<Available*>(rings + available_offset(size_));
    used_ = reinterpret_cast<Used*>(rings + used_offset(size_, 2));
    for (u16 i = 0; i < size_; ++i)
        descriptors_[i].next = static_cast<u16>(i + 1);
    free_count_ = size_;
    return {};
}

bool Virtqueue::add(std::span<const VirtBuffer> chain, void* token) {
    if (chain.empty() || chain.size() > free_count_)
        return false;
    const u16 head = free_head_;
    u16 last = head;
    for (std::size_t i = 0; i < chain.size(); ++i) {
        last = i == 0 ? head : descriptors_[last].next;
        Descriptor& descriptor = descriptors_[last];
        descriptor.address = virt_to_phys(chain[i].data).value();
        descriptor.bytes = chain[i].bytes;
        descriptor.flags = static_cast<u16>((chain[i].device_writes ? VRING_DESC_F_WRITE : 0) |
                                            (i + 1 < chain.size() ? VRING_DESC_F_NEXT : 0));
    }
    free_head_ = descriptors_[last].next;
    free_count_ = static_cast<u16>(free_count_ - chain.size());
    tokens_[head] = token;

    available_->ring[available_->index % size_] = head;
    std::atomic_ref(available_->index).store(static_cast<u16>(available_->index + 1), std::memory_order_release);
    return true;
}

bool Virtqueue::has_used() const {
    return used_ != nullptr && std::atomic_ref(used_->index).load(std::memory_order_acquire) != seen_used_;
}

void* Virtqueue::get_used(u32& bytes) {
    if (!has_used())
        return nullptr;
    const UsedElement element = used_->ring[seen_used_ % size_];
    ++seen_used_;
    bytes = element.bytes;
    const u16 head = static_cast<u16>(element.id % size_);
    u16 last = head, count = 1;
    while ((descriptors_[last].flags & VRING_DESC_F_NEXT) != 0) {
        last = descriptors_[last].next;
        ++count;
    }
    descriptors_[last].next = free_head_;
    free_head_ = head;
    free_count_ = static_cast<u16>(free_count_ + count);
    return tokens_[head];
}

PhysAddr Virtqueue::descriptors() const { return virt_to_phys(descriptors_); }
PhysAddr Virtqueue::available() const { return virt_to_phys(available_); }
PhysAddr Virtqueue::used() const { return virt_to_phys(used_); }

} // namespace faultline
