// The functions of arch/contract/, acting on the modelled machine.
#include <cstring>
#include <stdexcept>

#include <arch/context.hpp>
#include <arch/current.hpp>
#include <arch/irq.hpp>
#include <arch/processor.hpp>
#include <arch/translation.hpp>

#include "arch/contract/clock.hpp"
#include "arch/contract/memory.hpp"
#include "arch/model/machine.hpp"
#include "arch/model/turns.hpp"

namespace faultline {

using model::Machine;

// arch/contract/memory.hpp

PhysAddr ram_start() { return PhysAddr(Machine::RAM_START); }
u32 ram_bytes() { return Machine::get().ram_bytes(); }
void* phys_to_virt(PhysAddr address) { return Machine::get().memory.at(address.value()); }
PhysAddr virt_to_phys(const void* pointer) { return PhysAddr(Machine::get().memory.address_of(pointer)); }
void clear_page(void* page) { std::memset(page, 0, PAGE_SIZE); }
void copy_page(void* to, const void* from) { std::memcpy(to, from, PAGE_SIZE); }
void flush_icache_range(const void*, u32) {} // the model has no instruction cache

// arch/contract/clock.hpp

u64 clock_ns() { return Machine::get().clock_ns; }
u32 instructions_retired() { return 0; }
void set_next_event(u64 deadline_ns) { Machine::get().timer_deadline_ns = deadline_ns; }

// <arch/irq.hpp>

void wait_for_interrupt() {
    Machine& machine = Machine::get();
    if (machine.timer_deadline_ns == NO_DEADLINE)
        throw std::runtime_error("model: a CPU waits for an interrupt, and none will ever come");
    machine.advance_clock(machine.timer_deadline_ns);
}

// <arch/current.hpp>

Task* current() { return Machine::get().cpu(smp_processor_id()).task; }
void set_current(Task* task) { Machine::get().cpu(smp_processor_id()).task = task; }

// <arch/context.hpp>

void init_context(CpuContext& context, void*, void (*entry)(void*), void* argument) {
    context.execution = &Machine::get().executions.create(entry, argument);
}

void switch_to(CpuContext& from, CpuContext& to) {
    Machine& machine = Machine::get();
    if (to.execution == nullptr)
        throw std::logic_error("model: switch to a context that was never initialised");
    from.execution = &machine.executions.running();
    machine.clear_exclusive();
    machine.executions.switch_to(*to.execution);
}

// <arch/processor.hpp>

u32 smp_processor_id() { return model::cpu_of_thread(); }

// arch/contract/machine.hpp

namespace machine {

namespace {

template <class Action>
void on_own_tlb(Action action) {
    schedule_point("invalidate in the own TLB");
    const model::Turn turn;
    action(Machine::get().cpu().tlb);
}

// A broadcast reaches the CPUs one after the other. The caller continues when all have been reached (DSB).
template <class Action>
void on_every_tlb(Action action) {
    for (u32 cpu = 0; cpu < Machine::get().cpu_count(); ++cpu) {
        schedule_point("invalidate in a TLB, by broadcast");
        const model::Turn turn;
        action(Machine::get().cpu(cpu).tlb);
    }
}

} // namespace

void store_descriptor(u32* slot, u32 descriptor) {
    schedule_point("store a descriptor");
    Machine::get().store_descriptor(slot, descriptor);
}

void tlb_invalidate_mva(UserAddr page, Asid asid) {
    on_own_tlb([=](model::Tlb& own) { own.invalidate_mva(page.value(), asid.value()); });
}
void tlb_invalidate_asid(Asid asid) {
    on_own_tlb([=](model::Tlb& own) { own.invalidate_asid(asid.value()); });
}
void tlb_invalidate_all() {
    on_own_tlb([](model::Tlb& own) { own.invalidate_all(); });
}

void tlb_invalidate_mva_inner_shareable(UserAddr page, Asid asid) {
    on_every_tlb([=](model::Tlb& each) { each.invalidate_mva(page.value(), asid.value()); });
}
void tlb_invalidate_asid_inner_shareable(Asid asid) {
    on_every_tlb([=](model::Tlb& each) { each.invalidate_asid(asid.value()); });
}
void tlb_invalidate_all_inner_shareable() {
    on_every_tlb([](model::Tlb& each) { each.invalidate_all(); });
}

void set_translation_table(PhysAddr directory, Asid asid) {
    schedule_point("change the translation table");
    Machine::get().set_translation_table(directory.value(), asid.value());
}

void smp_call_function_many(CpuMask cpus, void (*function)(void*), void* argument) {
    if (model::schedule_watcher != nullptr)
        return model::schedule_watcher->call(cpus, function, argument);
    for (const u32 cpu : cpus)
        Machine::get().interrupt(cpu, function, argument);
}

PhysAddr empty_directory() { return PhysAddr(Machine::get().empty_directory()); }

} // namespace machine

} // namespace faultline
