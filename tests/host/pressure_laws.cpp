// What must hold of memory whenever no call is under way, whatever has happened before.
#include <map>
#include <set>
#include <string>

#include "arch/model/check.hpp"
#include "mm/lru.hpp"
#include "mm/memory_failure.hpp"
#include "mm/page_writeback.hpp"
#include "mm/rmap.hpp"
#include "mm/shmem.hpp"
#include "mm/shmem_swap.hpp"
#include "mm/slab.hpp"
#include "mm/swap_area.hpp"
#include "tests/host/pressure_machine.hpp"
#include "tests/host/pressure_model.hpp"
#include "tests/host/pressure_poison.hpp"

namespace faultline::pressure {
namespace {

std::string frame(const Page& page) {
    char text[96];
    std::snprintf(text, sizeof text,
                  "frame %u (flags %#x, %d references, %d entries): ", static_cast<unsigned>(&page - mem.map),
                  page.flags.load(), page_count(page), page_mapcount(page));
    return text;
}

// All that refers to pages and slots, by going through page tables and files.
class Census {
  public:
    explicit Census(Machine& machine) : machine_(machine) {}

    void take() {
        add_file(*machine_.disk);
        for (auto& space : machine_.spaces)
            walk(space->mm());
        for (const PageRef& pin : machine_.pins)
            ++references_[pin.get()];
    }

    void check_pages() {
        u32 free = 0, listed[NR_LRU_LISTS] = {}, in_swap_cache = 0, tagged = 0, lost = 0;
        for (u32 number = 0; number < mem.max_mapnr; ++number) {
            const Page& page = mem.map[number];
            if (page.test(PG_BUDDY | PG_PCP)) {
                ++free;
                expect(page_count(page) == 0 && page_mapcount(page) == 0 &&
                           !page.test(PG_LRU | PG_ISOLATED | PG_SWAPCACHE | PG_TAGGED | PG_LOCKED | PG_WRITEBACK |
                                      PG_HWPOISON),
                       frame(page) + "it is free");
                continue;
            }
            expect(!page.test(PG_ISOLATED | PG_LOCKED | PG_WRITEBACK), frame(page) + "nobody works on it");
            in_swap_cache += page.test(PG_SWAPCACHE) ? 1 : 0;
            tagged += page.test(PG_TAGGED) ? 1 : 0;
            lost += page.test(PG_HWPOISON) ? 1 : 0;
            if (page.test(PG_LRU))
                ++listed[(page.test(PG_SWAPBACKED) ? LRU_INACTIVE_ANON : LRU_INACTIVE_FILE) +
                         (page.test(PG_ACTIVE) ? 1 : 0)];
            check_page(page);
        }
        expect(free + nr_reserved_slab_pages() == nr_free_pages(), "the free pages add up");
        for (u32 list = 0; list < NR_LRU_LISTS; ++list)
            expect(listed[list] == nr_lru_pages(static_cast<LruList>(list)), "the lists by age are counted");
        expect(in_swap_cache == swap_stat.nr_swapcached, "the swap cache is counted");
        expect(tagged == writeback_stat.nr_file_dirty, "dirty pages are counted");
        expect(nr_shared_ == nr_shmem, "pages of shared memory are counted");
        expect(lost == num_poisoned_pages, "lost frames are counted");
    }

    void check_slots() {
        u32 pages = 0, used = 0;
        for (auto& swap : machine_.swaps)
            if (swap != nullptr) {
                check_area(swap->type);
                pages += swap_area(swap->type).pages;
                used += swap_area(swap->type).used;
            }
        expect(slots_.empty(), "every entry's slot is in an area that there is");
        expect(total_swap_pages() == pages && nr_swap_pages() == pages - used, "slots are counted");
    }

  private:
    void add_file(AddressSpace& file) {
        if (!files_.insert(&file).second)
            return;
        const Guard lock(file.lock);
        for (Page& page : file.pages) {
            ++references_[&page];
            expect(page_mapping(page) == &file, frame(page) + "its file has it");
            expect(mapping_reads(file) || find_swapped(file, page.index) == nullptr, "a page is here or in swap");
        }
        u32 swapped = 0;
        for (const SwappedPage& record : file.swapped) {
            add_swapped(record.entry);
            ++swapped;
        }
        expect(file.nr_swapped == swapped, "a file's pages in swap are counted");
        if (!mapping_reads(file))
            nr_shared_ += file.nr_pages;
    }

    void walk(MmStruct& mm) {
        s32 counts[NR_MM_COUNTERS] = {};
        for (VmArea& vma : mm.vmas) {
            if (vma.mapping != nullptr)
                add_file(*vma.mapping);
            for (UserAddr address = vma.start; address < vma.end; address = address + PAGE_SIZE)
                if (const PteSlot* slot = pte_offset(mm, address))
                    add_entry(vma, ptep_get(slot), counts);
        }
        for (const MmCounter counter : {MM_FILEPAGES, MM_ANONPAGES, MM_SWAPENTS})
            expect(get_mm_counter(mm, counter) == static_cast<u32>(counts[counter]),
                   "an address space's entries are counted: " + std::to_string(counter));
        const auto findings = model::check_tlb_against_truth(mm.context);
        expect(findings.empty(), findings.empty() ? "" : "no TLB permits more than truth: " + findings.front());
    }

    void add_entry(const VmArea& vma, Pte pte, s32* counts) {
        if (is_swap_pte(pte)) {
            add_swapped(pte_to_swp_entry(pte));
            if (names_lost_frame(pte))
                return;
            ++counts[MM_SWAPENTS];
            expect(vma.anon_vma != nullptr && vma.mm->mmlist.is_linked(), "swapoff finds every entry");
            return;
        }
        Page* page = vm_normal_page(pte);
        if (page == nullptr)
            return;
        ++counts[page->test(PG_ANON) ? MM_ANONPAGES : MM_FILEPAGES];
        ++entries_[page];
        ++references_[page];
        if (!vma.shared() && pte_write(pte))
            writable_.insert(page);
        if (vma_wants_writenotify(vma) && (pte_write(pte) || pte_dirty(pte)))
            expect(page->test(PG_TAGGED), frame(*page) + "who writes back knows of it");
    }

    void add_swapped(SwapEntry entry) {
        if (is_hwpoison_entry(entry))
            expect(pfn_to_page(Pfn(entry.offset())).test(PG_HWPOISON), "an entry that names a frame names a lost one");
        else
            ++slots_[entry.bits()];
    }

    void check_page(const Page& page) {
        const u32 entries = entries_.contains(&page) ? entries_[&page] : 0;
        expect(static_cast<u32>(page_mapcount(page)) == entries, frame(page) + "its entries are counted");
        const bool cached = page_mapping(page) != nullptr && !page.test(PG_SLAB | PG_TABLE | PG_RESERVED);
        if (entries == 0 && !cached && !page.test(PG_SWAPCACHE | PG_LRU | PG_HWPOISON))
            return; // the kernel's own
        expect(!page.test(PG_HWPOISON) || (entries == 0 && !cached && !page.test(PG_LRU)),
               frame(page) + "nobody uses it any more");
        const u32 references = (references_.contains(&page) ? references_[&page] : 0) +
                               (page.test(PG_SWAPCACHE) ? 1 : 0) + (page.test(PG_HWPOISON) ? 1 : 0);
        expect(static_cast<u32>(page_count(page)) == references,
               frame(page) + "it has " + std::to_string(references) + " users");
        if (entries != 0)
            expect(entries_found(page) == entries, frame(page) + "the reverse map finds each entry");
        const u32 count = page.test(PG_SWAPCACHE) ? count_of(SwapEntry::from_bits(page.swap)) : 0;
        expect(!page.test(PG_SWAPCACHE) || entries != 0 || count != 0, frame(page) + "its slot is of use");
        expect(!page.test(PG_LAZYFREE) || !page.test(PG_SWAPBACKED), frame(page) + "it can go without swap");
        if (page.test(PG_ANON_EXCLUSIVE) || writable_.contains(&page))
            expect(entries <= 1 && count == 0, frame(page) + "it is one entry's alone");
    }

    static u32 entries_found(const Page& page) {
        u32 found = 0;
        if (AddressSpace* file = page_mapping(page)) {
            const Guard lock(file->lock);
            for (VmArea& vma : file->i_mmap)
                visit_mapping_of(vma, page, [&](UserAddr, PteSlot*) { ++found; });
            return found;
        }
        rmap_walk_anon(AnonVmaReader(), page, [&](VmArea&, UserAddr, PteSlot*) { ++found; });
        return found;
    }

    static u32 count_of(SwapEntry entry) {
        SwapArea& area = swap_area(entry.type());
        const Guard lock(area.lock);
        return area.slot(entry.offset()).count();
    }

    void check_area(u32 type) {
        SwapArea& area = swap_area(type);
        const Guard lock(area.lock);
        u32 used = 0;
        for (u32 offset = 1; offset < area.nr_slots; ++offset) {
            const SwapSlot& slot = area.slots[offset];
            const auto entries = slots_.extract(SwapEntry(type, offset).bits());
            const u32 count = entries.empty() ? 0 : entries.mapped();
            const bool cached = slot.has_cache();
            used += slot.in_use() ? 1 : 0;
            expect(slot.in_use() == (count != 0 || cached), "a slot is in use as long as something refers to it");
            if (slot.in_use())
                expect(slot.count() == count, "a slot's entries are counted: " + std::to_string(slot.count()) +
                                                  ", not " + std::to_string(count));
            if (cached)
                expect(slot.page()->test(PG_SWAPCACHE) && slot.page()->swap == SwapEntry(type, offset).bits(),
                       "the page that a slot has in the cache knows its slot");
        }
        expect(area.used == used, "an area's slots are counted");
    }

    Machine& machine_;
    std::set<AddressSpace*> files_;
    std::map<const Page*, u32> entries_, references_;
    std::map<u32, u32> slots_; // by the bits of their SwapEntry: entries and records that refer to them
    std::set<const Page*> writable_;
    u32 nr_shared_ = 0;
};

} // namespace

void check_laws(Machine& machine) {
    Census census(machine);
    census.take();
    census.check_pages();
    census.check_slots();
}

} // namespace faultline::pressure
