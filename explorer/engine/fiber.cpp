// Fibers of a module in a browser: emscripten's, which save and restore the WebAssembly stack by rewriting the code
// (-sASYNCIFY). The exceptions that are being handled are the runtime's, in JavaScript, and are not exchanged at a switch: no
// code here switches while it handles one.
#include "arch/model/fiber.hpp"

#include <cstddef>

#include <emscripten/em_js.h>
#include <emscripten/fiber.h>

// The page may want the stack that is about to be suspended: `new Error().stack` in there has its frames.
EM_JS(void, tell_of_switch, (), {
    if (Module["onSwitch"])
        Module["onSwitch"]();
});

namespace faultline::model {

namespace {

constexpr std::size_t STACK_BYTES = 64u << 10;    // of C++
constexpr std::size_t ASYNCIFY_BYTES = 16u << 10; // of saved WebAssembly frames

} // namespace

struct Fiber::State {
    emscripten_fiber_t fiber{};
    std::unique_ptr<std::byte[]> stack;
    std::unique_ptr<std::byte[]> saved = std::make_unique_for_overwrite<std::byte[]>(ASYNCIFY_BYTES);
};

Fiber::Fiber() : state_(std::make_unique<State>()) {
    emscripten_fiber_init_from_current_context(&state_->fiber, state_->saved.get(), ASYNCIFY_BYTES);
}

Fiber::Fiber(void (*entry)(void*), void* argument) : state_(std::make_unique<State>()) {
    state_->stack = std::make_unique_for_overwrite<std::byte[]>(STACK_BYTES);
    emscripten_fiber_init(&state_->fiber, entry, argument, state_->stack.get(), STACK_BYTES, state_->saved.get(),
                          ASYNCIFY_BYTES);
}

Fiber::~Fiber() = default;

void Fiber::switch_to(Fiber& next, bool) {
    tell_of_switch();
    emscripten_fiber_swap(&state_->fiber, &next.state_->fiber);
}

} // namespace faultline::model
