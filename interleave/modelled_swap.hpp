// A swap area in memory: a few words of each slot, with a scheduling point before and after each transfer, and errors on request.
#pragma once

#include <cstring>

#include "base/concurrency.hpp"
#include "mm/swapfile.hpp"

namespace faultline {

struct ModelledSwap : SwapDevice {
    static constexpr u32 SLOTS = 9; // the first is the header's
    static constexpr u32 WORDS = 4; // the first ones of a page stand for all

    u32 slots[SLOTS][WORDS] = {};
    u32 reads = 0, writes = 0;
    bool broken_to_read = false, broken_to_write = false;
    void (*saved)(const Page& page) = nullptr; // called when the page has been taken over
    void (*reading)() = nullptr;               // called before a slot is read
    u32 type;                                  // the area's number

    explicit ModelledSwap(u32 count = SLOTS, s32 priority = -1) {
        read = read_slot;
        write = write_slot;
        type = swap_on(*this, {.slots = count}, priority).value();
        on_ = true;
    }
    ~ModelledSwap() {
        if (on_)
            static_cast<void>(off());
    }
    ModelledSwap(const ModelledSwap&) = delete;
    ModelledSwap& operator=(const ModelledSwap&) = delete;

    Result<void> off() {
        const auto done = swap_off(type);
        on_ = !done.ok();
        return done;
    }
    bool is_on() const { return on_; }
    u32 used() const {
        SwapInfo info{};
        return swap_info(type, info) ? info.used : 0;
    }

  private:
    static Result<void> read_slot(SwapDevice& device, u32 slot, Page& page) {
        auto& swap = static_cast<ModelledSwap&>(device);
        schedule_point("read from swap");
        if (swap.reading != nullptr)
            swap.reading();
        if (swap.broken_to_read)
            return Err(Errno::IO);
        ++swap.reads;
        std::memset(page_address(page), 0, PAGE_SIZE);
        std::memcpy(page_address(page), swap.slots[slot], sizeof swap.slots[slot]);
        schedule_point("read from swap done");
        return {};
    }
    static Result<void> write_slot(SwapDevice& device, u32 slot, Page& page) {
        auto& swap = static_cast<ModelledSwap&>(device);
        schedule_point("write to swap");
        if (swap.broken_to_write)
            return Err(Errno::IO);
        ++swap.writes;
        std::memcpy(swap.slots[slot], page_address(page), sizeof swap.slots[slot]);
        if (swap.saved != nullptr)
            swap.saved(page);
        schedule_point("write to swap done");
        return {};
    }

    bool on_ = false;
};

} // namespace faultline
