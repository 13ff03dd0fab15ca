// A thread on another CPU, and the steps by which it takes turns with the scenario's own thread.
#include <ulib/print.hpp>
#include <ulib/sys.hpp>
#include <ulib/thread.hpp>

#include "user/scenarios/states.hpp"
#include "user/scenarios/two_cpus.hpp"

namespace faultline {

namespace {

enum Step : u32 { COMING, READY, RUN, REST, GONE };

// Spins without a system call, which could run something else on this CPU. YIELD lets an emulator that runs one CPU at
// a time go on with the next.
void spin_until(const Word& word, u32 value) {
    while (word.load() != value)
        __asm__ volatile("yield");
}

} // namespace

void pin_to(unsigned cpu) {
    const u32 mask = 1u << cpu;
    if (const long result = system_call(__NR_sched_setaffinity, 0, sizeof mask, &mask); is_error(result))
        fail("sched_setaffinity to CPU %u: %s (this scenario needs two processors)\n", cpu, errno_name(result));
}

Companion::Companion(unsigned cpu, void (*part)(void*), void* argument)
    : cpu_(cpu), part_(part), argument_(argument), step_(*map_words(1, MAP_SHARED | MAP_ANONYMOUS)) {
    static Thread thread;
    must(thread.start(live, this), "clone");
    spin_until(step_, READY);
}

void Companion::live(void* self) {
    Companion& companion = *static_cast<Companion*>(self);
    pin_to(companion.cpu_);
    for (;;) {
        companion.step_.store(READY);
        u32 step;
        while ((step = companion.step_.load()) == READY)
            __asm__ volatile("yield");
        if (step == REST)
            break;
        companion.part_(companion.argument_);
    }
    companion.step_.store(GONE);
    for (;;)
        sys_pause();
}

void Companion::run() {
    step_.store(RUN);
    spin_until(step_, READY);
}

void Companion::rest() {
    step_.store(REST);
    spin_until(step_, GONE);
}

} // namespace faultline
