// Which allocation fails: counting down a task's own, and the boot arguments' rule. (Linux lib/fault-inject.c.)
#include "mm/fail_alloc.hpp"

#ifdef FAULTLINE_DEBUG

#include "base/irq_spinlock.hpp"
#include "base/relaxed.hpp"
#include "mm/upcalls.hpp"

namespace faultline {

namespace {

constinit Relaxed<bool> switched_on = false;

class Rule {
  public:
    constexpr explicit Rule(u32 seed) : random_(seed) {}

    void set(const FaultAttr& attr) {
        const Guard guard(lock_);
        attr_ = attr;
        used_ = attr.probability != 0 && attr.times != 0;
    }
    // `size`: what the allocation takes of FaultAttr::space.
    bool should_fail(u32 size) {
        if (!used_)
            return false;
        const Guard guard(lock_);
        if (attr_.times == 0)
            return false;
        if (attr_.space > size) {
            attr_.space -= size;
            return false;
        }
        if (++count_ % attr_.interval != 0)
            return false;
        if (below_a_hundred() >= attr_.probability)
            return false;
        if (attr_.times > 0)
            --attr_.times;
        return true;
    }

  private:
    u32 below_a_hundred() REQUIRES(lock_) { // Marsaglia, "Xorshift RNGs", 2003
        random_ ^= random_ << 13;
        random_ ^= random_ >> 17;
        random_ ^= random_ << 5;
        return random_ % 100;
    }

    Relaxed<bool> used_ = false;    // else no lock is taken, so that CPUs do not wait for each other
    IrqSpinLock lock_{"FaultAttr"}; // innermost: allocations are made with other locks held
    FaultAttr attr_ GUARDED_BY(lock_);
    u32 count_ GUARDED_BY(lock_) = 0;
    u32 random_ GUARDED_BY(lock_);
};

constinit Rule failslab(2011), fail_page_alloc(1107);

bool should_fail(Rule& rule, u32 size) {
    if (!switched_on)
        return false;
    // A task's own count goes first, and while it runs, no rule does anything.
    if (Relaxed<u32>& fail_nth = current_mm_task().fail_nth; fail_nth != 0)
        return (fail_nth = fail_nth - 1) == 0;
    return rule.should_fail(size);
}

} // namespace

void setup_failslab(const FaultAttr& attr) { failslab.set(attr); }
void setup_fail_page_alloc(const FaultAttr& attr) { fail_page_alloc.set(attr); }
void set_fault_injection(bool on) { switched_on = on; }

bool should_failslab(u32 bytes) { return should_fail(failslab, bytes); }
bool should_fail_alloc_page(u32 order) { return should_fail(fail_page_alloc, 1u << order); }

} // namespace faultline

#endif
