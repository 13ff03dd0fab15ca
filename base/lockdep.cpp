// Lockdep's tables and checks (base/lockdep.hpp): the locks each CPU holds, and the orders and uses that were seen so
// far.
#include "base/lockdep.hpp"

#ifdef FAULTLINE_DEBUG

#include <arch/irq.hpp>

#include <cstring>

#include "base/assert.hpp"
#include "base/concurrency.hpp"
#include "base/irq_guard.hpp"

namespace faultline::lockdep {

namespace {

constexpr u32 MOST_NAMES = 64; // number 0 is NAMELESS

enum Usage : u8 { IN_INTERRUPT = 1, INTERRUPTS_ON = 2 };

struct alignas(L1_CACHE_BYTES) Cpu {
    Held held;
    Use wanted;
    u32 interrupts = 0; // nesting depth of interrupt handlers
};

constinit Cpu cpus[MOST_CPUS];
constinit std::atomic<bool> watching{true};
constinit std::atomic<const char*> names[MOST_NAMES];
constinit std::atomic<u8> usage[MOST_NAMES];
// Bit b of taken_after[a] is set if b was taken while a was held, or if an interrupt handler may do so.
constinit std::atomic<u64> taken_after[MOST_NAMES];

Cpu& here() { return cpus[smp_processor_id()]; }

u64 bit(u32 number) { return u64{1} << number; }

// The number of a name. Equal names have the same number, whichever file they are in.
u32 number_of(const char* name) {
    for (u32 number = 1; number < MOST_NAMES; ++number) {
        const char* known = names[number].load(std::memory_order_acquire);
        if (known == nullptr && names[number].compare_exchange_strong(known, name, std::memory_order_acq_rel))
            return number;
        if (std::strcmp(known, name) == 0)
            return number;
    }
    panic("lockdep: more than %u names", MOST_NAMES - 1);
}

const char* name_of(u32 number) { return names[number].load(std::memory_order_acquire); }

// Builds a text of names: "a -> b -> c".
class Chain {
  public:
    void add(const char* name) {
        if (length_ != 0)
            append(" -> ");
        append(name);
    }
    const char* text() const { return text_; }

  private:
    void append(const char* part) {
        while (*part != '\0' && length_ + 1 < sizeof text_)
            text_[length_++] = *part++;
        text_[length_] = '\0';
    }
    char text_[256] = {};
    std::size_t length_ = 0;
};

Chain chain_of(const Held& held) {
    Chain chain;
    for (u32 i = 0; i < held.count; ++i)
        chain.add(held.locks[i].watch->name());
    return chain;
}

// Whether `to` was ever taken after `from`, directly or through other locks. If so, `chain` gets the names on the way.
// `seen` has the locks that were tried already.
bool find_path(u32 from, u32 to, u64& seen, Chain& chain) {
    const Chain before = chain;
    chain.add(name_of(from));
    seen |= bit(from);
    if (from == to)
        return true;
    const u64 next = taken_after[from].load(std::memory_order_acquire);
    for (u32 number = 1; number < MOST_NAMES; ++number)
        if ((next & ~seen & bit(number)) != 0 && find_path(number, to, seen, chain))
            return true;
    chain = before;
    return false;
}

void check_order(const Held& held, const Watch& watch, const void* lock) {
    const u32 number = watch.number();
    for (u32 i = 0; i < held.count; ++i) {
        const auto& other = held.locks[i];
        if (other.lock == lock)
            panic("lockdep: %s is taken twice (held: %s)", watch.name(), chain_of(held).text());
        const u32 before = other.watch->number();
        if (number == Watch::NAMELESS || before == Watch::NAMELESS)
            continue;
        if (number == before) {
            if (watch.kind() != Kind::SpinNested && lock < other.lock)
                panic("lockdep: two of %s not in order of their addresses (held: %s)", watch.name(),
                      chain_of(held).text());
            continue;
        }
        if ((taken_after[before].load(std::memory_order_acquire) & bit(number)) != 0)
            continue;
        Chain reverse;
        u64 seen = 0;
        if (find_path(number, before, seen, reverse)) {
            Chain now = chain_of(held);
            now.add(watch.name());
            panic("lockdep: locks in two orders: now %s, but before %s", now.text(), reverse.text());
        }
        taken_after[before].fetch_or(bit(number), std::memory_order_acq_rel);
    }
}

// The holder of `open` may be interrupted by a handler that takes `taken`.
void may_be_taken_after(u32 open, u32 taken) {
    Chain reverse;
    u64 seen = 0;
    if (find_path(taken, open, seen, reverse))
        panic("lockdep: the holder of %s may be interrupted by a handler that takes %s, but before %s", name_of(open),
              name_of(taken), reverse.text());
    taken_after[open].fetch_or(bit(taken), std::memory_order_acq_rel);
}

// Lock `number` was used in a new way: by an interrupt handler, or with interrupts on. Notes the orders that interrupts
// now make possible between it and the locks that are used in the other way.
void add_interrupts(u32 number, u8 use) {
    for (u32 other = 1; other < MOST_NAMES; ++other) {
        const u8 others = usage[other].load(std::memory_order_seq_cst);
        if (use == IN_INTERRUPT && (others & INTERRUPTS_ON) != 0)
            may_be_taken_after(other, number);
        if (use == INTERRUPTS_ON && (others & IN_INTERRUPT) != 0)
            may_be_taken_after(number, other);
    }
}

void check_interrupts(const Watch& watch) {
    const u32 number = watch.number();
    if (number == Watch::NAMELESS || watch.kind() == Kind::Sleeping)
        return;
    u8 now = 0;
    if (here().interrupts != 0)
        now = IN_INTERRUPT;
    else if (!irqs_disabled())
        now = INTERRUPTS_ON;
    const u8 all = usage[number].load(std::memory_order_relaxed);
    if ((all | now) == (IN_INTERRUPT | INTERRUPTS_ON))
        panic("lockdep: %s is taken %s, but was taken %s", watch.name(),
              now == IN_INTERRUPT ? "by an interrupt handler" : "with interrupts on",
              now == IN_INTERRUPT ? "with interrupts on" : "by an interrupt handler");
    if ((all | now) == all)
        return;
    usage[number].fetch_or(now, std::memory_order_seq_cst); // publish this use first, read those of other locks second
    add_interrupts(number, now);
}

bool is_watching() { return watching.load(std::memory_order_relaxed); }

Held& where(Kind kind) { return kind == Kind::Sleeping ? held_by_task() : here().held; }

bool holds_spin_lock() {
    const Held& held = here().held;
    for (u32 i = 0; i < held.count; ++i)
        if (const Kind kind = held.locks[i].watch->kind(); kind == Kind::Spin || kind == Kind::SpinNested)
            return true;
    return false;
}

[[noreturn]] void report_held(const char* what) {
    panic("lockdep: %s with a spin lock held: %s", what, chain_of(here().held).text());
}

} // namespace

const Held& held_by_cpu(u32 cpu) { return cpus[cpu].held; }
Use wanted_by_cpu(u32 cpu) { return cpus[cpu].wanted; }

u32 Watch::number() const {
    if (name_ == nullptr)
        return NAMELESS;
    u8 number = number_.load(std::memory_order_relaxed);
    if (number == NAMELESS) {
        number = static_cast<u8>(number_of(name_));
        number_.store(number, std::memory_order_relaxed);
    }
    return number;
}

void Watch::about_to_wait(const void* lock) {
    if (!is_watching())
        return;
    if (kind_ == Kind::Sleeping)
        might_sleep();
    check_interrupts(*this);
    check_order(where(kind_), *this, lock);
    here().wanted = {this, lock};
}

// Interrupts are masked here and in released(), because a handler takes and releases locks in the same list.
void Watch::taken(const void* lock) {
    if (!is_watching())
        return;
    const IrqGuard irqs;
    Held& held = where(kind_);
    if (held.count == Held::MOST)
        panic("lockdep: too many locks held: %s", chain_of(held).text());
    held.locks[held.count++] = {this, lock};
    if (here().wanted.lock == lock)
        here().wanted = {};
}

void Watch::released(const void* lock) {
    if (!is_watching())
        return;
    const IrqGuard irqs;
    Held& held = where(kind_);
    for (u32 i = held.count; i-- > 0;) {
        if (held.locks[i].lock != lock)
            continue;
        for (--held.count; i < held.count; ++i)
            held.locks[i] = held.locks[i + 1];
        return;
    }
    panic("lockdep: %s is released, but not held (held: %s)", name(), chain_of(held).text());
}

void might_sleep() {
    if (!is_watching())
        return;
    if (here().interrupts != 0 || irqs_disabled())
        panic("lockdep: sleep %s", here().interrupts != 0 ? "in an interrupt handler" : "with interrupts masked");
    if (holds_spin_lock())
        report_held("sleep");
}

void might_fault() {
    if (is_watching() && holds_spin_lock() && !faults_at_once())
        report_held("user memory touched");
}

InterruptScope::InterruptScope() { ++here().interrupts; }
InterruptScope::~InterruptScope() { --here().interrupts; }

void stop_watching() { watching.store(false, std::memory_order_relaxed); }

void forget_held() {
    for (Cpu& cpu : cpus) {
        cpu.held.count = 0;
        cpu.wanted = {};
        cpu.interrupts = 0;
    }
}

} // namespace faultline::lockdep

#endif
