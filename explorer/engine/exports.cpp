// The functions that JavaScript calls (docs/explorer-engine.md). What makes steps returns nothing: the result of an exported
// function that switches fibers is lost.
#include <emscripten/emscripten.h>

#include "interleave/engine.hpp"

using namespace faultline;
using namespace faultline::interleave;

namespace {

// Never destroyed: what stands still in the middle of a run cannot be unwound here.
Engine& engine() {
    static Engine& ENGINE = *new Engine;
    return ENGINE;
}

// A text for JavaScript, which copies it before the next call.
const char* give(std::string text) {
    static std::string& given = *new std::string;
    given = std::move(text);
    return given.c_str();
}

} // namespace

extern "C" {

// What __builtin_return_address calls here. The one of emscripten looks at a stack of JavaScript, and ends the module where a
// function was called through JavaScript. Records have a place in the kernel that is 0.
void* emscripten_return_address(int) { return nullptr; }

EMSCRIPTEN_KEEPALIVE const char* engine_back_end() { return mmu_name(); }
EMSCRIPTEN_KEEPALIVE const char* engine_presets() { return give(presets_as_json()); }
EMSCRIPTEN_KEEPALIVE const char* engine_scenarios() { return give(scenarios_as_json()); }
EMSCRIPTEN_KEEPALIVE const char* engine_stations() { return give(stations_as_json()); }
EMSCRIPTEN_KEEPALIVE void engine_open(const char* settings, const char* program) { engine().open(settings, program); }
EMSCRIPTEN_KEEPALIVE const char* engine_error() { return engine().error().c_str(); }
EMSCRIPTEN_KEEPALIVE void engine_step(u32 cpu) { engine().step(cpu); }
EMSCRIPTEN_KEEPALIVE void engine_replay(const char* cpus) { engine().replay(cpus); }
EMSCRIPTEN_KEEPALIVE void engine_run(s32 seed, const char* until, u32 most) { engine().run(seed, until, most); }
EMSCRIPTEN_KEEPALIVE const char* engine_state() { return give(engine().state()); }
EMSCRIPTEN_KEEPALIVE void engine_explore(const char* settings, const char* program, s32 preemptions, u32 runs) {
    engine().explore(settings, program, preemptions, runs);
}
EMSCRIPTEN_KEEPALIVE const char* engine_found() { return give(engine().found()); }

} // extern "C"
