// Kernel messages on the console.
#include "kernel/debug/printk.hpp"

#include <arch/console.hpp>

#include <cstdarg>

#include "arch/contract/clock.hpp"
#include "base/format.hpp"
#include "base/irq_guard.hpp"
#include "base/relaxed.hpp"
#include "base/spinlock.hpp"

namespace faultline {

constinit int console_loglevel = 7;

namespace {
inline constexpr std::size_t LINE_SIZE = 512; // on the kernel stack

constinit SpinLock line_lock("printk");
constinit Relaxed<bool> lock_is_broken = false;

// Keeps lines from mixing. After bust_printk_lock() it takes a lock of its own instead, because the holder of the other
// one may have been stopped.
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

// The last LOG_SIZE bytes of messages, in whole lines; line_lock guards it.
constinit char log_bytes[LOG_SIZE];
constinit u64 log_position = 0; // bytes since boot

// The other end may be a terminal. So a carriage return goes before each newline, as for the lines of programs (Linux:
// uart_console_write). Caller holds line_lock.
void write_console(const char* line, std::size_t length) {
    for (std::size_t i = 0; i < length; ++i) {
        if (line[i] == '\n')
            console_write("\r", 1);
        console_write(&line[i], 1);
    }
}

void write_line(const char* line, std::size_t length) {
    const WholeLine whole_line;
    write_console(line, length);
}

// Caller holds line_lock.
void keep(const char* line, std::size_t length) {
    for (std::size_t i = 0; i < length; ++i)
        log_bytes[log_position++ % LOG_SIZE] = line[i];
}
char kept(u64 position) { return log_bytes[position % LOG_SIZE]; }

// The position after the line that `position` is in. Caller holds line_lock.
u64 line_end(u64 position) {
    while (kept(position++) != '\n')
        ;
    return position;
}

void vprintk(PrintkLevel level, const char* format, va_list arguments) {
    constexpr std::size_t PREFIX = 3; // "<6>", which the console does not get
    char line[LINE_SIZE];
    const u64 microseconds = clock_ns() / 1000;
    std::size_t length =
        scnprintf(line, sizeof(line) - 1, "<%d>[%5u.%06u] ", static_cast<int>(level),
                  static_cast<u32>(microseconds / 1'000'000), static_cast<u32>(microseconds % 1'000'000));
    length += vscnprintf(line + length, sizeof(line) - 1 - length, format, arguments);
    line[length++] = '\n';
    const WholeLine whole_line;
    keep(line, length);
    if (level < console_loglevel)
        write_console(line + PREFIX, length - PREFIX);
}

} // namespace

void bust_printk_lock() { lock_is_broken = true; }

void printk(PrintkLevel level, const char* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vprintk(level, format, arguments);
    va_end(arguments);
}

void printk_ratelimited(RateLimit& limit, const char* kind, PrintkLevel level, const char* format, ...) {
    const RateLimit::Answer answer = limit.ask(clock_ns());
    if (answer.missed != 0)
        printk(level, "%s: %u messages suppressed", kind, answer.missed);
    if (!answer.permitted)
        return;
    va_list arguments;
    va_start(arguments, format);
    vprintk(level, format, arguments);
    va_end(arguments);
}

u64 log_end() {
    const WholeLine whole_line;
    return log_position;
}

LogPart log_copy(u64 from, char* buffer, std::size_t size) {
    const WholeLine whole_line;
    if (log_position > LOG_SIZE && from < log_position - LOG_SIZE)
        from = line_end(log_position - LOG_SIZE); // the oldest line is cut
    LogPart part{from, 0};
    while (part.next < log_position) {
        const u64 end = line_end(part.next);
        if (end - part.next > size - part.length)
            break;
        while (part.next < end)
            buffer[part.length++] = kept(part.next++);
    }
    return part;
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
