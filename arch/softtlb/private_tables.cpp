// The private translation tables of one CPU (arch/softtlb/private_tables.hpp).
#include "arch/softtlb/private_tables.hpp"

#include <arch/translation.hpp>

#include "arch/backend/first_level.hpp"
#include "arch/contract/machine.hpp"
#include "arch/contract/memory.hpp"
#include "arch/contract/page_supply.hpp"
#include "base/assert.hpp"

namespace faultline::softtlb {

namespace {

constexpr u32 megabyte_of(UserAddr page) { return page.value() >> armv7::SECTION_SHIFT; }

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
    valid_ = {};
    u32* block = nullptr;
    for (spares_ = 0; spares_ < tables; ++spares_) {
        const u32 index = spares_ % TABLES_PER_BLOCK;
        if (index == 0)
            block = alloc_block();
        tables_[spares_] = block + index * armv7::SECOND_LEVEL_ENTRIES;
        spare_[spares_] = static_cast<u16>(spares_ + 1);
    }
}

PhysAddr PrivateTables::directory() const { return virt_to_phys(directory_); }

u32* PrivateTables::slot(UserAddr page) const {
    return tables_[table_of_[megabyte_of(page)] - 1u] + (page.value() >> PAGE_SHIFT) % armv7::SECOND_LEVEL_ENTRIES;
}

void PrivateTables::set(UserAddr page, u32 descriptor) {
    u16& table = table_of_[megabyte_of(page)];
    if (table == 0) {
        BUG_ON(spares_ == 0);
        table = spare_[--spares_];
        machine::store_descriptor(directory_ + megabyte_of(page),
                                  backend::derive_first_level(virt_to_phys(tables_[table - 1u])));
    }
    machine::store_descriptor(slot(page), descriptor);
    ++valid_[table - 1u];
}

void PrivateTables::clear(UserAddr page) {
    u16& table = table_of_[megabyte_of(page)];
    machine::store_descriptor(slot(page), armv7::INVALID_DESCRIPTOR);
    if (--valid_[table - 1u] == 0) {
        machine::store_descriptor(directory_ + megabyte_of(page), armv7::INVALID_DESCRIPTOR);
        spare_[spares_++] = table;
        table = 0;
    }
}

u32 PrivateTables::first_level(UserAddr page) const { return directory_[megabyte_of(page)]; }

} // namespace faultline::softtlb
