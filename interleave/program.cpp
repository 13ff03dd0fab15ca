// One run of a program, from its setting to the pages that must be back at the end.
#include "interleave/program.hpp"

namespace faultline::interleave {

void Program::cpu(u32 number) {
    switch (number) {
    case 0:
        return cpu0();
    case 1:
        return cpu1();
    default:
        return cpu2();
    }
}

void Program::run_under(model::Schedule& schedule) {
    std::vector<std::function<void()>> bodies;
    bodies.reserve(machine.cpu_count());
    for (u32 number = 0; number < machine.cpu_count(); ++number)
        bodies.push_back([this, number] { cpu(number); });
    model::call_apart(machine.executions, [&] {
        try {
            machine.select_cpu(0);
            set_up();
            World::run(schedule, bodies);
            check();
            invariants.check_tlbs();
            require(missing_pages() == 0, "pages are missing at the end");
        } catch (...) {
            empty_tlbs(); // so that what is left can be freed, whatever is wrong with them
            throw;
        }
    });
}

namespace {

Program* left_behind = nullptr;

} // namespace

void take_down(std::unique_ptr<Program>& program) {
    if (model::Interleaver::has_stopped_cpu())
        left_behind = program.release();
    program.reset();
}

} // namespace faultline::interleave
