// What the page tables hold for one address: the software entry and the hardware descriptor.
#include <arch/current.hpp>
#include <arch/kernel_map.hpp>

#include "base/format.hpp"
#include "kernel/debug/describe_pte.hpp"
#include "kernel/debug/panic.hpp"
#include "mm/pgtable.hpp"
#include "mm/upcalls.hpp"

namespace faultline {

namespace {

using Describe = void (*)(HardwareDescriptor, char*, std::size_t);

std::size_t describe_hardware(HardwareDescriptor hardware, Describe describe, char* buffer, std::size_t size) {
    char words[96];
    describe(hardware, words, sizeof(words));
    return scnprintf(buffer, size, "hardware descriptors: 0x%08x 0x%08x (%s)", hardware.first_level,
                     hardware.second_level, words);
}

} // namespace

bool describe_address(u32 address, char* buffer, std::size_t size) {
    if (address >= TASK_SIZE) {
        describe_hardware(kernel_hardware_descriptor(address), describe_walk, buffer, size);
        return true;
    }
    // Without a task (early in the boot), or in a kernel task, user addresses have no meaning.
    if (current() == nullptr || current_mm_task().mm == nullptr)
        return false;
    MmStruct& mm = *current_mm_task().mm;
    const PteSlot* slot = pte_offset(mm, UserAddr(address));
    std::size_t length = scnprintf(buffer, size, "software entry: ");
    if (slot == nullptr)
        length += scnprintf(buffer + length, size - length, "no table");
    else
        length += describe_pte(ptep_get(slot), buffer + length, size - length);
    length += scnprintf(buffer + length, size - length, "\n");
    describe_hardware(hardware_descriptor(mm.context, UserAddr(address)), describe_descriptor, buffer + length,
                      size - length);
    return true;
}

} // namespace faultline
