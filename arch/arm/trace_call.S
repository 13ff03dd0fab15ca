// What a station calls while it is watched (<arch/trace_call.hpp>).

#include "arch/arm/unwind.inc"

// C++ name, as the Itanium ABI mangles it.
#define trace_record _ZN9faultline12trace_recordEjRKSt5arrayIjLj4EEj

// On the stack, from sp on: the station's lr, the head, four words.
#define STATION_BYTES 24
#define SAVED_BYTES 32

    .syntax unified
    .cfi_sections .debug_frame

    .text
    .arm
    .global trace_from_station
    .type trace_from_station, %function
// Calls trace_record(head, words, lr). All registers and flags keep their values.
trace_from_station:
    .fnstart
    .cfi_startproc
    .cfi_def_cfa sp, STATION_BYTES
    .cfi_offset lr, -STATION_BYTES
    push {r0-r5, ip, lr}
    mrs r4, cpsr
    mov r5, sp
    .unwind_raw 20, 0x04            @ fifth: sp += 20
    .unwind_raw 4, 0x84, 0x00       @ pop {lr}
    .unwind_raw 16, 0x89, 0x03      @ pop {r4, r5, ip, pc}
    .unwind_raw 16, 0xb1, 0x0f      @ pop {r0-r3}
    .unwind_raw 0, 0x95             @ first: sp = r5
    .cfi_def_cfa r5, STATION_BYTES + SAVED_BYTES
    .cfi_offset r4, -STATION_BYTES - 16
    .cfi_offset r5, -STATION_BYTES - 12
    .cfi_offset pc, -STATION_BYTES - 4
    ldr r0, [sp, #SAVED_BYTES + 4]
    add r1, sp, #SAVED_BYTES + 8
    mov r2, lr
    bic sp, sp, #7
    bl trace_record
    mov sp, r5
    msr cpsr_f, r4
    pop {r0-r5, ip, pc}
    .cfi_endproc
    .fnend
    unwind_end
