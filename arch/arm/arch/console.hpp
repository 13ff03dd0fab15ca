// The PL011 UART (ARM DDI 0183) as console: bytes out, bytes in. No byte is translated.
#pragma once

#include "base/types.hpp"

namespace faultline {

// Writes `count` bytes; returns when the last one is in the UART's FIFO. Callable anywhere, in interrupt handlers and
// in panics too. It takes the spin lock "PL011" with interrupts masked. In early boot, before the UART is known, the
// bytes go to the debugger's semihosting channel.
void console_write(const char* bytes, u32 count);

// From now on `receive` is called in interrupt context with every byte that arrives. If bytes come so fast that their
// CPU would do nothing else, `pause` is called instead, once, and no more come until console_resume_input(). Called
// once, by the terminal.
void console_set_input(void (*receive)(u8 byte), void (*pause)());

// Takes the bytes that have waited, and goes on. In interrupt context on the CPU where `pause` was called.
void console_resume_input();

} // namespace faultline
