// Several CPUs: starting them, waking them, stopping them. Work for another CPU goes through
// machine::smp_call_function_many (arch/contract/machine.hpp).
#pragma once

#include "base/types.hpp"

namespace faultline {

struct PtRegs;

// Makes `cpu`, which has not been started yet, call start_secondary() (arch/contract/upcalls.hpp) on the stack that ends at
// `stack_top`. False: the firmware refuses. One at a time: not before the last one is there.
bool start_cpu(CpuId cpu, void* stack_top);

// Before the first start_cpu() and after the last CPU is there: they begin at physical addresses, which are mapped
// for only so long.
void map_start_of_cpus();
void unmap_start_of_cpus();

// Makes `cpu` call scheduler_ipi() as soon as it takes interrupts, and leave wait_for_interrupt().
void smp_send_reschedule(CpuId cpu);

// Stops `cpu` for ever; first it calls `last_words` with the registers of what was interrupted, nullptr if it was
// waiting for another CPU with interrupts masked. False: it did not answer within a second. For panics.
bool stop_cpu(CpuId cpu, void (*last_words)(const PtRegs* regs));

} // namespace faultline
