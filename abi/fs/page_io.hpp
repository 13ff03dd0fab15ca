// Reading and writing a file page by page through its page cache, whatever is behind it (Linux: filemap_read,
// generic_perform_write).
#pragma once

#include <algorithm>
#include <cstring>

#include "abi/fs/file.hpp"
#include "mm/filemap.hpp"
#include "mm/out_of_memory.hpp"
#include "mm/page_writeback.hpp"
#include "mm/shmem_swap.hpp"
#include "mm/upcalls.hpp"

namespace faultline {

// The part of [position, position + bytes) that lies in one page.
struct PagePart {
    u32 index, offset, bytes;
    PagePart(u64 position, u32 wanted)
        : index(static_cast<u32>(position >> PAGE_SHIFT)), offset(static_cast<u32>(position) & ~PAGE_MASK),
          bytes(std::min(wanted, PAGE_SIZE - offset)) {}
};

inline u8* at(Page& page, u32 offset) { return static_cast<u8*>(page_address(page)) + offset; }

// How many pages to read at once, from a page that is not cached: what is asked for, and more if the file is read in order.
// Each time twice as much. (Linux: ondemand_readahead.)
inline u32 read_ahead_window(const AddressSpace& mapping, ReadAhead& state, u32 index, u32 asked) {
    constexpr u32 FIRST_WINDOW = 4;
    const u32 limit = std::max(u32{mapping.ra_pages}, u32{1});
    const bool in_order = index == 0 || index == state.next;
    u32 window = std::min(asked, limit);
    if (in_order && !state.random)
        window = std::min(limit, std::max({window, 2 * state.pages, FIRST_WINDOW}));
    state.pages = in_order ? window : 0;
    state.next = index + window;
    return window;
}

// What reading or writing a file says if a page of it cannot be had. (Linux: shmem_file_read_iter.)
inline Err io_error(Errno error) { return Err(error == Errno::HWPOISON ? Errno::IO : error); }

// The page of the cache to read from. A hole of a file without storage reads as zeros, and stays a hole. NOMEM, IO.
inline Result<void> page_to_read(AddressSpace& mapping, ReadAhead& state, u32 index, u32 asked, PageRef& page) {
    page = find_get_page(mapping, index);
    bool major = false;
    if (page || !must_be_read(mapping, index))
        return {};
    return read_cache_page(mapping, index, page, major, read_ahead_window(mapping, state, index, asked));
}

// Calls copy(bytes of the cache, bytes done so far, n) for each page of a read. It returns how many bytes it took. A fatal
// signal ends it after a page. NOMEM, IO, FAULT, if nothing was read.
template <class Copy>
Result<u32> read_pages(AddressSpace& mapping, ReadAhead& state, u32 bytes, u64 position, Copy&& copy) {
    if (position >= mapping.size)
        return 0u;
    bytes = static_cast<u32>(std::min<u64>(bytes, mapping.size - position));
    u32 done = 0;
    while (done < bytes) {
        const PagePart part(position + done, bytes - done);
        const u32 asked = (part.offset + (bytes - done) + PAGE_SIZE - 1) >> PAGE_SHIFT;
        PageRef page;
        if (const auto found =
                retry_without_memory([&] { return page_to_read(mapping, state, part.index, asked, page); });
            !found)
            return done == 0 ? Result<u32>(io_error(found.error())) : Result<u32>(done);
        const u32 copied = copy(at(page ? *page : zero_page(), part.offset), done, part.bytes);
        if (page)
            page->set(PG_REFERENCED);
        done += copied;
        if (copied != part.bytes)
            return done == 0 ? Result<u32>(Err(Errno::FAULT)) : Result<u32>(done);
        if (fatal_signal_pending())
            break;
        cond_resched();
    }
    return done;
}

// A whole page is written that is not cached: it need not be read first. It is filled before others can see it, because
// copy() may fault, and the fault may need this very page. Returns nothing, and leaves what it copied in `fresh`, if it is
// cached meanwhile or not all was copied.
template <class Copy>
Result<PageRef> write_new_page(AddressSpace& mapping, u32 index, PageRef& fresh, u32& copied, u32 done, Copy&& copy) {
    fresh = alloc_page(GFP_KERNEL);
    if (!fresh)
        return Err(Errno::NOMEM);
    copied = copy(at(*fresh, 0), done, PAGE_SIZE);
    if (copied != PAGE_SIZE || !add_filled_page(mapping, *fresh, index))
        return PageRef();
    return PageRef::of(*fresh);
}

// The same as read_pages() for a write: copy() fills the page. If the file system is full, or without memory: NOSPC, NOMEM, or
// the bytes done so far. IO: the rest of a page could not be read, or is lost.
template <class Copy>
Result<u32> write_pages(AddressSpace& mapping, u32 bytes, u64 position, Copy&& copy) {
    u32 done = 0;
    while (done < bytes) {
        const PagePart part(position + done, bytes - done);
        PageRef page, fresh;
        u32 copied = 0;
        bool major = false;
        if (mapping_reads(mapping) && part.bytes == PAGE_SIZE && !is_cached(mapping, part.index)) {
            auto made =
                retry_without_memory([&] { return write_new_page(mapping, part.index, fresh, copied, done, copy); });
            if (!made)
                return done == 0 ? Result<u32>(Err(made.error())) : Result<u32>(done);
            page = std::move(made.value());
        }
        if (!page) {
            if (const auto read =
                    retry_without_memory([&] { return read_mapping_page(mapping, part.index, page, major); });
                !read)
                return done == 0 ? Result<u32>(io_error(read.error())) : Result<u32>(done);
            if (fresh)
                std::memcpy(at(*page, 0), at(*fresh, 0), copied);
            else
                copied = copy(at(*page, part.offset), done, part.bytes);
        }
        set_page_dirty(*page);
        done += copied;
        // A page past the old end belongs to the file only if something was written to it.
        mapping.size = copied != 0 ? std::max<u64>(mapping.size, position + done) : u64{mapping.size};
        if (copied != part.bytes)
            return done == 0 ? Result<u32>(Err(Errno::FAULT)) : Result<u32>(done);
        if (fatal_signal_pending())
            break;
        if (mapping_can_writeback(mapping))
            balance_dirty_pages(mapping);
        cond_resched();
    }
    return done;
}

// The `copy` of write_pages() for bytes that are in the kernel's memory.
inline auto copy_from_kernel(const void* data) {
    return [data](u8* to, u32 at_byte, u32 count) {
        std::memcpy(to, static_cast<const u8*>(data) + at_byte, count);
        return count;
    };
}

} // namespace faultline
