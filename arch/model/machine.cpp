// The modelled machine (arch/model/machine.hpp): walks, accesses with their faults, and what TLBs do by themselves.
#include "arch/model/machine.hpp"

#include <cstring>
#include <stdexcept>
#include <utility>

#include <arch/processor.hpp>
#include <mmu/refill.hpp>

#include "arch/contract/mmu.hpp"
#include "arch/model/turns.hpp"
#include "base/irq_guard.hpp"
#include "base/lockdep.hpp"
#include "base/trace.hpp"

namespace faultline::model {

namespace {

Machine* the_machine = nullptr;

constexpr u32 EMPTY_DIRECTORY_BYTES = 8192;

// TTBCR: N = 1, PD1 = 1, so there are no walks through TTBR1: the kernel's half is not modelled.
constexpr u32 TTBCR_VALUE = 0x21;

// Stores a word in one access, as a machine does: kernel code may read it through another mapping at that moment.
void store_bytes(u8* host, u32 value, u32 bytes) {
    if (bytes == sizeof value)
        __atomic_store_n(reinterpret_cast<u32*>(host), value, __ATOMIC_RELAXED);
    else
        std::memcpy(host, &value, bytes);
}

const char* name_of(AccessType type) {
    switch (type) {
    case AccessType::Read:
        return "load";
    case AccessType::Write:
        return "store";
    case AccessType::Execute:
        break;
    }
    return "fetch";
}

} // namespace

Machine::Machine(const Configuration& configuration)
    : memory(RAM_START, configuration.ram_bytes + EMPTY_DIRECTORY_BYTES), configuration_(configuration),
      random_(configuration.tlb.seed) {
    if (the_machine != nullptr)
        throw std::logic_error("model: a second machine");
    if (configuration.cpus == 0 || configuration.cpus > machine::MAX_CPUS)
        throw std::invalid_argument("model: number of CPUs");
    std::memset(memory.at(empty_directory()), 0, EMPTY_DIRECTORY_BYTES);
    for (Cpu& cpu : cpus_)
        cpu.ttbr0 = empty_directory();
    the_machine = this;
    lockdep::forget_held();
}

Machine::~Machine() {
    executions.abandon_all();
    // The back end records the address space of each CPU. The CPUs of the next machine start without one.
    for (selected_ = 0; selected_ < machine::MAX_CPUS; ++selected_)
        switch_mm(nullptr);
    the_machine = nullptr;
}

Machine& Machine::get() {
    if (the_machine == nullptr)
        throw std::logic_error("model: no machine");
    return *the_machine;
}

void Machine::select_cpu(u32 cpu) {
    if (cpu >= configuration_.cpus)
        throw std::out_of_range("model: no such CPU");
    selected_ = cpu;
}

void Machine::interrupt(u32 cpu, void (*function)(void*), void* argument) {
    const Unwatched one_step;
    const IrqGuard masked_there;
    const u32 here = selected_;
    select_cpu(cpu);
    function(argument);
    select_cpu(here);
}

// Walks.

WalkRegisters Machine::registers(u32 cpu) const {
    return {.ttbr0 = cpus_[cpu].ttbr0, .ttbr1 = 0, .ttbcr = TTBCR_VALUE, .dacr = cpus_[cpu].dacr, .afe = false};
}

WalkResult Machine::walk_now(u32 cpu, u32 address) const {
    return walk(registers(cpu), address, [this](u32 physical) { return memory.read_word(physical); });
}

// The first-level descriptor for `address`, from the cache or from memory. If it is from memory and names a table, it
// is cached.
PhysicalWord Machine::read_first_level(u32 cpu, u32 address) {
    Cpu& self = cpus_[cpu];
    if (const WalkEntry* cached = self.tlb.find_walk(address, self.asid))
        return {.ok = true, .value = cached->descriptor};
    u32 descriptor_address = 0;
    if (!first_level_address(registers(cpu), address, descriptor_address))
        return {.ok = true, .value = 0};
    const PhysicalWord word = memory.read_word(descriptor_address);
    if (word.ok && (word.value & 3) == 1)
        self.tlb.insert_walk(
            {.megabyte = address >> 20, .asid = self.asid, .descriptor = word.value, .ttbr0 = self.ttbr0});
    return word;
}

WalkResult Machine::walk_and_cache_level_one(u32 cpu, u32 address) {
    const PhysicalWord first = read_first_level(cpu, address);
    if (!first.ok)
        return {.ok = false, .mapping = {}, .fault = {FaultKind::External, 1}};
    return walk_from(first.value, address, false, [this](u32 physical) { return memory.read_word(physical); });
}

void Machine::insert(u32 cpu, u32 address, const Mapping& mapping) {
    Cpu& self = cpus_[cpu];
    self.tlb.insert({.page = page_align_down(address),
                     .asid = self.asid,
                     .mapping = mapping,
                     .frame = mapping.base + (page_align_down(address) & (mapping.size - 1)),
                     .ttbr0 = self.ttbr0});
}

// Accesses. Each is one step: translation and transfer happen together, because an invalidation waits for the accesses
// that used the entries it drops (ARM ARM B3.10.1, DSB).

Outcome Machine::fault(u32 address, Fault what, Access access, Mode mode) {
    ++cpu().faults;
    const u32 code = fault_status_code(what);
    const bool write = access.type == AccessType::Write;
    const u32 how = (write ? FaultInfo::WRITE : 0u) | (access.type == AccessType::Execute ? FaultInfo::EXECUTE : 0u) |
                    (mode == Mode::User ? FaultInfo::USER : 0u);
    return {.fault = FaultInfo(address, what.kind, how, (code & 0xf) | (code & 0x10) << 6 | (write ? 1u << 11 : 0)),
            .value = 0};
}

// A miss that software serves is an exception like any other: it runs with interrupts masked, and it clears the
// exclusive monitor.
Outcome Machine::translate(u32 address, Access access, Mode mode) {
    const Turn turn;
    for (int attempt = 0; attempt < 1000; ++attempt) {
        const Outcome outcome = translate_once(address, access, mode);
        if (outcome.ok())
            return outcome;
        const IrqGuard no_interrupts;
        TRACE(Vector, outcome.fault->address, outcome.fault->status());
        if (!refill_tlb(*outcome.fault))
            return outcome;
        clear_exclusive();
    }
    throw std::runtime_error("model: a thousand misses on one access, all said to be served");
}

Outcome Machine::translate_once(u32 address, Access access, Mode mode) {
    schedule_point(name_of(access.type));
    misbehave();
    Cpu& self = cpu();
    Mapping mapping;
    u32 frame = 0;
    if (const TlbEntry* entry = self.tlb.find(address, self.asid)) {
        mapping = entry->mapping;
        frame = entry->frame;
    } else {
        const WalkResult walked = walk_and_cache_level_one(selected_, address);
        if (!walked.ok)
            return fault(address, walked.fault, access, mode);
        mapping = walked.mapping;
        frame = mapping.base + (page_align_down(address) & (mapping.size - 1));
    }
    if (const Verdict verdict = check(mapping, self.dacr, access); !verdict.ok)
        return fault(address, verdict.fault, access, mode);
    insert(selected_, address, mapping);
    const u32 physical = frame + (address & ~PAGE_MASK);
    if (!memory.contains(physical))
        return fault(address, {FaultKind::External, 0}, access, mode);
    return {.fault = {}, .value = physical};
}

Outcome Machine::transfer(u32 address, u32 bytes, Mode mode, AccessType type, u32 value) {
    const Turn turn;
    const Access access{.type = type, .privileged = mode == Mode::Kernel};
    u32 loaded = 0;
    const bool aligned = address % bytes == 0;
    const u32 step = aligned ? bytes : 1;
    for (u32 done = 0; done < bytes; done += step) {
        const Outcome place = translate(address + done, access, mode);
        if (!place.ok())
            return place;
        u8* const host = memory.at(place.value);
        if (type == AccessType::Write) {
            store_bytes(host, value >> (8 * done), step);
        } else {
            u32 part = 0;
            std::memcpy(&part, host, step);
            loaded |= part << (8 * done);
        }
    }
    return {.fault = {}, .value = loaded};
}

Outcome Machine::load(u32 address, u32 bytes, Mode mode) { return transfer(address, bytes, mode, AccessType::Read, 0); }
Outcome Machine::store(u32 address, u32 value, u32 bytes, Mode mode) {
    return transfer(address, bytes, mode, AccessType::Write, value);
}
Outcome Machine::fetch(u32 address, Mode mode) { return transfer(address & ~3u, 4, mode, AccessType::Execute, 0); }

Outcome Machine::load_exclusive(u32 address, Mode mode) {
    const Turn turn;
    const Access access{.type = AccessType::Read, .privileged = mode == Mode::Kernel};
    if (address % 4 != 0)
        return fault(address, {FaultKind::Alignment, 0}, access, mode);
    const Outcome place = translate(address, access, mode);
    if (!place.ok())
        return place;
    const u32 value = memory.read_word(place.value).value;
    cpu().monitor = {.armed = true, .physical = place.value, .value = value};
    return {.fault = {}, .value = value};
}

// Succeeds if the word still has the value that was loaded. Permissions are checked only if the monitor is armed, as
// QEMU does; the manual leaves this open (A3.4.1).
Outcome Machine::store_exclusive(u32 address, u32 value, Mode mode) {
    const Turn turn;
    const Access access{.type = AccessType::Write, .privileged = mode == Mode::Kernel};
    if (address % 4 != 0)
        return fault(address, {FaultKind::Alignment, 0}, access, mode);
    if (!cpu().monitor.armed)
        return {.fault = {}, .value = 1};
    const Outcome place = translate(address, access, mode);
    if (!place.ok())
        return place;
    const auto monitor = std::exchange(cpu().monitor, {});
    if (!monitor.armed || place.value != monitor.physical || memory.read_word(place.value).value != monitor.value)
        return {.fault = {}, .value = 1};
    store_bytes(memory.at(place.value), value, sizeof value);
    return {.fault = {}, .value = 0};
}

// Accesses that handle their faults.

std::optional<u32> Machine::perform(const std::function<Outcome()>& access) {
    for (int attempt = 0; attempt < 1000; ++attempt) {
        const Outcome outcome = access();
        if (outcome.ok())
            return outcome.value;
        {
            const Turn turn;
            clear_exclusive(); // a fault is an exception, and the kernel's entry and exit clear the monitor
        }
        TRACE(Abort, outcome.fault->address, outcome.fault->kind(), access_bits(*outcome.fault));
        if (!on_fault || !on_fault(*outcome.fault)) {
            TRACE(Fixup);
            return std::nullopt;
        }
    }
    throw std::runtime_error("model: a thousand faults on one access, all said to be repaired");
}

std::optional<u32> Machine::user_load(u32 address, u32 bytes) {
    return perform([=, this] { return load(address, bytes, Mode::User); });
}
bool Machine::user_store(u32 address, u32 value, u32 bytes) {
    return perform([=, this] { return store(address, value, bytes, Mode::User); }).has_value();
}
bool Machine::user_fetch(u32 address) {
    return perform([=, this] { return fetch(address, Mode::User); }).has_value();
}

// What TLBs do by themselves.

void Machine::prefetch(u32 cpu, u32 address) {
    if (cpus_[cpu].tlb.find(address, cpus_[cpu].asid) != nullptr)
        return;
    const WalkResult walked = walk_and_cache_level_one(cpu, address);
    if (walked.ok)
        insert(cpu, address, walked.mapping);
}

// Called before an access: some CPU may lose TLB entries, and some CPU may load the translation of any descriptor that
// was stored so far.
void Machine::misbehave() {
    if (configuration_.tlb.evict && random_() % 8 == 0)
        cpus_[random_() % configuration_.cpus].tlb.evict_some(random_);
    if (configuration_.tlb.prefetch && random_() % 4 == 0 && !memory.log().empty()) {
        const DescriptorStore& store = memory.log()[random_() % memory.log().size()];
        speculate_on(static_cast<u32>(random_() % configuration_.cpus), store.address);
    }
}

// If the descriptor at physical address `slot` translates anything for `cpu`, prefetches its page, or one page of its
// megabyte.
void Machine::speculate_on(u32 cpu, u32 slot) {
    const u32 directory = cpus_[cpu].ttbr0;
    if (slot - directory < EMPTY_DIRECTORY_BYTES) {
        const u32 megabyte = (slot - directory) / 4;
        prefetch(cpu, megabyte << 20 | static_cast<u32>(random_() % 256) << PAGE_SHIFT);
        return;
    }
    const u32 table = slot & ~0x3ffu;
    const auto& named = memory.table_slots();
    const auto end = named.lower_bound(directory + EMPTY_DIRECTORY_BYTES);
    for (auto at = named.lower_bound(directory); at != end; ++at) {
        const u32 first = memory.read_word(*at).value;
        if ((first & 3) == 1 && (first & ~0x3ffu) == table)
            prefetch(cpu, (*at - directory) / 4 << 20 | (slot & 0x3ff) / 4 << PAGE_SHIFT);
    }
}

void Machine::store_descriptor(u32* slot, u32 descriptor) {
    const Turn turn;
    const u32 address = memory.address_of(slot);
    const auto speculate = [&] {
        for (u32 each = 0; configuration_.tlb.prefetch && each < configuration_.cpus; ++each)
            speculate_on(each, address);
    };
    speculate();
    memory.store_descriptor(slot, descriptor);
    speculate();
}

void Machine::set_translation_table(u32 directory, u8 asid) {
    const Turn turn;
    if (directory % EMPTY_DIRECTORY_BYTES != 0 || !memory.contains(directory, EMPTY_DIRECTORY_BYTES))
        throw std::invalid_argument("model: TTBR0 is not a directory");
    misbehave();
    cpu().ttbr0 = directory;
    cpu().asid = asid;
    misbehave();
}

void Machine::advance_clock(u64 to_ns) {
    while (timer_deadline_ns <= to_ns) {
        clock_ns = std::max(clock_ns, timer_deadline_ns);
        timer_deadline_ns = NO_DEADLINE;
        const lockdep::InterruptScope interrupt;
        if (on_timer)
            on_timer();
    }
    clock_ns = std::max(clock_ns, to_ns);
}

} // namespace faultline::model
