// The modelled machine's RAM (arch/model/physical_memory.hpp).
#include "arch/model/physical_memory.hpp"

#include <atomic>
#include <cstring>
#include <new>
#include <stdexcept>
#include <utility>

namespace faultline::model {

namespace {

constexpr auto ALIGNMENT = std::align_val_t{1u << 20};
// As a descriptor, each word of the pattern leads outside RAM, so a walk of memory that was never cleared faults.
constexpr int PATTERN = 0xa5;

} // namespace

// The RAM of the machine before is used again if it fits: for the host, mapping memory takes longer than filling it.
PhysicalMemory::Ram PhysicalMemory::spare_;
u32 PhysicalMemory::spare_bytes_ = 0;

void PhysicalMemory::Free::operator()(u8* ram) const { ::operator delete[](ram, ALIGNMENT); }

PhysicalMemory::PhysicalMemory(u32 base, u32 bytes) : base_(base), bytes_(bytes) {
    if (spare_ && spare_bytes_ == bytes)
        ram_ = std::move(spare_);
    else
        ram_.reset(static_cast<u8*>(::operator new[](bytes, ALIGNMENT)));
    std::memset(ram_.get(), PATTERN, bytes);
}

PhysicalMemory::~PhysicalMemory() {
    spare_ = std::move(ram_);
    spare_bytes_ = bytes_;
}

u8* PhysicalMemory::at(u32 address) const {
    if (!contains(address))
        throw std::out_of_range("model: physical address outside RAM");
    return ram_.get() + (address - base_);
}

u32 PhysicalMemory::address_of(const void* pointer) const {
    if (!contains(pointer))
        throw std::out_of_range("model: pointer outside RAM");
    return base_ + static_cast<u32>(static_cast<const u8*>(pointer) - ram_.get());
}

PhysicalWord PhysicalMemory::read_word(u32 address) const {
    if (!contains(address, 4))
        return {};
    u32 value = 0;
    std::memcpy(&value, at(address), sizeof value);
    return {.ok = true, .value = value};
}

void PhysicalMemory::store_descriptor(u32* slot, u32 descriptor) {
    log_.push_back({.address = address_of(slot), .before = *slot, .after = descriptor});
    std::atomic_ref(*slot).store(descriptor, std::memory_order_release);
    if ((descriptor & 3) == 1) // B3.5.1
        table_slots_.insert(log_.back().address);
}

void PhysicalMemory::rewind(std::size_t mark) {
    for (; log_.size() > mark; log_.pop_back())
        std::memcpy(at(log_.back().address), &log_.back().before, sizeof(u32));
}

} // namespace faultline::model
