// The files of the terminal: reading, writing and polling. Opening is in jobctrl.cpp.
#include "abi/tty/tty.hpp"

#include <algorithm>

#include <arch/console.hpp>

#include <linux/fcntl.h>
#include <linux/poll.h>

#include "abi/fs/char_device.hpp"
#include "abi/fs/file.hpp"
#include "abi/fs/poll_table.hpp"
#include "abi/signal/signal.hpp"
#include "abi/tty/tty_struct.hpp"
#include "arch/contract/clock.hpp"
#include "base/late.hpp"
#include "kernel/upcalls.hpp"
#include "mm/upcalls.hpp"

namespace faultline {

namespace {

constinit Late<Tty> tty;
constinit Late<Timer> resume_input; // after a pause, for which a line that is too fast asked
constexpr u64 INPUT_PAUSE_NS = 4'000'000;

constexpr u8 control(char letter) { return static_cast<u8>(letter & 0x1f); }
constexpr u64 TENTH_NS = NSEC_PER_SEC / 10; // the unit of VTIME

Result<u32> partial(u32 done, Errno error) { return done == 0 ? Result<u32>(Err(error)) : Result<u32>(done); }

Result<void> await_input(File& file, u64 deadline_ns) {
    const auto ready = [&] { return tty->readable() != 0 || is_hung_up(*tty, file); };
    if (ready())
        return {};
    if ((file.flags & O_NONBLOCK) != 0)
        return Err(Errno::AGAIN);
    return wait_event_interruptible(tty->readers, ready, deadline_ns);
}

// Copies to the program what can be read, in canonical mode up to the end of a line.
Result<TtyInput> read_available(UserAddr buffer, u32 bytes) {
    TtyInput input;
    while (input.bytes < bytes && !input.end) {
        u8 chunk[256];
        const TtyInput part = n_tty_take(*tty, chunk, std::min(bytes - input.bytes, static_cast<u32>(sizeof chunk)));
        if (part.bytes == 0 && !part.end)
            break;
        if (copy_to_user(buffer + input.bytes, chunk, part.bytes) != 0)
            return Err(Errno::FAULT);
        input.bytes += part.bytes;
        input.end = part.end;
    }
    return input;
}

Result<u32> read_line(File& file, UserAddr buffer, u32 bytes) {
    for (;;) {
        TRY_VOID(await_input(file, NO_DEADLINE));
        const TtyInput input = TRY(read_available(buffer, bytes));
        if (input.bytes != 0 || input.end || is_hung_up(*tty, file))
            return input.bytes;
    }
}

// Noncanonical mode (termios(3)): reads VMIN bytes, or until VTIME passes without a byte.
Result<u32> read_raw(File& file, UserAddr buffer, u32 bytes) {
    const u32 least = tty->settings.c_cc[VMIN];
    const u64 patience_ns = tty->settings.c_cc[VTIME] * TENTH_NS;
    if (least == 0 && patience_ns == 0)
        return TRY(read_available(buffer, bytes)).bytes;
    const u32 wanted = std::min(std::max(least, 1u), bytes);
    u64 deadline = least == 0 ? clock_ns() + patience_ns : NO_DEADLINE;
    u32 done = 0;
    while (done < wanted && !is_hung_up(*tty, file)) {
        if (const auto waited = await_input(file, deadline); !waited.ok())
            return waited.error() == Errno::TIMEDOUT ? Result<u32>(done) : partial(done, waited.error());
        const auto input = read_available(buffer + done, bytes - done);
        if (!input.ok())
            return partial(done, input.error());
        done += input.value().bytes;
        if (patience_ns != 0)
            deadline = clock_ns() + patience_ns;
    }
    return done;
}

Result<u32> tty_read(File& file, UserAddr buffer, u32 bytes, u64&) {
    if (is_hung_up(*tty, file) || bytes == 0)
        return 0u;
    if (!is_console(file))
        TRY_VOID(tty_check_change(*tty, SIGTTIN));
    return tty->canonical() ? read_line(file, buffer, bytes) : read_raw(file, buffer, bytes);
}

Result<void> await_start(File& file) {
    if (!tty->stopped)
        return {};
    if ((file.flags & O_NONBLOCK) != 0)
        return Err(Errno::AGAIN);
    return wait_event_interruptible(tty->writers, [&] { return !tty->stopped || is_hung_up(*tty, file); });
}

Result<u32> tty_write(File& file, UserAddr buffer, u32 bytes, u64&) {
    if (is_hung_up(*tty, file))
        return Err(Errno::IO);
    if (!is_console(file) && tty->local(TOSTOP))
        TRY_VOID(tty_check_change(*tty, SIGTTOU));
    char chunk[256];
    u32 done = 0;
    while (done < bytes) {
        const u32 part = std::min(bytes - done, static_cast<u32>(sizeof chunk));
        const u32 copied = part - copy_from_user(chunk, buffer + done, part);
        for (u32 i = 0; i < copied; ++i) {
            if (const auto started = await_start(file); !started.ok())
                return partial(done, started.error());
            tty_output(*tty, static_cast<u8>(chunk[i]));
            ++done;
        }
        if (copied != part)
            return partial(done, Errno::FAULT);
        if (done < bytes && signal_pending())
            break;
        cond_resched();
    }
    return done;
}

u32 tty_poll(File& file, PollTable* table) {
    poll_wait(file, tty->readers, table);
    poll_wait(file, tty->writers, table);
    if (is_hung_up(*tty, file))
        return POLLIN | POLLOUT | POLLERR | POLLHUP | POLLRDNORM | POLLWRNORM;
    // In noncanonical mode without VTIME, the terminal is readable when VMIN bytes are there.
    const bool bulk = !tty->canonical() && tty->settings.c_cc[VTIME] == 0;
    const u32 least = bulk ? std::max<u32>(tty->settings.c_cc[VMIN], 1) : 1;
    u32 events = tty->readable() >= least ? POLLIN | POLLRDNORM : 0;
    events |= tty->stopped ? 0 : POLLOUT | POLLWRNORM;
    return events;
}

constinit const FileOps tty_file_ops{
    .read = tty_read,
    .write = tty_write,
    .ioctl = tty_ioctl,
    .poll = tty_poll,
    .open = tty_open,
};

constinit CharDevice devices[] = {
    {TTY_DEVICE, "/dev/tty", &tty_file_ops, 0666},
    {CONSOLE_DEVICE, "/dev/console", &tty_file_ops, 0600},
    {SERIAL_DEVICE, "/dev/ttyAMA0", &tty_file_ops, 0600},
};

} // namespace

Tty& serial_tty() { return *tty; }

// The settings are those of Linux's tty_std_termios.
void init_tty() {
    termios& settings = tty.emplace().settings;
    settings.c_iflag = ICRNL | IXON;
    settings.c_oflag = OPOST | ONLCR;
    settings.c_cflag = B38400 | CS8 | CREAD | HUPCL;
    settings.c_lflag = ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | IEXTEN;
    settings.c_cc[VINTR] = control('C');
    settings.c_cc[VQUIT] = control('\\');
    settings.c_cc[VERASE] = 127;
    settings.c_cc[VKILL] = control('U');
    settings.c_cc[VEOF] = control('D');
    settings.c_cc[VSTART] = control('Q');
    settings.c_cc[VSTOP] = control('S');
    settings.c_cc[VSUSP] = control('Z');
    settings.c_cc[VREPRINT] = control('R');
    settings.c_cc[VDISCARD] = control('O');
    settings.c_cc[VWERASE] = control('W');
    settings.c_cc[VLNEXT] = control('V');
    settings.c_cc[VMIN] = 1;
    resume_input.emplace().expired = [](Timer&) { console_resume_input(); };
    console_set_input([](u8 byte) { n_tty_receive(*tty, byte); },
                      [] { mod_timer(*resume_input, clock_ns() + INPUT_PAUSE_NS); });
    for (CharDevice& device : devices)
        register_chrdev(device);
}

} // namespace faultline
