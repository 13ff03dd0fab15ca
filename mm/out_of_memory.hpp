// Trying again when memory has come free (out_of_memory() in mm/upcalls.hpp).
#pragma once

#include <atomic>

#include "base/result.hpp"
#include "mm/page_alloc.hpp"
#include "mm/upcalls.hpp"

namespace faultline {

// How often alloc_pages() had nothing to give since boot.
inline constinit std::atomic<u32> nr_failed_allocations = 0;

// Calls attempt() again and again until it does something else than fail with NOMEM; NOMEM if nothing comes free for the current
// task. Every NOMEM of attempt() means that a page is missing. The caller may call out_of_memory(): above all, it has no mmap
// lock.
template <class Attempt>
auto retry_without_memory(Attempt&& attempt) {
    while (true) {
        auto result = attempt();
        if (result.ok() || result.error() != Errno::NOMEM || !out_of_memory())
            return result;
    }
}

// A page for the data of a program, contents undefined. None: nothing comes free for the current task, which is to die. The
// caller as above. (Linux: alloc_page(GFP_HIGHUSER).)
[[nodiscard]] inline PageRef alloc_user_page() {
    PageRef page = alloc_page(GFP_KERNEL);
    while (!page && out_of_memory())
        page = alloc_page(GFP_KERNEL);
    return page;
}

} // namespace faultline
