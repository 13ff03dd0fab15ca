// Kernel stacks in the debug kernel: nothing is mapped below one, nothing where one was, and every CPU sees the one that is
// there now.
#include "tests/contract/kernel/stacks.hpp"

#include <arch/current.hpp>
#include <arch/kernel_map.hpp>
#include <arch/kernel_stack.hpp>

#include "arch/contract/machine.hpp"
#include "kernel/sched/sched.hpp"
#include "kernel/task_stack.hpp"
#include "mm/page_alloc.hpp"

namespace faultline::contract {

namespace {

#ifdef FAULTLINE_DEBUG

constexpr u32 STACK_BYTES = 8192;

bool is_mapped(u32 address) {
    const HardwareDescriptor found = kernel_hardware_descriptor(address);
    return found.first_level != 0 && found.second_level != 0;
}

bool has_guard(const void* stack) {
    const u32 lowest = reinterpret_cast<u32>(stack);
    return is_mapped(lowest) && is_mapped(lowest + STACK_BYTES - 1) && !is_mapped(lowest - 1) &&
           !is_mapped(lowest - STACK_BYTES) && !is_mapped(lowest + STACK_BYTES);
}

void every_stack_has_a_guard() {
    EXPECT(has_guard(current()->stack));
    for (const u32 cpu : cpus_online())
        if (const void* stack = idle_task_of(cpu).stack; stack != nullptr)
            EXPECT(has_guard(stack));
    auto made = alloc_task();
    EXPECT(bool(made));
    if (!made)
        return;
    const u32 stack = reinterpret_cast<u32>(made.value()->stack);
    EXPECT(has_guard(made.value()->stack));
    free_task_memory(*made.value());
    EXPECT(!is_mapped(stack) && !is_mapped(stack + STACK_BYTES - 1));
}

// What each CPU reads in the lowest word of the stack.
struct Reading {
    const volatile u32* from;
    u32 expected;
    std::atomic<u32> wrong{0};
};
void read(void* argument) {
    auto& reading = *static_cast<Reading*>(argument);
    if (*reading.from != reading.expected)
        reading.wrong.fetch_add(1, std::memory_order_relaxed);
}
u32 read_wrongly(void* stack, u32 expected) {
    Reading reading{.from = static_cast<const volatile u32*>(stack), .expected = expected};
    machine::smp_call_function_many(cpus_online() - CpuMask::of(machine::this_cpu()), read, &reading);
    read(&reading);
    return reading.wrong;
}

// Maps `block` at this address, which is free. Addresses are given out in a circle.
bool map_at(void* wanted, PhysAddr block) {
    constexpr u32 MORE_THAN_THERE_ARE = 65536;
    for (u32 tries = 0; tries < MORE_THAN_THERE_ARE; ++tries) {
        void* stack = map_kernel_stack(block);
        if (stack == wanted)
            return true;
        if (stack == nullptr)
            return false;
        unmap_kernel_stack(stack);
    }
    return false;
}

void a_stack_in_the_place_of_another() {
    Page* first = alloc_pages(1);
    Page* second = alloc_pages(1);
    EXPECT(first != nullptr && second != nullptr);
    if (first == nullptr || second == nullptr)
        return;
    *static_cast<u32*>(page_address(*first)) = 1;
    *static_cast<u32*>(page_address(*second)) = 2;
    const PhysAddr first_block = page_to_pfn(*first).address(), second_block = page_to_pfn(*second).address();

    void* stack = map_kernel_stack(first_block);
    EXPECT(stack != nullptr && read_wrongly(stack, 1) == 0);
    EXPECT(unmap_kernel_stack(stack) == first_block);
    const bool mapped = map_at(stack, second_block);
    EXPECT(mapped);
    if (mapped) {
        EXPECT(read_wrongly(stack, 2) == 0);
        EXPECT(unmap_kernel_stack(stack) == second_block);
    }
    put_page(*first);
    put_page(*second);
}

constexpr Test tests[] = {
    {"stacks: nothing is mapped below a kernel stack, nor where one was", every_stack_has_a_guard},
    {"stacks: every CPU sees a stack that takes the place of another", a_stack_in_the_place_of_another},
};

#endif

} // namespace

std::span<const Test> stack_tests() {
#ifdef FAULTLINE_DEBUG
    return tests;
#else
    return {};
#endif
}

} // namespace faultline::contract
