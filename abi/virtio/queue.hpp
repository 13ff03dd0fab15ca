// A split virtqueue (virtio 1.0, section 2.4): descriptors that name buffers, a ring of chains offered to the device,
// and a ring of chains that the device has used.
#pragma once

#include <atomic>
#include <span>

#include "base/result.hpp"
#include "base/types.hpp"

namespace faultline {

// A piece of memory for the device. It lies in the linear mapping.
struct VirtBuffer {
    void* data;
    u32 bytes;
    bool device_writes;
};

// Has no lock. A caller that shares it with an interrupt handler masks interrupts around every call.
class Virtqueue {
  public:
    static constexpr u16 MAX_SIZE = 128; // its rings fit into a page

    // `size`: how many descriptors; a power of 2.
    constexpr explicit Virtqueue(u16 size = 16) : size_(size) {}

    Result<void> allocate(); // allocates the rings. NOMEM
    u16 size() const { return size_; }

    // Offers a chain of buffers, those that the device reads first. get_used() returns `token` when the device is done
    // with the chain. False: too few free descriptors. The caller then notifies the device (VirtioMmio::notify).
    bool add(std::span<const VirtBuffer> chain, void* token);
    u32 free_descriptors() const { return free_count_; }

    bool has_used() const; // whether get_used() has a chain to return

    // Takes the next chain that the device has used. Returns its token, and in `bytes` how many bytes the device wrote.
    // nullptr: there is none.
    void* get_used(u32& bytes);

    // Where the rings are, for VirtioMmio::setup_queue(): they follow one another in one page, the last at a multiple of
    // ALIGNMENT, as a legacy device wants it (2.4.2 of virtio 1.0).
    static constexpr u32 ALIGNMENT = 64;
    PhysAddr descriptors() const;
    PhysAddr available() const;
    PhysAddr used() const;

  private:
    struct Descriptor {
        u64 address;
        u32 bytes;
        u16 flags;
        u16 next;
    };
    struct Available {
        u16 flags;
        u16 index; // modulo 2^16, as in Used
        u16 ring[MAX_SIZE];
    };
    struct UsedElement {
        u32 id;
        u32 bytes;
    };
    struct Used {
        u16 flags;
        u16 index;
        UsedElement ring[MAX_SIZE];
    };
    // Where each ring begins, for `size` descriptors. A legacy device counts the available ring with or without the word
    // behind it (used_event): with this alignment that makes no difference.
    static constexpr u32 available_offset(u32 size) { return size * u32{sizeof(Descriptor)}; }
    static constexpr u32 used_offset(u32 size, u32 behind_ring) {
        return (available_offset(size) + 4 + 2 * size + behind_ring + ALIGNMENT - 1) & ~(ALIGNMENT - 1);
    }

    Descriptor* descriptors_ = nullptr;
    Available* available_ = nullptr; // of both, the first size_ elements of the ring
    Used* used_ = nullptr;
    u16 size_;
    void* tokens_[MAX_SIZE] = {}; // by the chain's first descriptor
    u16 free_head_ = 0;           // free descriptors are chained through `next`
    u16 free_count_ = 0;
    u16 seen_used_ = 0; // used.index, as far as chains were taken
};

} // namespace faultline
