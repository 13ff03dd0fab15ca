// The priority-inheritance mutex and condition variable of user/lib/sync.cpp, whose words user space and the kernel
// change in turn. There is one owner at a time, and the word names it; no call fails; no task is left waiting. The
// policy of the TLBs makes no difference, because every CPU may write to both words from the beginning.
#include <string>

#include <arch/current.hpp>
#include <linux/futex.h>

#include "arch/contract/uaccess.hpp"
#include "interleave/pi_locks.hpp"
#include "interleave/preset.hpp"
#include "kernel/futex/queue.hpp"
#include "kernel/futex/syscalls.hpp"

namespace faultline::interleave {

namespace {

enum class Sharing : u32 { Private = FUTEX_PRIVATE_FLAG, Shared = 0 };

template <Sharing SHARING>
struct PiProgram : Program {
    using Program::Program;
    using World::read;
    using World::write;
    UserAddr mutex, turn_word;
    bool owned = false;
    u32 counted = 0; // under the mutex

    // Two words that all CPUs can write at once: this is about the words, not about how their page becomes present.
    void set_up() override {
        mutex = map_shared();
        for (u32 number = machine.cpu_count(); number-- > 0;) {
            machine.select_cpu(number);
            write(mutex, 0);
        }
        // In different buckets, each with a lock of its own, as two words usually are.
        turn_word = mutex + 4;
        while (&bucket_of(turn_word) == &bucket_of(mutex))
            turn_word = turn_word + 4;
    }

    static FutexHashBucket& bucket_of(UserAddr word) {
        constexpr FutexScope SCOPE = SHARING == Sharing::Private ? FutexScope::Private : FutexScope::Shared;
        FutexKey key{}; // initialized: the compiler does not see that get_futex_key sets it if it succeeds
        require(get_futex_key(word, SCOPE, FutexAccess::Write, key).ok(), "the key of the futex could not be had");
        return futex_hash(key);
    }

    u32 cmpxchg(UserAddr word, u32 expected, u32 desired) {
        const auto found = call([&] { return futex_atomic_cmpxchg_inatomic(word, expected, desired); });
        require(found.ok(), "a compare-and-swap of the program has failed");
        return found.value();
    }
    Result<u32> futex(UserAddr word, u32 op, u32 value, UserAddr second, u32 third, u32 val2) {
        return call(
            [&] { return sys_futex(word, op | static_cast<u32>(SHARING), value, UserAddr(val2), second, third); });
    }

    static void succeeds(const Result<u32>& result, const char* what) {
        if (!result.ok())
            throw Violation(what + (": error " + std::to_string(static_cast<u32>(result.error()))));
    }
    void begin_owning() {
        require(!owned, "the lock has two owners");
        owned = true;
        require((read(mutex) & FUTEX_TID_MASK) == static_cast<u32>(current()->pid),
                "the word does not name the owner of the mutex");
    }
    void end_owning() { owned = false; }

    void lock() {
        succeeds(pi_mutex_lock(*this, mutex), "locking");
        begin_owning();
    }
    void unlock() {
        end_owning();
        succeeds(pi_mutex_unlock(*this, mutex), "unlocking");
    }
    void wait() {
        end_owning();
        succeeds(pi_wait(*this, turn_word, mutex), "waiting");
        begin_owning();
    }
    void notify_all() { succeeds(pi_notify_all(*this, turn_word, mutex), "notifying"); }

    void count() {
        lock();
        ++counted;
        unlock();
    }
    void wait_for(u32 least) {
        lock();
        while (counted < least)
            wait();
        unlock();
    }
    void count_and_notify() {
        lock();
        ++counted;
        notify_all();
        unlock();
    }

    virtual u32 expected_count() = 0;
    void check() override {
        require(read(mutex) == 0, "the mutex is not free at the end");
        for (const UserAddr word : {mutex, turn_word})
            require(futex(word, FUTEX_WAKE, 1, UserAddr(0), 0, 0).value() == 0, "a task still waits at the end");
        for (u32 number = 0; number < machine.cpu_count(); ++number)
            require(!this->owns_pi_lock(number) && !this->waits_for_pi_lock(number),
                    "the kernel still has an owner of the lock, or a waiter, at the end");
        require(counted == expected_count(),
                "the tasks were counted wrongly: a turn was lost, or two had the mutex at once");
    }
};

// Each CPU finds the mutex free, taken, with waiters, or just handed over.
template <Sharing SHARING>
struct Contenders : PiProgram<SHARING> {
    using PiProgram<SHARING>::PiProgram;
    void cpu(u32) override { this->count(); }
    u32 expected_count() override { return this->machine.cpu_count(); }
};

// A task that has released the mutex may want it again before the heir has run.
template <Sharing SHARING>
struct ContendersTwice : PiProgram<SHARING> {
    using PiProgram<SHARING>::PiProgram;
    void cpu(u32) override {
        this->count();
        this->count();
    }
    u32 expected_count() override { return 2 * this->machine.cpu_count(); }
};

template <Sharing SHARING>
struct WaiterAndNotifier : PiProgram<SHARING> {
    using PiProgram<SHARING>::PiProgram;
    void cpu0() override { this->wait_for(1); }
    void cpu1() override { this->count_and_notify(); }
    u32 expected_count() override { return 1; }
};

// The mutex to which the waiter is moved already has a waiter.
template <Sharing SHARING>
struct WaiterNotifierAndContender : WaiterAndNotifier<SHARING> {
    using WaiterAndNotifier<SHARING>::WaiterAndNotifier;
    void cpu2() override { this->count(); }
    u32 expected_count() override { return 2; }
};

template <Sharing SHARING>
struct TwoWaitersAndNotifier : WaiterAndNotifier<SHARING> {
    using WaiterAndNotifier<SHARING>::WaiterAndNotifier;
    void cpu2() override { this->wait_for(1); }
};

// The mutex is free when the waiters are moved to it, or a waiter that noticed by itself has just taken it.
template <Sharing SHARING>
struct TwoWaitersAndLateNotifier : TwoWaitersAndNotifier<SHARING> {
    using TwoWaitersAndNotifier<SHARING>::TwoWaitersAndNotifier;
    void cpu1() override {
        this->count();
        this->notify_all();
    }
};

// The same; and a CPU that releases one of the kernel's locks may be overtaken before it goes on.
template <class P>
struct Overtaken : P {
    Overtaken(u32 cpus, const model::TlbPolicy& tlb) : P(cpus, tlb) { model::stops_at_releases = true; }
    ~Overtaken() override { model::stops_at_releases = false; }
};

// All CPUs pass turns round, as storm_futex does: each waits for its turn and notifies the others.
template <Sharing SHARING>
struct TurnsRound : PiProgram<SHARING> {
    using PiProgram<SHARING>::PiProgram;
    static constexpr u32 ROUNDS = 3;
    void cpu(u32 number) override {
        for (u32 round = 0; round < ROUNDS; ++round) {
            this->lock();
            while (this->counted % this->machine.cpu_count() != number)
                this->wait();
            ++this->counted;
            this->notify_all();
            this->unlock();
        }
    }
    u32 expected_count() override { return ROUNDS * this->machine.cpu_count(); }
};

} // namespace

static constexpr Preset PRESETS[] = {
    preset<ContendersTwice<Sharing::Private>>("pi mutex, two contenders twice", "Two tasks take a PI mutex twice each",
                                              {.preemptions = 3, .tlbs = Tlbs::OneWillDo}),
    preset<Contenders<Sharing::Private>, 3>("pi mutex, three contenders", "Three tasks take a PI mutex",
                                            {.preemptions = 2, .tlbs = Tlbs::OneWillDo}),
    preset<Contenders<Sharing::Shared>, 3>("pi mutex, three contenders, shared",
                                           "Three tasks take a PI mutex, with a shared key",
                                           {.preemptions = 2, .tlbs = Tlbs::OneWillDo}),
    preset<WaiterAndNotifier<Sharing::Private>>("pi condition variable, waiter and notifier",
                                                "A PI condition variable: one waits, one notifies",
                                                {.preemptions = 3, .tlbs = Tlbs::OneWillDo}),
    preset<WaiterAndNotifier<Sharing::Shared>>("pi condition variable, waiter and notifier, shared",
                                               "A PI condition variable with a shared key: one waits, one notifies",
                                               {.preemptions = 3, .tlbs = Tlbs::OneWillDo}),
    preset<WaiterNotifierAndContender<Sharing::Private>, 3>(
        "pi condition variable, waiter, notifier and contender",
        "The mutex to which the waiter is moved already has a waiter", {.preemptions = 2, .tlbs = Tlbs::OneWillDo}),
    preset<TwoWaitersAndNotifier<Sharing::Private>, 3>("pi condition variable, two waiters and a notifier",
                                                       "A PI condition variable: two wait, one notifies",
                                                       {.preemptions = 2, .tlbs = Tlbs::OneWillDo, .is_long = true}),
    preset<TwoWaitersAndLateNotifier<Sharing::Private>, 3>(
        "pi condition variable, two waiters and a late notifier",
        "The mutex is free, or just taken, when the waiters are moved to it",
        {.preemptions = 2, .tlbs = Tlbs::OneWillDo, .is_long = true}),
    preset<Overtaken<Contenders<Sharing::Private>>>(
        "pi mutex, two contenders overtaken",
        "Two tasks take a PI mutex, and may be overtaken whenever they release a lock",
        {.preemptions = 3, .tlbs = Tlbs::OneWillDo}),
    preset<Overtaken<WaiterAndNotifier<Sharing::Private>>>(
        "pi condition variable, waiter and notifier overtaken",
        "One waits, one notifies, and may be overtaken whenever they release a lock",
        {.preemptions = 3, .tlbs = Tlbs::OneWillDo}),
    preset<Overtaken<TurnsRound<Sharing::Private>>, 4>("pi turns round",
                                                       "Four tasks pass turns round with a PI condition variable",
                                                       {.random_runs = 400, .tlbs = Tlbs::OneWillDo}),
    preset<Overtaken<TurnsRound<Sharing::Shared>>, 4>(
        "pi turns round, shared", "Four tasks pass turns round with a PI condition variable and a shared key",
        {.random_runs = 400, .tlbs = Tlbs::OneWillDo}),
};
const std::span<const Preset> PI_PROGRAMS = PRESETS;

} // namespace faultline::interleave
