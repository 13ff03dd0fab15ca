// The area in which the debug kernel maps its stacks: slots of a guard and a stack. The translation tables of the whole area
// are made at boot and stay, in the table that all address spaces share (TTBR1). So a stack is there for every CPU when
// map_kernel_stack() returns, and a fork needs no memory for tables.
#include <arch/kernel_stack.hpp>
#include <arch/translation.hpp>

#ifdef FAULTLINE_DEBUG

#include <algorithm>

#include "arch/arm/kernel_pages.hpp"
#include "arch/arm/layout.h"
#include "arch/contract/machine.hpp"
#include "arch/contract/page_supply.hpp"
#include "base/assert.hpp"
#include "base/spinlock.hpp"

namespace faultline {

static_assert(machine::MAX_CPUS == 8, "stack_overflow.S, CPUS");

namespace {

using armv7::SECOND_LEVEL_ENTRIES;
using armv7::SECTION_SHIFT;
using armv7::SECTION_SIZE;
using SecondLevelTable = u32[SECOND_LEVEL_ENTRIES];

constexpr u32 MOST_SLOTS = (DEVICE_AREA - STACK_AREA) / KERNEL_STACK_SLOT;
constexpr u32 STACK_PAGES = KERNEL_STACK_SIZE / PAGE_SIZE;
constexpr u32 TABLES_OF_A_BLOCK = HARDWARE_DIRECTORY_BYTES / sizeof(SecondLevelTable);
constexpr u32 SLOTS_OF_A_BLOCK = TABLES_OF_A_BLOCK * (SECTION_SIZE / KERNEL_STACK_SLOT);

constinit SpinLock slots_lock("kernel stacks");
constinit bool used[MOST_SLOTS] GUARDED_BY(slots_lock) = {};
constinit u32 next_slot GUARDED_BY(slots_lock) = 0; // the search begins here: a slot is used again as late as possible
constinit u32 slots = 0;

// The descriptor of the page at `address`.
u32* descriptor_of(u32 address) {
    const PhysAddr table = armv7::decode_page_table(swapper_pg_dir[address >> SECTION_SHIFT]).table;
    return static_cast<u32*>(phys_to_virt(table)) + (address >> PAGE_SHIFT) % SECOND_LEVEL_ENTRIES;
}

u32 stack_in(u32 slot) { return STACK_AREA + slot * KERNEL_STACK_SLOT + KERNEL_STACK_SIZE; }
u32 slot_of(u32 stack) { return (stack - STACK_AREA) / KERNEL_STACK_SLOT; }

// `slots`: none is free.
u32 take_slot() {
    const Guard lock(slots_lock);
    for (u32 tried = 0; tried < slots; ++tried) {
        const u32 slot = next_slot;
        next_slot = slot + 1 < slots ? slot + 1 : 0;
        if (!used[slot]) {
            used[slot] = true;
            return slot;
        }
    }
    return slots;
}

void free_slot(u32 slot) {
    const Guard lock(slots_lock);
    BUG_ON(!used[slot]);
    used[slot] = false;
}

} // namespace

void init_kernel_stacks() {
    slots = std::min(ram_bytes() / KERNEL_STACK_SIZE, MOST_SLOTS) / SLOTS_OF_A_BLOCK * SLOTS_OF_A_BLOCK;
    for (u32 slot = 0; slot < slots; slot += SLOTS_OF_A_BLOCK) {
        auto* tables = static_cast<SecondLevelTable*>(alloc_hardware_directory());
        if (tables == nullptr)
            panic("no memory for the translation tables of kernel stacks");
        const u32 first = (STACK_AREA + slot * KERNEL_STACK_SLOT) >> SECTION_SHIFT;
        for (u32 i = 0; i < TABLES_OF_A_BLOCK; ++i)
            machine::store_descriptor(&swapper_pg_dir[first + i],
                                      encode(armv7::PageTableDescriptor{.table = virt_to_phys(tables[i])}));
    }
}

void* map_kernel_stack(PhysAddr block) {
    const u32 slot = take_slot();
    if (slot == slots)
        return nullptr;
    const u32 stack = stack_in(slot);
    for (u32 page = 0; page < STACK_PAGES; ++page)
        machine::store_descriptor(
            descriptor_of(stack + page * PAGE_SIZE),
            memory_page(block + page * PAGE_SIZE, armv7::AccessPermission::PrivilegedReadWrite, true));
    asm volatile("isb" ::: "memory");
    return reinterpret_cast<void*>(stack);
}

PhysAddr unmap_kernel_stack(void* address) {
    const u32 stack = reinterpret_cast<u32>(address);
    const PhysAddr block = armv7::decode_small_page(*descriptor_of(stack)).base;
    for (u32 page = 0; page < STACK_PAGES; ++page) {
        const u32 at = stack + page * PAGE_SIZE;
        machine::store_descriptor(descriptor_of(at), armv7::INVALID_DESCRIPTOR);
        machine::tlb_invalidate_mva_inner_shareable(UserAddr(at), Asid()); // a global entry: the ASID does not matter
    }
    free_slot(slot_of(stack));
    return block;
}

} // namespace faultline

#endif
