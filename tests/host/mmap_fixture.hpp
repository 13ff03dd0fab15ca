// An empty address space on a modelled machine, and short names for what the tests of mmap and its relatives do to it.
#pragma once

#include <catch2/catch.hpp>

#include "mm/mmap.hpp"
#include "tests/contract/contract.hpp"
#include "tests/host/harness.hpp"

namespace faultline {

inline constexpr u32 RW = PROT_READ | PROT_WRITE;
inline constexpr u32 ANON = MAP_PRIVATE | MAP_ANONYMOUS;

constexpr u32 pages(u32 count) { return count * PAGE_SIZE; }

struct MmapFixture {
    harness::Host host{{.ram_bytes = 32u << 20}};
    contract::TestMm space;
    MmStruct& mm = space.mm();

    Result<UserAddr> map(UserAddr hint, u32 length, u32 prot = RW, u32 flags = ANON, AddressSpace* file = nullptr,
                         bool may_write = true, u32 pgoff = 0) {
        return do_mmap(mm, hint, length, prot, flags, file, may_write, pgoff);
    }
    UserAddr anon(u32 count, u32 prot = RW) { return map(UserAddr(), pages(count), prot).value(); }
    UserAddr fixed(UserAddr where, u32 count, u32 prot = RW) {
        return map(where, pages(count), prot, ANON | MAP_FIXED).value();
    }
    VmFlags flags_of(UserAddr where) {
        const MmapReadGuard mmap_read(mm);
        return vma_lookup(mmap_read, where)->flags;
    }
    UserAddr start_of(UserAddr where) {
        const MmapReadGuard mmap_read(mm);
        return vma_lookup(mmap_read, where)->start;
    }
    u32 mapped_pages() {
        u32 sum = 0, count = 0;
        for (const VmArea& vma : mm.vmas) {
            sum += vma.pages();
            ++count;
        }
        CHECK((mm.total_vm == sum && mm.map_count == count));
        return sum;
    }
};

template <class T>
Errno error_of(const Result<T>& result) {
    return result.error();
}

} // namespace faultline
