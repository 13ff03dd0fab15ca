// A program that maps a disk.
#pragma once

#include "interleave/modelled_disk.hpp"
#include "interleave/program.hpp"
#include "mm/mman.hpp"
#include "mm/mmap.hpp"

namespace faultline::interleave {

struct DiskProgram : Program {
    DiskProgram(u32 cpus, const model::TlbPolicy& tlb) : Program(cpus, tlb) {
        disk.saved = [](const Page& page) { World::get().invariants.saved(page_to_pfn(page)); };
        at_the_end([this] { truncate_inode_pages(disk); });
    }

  protected:
    ModelledDisk disk;
    UserAddr word;

    UserAddr map_disk(u32 pages = 1) {
        MmStruct& here = *current_mm_task().mm;
        const UserAddr at =
            do_mmap(here, UserAddr(0), pages * PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, &disk, true, 0).value();
        watch(here, at, pages);
        return at;
    }
    void sync() {
        require(call([&] { return disk.sync(); }), "the disk has not taken everything");
    }
    // As write(2) does it: the page is held while it is changed.
    void write_call(u32 value) {
        call([&] {
            PageRef page;
            bool major = false;
            require(read_mapping_page(disk, 0, page, major).ok(), "the page could not be read from the disk");
            schedule_point("change the page");
            static_cast<u32*>(page_address(*page))[0] = value;
            set_page_dirty(*page);
        });
    }
    u32 on_disk(u32 page = 0, u32 which = 0) const { return disk.blocks[page][which]; }
};

} // namespace faultline::interleave
