// What a program of this folder uses: a modelled machine with a few CPUs, each with one task that runs nowhere else.
// There is no scheduler: a task that sleeps leaves its CPU idle until it is woken.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "arch/model/interleaver.hpp"
#include "interleave/invariants.hpp"
#include "kernel/sched/task.hpp"
#include "mm/filemap.hpp"
#include "mm/mman.hpp"
#include "mm/mmap.hpp"

// A look from outside, while every CPU stands still: it needs no lock.
#define FROM_OUTSIDE FAULTLINE_THREAD_SAFETY(no_thread_safety_analysis)

namespace faultline::interleave {

class World {
  public:
    World(u32 cpus, const model::TlbPolicy& tlb);
    virtual ~World();
    World(const World&) = delete;
    World& operator=(const World&) = delete;
    static World& get();

    // Runs bodies[i] on CPU i under `schedule`, and checks the invariants after every step. Call it once.
    void run(model::Schedule& schedule, const std::vector<std::function<void()>>& bodies);
    std::string history() const; // the steps of the run, in words
    std::size_t steps() const;   // how many
    u32 missing_pages();         // ends every address space; 0 is right
    void empty_tlbs();           // from outside, on every CPU
    // To be called when the address spaces are gone and before pages are counted.
    void at_the_end(std::function<void()> action) { at_the_end_ = std::move(action); }

    // Address spaces. They end with the world. CPUs begin in the first one.
    MmStruct& new_mm();
    MmStruct& mm() { return *spaces_.front(); }
    void run_in(u32 cpu, MmStruct& mm); // from now on; called while that CPU acts, or before the run

    // Mappings of `pages` pages. Every page of every mapping is watched.
    UserAddr map_private(u32 pages = 1) { return map(MAP_PRIVATE, pages); }
    UserAddr map_shared(u32 pages = 1) { return map(MAP_SHARED, pages); }
    void watch(MmStruct& mm, UserAddr start, u32 pages = 1);

    // Operations of the acting CPU. An access by its program fails (nullopt, false) if the program would get a signal.
    // call() is a call into the kernel.
    std::optional<u32> try_read(UserAddr address);
    bool try_write(UserAddr address, u32 value);
    u32 read(UserAddr address);              // must succeed
    void write(UserAddr address, u32 value); // must succeed
    template <class Call>
    decltype(auto) call(Call&& kernel) {
        const OperationScope scope(*this, Invariants::Operation::Call);
        return kernel();
    }
    // fork(2). Returns the child's address space, whose mapping of [start, start + pages) is watched too.
    MmStruct& fork(UserAddr start, u32 pages = 1); // must succeed
    Result<MmStruct*> try_fork(UserAddr start, u32 pages = 1);
    // Both end an address space in which no CPU runs any more. end() unmaps everything first, so that its pages are
    // watched till then; exit() leaves that to mmput(), as a task's exit does.
    void end(MmStruct& mm);
    void exit(MmStruct& mm);

    Page& page_of(MmStruct& mm, UserAddr address); // must be present
    u32 faults(u32 cpu) { return tasks_.at(cpu)->mm.min_flt; }

    Task& task(u32 cpu) { return *tasks_.at(cpu); }
    bool waits_for_pi_lock(u32 cpu) const FROM_OUTSIDE { return tasks_.at(cpu)->pi_blocked_on != nullptr; }
    bool owns_pi_lock(u32 cpu) const FROM_OUTSIDE {
        return tasks_.at(cpu)->pi_states != nullptr;
    } // that others wait for

    // For who looks from outside. A program may have words for its pages and for what its CPUs do.
    const std::vector<MmStruct*>& spaces() const { return spaces_; }
    s32 number_of(const MmStruct* mm) const; // an address space's, in the order in which they were made; -1: it is none
    std::optional<model::Interleaver::Standing> standing(u32 cpu) const; // none before the run
    virtual std::string name_of(UserAddr) const { return ""; }
    virtual std::string verb_of(u32) const { return ""; }              // what the CPU is at
    virtual std::vector<std::string> done_by(u32) const { return {}; } // what it did, with the results

    model::Machine machine;
    Invariants invariants;
    std::vector<std::string> report; // lines that the kernel printed, which end the run

  protected:
    // The acting CPU is in an operation as long as this lives.
    class OperationScope {
      public:
        OperationScope(World& world, Invariants::Operation what);
        ~OperationScope();
        OperationScope(const OperationScope&) = delete;
        OperationScope& operator=(const OperationScope&) = delete;

      private:
        World& world_;
        u32 cpu_;
    };

  private:
    UserAddr map(u32 flags, u32 pages);

    std::vector<std::unique_ptr<Task>> tasks_;
    MmStruct& add_space(MmStruct& mm);

    std::vector<MmStruct*> spaces_;
    std::map<const MmStruct*, s32> numbers_; // of those in spaces_
    s32 next_number_ = 0;
    std::function<void()> at_the_end_;
    std::vector<std::function<void()>> bodies_; // as long as the interleaver: it ends those that have not begun
    std::optional<model::Interleaver> interleaver_;
    u32 free_at_start_ = 0;
};

// Throws Violation if `condition` is false.
void require(bool condition, const char* what);
// Throws it.
[[noreturn]] void violated(const std::string& what);

} // namespace faultline::interleave
