// The modelled machine: RAM, up to eight CPUs with their TLBs, and a clock. Only one exists at a time. The functions of
// the contract (arch/contract/machine.hpp, memory.hpp, clock.hpp, uaccess.hpp) act on it.
//
// Nothing runs in parallel: a test selects the CPU that acts (select_cpu), and tasks take turns (execution.hpp). The
// exception is tests/threads (turns.hpp).
#pragma once

#include <array>
#include <functional>
#include <optional>
#include <random>

#include "arch/contract/clock.hpp"
#include "arch/contract/machine.hpp"
#include "arch/model/execution.hpp"
#include "arch/model/physical_memory.hpp"
#include "arch/model/tlb.hpp"

namespace faultline {
struct Task;
}

namespace faultline::model {

// The mode of an access.
enum class Mode : u8 {
    User,         // a program's own instruction
    Unprivileged, // the kernel's access with the user's permissions (LDRT, STRT)
    Kernel,       // the kernel's access with its own permissions (its LDREX and STREX have no other form)
};

// The result of an access.
struct Outcome {
    std::optional<FaultInfo> fault; // if set, the access was not made
    u32 value = 0;                  // the loaded value; for store_exclusive: 0 stored, 1 not stored
    bool ok() const { return !fault; }
};

struct Cpu {
    u32 ttbr0 = 0;
    u8 asid = 0;  // CONTEXTIDR.ASID
    u32 dacr = 1; // domain 0 client, others no access
    Tlb tlb;
    struct {
        bool armed = false;
        u32 physical = 0;
        u32 value = 0;
    } monitor; // for LDREX and STREX
    Task* task = nullptr;
    u64 faults = 0; // faults so far, those that the miss handler served included
};

struct Configuration {
    u32 cpus = 1; // 1 … machine::MAX_CPUS
    u32 ram_bytes = 16u << 20;
    TlbPolicy tlb = {};
};

class Machine {
  public:
    static constexpr u32 RAM_START = 0x4000'0000;

    explicit Machine(const Configuration& configuration = {});
    ~Machine(); // ends every execution that is still suspended; CPUs leave their address spaces
    Machine(const Machine&) = delete;
    Machine& operator=(const Machine&) = delete;

    static Machine& get(); // throws std::logic_error if there is none

    // Selects the CPU that acts from now on.
    void select_cpu(u32 cpu);
    u32 cpu_number() const { return selected_; }
    u32 cpu_count() const { return configuration_.cpus; }
    Cpu& cpu() { return cpus_.at(selected_); }
    Cpu& cpu(u32 number) { return cpus_.at(number); }
    const Cpu& cpu(u32 number) const { return cpus_.at(number); }

    // Calls action() as each CPU in turn. Afterwards the CPU that acted before acts again.
    template <class Action>
    void as_each_cpu(Action&& action) {
        const u32 before = selected_;
        for (selected_ = 0; selected_ < configuration_.cpus; ++selected_)
            action();
        selected_ = before;
    }

    // `cpu` runs function(argument) in an interrupt; its interrupts must be unmasked. The whole call is one step.
    void interrupt(u32 cpu, void (*function)(void*), void* argument);

    u32 ram_bytes() const { return configuration_.ram_bytes; }
    u32 empty_directory() const { return RAM_START + configuration_.ram_bytes; } // follows all other RAM

    // One access by the selected CPU, of 1, 2 or 4 bytes. A fault is returned, not handled. Unaligned accesses are made
    // byte by byte (SCTLR.A = 0); unaligned exclusive accesses fault.
    Outcome load(u32 address, u32 bytes, Mode mode);
    Outcome store(u32 address, u32 value, u32 bytes, Mode mode);
    Outcome fetch(u32 address, Mode mode);
    Outcome load_exclusive(u32 address, Mode mode = Mode::Kernel);
    Outcome store_exclusive(u32 address, u32 value, Mode mode = Mode::Kernel);
    void clear_exclusive() { cpu().monitor.armed = false; }

    // Translates the address of one access through the TLB, the walker and, with `softtlb`, the miss handler. The
    // result is the physical address. The TLB afterwards holds what a real access leaves in it.
    Outcome translate(u32 address, Access access, Mode mode);

    // Makes an access, and makes it again whenever on_fault says that its fault is repaired. Returns nullopt if
    // on_fault returns false. Throws std::runtime_error after a thousand faults.
    std::optional<u32> perform(const std::function<Outcome()>& access);
    std::optional<u32> user_load(u32 address, u32 bytes = 4);
    bool user_store(u32 address, u32 value, u32 bytes = 4);
    bool user_fetch(u32 address);

    // perform() calls this when an access faults; true means "try again". If it is not set, no fault can be repaired.
    // Tests of mm/ set it to call do_page_fault.
    std::function<bool(FaultInfo)> on_fault;

    // What the walker of `cpu` finds for an address in memory now; its TLB is not used.
    WalkResult walk_now(u32 cpu, u32 address) const;

    // Loads the translation of `address` into the TLB of `cpu`, as a speculative access may do at any time.
    void prefetch(u32 cpu, u32 address);

    void store_descriptor(u32* slot, u32 descriptor);
    void set_translation_table(u32 directory, u8 asid);

    // Time. It advances only when a test says so.
    u64 clock_ns = 0;
    u64 timer_deadline_ns = NO_DEADLINE;
    std::function<void()> on_timer; // called as the timer interrupt
    void advance_clock(u64 to_ns);  // calls on_timer for each deadline up to `to_ns`

    PhysicalMemory memory;
    Executions executions;

  private:
    Outcome fault(u32 address, Fault what, Access access, Mode mode);
    Outcome translate_once(u32 address, Access access, Mode mode);
    Outcome transfer(u32 address, u32 bytes, Mode mode, AccessType type, u32 value);
    WalkRegisters registers(u32 cpu) const;
    PhysicalWord read_first_level(u32 cpu, u32 address);
    WalkResult walk_and_cache_level_one(u32 cpu, u32 address);
    void insert(u32 cpu, u32 address, const Mapping& mapping);
    void misbehave();
    void speculate_on(u32 cpu, u32 slot);

    Configuration configuration_;
    std::array<Cpu, machine::MAX_CPUS> cpus_;
    u32 selected_ = 0;
    std::mt19937_64 random_;
};

} // namespace faultline::model
