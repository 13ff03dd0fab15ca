// A file whose pages come from a disk and go back there: a few words in memory, with a scheduling point before and after
// each is transferred, and errors on request.
#pragma once

#include <algorithm>
#include <cstring>

#include "base/concurrency.hpp"
#include "mm/filemap.hpp"
#include "mm/page_writeback.hpp"

namespace faultline {

struct ModelledDisk : AddressSpace {
    static constexpr u32 PAGES = 8;
    static constexpr u32 WORDS = 4; // the first ones of a page stand for all
    static constexpr u32 NOWHERE = ~u32{0};

    u32 blocks[PAGES][WORDS] = {}; // what a power cut would leave
    u32 reads = 0, writes = 0, pages_read = 0, pages_written = 0;
    u32 bad_to_read = NOWHERE, bad_to_write = NOWHERE; // page numbers
    void (*saved)(const Page& page) = nullptr;         // called when the page has been taken over

    ModelledDisk() {
        static constexpr AddressSpaceOps OPS = {
            .readahead = read,
            .writepages = write,
            .get = [](AddressSpace&) {},
            .put = [](AddressSpace&) {},
            .name = [](AddressSpace&, char*, u32) { return "/dev/modelled"; },
        };
        ops = &OPS;
        size = PAGES * PAGE_SIZE;
        inode = next_inode_number();
    }
    ~ModelledDisk() {
        if (!is_mapped()) // as after a test that failed
            truncate_inode_pages(*this);
    }
    ModelledDisk(const ModelledDisk&) = delete;
    ModelledDisk& operator=(const ModelledDisk&) = delete;

    // fsync(2). False: some write failed since this was last asked.
    bool sync() {
        filemap_write_and_wait_range(*this);
        return !wb_err.check_and_advance(told_);
    }

  private:
    ErrSeq::Cursor told_;

    bool is_mapped() {
        const Guard guard(lock);
        return !i_mmap.empty();
    }

    static Result<void> read(AddressSpace& mapping, std::span<Page* const> pages) {
        auto& disk = static_cast<ModelledDisk&>(mapping);
        ++disk.reads;
        for (Page* page : pages) {
            schedule_point("read from disk");
            if (page->index == disk.bad_to_read)
                return Err(Errno::IO);
            std::memset(page_address(*page), 0, PAGE_SIZE);
            std::memcpy(page_address(*page), disk.blocks[page->index], sizeof disk.blocks[0]);
            ++disk.pages_read;
        }
        schedule_point("read done");
        return {};
    }

    static Result<void> write(AddressSpace& mapping, std::span<Page* const> pages) {
        auto& disk = static_cast<ModelledDisk&>(mapping);
        ++disk.writes;
        for (const Page* page : pages) {
            schedule_point("write to disk");
            if (page->index == disk.bad_to_write)
                return Err(Errno::IO);
            std::memcpy(disk.blocks[page->index], page_address(*page), sizeof disk.blocks[0]);
            ++disk.pages_written;
            if (disk.saved != nullptr)
                disk.saved(*page);
        }
        schedule_point("write done");
        return {};
    }
};

} // namespace faultline
