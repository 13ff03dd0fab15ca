// ASIDs in generations. TLB entries are tagged with 8 bits (ARM ARM B3.9.1), so an ASID may be given to
// another mm only when no TLB holds entries under it. ASIDs are therefore never given back one by one: when
// all are used a new generation begins, every TLB lets go of everything, and each mm gets a new one when it next runs.
// An mm that runs on some CPU just then keeps its own: that CPU goes on filling its TLB under it.
//
// The lock covers the change of the CPU's table as well, so that `running` is what each CPU really walks
// whenever a roll-over looks at it. Otherwise a CPU between the two could still fill its TLB under an ASID
// that the roll-over believes free.
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
            const u32 reserved = i == 0 ? 1u : 0u; // NO_ASID
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
    Relaxed<u64> generation = 1;        // an mm starts with 0: it has no ASID yet; changed with the lock held
    AsidSet used GUARDED_BY(asid_lock); // in this generation
    std::array<MmContext*, machine::MAX_CPUS> running{}; // a CPU changes its own word, with the lock held
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
        asid = asids.used.take(); // at most MAX_CPUS are taken now
    }
    mm.asid_generation = asids.generation;
    std::atomic_ref(mm.asid).store(asid, std::memory_order_relaxed);
    // No TLB holds anything under a fresh ASID.
    std::atomic_ref(mm.cpu_mask).store(0, std::memory_order_relaxed);
}

} // namespace

void activate(MmContext* mm) {
    const u8 cpu = machine::this_cpu().value();
    const Guard guard(asid_lock);
    if (mm != nullptr) {
        if (mm->asid_generation != asids.generation)
            assign(*mm);
        std::atomic_ref(mm->cpu_mask).fetch_or(1u << cpu, std::memory_order_relaxed);
    }
    load(mm);
    asids.running[cpu] = mm;
}

bool runs_here(const MmContext& mm) { return asids.running[machine::this_cpu().value()] == &mm; }

} // namespace faultline::backend

namespace faultline {

bool asid_is_current(const MmContext& mm) { return mm.asid_generation == backend::asids.generation; }

u32 tlb_generation(const MmContext& mm) {
    const u32 roll_overs = static_cast<u32>(u64{backend::asids.generation});
    u32& here = const_cast<u32&>(mm.tlb_generation[machine::this_cpu().value()]); // others count there, too
    return std::atomic_ref(here).load(std::memory_order_relaxed) + roll_overs;
}

} // namespace faultline
