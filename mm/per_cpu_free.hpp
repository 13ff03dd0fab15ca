// Free things of which each CPU keeps some for itself, in front of a store that all share: pages before the buddy lists,
// objects before a cache's slabs. Warm in its cache, and no lock that another CPU wants for a thing that comes and goes.
// (Linux: per_cpu_pages; Bonwick and Adams, "Magazines and Vmem", USENIX 2001.)
//
// A CPU's stack has a lock nevertheless, which only this CPU takes as a rule; so one that is short of memory can empty all
// of them.
#pragma once

#include "arch/contract/per_cpu.hpp"
#include "base/irq_spinlock.hpp"
#include "base/relaxed.hpp"

namespace faultline {

// One CPU's. `Link` says how free things are chained: NAME (of the lock), next(thing), set_next(thing, next).
template <class T, class Link>
struct FreeStack {
    IrqSpinLock lock{Link::NAME};
    T* first GUARDED_BY(lock) = nullptr;
    Relaxed<u32> count = 0; // changed with the lock held

    void push(T& thing) REQUIRES(lock) {
        Link::set_next(thing, first);
        first = &thing;
        count = count + 1;
    }
    T* pop() REQUIRES(lock) {
        T* thing = first;
        if (thing == nullptr)
            return nullptr;
        first = Link::next(*thing);
        count = count - 1;
        return thing;
    }
    bool contains(const T& thing) const REQUIRES(lock) {
        const T* at = first;
        while (at != nullptr && at != &thing)
            at = Link::next(*at);
        return at != nullptr;
    }
};

// All of them. `store` is what they stand before. It is asked to
//   refill(stack) REQUIRES(stack.lock)       push up to BATCH things on an empty stack, or none if it has none;
//   drain(stack, most) REQUIRES(stack.lock)  take back up to `most`; how many.
template <class T, class Link>
class PerCpuFree {
  public:
    using Stack = FreeStack<T, Link>;
    static constexpr u32 HIGH = 64; // a stack holds at most so many
    static constexpr u32 BATCH = 16;

    // nullptr: this CPU has none, nor has the store.
    template <class Store>
    T* take(Store& store) {
        Stack& stack = stacks_.here();
        const Guard guard(stack.lock);
        if (stack.first == nullptr) [[unlikely]]
            store.refill(stack);
        return stack.pop();
    }
    template <class Store>
    void give(T& thing, Store& store) {
        Stack& stack = stacks_.here();
        const Guard guard(stack.lock);
        stack.push(thing);
        if (stack.count > HIGH) [[unlikely]]
            store.drain(stack, BATCH);
    }
    // Every CPU's; how many. (Linux: drain_all_pages.)
    template <class Store>
    u32 drain_all(Store& store) {
        u32 things = 0;
        for (u32 cpu = 0; cpu < nr_cpu_ids; ++cpu) {
            Stack& stack = stacks_.of(cpu);
            if (stack.count == 0)
                continue;
            const Guard guard(stack.lock);
            things += store.drain(stack, ~u32{0});
        }
        return things;
    }

    u32 count() const {
        u32 sum = 0;
        for (u32 cpu = 0; cpu < nr_cpu_ids; ++cpu)
            sum += stacks_.of(cpu).count;
        return sum;
    }
    bool contains(const T& thing) {
        for (u32 cpu = 0; cpu < nr_cpu_ids; ++cpu) {
            Stack& stack = stacks_.of(cpu);
            const Guard guard(stack.lock);
            if (stack.contains(thing))
                return true;
        }
        return false;
    }
    // What was in them is gone.
    void forget() {
        for (u32 cpu = 0; cpu < nr_cpu_ids; ++cpu) {
            Stack& stack = stacks_.of(cpu);
            const Guard guard(stack.lock);
            stack.first = nullptr;
            stack.count = 0;
        }
    }

  private:
    PerCpu<Stack> stacks_;
};

} // namespace faultline
