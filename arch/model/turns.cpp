// Which CPU each host thread is, and the turns that these threads take (arch/model/turns.hpp).
#include "arch/model/turns.hpp"

#include <mutex>

#include "arch/model/machine.hpp"

namespace faultline::model {

namespace {

constexpr u32 NONE = ~u32{0};
thread_local u32 own_cpu = NONE;
std::recursive_mutex turn;

} // namespace

OwnCpu::OwnCpu(u32 cpu) { own_cpu = cpu; }
OwnCpu::~OwnCpu() { own_cpu = NONE; }

u32 cpu_of_thread() { return own_cpu != NONE ? own_cpu : Machine::get().cpu_number(); }

bool may_look_into(u32 cpu) { return own_cpu == NONE || own_cpu == cpu; }

Turn::Turn() {
    if (own_cpu == NONE)
        return;
    turn.lock();
    Machine::get().select_cpu(own_cpu);
}

Turn::~Turn() {
    if (own_cpu != NONE)
        turn.unlock();
}

} // namespace faultline::model
