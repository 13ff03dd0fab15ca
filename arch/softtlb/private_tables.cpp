// The private translation tables of one CPU (arch/softtlb/private_tables.hpp).
#include "arch/softtlb/private_tables.hpp"

#include <utility>

#include "arch/backend/first_level.hpp"
#include "arch/contract/machine.hpp"
#include "arch/contract/memory.hpp"
#include "arch/contract/page_supply.hpp"
#include "base/assert.hpp"

namespace faultline::softtlb {

namespace {

u32* alloc_block() {
    void* block = alloc_hardware_directory();
    if (block == nullptr)
        panic("no memory for the TLB of CPU %u", u32{machine::this_cpu().value()});
    return static_cast<u32*>(block);
}

} // namespace

void PrivateTables::allocate(u32 tables) {
    constexpr u32 TABLES_PER_BLOCK = HARDWARE_DIRECTORY_BYTES / armv7::SECOND_LEVEL_TABLE_SIZE;
    directory_ = alloc_block();
    table_of_ = {};
    tables_.fill({}); // no temporary: it would be most of a kernel stack
    u32* block = nullptr;
    for (spares_ = 0; spares_ < tables; ++spares_) {
        const u32 index = spares_ % TABLES_PER_BLOCK;
        if (index == 0)
            block = alloc_block();
        const u32 number = spares_ + 1;
        tables_[number].descriptors = block + index * armv7::SECOND_LEVEL_ENTRIES;
        spare_[spares_] = static_cast<u16>(number);
    }
}

PhysAddr PrivateTables::directory() const { return virt_to_phys(directory_); }

// For the megabyte of the page.
u16 PrivateTables::take_spare(UserAddr page) {
    BUG_ON(spares_ == 0);
    const u16 number = spare_[--spares_];
    table_of_[megabyte_of(page)] = number;
    machine::store_descriptor(directory_ + megabyte_of(page),
                              backend::derive_first_level(virt_to_phys(tables_[number].descriptors)));
    return number;
}

void PrivateTables::give_back(UserAddr page) {
    machine::store_descriptor(directory_ + megabyte_of(page), armv7::INVALID_DESCRIPTOR);
    spare_[spares_++] = std::exchange(table_of_[megabyte_of(page)], NO_TABLE);
}

u32 PrivateTables::first_level(UserAddr page) const { return directory_[megabyte_of(page)]; }

} // namespace faultline::softtlb
