// A ticket lock whose waiters do not spin for long: one that has waited in vain for a while sleeps in WFI until the one
// before it wakes it with an interrupt. Held for as long as a system call may take, it is worth that; and where
// CPUs are threads of an emulator that has fewer CPUs itself, a spinning waiter may be what keeps the holder from
// running. (Linux: kvm_lock_spinning, kvm_unlock_kick, for the same reason.)
#include "kernel/sched/kernel_lock.hpp"

#include <arch/irq.hpp>
#include <arch/smp.hpp>

#include <bit>

#include "arch/contract/per_cpu.hpp"
#include "base/lockdep.hpp"

namespace faultline {

namespace {

constexpr u32 SPINS = 100; // before a waiter sleeps

class KernelLock {
  public:
    void lock() {
        watch_.about_to_wait(this);
        const u32 ticket = next_.fetch_add(1, std::memory_order_relaxed);
        if (!is_served(ticket)) [[unlikely]]
            wait(ticket);
        watch_.taken(this);
    }
    void unlock() {
        watch_.released(this);
        const u32 served = serving_.load(std::memory_order_relaxed) + 1;
        serving_.store(served, std::memory_order_release);
        std::atomic_thread_fence(std::memory_order_seq_cst); // before the question who sleeps
        if (const u32 cpus = sleepers_.load(std::memory_order_relaxed); cpus != 0) [[unlikely]]
            wake(cpus, served);
    }

  private:
    bool is_served(u32 ticket) const { return serving_.load(std::memory_order_acquire) == ticket; }

    void wait(u32 ticket) {
        for (u32 i = 0; i < SPINS; ++i) {
            if (is_served(ticket))
                return;
            relax_cpu();
        }
        while (!is_served(ticket))
            sleep(ticket);
    }

    // Until some interrupt comes. It is served, if the caller takes interrupts, on the way out.
    void sleep(u32 ticket) {
        const IrqGuard irqs;
        const u32 here = 1u << machine::this_cpu().value();
        waits_for_.here() = ticket;
        sleepers_.fetch_or(here, std::memory_order_release);
        std::atomic_thread_fence(std::memory_order_seq_cst);
        if (!is_served(ticket))
            wait_for_interrupt();
        sleepers_.fetch_and(~here, std::memory_order_relaxed);
        relax_cpu(); // answers calls, if the caller takes no interrupts
    }

    void wake(u32 cpus, u32 served) {
        std::atomic_thread_fence(std::memory_order_acquire); // the mask before the tickets
        for (; cpus != 0; cpus &= cpus - 1) {
            const u32 cpu = static_cast<u32>(std::countr_zero(cpus));
            if (waits_for_.of(cpu) == served)
                smp_send_reschedule(CpuId(static_cast<u8>(cpu)));
        }
    }

    std::atomic<u32> next_{0};
    std::atomic<u32> serving_{0};
    std::atomic<u32> sleepers_{0};   // a mask of CPUs
    PerCpu<Relaxed<u32>> waits_for_; // while it is in the mask: its ticket
    [[no_unique_address]] lockdep::Watch watch_{"kernel_lock", lockdep::Kind::GivenUpInSleep};
};

constinit KernelLock kernel_lock;

} // namespace

constinit bool kernel_lock_detail::needed = false;
void kernel_lock_detail::lock() { kernel_lock.lock(); }
void kernel_lock_detail::unlock() { kernel_lock.unlock(); }

void make_kernel_lock_work() { kernel_lock_detail::needed = true; }

} // namespace faultline
