// The machine on which the programs of this folder run: its tasks, address spaces and operations.
#include "interleave/world.hpp"

#include <arch/current.hpp>

#include <cstdio>

#include "arch/contract/tlb.hpp"
#include "base/irq_guard.hpp"
#include "kernel/futex/queue.hpp"
#include "mm/anon_vma.hpp"
#include "mm/dup_mm.hpp"
#include "mm/fault.hpp"
#include "mm/memory.hpp"
#include "mm/mmap.hpp"
#include "mm/munmap.hpp"
#include "mm/page_alloc.hpp"
#include "mm/page_writeback.hpp"
#include "mm/slab.hpp"
#include "mm/swapfile.hpp"
#include "mm/upcalls.hpp"

namespace faultline::interleave {

namespace {

World* the_world = nullptr;

constexpr u32 RAM_BYTES = 256u << 10;

bool repair(FaultInfo fault) { return do_page_fault(fault).action() == FaultOutcome::Retry; }

} // namespace

void require(bool condition, const char* what) {
    if (!condition)
        violated(what);
}

void violated(const std::string& what) {
    const auto violation = std::make_exception_ptr(Violation(what));
    model::Interleaver::about_to_throw(violation);
    std::rethrow_exception(violation);
}

World::World(u32 cpus, const model::TlbPolicy& tlb) : machine({.cpus = cpus, .ram_bytes = RAM_BYTES, .tlb = tlb}) {
    the_world = this;
    init_page_allocator(ram_start(), ram_start() + ram_bytes());
    init_writeback();
    anon_vma_init();
    init_swap();
    machine.as_each_cpu(mmu_init_cpu);
    futex_init(cpus);
    free_at_start_ = nr_free_pages();
    machine.on_fault = repair;
    for (u32 cpu = 0; cpu < cpus; ++cpu) {
        Task& task = *tasks_.emplace_back(std::make_unique<Task>());
        task.pid = static_cast<s32>(cpu + 1);
        std::snprintf(task.comm, sizeof task.comm, "cpu%u", cpu);
        machine.select_cpu(cpu);
        set_current(&task);
    }
    MmStruct& first = new_mm();
    for (u32 cpu = cpus; cpu-- > 0;)
        run_in(cpu, first);
}

World::~World() { the_world = nullptr; }

World& World::get() { return *the_world; }

void World::run(model::Schedule& schedule, const std::vector<std::function<void()>>& bodies) {
    interleaver_.emplace(machine, schedule, [this](u32 cpu) { invariants.check(cpu); });
    bodies_ = bodies;
    interleaver_->run(bodies_);
}

std::string World::history() const { return interleaver_ ? interleaver_->history() : ""; }
std::optional<model::Interleaver::Standing> World::standing(u32 cpu) const {
    return interleaver_ ? std::optional(interleaver_->standing(cpu)) : std::nullopt;
}
std::size_t World::steps() const { return interleaver_ ? interleaver_->steps() : 0; }

u32 World::missing_pages() {
    for (u32 cpu = 0; cpu < machine.cpu_count(); ++cpu) {
        machine.select_cpu(cpu);
        task(cpu).mm.mm = nullptr;
        const IrqGuard irqs;
        switch_mm(nullptr);
    }
    machine.select_cpu(0);
    // With tlb=broken what ends an address space here would not reach the CPUs that have left it: no fault of the program's.
    if (tlb_config.broken)
        empty_tlbs();
    for (MmStruct* mm : spaces_) {
        invariants.forget(*mm);
        mmput(*mm);
    }
    spaces_.clear();
    if (at_the_end_)
        at_the_end_();
    shrink_caches();
    return free_at_start_ - nr_free_pages();
}

// Also of what belongs to address spaces that are gone.
void World::empty_tlbs() {
    const model::Unwatched outside;
    machine.as_each_cpu([&] {
        machine.cpu().tlb.invalidate_all();
        for (u32 index = 0; index < tlb_config.entries; ++index) {
            MmContext holder;
            const TlbSlot slot = tlb_slot(machine::this_cpu(), index);
            holder.asid = slot.asid;
            if (slot.descriptor != 0)
                local_flush_tlb_mm(holder);
        }
    });
}

MmStruct& World::add_space(MmStruct& mm) {
    spaces_.push_back(&mm);
    numbers_[&mm] = next_number_++;
    return mm;
}

s32 World::number_of(const MmStruct* mm) const {
    const auto found = numbers_.find(mm);
    return found != numbers_.end() ? found->second : -1;
}

MmStruct& World::new_mm() { return add_space(*mm_alloc().value().release()); }

void World::run_in(u32 cpu, MmStruct& mm) {
    machine.select_cpu(cpu);
    task(cpu).mm.mm = &mm;
    const IrqGuard irqs;
    switch_mm(&mm.context);
}

UserAddr World::map(u32 flags, u32 pages) {
    MmStruct& here = *current_mm_task().mm;
    const u32 prot = PROT_READ | PROT_WRITE;
    const UserAddr start =
        do_mmap(here, UserAddr(0), pages * PAGE_SIZE, prot, flags | MAP_ANONYMOUS, nullptr, true, 0).value();
    watch(here, start, pages);
    return start;
}

void World::watch(MmStruct& mm, UserAddr start, u32 pages) {
    for (u32 i = 0; i < pages; ++i)
        invariants.watch(mm, start + i * PAGE_SIZE);
}

std::optional<u32> World::try_read(UserAddr address) {
    const OperationScope scope(*this, Invariants::Operation::Access);
    return machine.user_load(address.value());
}

bool World::try_write(UserAddr address, u32 value) {
    const OperationScope scope(*this, Invariants::Operation::Access);
    if (!machine.user_store(address.value(), value))
        return false;
    invariants.wrote(*current_mm_task().mm, address);
    return true;
}

u32 World::read(UserAddr address) {
    const auto value = try_read(address);
    require(value.has_value(), "a read has failed that must succeed: the program gets a signal");
    return *value;
}

void World::write(UserAddr address, u32 value) {
    require(try_write(address, value), "a write has failed that must succeed: the program gets a signal");
}

Result<MmStruct*> World::try_fork(UserAddr start, u32 pages) {
    return call([&]() -> Result<MmStruct*> {
        MmStruct& child = add_space(*TRY(dup_mm(*current_mm_task().mm)).release());
        watch(child, start, pages);
        return &child;
    });
}

MmStruct& World::fork(UserAddr start, u32 pages) { return *try_fork(start, pages).value(); }

void World::end(MmStruct& mm) {
    call([&] {
        while (!mm.vmas.empty()) {
            const VmArea& vma = *mm.vmas.begin();
            require(do_munmap(mm, vma.start, vma.pages() << PAGE_SHIFT).ok(), "munmap has failed");
        }
    });
    exit(mm);
}

void World::exit(MmStruct& mm) {
    call([&] {
        invariants.forget(mm);
        std::erase(spaces_, &mm);
        numbers_.erase(&mm);
        mmput(mm);
    });
}

Page& World::page_of(MmStruct& mm, UserAddr address) {
    const Pte entry = truth_of(mm, address);
    require(pte_present(entry), "an entry is not present that must be");
    return pfn_to_page(pte_pfn(entry));
}

World::OperationScope::OperationScope(World& world, Invariants::Operation what)
    : world_(world), cpu_(world.machine.cpu_number()) {
    world_.invariants.begin_operation(cpu_, what);
}

World::OperationScope::~OperationScope() { world_.invariants.begin_operation(cpu_, Invariants::Operation::None); }

} // namespace faultline::interleave
