// ASIDs in generations. TLB entries are tagged with an ASID of 8 bits (ARM ARM B3.9.1), so an ASID may pass to another
// mm only when no TLB holds entries with it. ASIDs are never freed one by one. When all are in use, a new generation
// begins: every TLB drops everything, and each mm gets a new ASID when it next runs. An mm that runs on some CPU at
// that moment keeps its ASID, because that CPU continues to fill its TLB with it.
//
// The lock also covers the switch of the CPU's translation table. So `running` is what each CPU really walks whenever a
// roll-over reads it. Otherwise a CPU between the two steps could still fill its TLB with an ASID that the roll-over
// has taken to be free.
#include "arch/backend/asid.hpp"

#include <array>
#include <atomic>
#include <bit>

#include "arch/contract/machine.hpp"
#include "arch/contract/tlb.hpp"
#include "base/relaxed.hpp"

namespace faultline::backend {

constinit SpinLock asid_lock("ASIDs");

namespace {

class AsidSet {
  public:
    void clear() { words_ = {}; }
    void add(Asid asid) { words_[asid.value() / 32u] |= 1u << (asid.value() % 32u); }

    // Adds the lowest ASID not in the set and returns it; NO_ASID if it is full.
    Asid take() {
        for (u32 i = 0; i < words_.size(); ++i) {
            const u32 reserved = i == 0 ? 1u : 0u; // NO_ASID is never taken
            const auto bit = static_cast<u32>(std::countr_one(words_[i] | reserved));
            if (bit < 32) {
                words_[i] |= 1u << bit;
                return Asid(static_cast<u8>(32 * i + bit));
            }
        }
        return NO_ASID;
    }

  private:
    std::array<u32, 8> words_{};
};

struct Allocator {
    Relaxed<u64> generation = 1;        // changes with the lock held; an mm starts in generation 0, without an ASID
    AsidSet used GUARDED_BY(asid_lock); // ASIDs assigned in this generation
    std::array<MmContext*, machine::MAX_CPUS> running{}; // a CPU writes its own slot only, with the lock held
};

constinit Allocator asids;

void roll_over() REQUIRES(asid_lock) {
    asids.generation = asids.generation + 1;
    asids.used.clear();
    for (MmContext* mm : asids.running) {
        if (mm != nullptr) {
            mm->asid_generation = asids.generation;
            asids.used.add(mm->asid);
        }
    }
    drop_everything();
}

void assign(MmContext& mm) REQUIRES(asid_lock) {
    Asid asid = asids.used.take();
    if (asid == NO_ASID) {
        roll_over();
        asid = asids.used.take(); // succeeds: at most MAX_CPUS are in use now
    }
    mm.asid_generation = asids.generation;
    std::atomic_ref(mm.asid).store(asid, std::memory_order_relaxed);
    // No TLB holds anything under a fresh ASID.
    std::atomic_ref(mm.cpu_mask).store(CpuMask{}, std::memory_order_relaxed);
}

} // namespace

void activate(MmContext* mm) {
    const CpuId cpu = machine::this_cpu();
    const Guard guard(asid_lock);
    if (mm != nullptr) {
        if (mm->asid_generation != asids.generation)
            assign(*mm);
        mm->cpu_mask.add_atomically(cpu);
    }
    load(mm);
    asids.running[cpu.value()] = mm;
}

bool runs_here(const MmContext& mm) { return asids.running[machine::this_cpu().value()] == &mm; }

} // namespace faultline::backend

namespace faultline {

bool asid_is_current(const MmContext& mm) { return mm.asid_generation == backend::asids.generation; }

u32 tlb_generation(const MmContext& mm) {
    const u32 roll_overs = static_cast<u32>(u64{backend::asids.generation});
    const u32 cpu = machine::this_cpu().value();
    u32& here = const_cast<u32&>(mm.flushes[cpu]); // other CPUs write it, too
    return mm.local_flushes[cpu] + std::atomic_ref(here).load(std::memory_order_relaxed) + roll_overs;
}

} // namespace faultline
