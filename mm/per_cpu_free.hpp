// A stack of free things for each CPU, in front of a store that all CPUs share: pages before the buddy lists, objects
// before a cache's slabs. What is freed and allocated again stays in the CPU's cache and needs no shared lock.
// (Linux: per_cpu_pages; Bonwick and Adams, "Magazines and Vmem", USENIX 2001.)
//
// Each stack has a lock. Usually only its own CPU takes it. Another CPU takes it to empty the stack when memory is
// short.
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

    u32 push(T& thing) REQUIRES(lock) { // how many there are now
        Link::set_next(thing, first);
        first = &thing;
        const u32 now = count + 1;
        count = now;
        return now;
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

    // nullptr: this CPU's stack is empty.
    T* take() {
        Stack& stack = stacks_.here();
        const Guard guard(stack.lock);
        return stack.pop();
    }
    // What comes next then. nullptr: the store is empty, too. (By itself, so that the usual way has little to save.)
    template <class Store>
    [[gnu::noinline]] T* refill_and_take(Store& store) {
        Stack& stack = stacks_.here();
        const Guard guard(stack.lock);
        if (stack.first == nullptr) // an interrupt handler may have filled it meanwhile
            store.refill(stack);
        return stack.pop();
    }
    template <class Store>
    void give(T& thing, Store& store) {
        if (push(thing) > HIGH) [[unlikely]]
            drain_some(store);
    }
    // Gives back what is in the stacks of all CPUs; returns how many. (Linux: drain_all_pages.)
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
    // Empties all stacks without giving anything back: the things in them no longer exist.
    void forget() {
        for (u32 cpu = 0; cpu < nr_cpu_ids; ++cpu) {
            Stack& stack = stacks_.of(cpu);
            const Guard guard(stack.lock);
            stack.first = nullptr;
            stack.count = 0;
        }
    }

  private:
    u32 push(T& thing) {
        Stack& stack = stacks_.here();
        const Guard guard(stack.lock);
        return stack.push(thing);
    }
    template <class Store>
    [[gnu::noinline]] void drain_some(Store& store) {
        Stack& stack = stacks_.here(); // an interrupt handler may have changed it meanwhile
        const Guard guard(stack.lock);
        store.drain(stack, BATCH);
    }

    PerCpu<Stack> stacks_;
};

} // namespace faultline
