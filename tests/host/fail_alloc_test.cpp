// Allocation failing at the nth request, for every n: what mm/ and the futex core do on the modelled machine, whose memory
// the sanitizers watch. After an error the address space is as before, whatever of the operation had been done.
#include <vector>

#include <arch/current.hpp>

#include "kernel/sched/sched.hpp"
#include "mm/dup_mm.hpp"
#include "mm/fail_alloc.hpp"
#include "mm/mprotect.hpp"
#include "mm/mremap.hpp"
#include "mm/munmap.hpp"
#include "mm/page_alloc.hpp"
#include "mm/shmem.hpp"
#include "mm/slab.hpp"
#include "tests/host/futex_fixture.hpp"
#include "tests/host/mmap_fixture.hpp"

namespace faultline {
namespace {

constexpr UserAddr AREA(0x20000000), FAR_AREA(0x30000000); // each begins a page table

// What a program can see of an address space, and what is counted of it.
struct Layout {
    struct Area {
        u32 start, end, flags, pgoff;
        const AddressSpace* mapping;
        bool operator==(const Area&) const = default;
    };
    std::vector<Area> areas;
    std::vector<std::pair<u32, u32>> words; // of the present pages
    u32 anon, file, total_vm, locked_vm, data_vm, map_count;
    bool operator==(const Layout&) const = default;
};

class FailAlloc {
  public:
    // Makes the nth allocation of `operation` fail for each n, each time in an address space that `prepare` has filled.
    // Returns how many failures there were.
    template <class Prepare, class Operation>
    static u32 sweep(Prepare&& prepare, Operation&& operation) {
        for (u32 nth = 1;; ++nth) {
            INFO("allocation " << nth);
            const u32 free_before = free_pages();
            const bool failed = attempt(nth, prepare, operation);
            CHECK(free_pages() == free_before);
            if (!failed)
                return nth - 1;
        }
    }

  private:
    static u32 free_pages() {
        shrink_caches();
        return nr_free_pages();
    }

    template <class Prepare, class Operation>
    static bool attempt(u32 nth, Prepare&& prepare, Operation&& operation) {
        contract::TestMm space;
        prepare(space);
        const Layout before = layout_of(space);
        Relaxed<u32>& fail_nth = current_mm_task().fail_nth;
        set_fault_injection(true);
        fail_nth = nth;
        const Result<void> result = operation(space);
        const bool failed = fail_nth == 0;
        fail_nth = 0;
        set_fault_injection(false);
        if (!result.ok()) {
            CHECK(failed);
            CHECK(result.error() == Errno::NOMEM);
            CHECK(layout_of(space) == before);
            CHECK(operation(space).ok()); // now that nothing fails
        }
        return failed;
    }

    static Layout layout_of(contract::TestMm& space) {
        const MmStruct& mm = space.mm();
        Layout layout{.areas = {},
                      .words = {},
                      .anon = get_mm_counter(mm, MM_ANONPAGES),
                      .file = get_mm_counter(mm, MM_FILEPAGES),
                      .total_vm = mm.total_vm,
                      .locked_vm = mm.locked_vm,
                      .data_vm = mm.data_vm,
                      .map_count = mm.map_count};
        for (const VmArea& vma : mm.vmas) {
            layout.areas.push_back({vma.start.value(), vma.end.value(), vma.flags.bits(), vma.pgoff, vma.mapping});
            for (UserAddr at = vma.start; at < vma.end; at = at + PAGE_SIZE)
                if (const Page* page = space.page(at); page != nullptr)
                    layout.words.emplace_back(at.value(), *static_cast<const u32*>(page_address(*page)));
        }
        return layout;
    }
};

struct FailAllocFixture {
    harness::Host host{{.ram_bytes = 32u << 20}};

    static UserAddr place(contract::TestMm& space, UserAddr where, u32 count, u32 flags = ANON,
                          AddressSpace* file = nullptr) {
        return do_mmap(space.mm(), where, pages(count), RW, flags | MAP_FIXED, file, true, 0).value();
    }
    static void fill(UserAddr base, u32 count) {
        for (u32 i = 0; i < count; ++i)
            REQUIRE(contract::write(base + pages(i), i + 1));
    }
    static void eight_pages(contract::TestMm& space) {
        place(space, AREA, 8);
        fill(AREA, 8);
    }
    // A file whose eight pages are in memory, so that none comes in later.
    static MappingRef present_file() {
        MappingRef file = shmem_new(pages(8), "file").value();
        contract::TestMm space;
        place(space, AREA, 8, MAP_SHARED, file.get());
        fill(AREA, 8);
        return file;
    }
    static Result<void> moved(Result<UserAddr> result) {
        return result.ok() ? Result<void>() : Result<void>(Err(result.error()));
    }
    static Result<void> faulted(bool done) { return done ? Result<void>() : Result<void>(Err(Errno::NOMEM)); }
};

TEST_CASE_METHOD(FailAllocFixture, "fail nth: mmap") {
    const auto nothing = [](contract::TestMm&) {};
    CHECK(FailAlloc::sweep(nothing, [](contract::TestMm& space) {
              return moved(do_mmap(space.mm(), AREA, pages(4), RW, ANON, nullptr, true, 0));
          }) >= 1);
    CHECK(FailAlloc::sweep(nothing, [](contract::TestMm& space) {
              return moved(do_mmap(space.mm(), AREA, pages(4), RW, MAP_SHARED | MAP_ANONYMOUS, nullptr, true, 0));
          }) >= 2);
}

TEST_CASE_METHOD(FailAllocFixture, "fail nth: munmap and mprotect of the middle") {
    CHECK(FailAlloc::sweep(eight_pages, [](contract::TestMm& space) {
              return do_munmap(space.mm(), AREA + pages(2), pages(4));
          }) >= 2);
    CHECK(FailAlloc::sweep(eight_pages, [](contract::TestMm& space) {
              return do_mprotect(space.mm(), AREA + pages(2), pages(4), PROT_READ);
          }) >= 2);
}

TEST_CASE_METHOD(FailAllocFixture, "fail nth: mremap") {
    const auto middle_to = [](UserAddr to, u32 more = 0) {
        return [to, more](contract::TestMm& space) {
            return moved(
                do_mremap(space.mm(), AREA + pages(2), pages(4), pages(4), MREMAP_MAYMOVE | MREMAP_FIXED | more, to));
        };
    };
    CHECK(FailAlloc::sweep(eight_pages, middle_to(FAR_AREA)) >= 4);
    CHECK(FailAlloc::sweep(eight_pages, middle_to(FAR_AREA + PMD_SIZE - pages(2))) >= 5);
    CHECK(FailAlloc::sweep(eight_pages, middle_to(FAR_AREA, MREMAP_DONTUNMAP)) >= 4);
    // Between two areas that the moved one could be joined with, and above one.
    CHECK(FailAlloc::sweep(
              [](contract::TestMm& space) {
                  eight_pages(space);
                  place(space, FAR_AREA, 2);
                  place(space, FAR_AREA + pages(6), 2);
              },
              middle_to(FAR_AREA + pages(2))) >= 3);
    CHECK(FailAlloc::sweep(
              [](contract::TestMm& space) {
                  eight_pages(space);
                  place(space, FAR_AREA + PMD_SIZE - pages(4), 4);
              },
              middle_to(FAR_AREA + PMD_SIZE)) >= 3);
    // A whole mapping that grows, and one that shrinks.
    CHECK(FailAlloc::sweep(
              [](contract::TestMm& space) {
                  eight_pages(space);
                  place(space, AREA + pages(8), 1, MAP_SHARED | MAP_ANONYMOUS);
              },
              [](contract::TestMm& space) {
                  return moved(do_mremap(space.mm(), AREA, pages(8), pages(12), MREMAP_MAYMOVE, UserAddr()));
              }) >= 1);
    CHECK(FailAlloc::sweep(eight_pages, [](contract::TestMm& space) {
              return moved(do_mremap(space.mm(), AREA + pages(2), pages(4), pages(2), 0, UserAddr()));
          }) >= 1);
}

TEST_CASE_METHOD(FailAllocFixture, "fail nth: mremap of a file's pages") {
    const MappingRef file = present_file();
    CHECK(FailAlloc::sweep(
              [&](contract::TestMm& space) {
                  place(space, AREA, 8, MAP_SHARED, file.get());
                  fill(AREA, 8);
              },
              [](contract::TestMm& space) {
                  return moved(do_mremap(space.mm(), AREA + pages(2), pages(4), pages(4), MREMAP_MAYMOVE | MREMAP_FIXED,
                                         FAR_AREA));
              }) >= 4);
}

TEST_CASE_METHOD(FailAllocFixture, "fail nth: faults") {
    const auto one_page = [](contract::TestMm& space) { place(space, AREA, 1); };
    CHECK(FailAlloc::sweep(one_page, [](contract::TestMm&) { return faulted(contract::read(AREA)); }) >= 1);
    CHECK(FailAlloc::sweep(one_page, [](contract::TestMm&) { return faulted(contract::write(AREA)); }) >= 2);
    CHECK(FailAlloc::sweep([](contract::TestMm& space) { place(space, AREA, 2, MAP_SHARED | MAP_ANONYMOUS); },
                           [](contract::TestMm&) { return faulted(contract::write(AREA)); }) >= 2);
    const MappingRef file = present_file();
    CHECK(FailAlloc::sweep([&](contract::TestMm& space) { place(space, AREA, 8, MAP_PRIVATE, file.get()); },
                           [](contract::TestMm&) { return faulted(contract::write(AREA)); }) >= 2);
    // The stack has grown when its new page is not there: on Linux, too. So its mapping is what does not come back.
    const auto below_stack = AREA + pages(5);
    contract::TestMm space;
    place(space, AREA + pages(6), 2, ANON | MAP_GROWSDOWN);
    set_fault_injection(true);
    current_mm_task().fail_nth = 1;
    CHECK(!contract::write(below_stack));
    CHECK(current_mm_task().fail_nth == 0);
    set_fault_injection(false);
    CHECK(contract::write(below_stack));
}

TEST_CASE_METHOD(FailAllocFixture, "fail nth: fork, and the end of the copy") {
    const auto several = [](contract::TestMm& space) {
        eight_pages(space);
        place(space, FAR_AREA, 3);
        fill(FAR_AREA, 3);
        place(space, FAR_AREA + 2 * PMD_SIZE, 2, MAP_SHARED | MAP_ANONYMOUS);
        fill(FAR_AREA + 2 * PMD_SIZE, 2);
    };
    CHECK(FailAlloc::sweep(several, [](contract::TestMm& space) -> Result<void> {
              const auto child = dup_mm(space.mm());
              return child.ok() ? Result<void>() : Result<void>(Err(child.error()));
          }) >= 7);
}

TEST_CASE_METHOD(FailAllocFixture, "fail nth: a write to a page that a fork shares") {
    u32 failures = 0;
    for (u32 nth = 1; failures + 1 == nth; ++nth) {
        contract::TestMm parent;
        eight_pages(parent);
        const contract::TestMm child(dup_mm(parent.mm()).value());
        parent.activate();
        set_fault_injection(true);
        current_mm_task().fail_nth = nth;
        const bool written = contract::write(AREA, 100);
        failures += current_mm_task().fail_nth == 0 ? 1 : 0;
        current_mm_task().fail_nth = 0;
        set_fault_injection(false);
        CHECK(contract::value_at(AREA) == (written ? 100u : 1u));
        CHECK(contract::write(AREA, 101));
        CHECK(contract::value_at(AREA) == 101);
    }
    CHECK(failures >= 1);
}

// --- futexes ---------------------------------------------------------------------------------------------------------

using namespace harness;

// Makes the nth allocation of `call` fail, in a task beside one that owns the PI lock at `word`; until nothing fails.
template <class Call>
u32 sweep_futex(Call&& call) {
    for (u32 nth = 1;; ++nth) {
        INFO("allocation " << nth);
        FutexHost test;
        MmStruct& mm = test.new_mm();
        const UserAddr word = FutexHost::map_private(mm), condition = FutexHost::map_private(mm);
        bool failed = false;
        test.spawn(mm, [&] {
            test.store(condition, 0);
            REQUIRE(futex(FUTEX_LOCK_PI | PRIVATE, word).ok());
            for (int i = 0; i < 10; ++i)
                schedule();
            CHECK(futex(FUTEX_UNLOCK_PI | PRIVATE, word).ok());
        });
        test.spawn(mm, [&] {
            set_fault_injection(true);
            current_mm_task().fail_nth = nth;
            const Result<u32> result = call(word, condition);
            failed = current_mm_task().fail_nth == 0;
            current_mm_task().fail_nth = 0;
            set_fault_injection(false);
            CHECK((result.ok() || (failed && result.error() == Errno::NOMEM)));
            if (!result.ok()) {
                CHECK((queued(word) == 0 && queued(condition) == 0 && current()->pi_blocked_on == nullptr));
                CHECK(call(word, condition).ok());
            }
            CHECK(futex(FUTEX_UNLOCK_PI | PRIVATE, word).ok());
        });
        test.run();
        if (!failed)
            return nth - 1;
    }
}

TEST_CASE("fail nth: LOCK_PI of a lock that has an owner") {
    CHECK(sweep_futex([](UserAddr word, UserAddr) { return futex(FUTEX_LOCK_PI | PRIVATE, word); }) >= 1);
}

TEST_CASE("fail nth: CMP_REQUEUE_PI to a lock that has an owner") {
    u32 failures = 0;
    for (u32 nth = 1; failures + 1 == nth; ++nth) {
        FutexHost test;
        MmStruct& mm = test.new_mm();
        const UserAddr mutex = FutexHost::map_private(mm), condition = FutexHost::map_private(mm);
        const auto let_others_run = [] {
            for (int i = 0; i < 3; ++i)
                schedule();
        };
        test.spawn(mm, [&] { // waits
            test.store(condition, 0);
            CHECK(futex(FUTEX_WAIT_REQUEUE_PI | PRIVATE, condition, 0, 0, mutex).ok());
            CHECK(futex(FUTEX_UNLOCK_PI | PRIVATE, mutex).ok());
        });
        test.spawn(mm, [&] { // owns, and notifies
            REQUIRE(futex(FUTEX_LOCK_PI | PRIVATE, mutex).ok());
            let_others_run();
            set_fault_injection(true);
            current_mm_task().fail_nth = nth;
            const auto notify = [&] { return futex(FUTEX_CMP_REQUEUE_PI | PRIVATE, condition, 1, 0, mutex, 0); };
            const Result<u32> result = notify();
            failures += current_mm_task().fail_nth == 0 ? 1 : 0;
            current_mm_task().fail_nth = 0;
            set_fault_injection(false);
            CHECK(queued(condition) == (result.ok() ? 0u : 1u));
            if (!result.ok()) {
                CHECK(result.error() == Errno::NOMEM);
                CHECK(notify().ok());
            }
            CHECK(futex(FUTEX_UNLOCK_PI | PRIVATE, mutex).ok());
        });
        test.run();
    }
    CHECK(failures >= 1);
}

} // namespace
} // namespace faultline
