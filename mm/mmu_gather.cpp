// Flush first, free afterwards.
#include "mm/mmu_gather.hpp"

#include <algorithm>

namespace faultline {

void MmuGather::remove(UserAddr address, Page* page) {
    start_ = std::min(start_, address.value());
    end_ = std::max(end_, address.value() + PAGE_SIZE);
    if (page == nullptr)
        return;
    pages_[count_++] = page;
    if (count_ == pages_.size())
        flush();
}

void MmuGather::flush() {
    if (start_ >= end_)
        return;
    flush_tlb_range(mm_.context, UserAddr(start_), UserAddr(end_));
    for (u32 i = 0; i < count_; ++i)
        put_page(*pages_[i]);
    count_ = 0;
    start_ = ~u32{0};
    end_ = 0;
}

} // namespace faultline
