// The modelled machine's RAM: host memory that stands for physical addresses, with a log of the descriptors stored in
// it.
#pragma once

#include <memory>
#include <set>
#include <vector>

#include "arch/model/walker.hpp"

namespace faultline::model {

// A logged call of store_descriptor().
struct DescriptorStore {
    u32 address = 0; // physical
    u32 before = 0;
    u32 after = 0;
};

class PhysicalMemory {
  public:
    // `base` is page-aligned, `bytes` a whole number of pages. The RAM is filled with a pattern, so that a forgotten
    // clear is noticed.
    PhysicalMemory(u32 base, u32 bytes);
    ~PhysicalMemory();
    PhysicalMemory(const PhysicalMemory&) = delete;
    PhysicalMemory& operator=(const PhysicalMemory&) = delete;

    u32 base() const { return base_; }
    u32 bytes() const { return bytes_; }
    bool contains(u32 address, u32 length = 1) const {
        return address >= base_ && address - base_ < bytes_ && length <= bytes_ - (address - base_);
    }
    bool contains(const void* pointer) const {
        const auto* byte = static_cast<const u8*>(pointer);
        return byte >= ram_.get() && byte < ram_.get() + bytes_;
    }

    // Conversion from a physical address to a host pointer, and back. Both throw std::out_of_range outside RAM.
    u8* at(u32 address) const;
    u32 address_of(const void* pointer) const;

    PhysicalWord read_word(u32 address) const; // `address` is 4-aligned; not ok outside RAM

    // Stores a descriptor and logs the store. `slot` must be inside RAM.
    void store_descriptor(u32* slot, u32 descriptor);

    // The logged stores, oldest first.
    const std::vector<DescriptorStore>& log() const { return log_; }

    // The physical addresses where a descriptor that names a second-level table was ever stored.
    const std::set<u32>& table_slots() const { return table_slots_; }

    // mark() returns the current end of the log. rewind(mark) undoes the descriptor stores made since then, newest
    // first.
    std::size_t mark() const { return log_.size(); }
    void rewind(std::size_t mark);

  private:
    struct Free {
        void operator()(u8* ram) const;
    };
    using Ram = std::unique_ptr<u8[], Free>;
    static Ram spare_;
    static u32 spare_bytes_;

    u32 base_;
    u32 bytes_;
    Ram ram_;
    std::vector<DescriptorStore> log_;
    std::set<u32> table_slots_;
};

} // namespace faultline::model
