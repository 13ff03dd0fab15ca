// VMAs as a set: finding, cutting, joining, and stacks that grow.
#include <catch2/catch.hpp>
#include <vector>

#include "mm/filemap.hpp"
#include "mm/mm_struct.hpp"
#include "mm/mmap.hpp"
#include "mm/shmem.hpp"
#include "mm/stack.hpp"
#include "mm/unmapped_area.hpp"
#include "mm/vma_edit.hpp"
#include "tests/host/harness.hpp"
#include "tests/host/panic.hpp"

namespace faultline {
namespace {

using harness::Host;

constexpr VmFlags RW = VM_READ | VM_WRITE | VM_MAY_FLAGS;
constexpr VmFlags RO = VM_READ | VM_MAY_FLAGS;

constexpr UserAddr at(u32 page) { return UserAddr(0x10000000 + page * PAGE_SIZE); }

struct Fixture {
    Host host;
    MmStruct& mm = *mm_alloc().value().release();
    const MmapUnshared locked{mm};
    bool abandoned = false; // after a panic
    ~Fixture() {
        if (abandoned)
            host.forgive_leaks();
        else
            mmput(mm);
    }

    VmArea& place(u32 first, u32 last, VmFlags flags = RW, AddressSpace* mapping = nullptr, u32 pgoff = 0) {
        return *vma_place(locked, at(first), at(last), flags, {mapping, pgoff});
    }
    // As a fault does it: the VMA that contains the address, after it has grown if it must.
    VmArea* extend(UserAddr address) { return expand_stack(mm, address) ? vma_lookup(locked, address) : nullptr; }
};

using Range = std::pair<u32, u32>;
std::vector<Range> ranges(MmStruct& mm) {
    std::vector<Range> result;
    u32 pages = 0;
    for (const VmArea& vma : mm.vmas) {
        result.emplace_back((vma.start - at(0)) / PAGE_SIZE, (vma.end - at(0)) / PAGE_SIZE);
        pages += vma.pages();
    }
    CHECK(mm.map_count == result.size());
    CHECK(mm.total_vm == pages);
    return result;
}

TEST_CASE_METHOD(Fixture, "vma: find_vma is the first that ends above, vma_lookup the one that holds") {
    VmArea& low = place(10, 20);
    VmArea& high = place(30, 40);
    for (int round = 0; round < 2; ++round) { // with and without the cache
        CHECK(find_vma(locked, UserAddr(0)) == &low);
        CHECK(find_vma(locked, at(10)) == &low);
        CHECK(find_vma(locked, at(20) - 1) == &low);
        CHECK(find_vma(locked, at(20)) == &high);
        CHECK(find_vma(locked, at(35)) == &high);
        CHECK(find_vma(locked, at(40)) == nullptr);
        CHECK(vma_lookup(locked, at(9)) == nullptr);
        CHECK(vma_lookup(locked, at(10)) == &low);
        CHECK(vma_lookup(locked, at(20)) == nullptr);
    }
    CHECK((vma_next(low) == &high && vma_prev(high) == &low));
    CHECK((vma_prev(low) == nullptr && vma_next(high) == nullptr));
    remove_vm_struct(locked, low);
    CHECK(find_vma(locked, at(10)) == &high);
    vm_area_free(low);
}

TEST_CASE_METHOD(Fixture, "vma: overlapping, empty or misaligned VMAs panic") {
    place(10, 20);
    const auto [start, end] =
        GENERATE(std::pair{at(19), at(25)}, std::pair{at(5), at(11)}, std::pair{at(10), at(11)},
                 std::pair{at(5), at(25)}, std::pair{at(25), at(25)}, std::pair{at(30) + 1, at(31)});
    VmArea* vma = vm_area_alloc(mm);
    vma->start = start;
    vma->end = end;
    CHECK_THROWS_AS(insert_vm_struct(locked, *vma, find_vma(locked, vma->start)), KernelPanic);
    abandoned = true;
}

TEST_CASE_METHOD(Fixture, "vma: like neighbours join, unlike ones do not") {
    place(10, 20);
    place(20, 30);
    CHECK(ranges(mm) == std::vector<Range>{{10, 30}});
    place(5, 10);
    CHECK(ranges(mm) == std::vector<Range>{{5, 30}});
    place(30, 31, RO);
    place(40, 50);
    CHECK(ranges(mm) == std::vector<Range>{{5, 30}, {30, 31}, {40, 50}});
    place(31, 40, RO);
    CHECK(ranges(mm) == std::vector<Range>{{5, 30}, {30, 40}, {40, 50}});
}

TEST_CASE_METHOD(Fixture, "vma: filling a gap joins both sides") {
    place(10, 20);
    place(30, 40);
    place(20, 30);
    CHECK(ranges(mm) == std::vector<Range>{{10, 40}});
}

TEST_CASE_METHOD(Fixture, "vma: file mappings join only where the file goes on") {
    AddressSpace* file = shmem_new(100 * PAGE_SIZE, "file").value().release();
    AddressSpace* other = shmem_new(100 * PAGE_SIZE, "other").value().release();
    VmArea& first = place(10, 20, RW, file, 7);
    CHECK(linear_page_index(first, at(13)) == 10);
    place(20, 30, RW, file, 17);
    CHECK(ranges(mm) == std::vector<Range>{{10, 30}});
    VmArea& below = place(5, 10, RW, file, 2);
    CHECK((below.start == at(5) && below.pgoff == 2 && below.end == at(30)));
    place(30, 40, RW, file, 28); // one page skipped
    place(40, 50, RW, other, 38);
    place(50, 60);
    CHECK(ranges(mm) == std::vector<Range>{{5, 30}, {30, 40}, {40, 50}, {50, 60}});

    VmArea* upper = split_vma(locked, below, at(12)).value();
    CHECK((upper->pgoff == 9 && below.pgoff == 2 && upper->start == at(12) && below.end == at(12)));
    CHECK(std::distance(file->i_mmap.begin(), file->i_mmap.end()) == 3);
    CHECK(&vma_merge(locked, *upper) == &below);
    CHECK(std::distance(file->i_mmap.begin(), file->i_mmap.end()) == 2);
    CHECK(ranges(mm).size() == 4);
    put_mapping(*file); // the VMAs hold theirs until the mm goes
    put_mapping(*other);
}

TEST_CASE_METHOD(Fixture, "vma: parts of a file join only if they were told of the same failed writes") {
    AddressSpace* file = shmem_new(100 * PAGE_SIZE, "file").value().release();
    VmArea& early = place(0, 10, RW, file, 0);
    VmArea* upper = split_vma(locked, early, at(5)).value();
    ErrSeq::Cursor somebody;
    file->wb_err.set();
    CHECK(file->wb_err.check_and_advance(somebody));
    VmArea* late = vma_place(locked, at(10), at(20), RW, {file, 10, nullptr, file->wb_err.sample()});
    CHECK(ranges(mm) == std::vector<Range>{{0, 5}, {5, 10}, {10, 20}});
    CHECK_FALSE(file->wb_err.check_and_advance(late->wb_err));
    CHECK((file->wb_err.check_and_advance(upper->wb_err) && !file->wb_err.check_and_advance(upper->wb_err)));
    vma_merge(locked, *upper);
    CHECK(ranges(mm) == std::vector<Range>{{0, 5}, {5, 20}});
    CHECK(file->wb_err.check_and_advance(early.wb_err));
    vma_merge(locked, early);
    CHECK(ranges(mm) == std::vector<Range>{{0, 20}});
    put_mapping(*file);
}

TEST_CASE_METHOD(Fixture, "vma: changing flags cuts, changing them back joins") {
    place(10, 40);
    VmArea* middle = vma_modify_flags(locked, *find_vma(locked, at(10)), at(20), at(30), RO).value();
    CHECK((middle->start == at(20) && middle->end == at(30) && middle->flags == RO));
    CHECK(ranges(mm) == std::vector<Range>{{10, 20}, {20, 30}, {30, 40}});
    SECTION("at once") {
        VmArea* whole = vma_modify_flags(locked, *middle, at(20), at(30), RW).value();
        CHECK((whole->start == at(10) && whole->end == at(40)));
    }
    SECTION("in parts") {
        vma_modify_flags(locked, *middle, at(24), at(26), RW).value();
        CHECK(ranges(mm) == std::vector<Range>{{10, 20}, {20, 24}, {24, 26}, {26, 30}, {30, 40}});
        vma_modify_flags(locked, *find_vma(locked, at(20)), at(20), at(24), RW).value();
        CHECK(ranges(mm) == std::vector<Range>{{10, 26}, {26, 30}, {30, 40}});
        vma_modify_flags(locked, *find_vma(locked, at(26)), at(26), at(30), RW).value();
    }
    CHECK(ranges(mm) == std::vector<Range>{{10, 40}});
}

TEST_CASE_METHOD(Fixture, "vma: the border between two moves without a third") {
    place(10, 20, RO);
    place(20, 30);
    vma_modify_flags(locked, *find_vma(locked, at(20)), at(20), at(25), RO).value();
    CHECK(ranges(mm) == std::vector<Range>{{10, 25}, {25, 30}});
    vma_modify_flags(locked, *find_vma(locked, at(10)), at(15), at(25), RW).value();
    CHECK(ranges(mm) == std::vector<Range>{{10, 15}, {15, 30}});
}

TEST_CASE_METHOD(Fixture, "vma: entry flags follow the rights") {
    VmArea vma;
    const auto prot = [&](VmFlags flags) {
        vma.flags = flags;
        return vm_page_prot(vma);
    };
    constexpr u32 base = Pte::PRESENT | Pte::YOUNG;
    CHECK(prot(VM_NONE) == (base | Pte::NOEXEC));
    CHECK(prot(VM_READ) == (base | Pte::USER | Pte::NOEXEC));
    CHECK(prot(VM_WRITE) == (base | Pte::USER | Pte::NOEXEC));
    CHECK(prot(VM_EXEC) == (base | Pte::USER));
    CHECK(prot(VM_READ | VM_WRITE | VM_SHARED) == (base | Pte::USER | Pte::NOEXEC | Pte::SHARED));
}

TEST_CASE_METHOD(Fixture, "stack: grows to the address, within limit and guard gap") {
    const UserAddr top(TASK_SIZE);
    mm.stack_limit = 1u << 20;
    VmArea* stack = setup_stack_vma(mm, top, 2 * PAGE_SIZE).value();
    CHECK(stack->flags == (RW | VM_GROWSDOWN | VM_ACCOUNT));
    CHECK(mm.mmap_base < top - mm.stack_limit - STACK_GUARD_GAP + 1);

    CHECK(extend(top - 1) == stack);
    CHECK(extend(top) == nullptr);
    CHECK(extend(top - 5 * PAGE_SIZE + 8) == stack);
    CHECK((stack->start == top - 5 * PAGE_SIZE && mm.total_vm == 5));
    CHECK(extend(top - (1u << 20)) == stack);
    CHECK(extend(top - (1u << 20) - 1) == nullptr);
    CHECK(stack->start == top - (1u << 20));

    mm.stack_limit = ~u32{0};
    const UserAddr block = stack->start - STACK_GUARD_GAP - 4 * PAGE_SIZE;
    VmArea* below = vma_place(locked, block, block + PAGE_SIZE, RW, {});
    CHECK(extend(block + PAGE_SIZE + STACK_GUARD_GAP) == stack);
    CHECK(extend(block + PAGE_SIZE + STACK_GUARD_GAP - 1) == nullptr);
    // PROT_NONE is a guard itself
    REQUIRE(vma_modify_flags(locked, *below, below->start, below->end, VM_MAY_FLAGS).ok());
    CHECK(extend(block + PAGE_SIZE + STACK_GUARD_GAP - 1) == stack);
    CHECK(extend(block + PAGE_SIZE) == stack);
    CHECK(stack->start == below->end);
}

TEST_CASE_METHOD(Fixture, "stack: other VMAs do not grow") {
    place(10, 20);
    CHECK(extend(at(9)) == nullptr);
    CHECK(extend(at(10)) == find_vma(locked, at(10)));
}

} // namespace
} // namespace faultline
