// The trace port: a file of the semihosting host, in the directory in which it runs. The host takes the bytes while the CPU
// waits, so nothing is lost, and nobody needs to drain anything.
#include <arch/trace_port.hpp>

#include "arch/arm/semihosting.hpp"

namespace faultline {

namespace {

constexpr u32 SYS_OPEN = 0x01, SYS_WRITE = 0x05; // ARM DUI 0471, Semihosting operations
constexpr u32 OPEN_FOR_WRITING = 5;              // fopen(3): "wb"

constinit s32 handle = -1;

} // namespace

bool trace_port_open() {
    static constexpr char NAME[] = "trace.port";
    const u32 arguments[] = {reinterpret_cast<u32>(NAME), OPEN_FOR_WRITING, sizeof NAME - 1};
    handle = static_cast<s32>(semihosting_call(SYS_OPEN, arguments));
    return handle > 0;
}

// The host answers with the number of bytes that it did not write.
bool trace_port_write(const void* data, u32 bytes) {
    const u32 arguments[] = {static_cast<u32>(handle), reinterpret_cast<u32>(data), bytes};
    return semihosting_call(SYS_WRITE, arguments) == 0;
}

} // namespace faultline
