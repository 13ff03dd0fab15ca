// The address spaces and accesses that the tests of the contract suite use.
#include "tests/contract/contract.hpp"

#include "base/irq_guard.hpp"

namespace faultline::contract {

namespace {

void make_current(MmStruct* mm) {
    IrqGuard irqs;
    current_mm_task().mm = mm;
    switch_mm(mm != nullptr ? &mm->context : nullptr);
}

} // namespace

TestMm::TestMm() : TestMm(mm_alloc().value()) {}

TestMm::TestMm(MmRef mm) : mm_(std::move(mm)), before_(current_mm_task().mm) { activate(); }

TestMm::~TestMm() { make_current(before_); }

void TestMm::activate() { make_current(mm_.get()); }

UserAddr TestMm::map_anon(u32 pages, u32 prot) {
    return do_mmap(*mm_, UserAddr(), pages * PAGE_SIZE, prot, MAP_PRIVATE | MAP_ANONYMOUS, nullptr, true, 0).value();
}

UserAddr TestMm::map_shared(u32 pages, u32 prot) {
    return do_mmap(*mm_, UserAddr(), pages * PAGE_SIZE, prot, MAP_SHARED | MAP_ANONYMOUS, nullptr, true, 0).value();
}

UserAddr TestMm::map_file(AddressSpace& mapping, u32 pages, u32 prot, u32 flags) {
    return do_mmap(*mm_, UserAddr(), pages * PAGE_SIZE, prot, flags, &mapping, true, 0).value();
}

Pte TestMm::pte(UserAddr address) {
    const PteSlot* slot = pte_offset(*mm_, address);
    return slot != nullptr ? ptep_get(slot) : Pte();
}

Page* TestMm::page(UserAddr address) {
    const Pte entry = pte(address);
    return pte_present(entry) ? &pfn_to_page(pte_pfn(entry)) : nullptr;
}

bool attempt_read(UserAddr address) {
    PagefaultDisabled atomic;
    return get_user_u32(address).ok();
}
bool attempt_write(UserAddr address, u32 value) {
    PagefaultDisabled atomic;
    return put_user_u32(address, value).ok();
}
bool read(UserAddr address) { return get_user_u32(address).ok(); }
bool write(UserAddr address, u32 value) { return put_user_u32(address, value).ok(); }
u32 value_at(UserAddr address) { return get_user_u32(address).value(); }

Result<u32> gup_for_write(MmStruct& mm, UserAddr address, FollFlags more) {
    return get_user_pages(MmapReadGuard(mm), address, 1, FOLL_WRITE | FOLL_TOUCH | more, nullptr);
}

Result<void> fixup_for_write(MmStruct& mm, UserAddr address, FaultFlags more) {
    return fixup_user_fault(mm, address, FAULT_FLAG_WRITE | more);
}

} // namespace faultline::contract
