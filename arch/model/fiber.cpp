// Fibers on ucontext, with what AddressSanitizer and the C++ runtime must be told of a switch (arch/model/fiber.hpp).
#include "arch/model/fiber.hpp"

#include <cstddef>
#include <utility>
#include <vector>

#include <cxxabi.h>
#include <sanitizer/common_interface_defs.h>
#include <ucontext.h>

namespace faultline::model {

namespace {

#ifdef __SANITIZE_ADDRESS__
constexpr bool ADDRESS_SANITIZER = true;
#else
constexpr bool ADDRESS_SANITIZER = false;
#endif

constexpr std::size_t STACK_BYTES = 256u << 10; // enough for the message of a failed assertion

// Stacks are used again: allocating one costs more than most executions do.
std::vector<std::unique_ptr<std::byte[]>>& spare_stacks() {
    static std::vector<std::unique_ptr<std::byte[]>> stacks;
    return stacks;
}

std::unique_ptr<std::byte[]> take_stack() {
    if (spare_stacks().empty())
        return std::make_unique_for_overwrite<std::byte[]>(STACK_BYTES);
    std::unique_ptr<std::byte[]> stack = std::move(spare_stacks().back());
    spare_stacks().pop_back();
    return stack;
}

} // namespace

struct Fiber::State {
    // The exception state that the C++ runtime keeps for each thread; here each fiber needs its own (Itanium C++ ABI:
    // Exception Handling, 2.2.2, __cxa_eh_globals).
    struct ExceptionState {
        void* caught = nullptr;
        unsigned uncaught = 0;
    };

    void (*entry)(void*) = nullptr;
    void* argument = nullptr;
    ucontext_t context{};
    std::unique_ptr<std::byte[]> stack;
    ExceptionState exceptions;
    const void* stack_bottom = nullptr; // this and the next two are for AddressSanitizer
    std::size_t stack_size = 0;
    void* fake_stack = nullptr;

    // The fiber that is being left and the one that is being continued: makecontext() passes only ints.
    static inline State* left = nullptr;
    static inline State* entered = nullptr;

    // Completes a switch. The sanitizer reports the bounds of the stack that was left; the thread's own are learnt this
    // way.
    void arrive() const {
        if constexpr (ADDRESS_SANITIZER)
            __sanitizer_finish_switch_fiber(fake_stack, &left->stack_bottom, &left->stack_size);
    }
    static void begin() {
        const State& self = *entered;
        self.arrive();
        self.entry(self.argument);
    }
};

Fiber::Fiber() : state_(std::make_unique<State>()) {}

Fiber::Fiber(void (*entry)(void*), void* argument) : state_(std::make_unique<State>()) {
    State& state = *state_;
    state.entry = entry;
    state.argument = argument;
    state.stack = take_stack();
    state.stack_bottom = state.stack.get();
    state.stack_size = STACK_BYTES;
    getcontext(&state.context);
    state.context.uc_stack.ss_sp = state.stack.get();
    state.context.uc_stack.ss_size = STACK_BYTES;
    state.context.uc_link = nullptr;
    makecontext(&state.context, State::begin, 0);
}

Fiber::~Fiber() {
    if (state_->stack)
        spare_stacks().push_back(std::move(state_->stack));
}

void Fiber::switch_to(Fiber& next, bool last) {
    State& self = *state_;
    void* const globals = abi::__cxa_get_globals();
    self.exceptions = std::exchange(*static_cast<State::ExceptionState*>(globals), next.state_->exceptions);
    State::left = &self;
    State::entered = next.state_.get();
    if constexpr (ADDRESS_SANITIZER)
        __sanitizer_start_switch_fiber(last ? nullptr : &self.fake_stack, next.state_->stack_bottom,
                                       next.state_->stack_size);
    swapcontext(&self.context, &next.state_->context);
    self.arrive();
}

} // namespace faultline::model
