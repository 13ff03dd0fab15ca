// The kernel's own translation table: the image page by page with W^X, the rest of RAM in sections, devices, and the
// vector page. All descriptors are global and can be used at once (AFE = 0: there is no access flag). All are for
// privileged code only, except that of the vector page.
#include <arch/io.hpp>
#include <arch/kernel_map.hpp>
#include <arch/smp.hpp>
#include <arch/translation.hpp>

#include "arch/arm/kernel_pages.hpp"
#include "arch/arm/layout.h"
#include "arch/arm/sections.hpp"
#include "arch/arm/setup.hpp"
#include "arch/contract/machine.hpp"
#include "arch/contract/memory.hpp"
#include "base/assert.hpp"

namespace faultline {

// TTBR1's table, indexed with VA[31:20]. Its lower half is empty once the kernel runs at its linked address; it then
// serves as the directory of a CPU that runs no task. boot.S writes the first entries.
[[gnu::section(".bss.page_aligned")]] alignas(16384) constinit u32 swapper_pg_dir[4096] = {};

namespace {

using armv7::AccessPermission;
using armv7::MemoryType;
using armv7::SECTION_SHIFT;
using armv7::SECTION_SIZE;

using SecondLevelTable = u32[armv7::SECOND_LEVEL_ENTRIES];

inline constexpr u32 IMAGE_MEGABYTES = 4; // room for the image and its bss; paging_init() checks this
[[gnu::section(".bss.page_aligned")]] alignas(1024) constinit SecondLevelTable image_tables[IMAGE_MEGABYTES];
[[gnu::section(".bss.page_aligned")]] alignas(1024) constinit SecondLevelTable device_table;
[[gnu::section(".bss.page_aligned")]] alignas(1024) constinit SecondLevelTable vector_table;

constinit u32 device_pages = 0; // used pages of the device area, from its start
constinit PhysAddr linear_start;
constinit u32 linear_bytes = 0;

constexpr u32 memory_section(PhysAddr base, bool xn) {
    return encode(armv7::SectionDescriptor{.base = base,
                                           .access = AccessPermission::PrivilegedReadWrite,
                                           .memory = MemoryType::WriteBackWriteAllocate,
                                           .shareable = true,
                                           .xn = xn});
}
static_assert(memory_section(PhysAddr(0), false) == 0x0001140e, "boot.S, BOOT_SECTION");
static_assert(memory_section(PhysAddr(0), true) == (0x0001140e | 0x10), "boot.S, BOOT_SECTION_XN");

PhysAddr image_phys(const void* symbol) { return PhysAddr(reinterpret_cast<u32>(symbol) - VIRT_TO_PHYS_DELTA); }

void set_section(u32 address, u32 descriptor) {
    machine::store_descriptor(&swapper_pg_dir[address >> SECTION_SHIFT], descriptor);
}

void set_table(u32 address, const SecondLevelTable& table) {
    set_section(address, encode(armv7::PageTableDescriptor{.table = image_phys(table)}));
}

constexpr u32 device_page(u32 physical) {
    return encode(armv7::SmallPageDescriptor{.base = PhysAddr(physical),
                                             .access = AccessPermission::PrivilegedReadWrite,
                                             .memory = MemoryType::ShareableDevice,
                                             .shareable = true,
                                             .xn = true});
}

bool device_mapped_at(u32 slot, u32 physical, u32 pages) {
    for (u32 page = 0; page < pages; ++page) {
        if (slot + page >= device_pages || device_table[slot + page] != device_page(physical + page * PAGE_SIZE))
            return false;
    }
    return true;
}

// Whether the page is in the guard of a stack that is part of the image.
bool in_guard([[maybe_unused]] u32 address) {
#ifdef FAULTLINE_DEBUG
    return address >= reinterpret_cast<u32>(__stack_slots_start) &&
           address < reinterpret_cast<u32>(__stack_slots_end) && (address & KERNEL_STACK_SIZE) == 0;
#else
    return false;
#endif
}

// The descriptor for a page in the megabytes that contain the image.
u32 image_page(u32 address) {
    const PhysAddr page(address - VIRT_TO_PHYS_DELTA);
    if (in_guard(address))
        return armv7::INVALID_DESCRIPTOR;
    if (address >= reinterpret_cast<u32>(__text_start) && address < reinterpret_cast<u32>(__text_end))
        return memory_page(page, AccessPermission::PrivilegedReadOnly, false);
    if (address >= reinterpret_cast<u32>(__rodata_start) && address < reinterpret_cast<u32>(__rodata_end))
        return memory_page(page, AccessPermission::PrivilegedReadOnly, true);
    return memory_page(page, AccessPermission::PrivilegedReadWrite, true);
}

} // namespace

PhysAddr machine::empty_directory() { return image_phys(swapper_pg_dir); }

void paging_init_vectors() {
    vector_table[(VECTOR_PAGE >> PAGE_SHIFT) % armv7::SECOND_LEVEL_ENTRIES] =
        memory_page(image_phys(vector_page), AccessPermission::ReadOnly, false);
    set_table(VECTOR_PAGE, vector_table);
    set_table(DEVICE_AREA, device_table);
}

void paging_init(const BootInfo& info) {
    const u32 image_start = reinterpret_cast<u32>(__text_start) & ~(SECTION_SIZE - 1);
    const u32 image_end = reinterpret_cast<u32>(_end);
    if (image_end - image_start > IMAGE_MEGABYTES * SECTION_SIZE)
        panic("the kernel image ends at 0x%08x, behind what its page tables cover", image_end);

    u32 address = image_start;
    for (SecondLevelTable& table : image_tables) {
        for (u32& descriptor : table) {
            descriptor = image_page(address);
            address += PAGE_SIZE;
        }
    }
    // Replaces sections by tables that map the same addresses with the same memory type. Until the invalidation below,
    // old TLB entries can only permit more.
    for (u32 i = 0; i < IMAGE_MEGABYTES; ++i)
        set_table(image_start + i * SECTION_SIZE, image_tables[i]);

    for (u32 offset = IMAGE_MEGABYTES * SECTION_SIZE; offset < info.ram_bytes; offset += SECTION_SIZE) {
        const PhysAddr base = info.ram_start + offset;
        set_section(base.value() + VIRT_TO_PHYS_DELTA, memory_section(base, true));
    }
    // Removes boot.S's one-to-one mapping.
    for (u32 i = 0; i < PAGE_OFFSET >> SECTION_SHIFT; ++i)
        swapper_pg_dir[i] = armv7::INVALID_DESCRIPTOR;
    machine::tlb_invalidate_all();

    linear_start = info.ram_start;
    linear_bytes = info.ram_bytes;
}

// The one-to-one mapping of the kernel's first megabyte, which contains secondary_start (boot.S).
void map_start_of_cpus() { set_section(PHYS_OFFSET, memory_section(PhysAddr(PHYS_OFFSET), false)); }
void unmap_start_of_cpus() {
    set_section(PHYS_OFFSET, armv7::INVALID_DESCRIPTOR);
    machine::tlb_invalidate_all_inner_shareable();
}

u32* map_text_alias(u32 code) {
    const PhysAddr word(code - VIRT_TO_PHYS_DELTA);
    machine::store_descriptor(&vector_table[(TEXT_ALIAS >> PAGE_SHIFT) % armv7::SECOND_LEVEL_ENTRIES],
                              memory_page(word.page(), AccessPermission::PrivilegedReadWrite, true));
    asm volatile("isb" ::: "memory");
    return reinterpret_cast<u32*>(TEXT_ALIAS + word.page_offset());
}
void unmap_text_alias() {
    machine::store_descriptor(&vector_table[(TEXT_ALIAS >> PAGE_SHIFT) % armv7::SECOND_LEVEL_ENTRIES],
                              armv7::INVALID_DESCRIPTOR);
    machine::tlb_invalidate_mva_inner_shareable(UserAddr(TEXT_ALIAS), Asid{}); // a global entry: no ASID counts
}

void* ioremap(PhysAddr start, u32 bytes) {
    const u32 first = page_align_down(start.value());
    const u32 pages = (page_align_up(start.value() + bytes) - first) / PAGE_SIZE;
    u32 slot = 0;
    while (slot < device_pages && !device_mapped_at(slot, first, pages))
        ++slot;
    if (slot == device_pages) {
        if (device_pages + pages > armv7::SECOND_LEVEL_ENTRIES)
            panic("ioremap of 0x%08x: the device area is full", start.value());
        for (u32 page = 0; page < pages; ++page)
            machine::store_descriptor(&device_table[slot + page], device_page(first + page * PAGE_SIZE));
        asm volatile("isb" ::: "memory");
        device_pages += pages;
    }
    return reinterpret_cast<void*>(DEVICE_AREA + slot * PAGE_SIZE + start.page_offset());
}

HardwareDescriptor kernel_hardware_descriptor(u32 address) {
    HardwareDescriptor found{.first_level = swapper_pg_dir[address >> SECTION_SHIFT]};
    if (armv7::first_level_kind(found.first_level) == armv7::FirstLevelKind::PageTable) {
        const PhysAddr table = armv7::decode_page_table(found.first_level).table;
        found.second_level =
            static_cast<const u32*>(phys_to_virt(table))[(address >> PAGE_SHIFT) % armv7::SECOND_LEVEL_ENTRIES];
    }
    return found;
}

PhysAddr ram_start() { return linear_start; }
u32 ram_bytes() { return linear_bytes; }

} // namespace faultline
