// TLB debt as an object: pages taken out of a page table are freed only after the TLB has let go of them.
// (Linux mm/mmu_gather.c.)
#pragma once

#include <array>

#include "mm/mm_struct.hpp"
#include "mm/page.hpp"

namespace faultline {

class MmuGather {
  public:
    explicit MmuGather(MmStruct& mm) : mm_(mm) {}
    ~MmuGather() { flush(); }
    MmuGather(const MmuGather&) = delete;
    MmuGather& operator=(const MmuGather&) = delete;

    // The entry for `address` has been emptied; `page` (or nullptr) is owed one put_page. Caller holds its
    // lock: a full batch flushes right here, which is legal under it.
    void remove(UserAddr address, Page* page);

    // Pays: flushes the range gathered so far, then drops the references.
    void flush();

  private:
    MmStruct& mm_;
    u32 start_ = ~u32{0}, end_ = 0;
    u32 count_ = 0;
    std::array<Page*, 32> pages_;
};

} // namespace faultline
