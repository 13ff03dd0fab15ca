// The PL011 UART (ARM DDI 0183) as console: bytes out, bytes in. No translation of any byte.
#pragma once

#include "base/types.hpp"

namespace faultline {

// Writes exactly these bytes; returns when the last is in the UART's FIFO. Callable anywhere, interrupts or
// panics included; before the UART is known (early boot) the bytes go to the debugger's semihosting channel.
void console_write(const char* bytes, u32 count);

// `receive` is called in interrupt context with every byte that arrives from now on.
void console_set_input(void (*receive)(u8 byte));

} // namespace faultline
