// Kernel messages on the console.
#include "kernel/debug/printk.hpp"

#include <arch/console.hpp>

#include <cstdarg>

#include "arch/contract/clock.hpp"
#include "base/irq_guard.hpp"
#include "base/relaxed.hpp"
#include "base/spinlock.hpp"
#include "kernel/debug/format.hpp"

namespace faultline {

constinit int console_loglevel = 7;

namespace {
inline constexpr std::size_t LINE_SIZE = 512; // on the kernel stack

constinit SpinLock line_lock("printk");
constinit Relaxed<bool> lock_is_broken = false;

// Keeps lines from mixing. After bust_printk_lock() it takes a lock of its own instead, because the holder of the other one
// may have been stopped.
class [[nodiscard]] WholeLine {
  public:
    WholeLine() : held_(lock_is_broken ? nobodys_ : line_lock) {}
    WholeLine(const WholeLine&) = delete;
    WholeLine& operator=(const WholeLine&) = delete;

  private:
    IrqGuard irqs_;
    SpinLock nobodys_;
    Guard<SpinLock> held_;
};

// The other end may be a terminal. So a carriage return goes before each newline, as for the lines of programs (Linux:
// uart_console_write).
void write_line(const char* line, std::size_t length) {
    const WholeLine whole_line;
    for (std::size_t i = 0; i < length; ++i) {
        if (line[i] == '\n')
            console_write("\r", 1);
        console_write(&line[i], 1);
    }
}
} // namespace

void bust_printk_lock() { lock_is_broken = true; }

void printk(PrintkLevel level, const char* format, ...) {
    if (level >= console_loglevel)
        return;
    char line[LINE_SIZE];
    const u64 microseconds = clock_ns() / 1000;
    std::size_t length = scnprintf(line, sizeof(line) - 1, "[%5u.%06u] ", static_cast<u32>(microseconds / 1'000'000),
                                   static_cast<u32>(microseconds % 1'000'000));
    va_list arguments;
    va_start(arguments, format);
    length += vscnprintf(line + length, sizeof(line) - 1 - length, format, arguments);
    va_end(arguments);
    line[length++] = '\n';
    write_line(line, length);
}

void console_printf(const char* format, ...) {
    char text[LINE_SIZE];
    va_list arguments;
    va_start(arguments, format);
    const std::size_t length = vscnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    write_line(text, length);
}

} // namespace faultline
