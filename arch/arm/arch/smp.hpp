// Starting, waking and stopping other CPUs. Work for another CPU goes through machine::smp_call_function_many
// (arch/contract/machine.hpp).
#pragma once

#include "base/types.hpp"

namespace faultline {

struct PtRegs;

// Starts `cpu`, which has not been started yet: it calls start_secondary() (arch/contract/upcalls.hpp) on the stack
// that ends at `stack_top`. Returns false if the firmware refuses. The caller starts one CPU at a time and waits until
// it is up.
bool start_cpu(CpuId cpu, void* stack_top);

// Call the first before the first start_cpu(), and the second when the last CPU is up. A CPU starts at a physical
// address; the code there is mapped one to one only between these two calls.
void map_start_of_cpus();
void unmap_start_of_cpus();

// Interrupts `cpu`: it leaves wait_for_interrupt() and calls scheduler_ipi() as soon as it takes interrupts.
void smp_send_reschedule(CpuId cpu);

// Stops `cpu` for ever. Before it stops, it calls `last_words` with the registers of the interrupted code, or with
// nullptr if it was waiting for another CPU with interrupts masked. Returns false if it does not answer within a
// second. For panic().
bool stop_cpu(CpuId cpu, void (*last_words)(const PtRegs* regs));

} // namespace faultline
