// PL011 UART (ARM DDI 0183G chapter 3). Output polls, input uses the interrupt. The speed stays as the firmware or QEMU
// set it.
#include <arch/console.hpp>
#include <arch/interrupts.hpp>
#include <arch/io.hpp>

#include "arch/arm/semihosting.hpp"
#include "arch/arm/setup.hpp"
#include "arch/contract/clock.hpp"
#include "base/irq_guard.hpp"
#include "base/spinlock.hpp"

namespace faultline {

namespace {

inline constexpr u32 UARTDR = 0x000;
inline constexpr u32 UARTFR = 0x018;
inline constexpr u32 UARTLCR_H = 0x02c;
inline constexpr u32 UARTCR = 0x030;
inline constexpr u32 UARTIMSC = 0x038;
inline constexpr u32 UARTICR = 0x044;

inline constexpr u32 FR_RXFE = 1u << 4; // the receive FIFO is empty
inline constexpr u32 FR_TXFF = 1u << 5; // the transmit FIFO is full
inline constexpr u32 LCR_8BIT_FIFO = 0x70;
inline constexpr u32 CR_ENABLE = 0x301;  // UARTEN, TXE, RXE
inline constexpr u32 INT_RECEIVE = 0x50; // receive level; receive timeout, for bytes that stay below that level

constinit void* uart = nullptr;
constinit void (*receiver)(u8) = nullptr;
constinit void (*pauser)() = nullptr;
constinit SpinLock transmitter("PL011"); // taken with interrupts masked

// A line that delivers faster than this, as only an emulated one does, must wait: else its CPU would do nothing else.
inline constexpr u32 BYTES_AT_ONCE = 256; // Linux: pl011_fifo_to_tty
inline constexpr u64 PERIOD_NS = 4'000'000;

// How many bytes may still be taken before the line has to pause. On the CPU that takes the interrupt.
bool may_take_another(u64 now_ns) {
    static constinit u64 period_began_ns = 0;
    static constinit u32 taken = 0;
    if (now_ns - period_began_ns >= PERIOD_NS) {
        period_began_ns = now_ns;
        taken = 0;
    }
    return taken++ < BYTES_AT_ONCE;
}

void receive_interrupt(void*) {
    const u64 now = clock_ns();
    write32(uart, UARTICR, INT_RECEIVE);
    while ((read32(uart, UARTFR) & FR_RXFE) == 0) {
        if (!may_take_another(now)) {
            write32(uart, UARTIMSC, 0);
            return pauser();
        }
        const u8 byte = static_cast<u8>(read32(uart, UARTDR));
        if (receiver != nullptr)
            receiver(byte);
    }
}

} // namespace

void console_init(const DeviceInfo& device) {
    void* registers = ioremap(device.base, device.bytes);
    write32(registers, UARTIMSC, 0);
    write32(registers, UARTCR, 0);
    write32(registers, UARTLCR_H, LCR_8BIT_FIFO);
    write32(registers, UARTCR, CR_ENABLE);
    uart = registers;
}

void console_init_input(const DeviceInfo& device) {
    request_irq(device.intid, receive_interrupt, nullptr, "uart-pl011");
}

void console_set_input(void (*receive)(u8 byte), void (*pause)()) {
    receiver = receive;
    pauser = pause;
    write32(uart, UARTIMSC, INT_RECEIVE);
}

// The interrupt that announced the bytes in the FIFO was acknowledged before the pause. So it takes them itself.
void console_resume_input() {
    write32(uart, UARTIMSC, INT_RECEIVE);
    receive_interrupt(nullptr);
}

void console_write(const char* bytes, u32 count) {
    const IrqGuard irqs;
    const Guard lock(transmitter);
    for (u32 i = 0; i < count; ++i) {
        if (uart == nullptr) {
            semihosting_write(bytes[i]);
            continue;
        }
        while ((read32(uart, UARTFR) & FR_TXFF) != 0) {
        }
        write32(uart, UARTDR, static_cast<u8>(bytes[i]));
    }
}

} // namespace faultline
