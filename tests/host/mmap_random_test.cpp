// The system calls of mm/ against a model that knows only pages: the rights and the contents of each page of a window.
// After thousands of random calls both must agree, no two VMAs may be left that could be one, and no TLB may permit
// more than truth.
#include <catch2/catch.hpp>
#include <optional>
#include <random>
#include <vector>

#include "arch/model/check.hpp"
#include "mm/aging.hpp"
#include "mm/madvise.hpp"
#include "mm/mm_struct.hpp"
#include "mm/mmap.hpp"
#include "mm/mprotect.hpp"
#include "mm/mremap.hpp"
#include "mm/munmap.hpp"
#include "tests/contract/contract.hpp"
#include "tests/host/harness.hpp"

namespace faultline {
namespace {

constexpr u32 WINDOW_PAGES = 1100; // a bit more than two page tables
constexpr UserAddr WINDOW(0x20000000 - 40 * PAGE_SIZE);

struct ModelPage {
    u32 prot = 0;
    u32 value = 0;
};

class Differential {
  public:
    Differential(contract::TestMm& test, unsigned seed)
        : test_(test), mm_(test.mm()), random_(seed), model_(WINDOW_PAGES) {}

    void step() {
        const u32 first = pick(WINDOW_PAGES);
        const u32 count = 1 + pick(std::min(pick(3) == 0 ? 600u : 8u, WINDOW_PAGES - first));
        if (pick(100) == 0) {
            child_.reset(); // it shares pages until it is replaced
            child_.emplace(dup_mm(mm_).value());
            test_.activate();
        }
        switch (pick(12)) {
        case 0:
        case 1:
            map(first, count, RIGHTS[pick(4)]);
            break;
        case 2:
            unmap(first, count);
            break;
        case 3:
        case 4:
            protect(first, count, RIGHTS[pick(4)]);
            break;
        case 5:
            remap(first, std::min(count, 8u));
            break;
        case 6:
            dontneed(first, count);
            break;
        case 7:
            age(first, count);
            break;
        default:
            access(first);
            break;
        }
    }

    void compare() {
        const MmapReadGuard mmap_read(mm_);
        u32 mapped = 0;
        for (u32 i = 0; i < WINDOW_PAGES; ++i) {
            const FoundVma vma = vma_lookup(mmap_read, at(i));
            REQUIRE(bool(vma) == model_[i].has_value());
            if (vma) {
                ++mapped;
                REQUIRE((vma->flags & VM_ACCESS_FLAGS) == VmFlags(model_[i]->prot));
            }
        }
        REQUIRE(mm_.total_vm == mapped);
        const VmArea* below = nullptr;
        u32 count = 0;
        for (const VmArea& vma : mm_.vmas) {
            REQUIRE(vma.start < vma.end);
            if (below != nullptr) {
                REQUIRE(below->end <= vma.start);
                REQUIRE(!could_be_one(*below, vma));
            }
            below = &vma;
            ++count;
            REQUIRE((vma.flags.has(VM_ACCOUNT) || !accountable_mapping(vma.flags)));
        }
        const u32 promised = promised_pages(mm_) + (child_ ? promised_pages(child_->mm()) : 0);
        REQUIRE(vm_memory_committed() == promised_before_ + promised);
        REQUIRE(mm_.map_count == count);
        REQUIRE(model::check_tlb_against_truth(mm_.context).empty());
        for (u32 i = 0; i < WINDOW_PAGES; ++i)
            if (const Page* page = test_.page(at(i)))
                REQUIRE(contract::entries_found(*page) == static_cast<u32>(page_mapcount(*page)));
    }

    void compare_contents() {
        for (u32 i = 0; i < WINDOW_PAGES; ++i) {
            if (!model_[i] || (model_[i]->prot == 0))
                REQUIRE(!contract::read(at(i)));
            else
                REQUIRE(contract::value_at(at(i)) == model_[i]->value);
        }
    }

  private:
    static constexpr u32 RIGHTS[4] = {PROT_NONE, PROT_READ, PROT_READ | PROT_WRITE, PROT_READ | PROT_WRITE | PROT_EXEC};

    u32 pick(u32 below) { return static_cast<u32>(random_() % below); }
    static UserAddr at(u32 page) { return WINDOW + page * PAGE_SIZE; }
    bool whole(u32 first, u32 count) const {
        for (u32 i = first; i < first + count; ++i)
            if (!model_[i])
                return false;
        return true;
    }

    static u32 promised_pages(const MmStruct& mm) {
        u32 pages = 0;
        for (const VmArea& vma : mm.vmas)
            pages += vma.flags.has(VM_ACCOUNT) ? vma.pages() : 0;
        return pages;
    }

    static bool could_be_one(const VmArea& below, const VmArea& above) {
        const AnonVma *one = below.anon_vma, *other = above.anon_vma;
        return below.end == above.start && below.flags == above.flags && below.pgoff + below.pages() == above.pgoff &&
               (one == other || one == nullptr || other == nullptr);
    }

    void map(u32 first, u32 count, u32 prot) {
        REQUIRE(
            do_mmap(mm_, at(first), count * PAGE_SIZE, prot, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, nullptr, true, 0)
                .ok());
        for (u32 i = first; i < first + count; ++i)
            model_[i] = ModelPage{prot, 0};
    }

    void unmap(u32 first, u32 count) {
        REQUIRE(do_munmap(mm_, at(first), count * PAGE_SIZE).ok());
        for (u32 i = first; i < first + count; ++i)
            model_[i].reset();
    }

    void protect(u32 first, u32 count, u32 prot) {
        const auto done = do_mprotect(mm_, at(first), count * PAGE_SIZE, prot);
        REQUIRE(done.ok() == whole(first, count));
        for (u32 i = first; i < first + count && model_[i]; ++i)
            model_[i]->prot = prot;
    }

    // Moves pages of one VMA to another place, unless the two overlap.
    void remap(u32 first, u32 count) {
        const u32 to = pick(WINDOW_PAGES - count + 1);
        if (first + count > to && to + count > first)
            return;
        const VmArea* vma = vma_lookup(MmapUnshared(mm_), at(first));
        const bool possible = vma != nullptr && at(first + count) <= vma->end;
        const auto moved =
            do_mremap(mm_, at(first), count * PAGE_SIZE, count * PAGE_SIZE, MREMAP_MAYMOVE | MREMAP_FIXED, at(to));
        REQUIRE(moved.ok() == possible);
        if (vma == nullptr)
            return; // refused before anything was done
        for (u32 i = 0; i < count; ++i) {
            model_[to + i].reset(); // replaced, even if the move itself is refused then
            if (possible)
                std::swap(model_[to + i], model_[first + i]);
        }
    }

    void dontneed(u32 first, u32 count) {
        REQUIRE(do_madvise(mm_, at(first), count * PAGE_SIZE, MADV_DONTNEED).ok() == whole(first, count));
        for (u32 i = first; i < first + count; ++i)
            if (model_[i])
                model_[i]->value = 0;
    }

    void age(u32 first, u32 count) { age_page_range(MmapReadGuard(mm_), at(first), at(first + count)); }

    void access(u32 page) {
        const u32 prot = model_[page] ? model_[page]->prot : 0;
        if (pick(2) == 0) {
            REQUIRE(contract::read(at(page)) == (prot != 0));
            return;
        }
        const u32 value = static_cast<u32>(random_());
        REQUIRE(contract::write(at(page), value) == ((prot & PROT_WRITE) != 0));
        if ((prot & PROT_WRITE) != 0)
            model_[page]->value = value;
    }

    const u32 promised_before_ = vm_memory_committed();
    contract::TestMm& test_;
    std::optional<contract::TestMm> child_;
    MmStruct& mm_;
    std::mt19937 random_;
    std::vector<std::optional<ModelPage>> model_;
};

TEST_CASE("mmap: random calls agree with a page-by-page model") {
    const unsigned seed = GENERATE(1u, 2u, 3u, 4u);
    const bool adversarial = seed % 2 == 0;
    harness::Host host({.ram_bytes = 16u << 20, .tlb = {.evict = adversarial, .prefetch = adversarial, .seed = seed}});
    contract::TestMm test;
    Differential differential(test, seed);
    for (int step = 1; step <= 3000; ++step) {
        differential.step();
        if (step % 10 == 0)
            differential.compare();
        if (step % 500 == 0)
            differential.compare_contents();
    }
}

TEST_CASE("mmap: random placement never overlaps and never misses a hole") {
    harness::Host host({.ram_bytes = 16u << 20});
    contract::TestMm test;
    MmStruct& mm = test.mm();
    std::mt19937 random(5);
    const UserAddr low(0x7000'0000u & ~u32{0xfff}); // all below is taken, so that holes matter
    const u32 room = (mm.mmap_base - low) / PAGE_SIZE;
    REQUIRE(do_mmap(mm, UserAddr(0x2000), low.value() - 0x2000, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
                    nullptr, true, 0)
                .ok());
    REQUIRE(do_mmap(mm, mm.mmap_base, TASK_SIZE - mm.mmap_base.value(), PROT_NONE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, nullptr, true, 0)
                .ok());
    std::vector<bool> taken(room);
    const auto index = [&](UserAddr address) { return (address - low) / PAGE_SIZE; };

    // Where top-down first fit must put it; nullopt if there is no place.
    const auto expected = [&](u32 count) -> std::optional<u32> {
        u32 run = 0;
        for (u32 i = room; i-- > 0;) {
            run = taken[i] ? 0 : run + 1;
            if (run == count)
                return i; // the lowest page of the run's upper end
        }
        return std::nullopt;
    };

    for (int step = 0; step < 1500; ++step) {
        const u32 count = 1 + static_cast<u32>(random() % (room / 12));
        if (random() % 2 == 0) {
            const auto where = do_mmap(mm, UserAddr(), count * PAGE_SIZE, random() % 2 == 0 ? PROT_READ : PROT_NONE,
                                       MAP_PRIVATE | MAP_ANONYMOUS, nullptr, true, 0);
            const auto want = expected(count);
            REQUIRE(where.ok() == want.has_value());
            if (!where.ok())
                continue;
            REQUIRE(index(where.value()) == *want);
            std::fill_n(taken.begin() + static_cast<std::ptrdiff_t>(*want), count, true);
        } else {
            const u32 first = static_cast<u32>(random() % room);
            const u32 length = std::min(count, room - first);
            REQUIRE(do_munmap(mm, low + first * PAGE_SIZE, length * PAGE_SIZE).ok());
            std::fill_n(taken.begin() + static_cast<std::ptrdiff_t>(first), length, false);
        }
    }
}

} // namespace
} // namespace faultline
