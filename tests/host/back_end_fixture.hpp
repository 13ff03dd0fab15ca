// Address spaces on the modelled machine, without mm/: what the tests of the back end use.
#pragma once

#include <memory>

#include "arch/contract/memory.hpp"
#include "arch/contract/tlb.hpp"
#include "arch/model/machine.hpp"
#include "arch/model/with_tlb_config.hpp"
#include "mm/page_alloc.hpp"

namespace faultline {

// The machine. The page allocator has all of its RAM.
struct TestMachine : model::Machine {
    explicit TestMachine(const model::Configuration& configuration = {}) : Machine(configuration) {
        init_page_allocator(ram_start(), ram_start() + faultline::ram_bytes());
        as_each_cpu(mmu_init_cpu);
    }
};

inline Pfn new_frame() {
    Page* page = alloc_zeroed_page(GFP_ATOMIC).release();
    BUG_ON(page == nullptr);
    return page_to_pfn(*page);
}

// One address space, and the few steps in which mm/ would drive it.
class TestSpace {
  public:
    TestSpace() : directory_(std::make_unique<PageDirectory>()) {
        if (!init_new_context(context, *directory_).ok())
            panic("no memory for a context");
    }
    ~TestSpace() {
        leave();
        flush_tlb_mm(context);
        destroy_context(context);
    }
    TestSpace(const TestSpace&) = delete;
    TestSpace& operator=(const TestSpace&) = delete;

    // The entry for `address`. Makes its table if there is none.
    PteSlot* slot(u32 address) {
        PteTable*& table = directory_->tables[pgd_index(UserAddr(address))];
        if (table == nullptr) {
            Page* page = alloc_zeroed_page(GFP_ATOMIC).release();
            BUG_ON(page == nullptr);
            pmd_populate(context, UserAddr(address), *static_cast<PteTable*>(page_address(*page)));
        }
        return &table->entries[pte_index(UserAddr(address))];
    }
    Pte truth(u32 address) { return ptep_get(slot(address)); }
    void set(u32 address, Pte pte) { set_pte_at(context, UserAddr(address), slot(address), pte); }

    // What ageing, write-protecting and unmapping do; and a break of copy on write, without its copy.
    void age(UserAddr page) {
        TlbDebt debt(context);
        ptep_test_and_clear_young(debt, page, slot(page.value()));
    }
    void write_protect(UserAddr page) {
        TlbDebt debt(context);
        ptep_set_wrprotect(debt, page, slot(page.value()));
    }
    void unmap(UserAddr page) {
        TlbDebt debt(context);
        const Pte old = ptep_get_and_clear(debt, page, slot(page.value()));
        debt.pay();
        free_frame_of(old);
    }
    void break_sharing(UserAddr page) {
        const Pte old = truth(page.value());
        ptep_clear_flush(context, page, slot(page.value()));
        free_frame_of(old);
    }

    MmContext context;

  private:
    // Of an entry that is gone and flushed.
    static void free_frame_of(Pte old) {
        if (!pte_present(old))
            return;
        if (tlb_can_reach(old.pfn()))
            panic("unmapped, flushed, and still in a TLB");
        put_page(pfn_to_page(old.pfn()));
    }

    // No CPU may run on the address space when it is destroyed.
    void leave() {
        model::Machine::get().as_each_cpu([this] {
            const u32 directory = model::Machine::get().cpu().ttbr0;
            if (context.hardware_directory != nullptr && virt_to_phys(context.hardware_directory).value() == directory)
                switch_mm(nullptr);
        });
    }

    std::unique_ptr<PageDirectory> directory_;
};

inline constexpr u32 USER_RW = Pte::PRESENT | Pte::USER | Pte::YOUNG | Pte::WRITE | Pte::DIRTY;
inline constexpr u32 USER_RO = Pte::PRESENT | Pte::USER | Pte::YOUNG;

} // namespace faultline
