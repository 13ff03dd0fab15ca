// The line discipline. Bytes arrive by interrupt into a ring; in canonical mode only what lies before
// `committed`, whole lines, can be read.
#include "kernel/drivers/tty.hpp"

#include <algorithm>
#include <cstring>

#include <arch/console.hpp>
#include <arch/irq.hpp>

#include <asm/ioctls.h>
#include <asm/termbits.h>
#include <linux/fcntl.h>
#include <linux/poll.h>

#include "base/late.hpp"
#include "kernel/fs/poll.hpp"
#include "kernel/sched/wait.hpp"

namespace faultline {

namespace {

constexpr u32 RING = 4096;
constexpr u16 END_OF_FILE = 0x100; // stands in the ring where ^D was typed
constexpr u8 BACKSPACE = 8, NEWLINE = 10, CARRIAGE_RETURN = 13, DELETE = 127;
constexpr u8 control(char letter) { return static_cast<u8>(letter & 0x1f); }

struct WindowSize { // struct winsize; a serial line does not know its own
    u16 rows = 0, columns = 0, x_pixels = 0, y_pixels = 0;
};

// Masking interrupts guards all of it.
struct Tty {
    termios settings{};
    WindowSize window;
    s32 foreground_group = 0;
    u16 ring[RING];
    u32 head = 0, committed = 0,
        tail = 0; // counted modulo 2^32: put here, readable up to here, taken from here
    WaitQueue readers;

    bool canonical() const { return (settings.c_lflag & ICANON) != 0; }
    u32 readable() const { return (canonical() ? committed : head) - tail; }
};

constinit Late<Tty> tty;

void echo(u8 byte) {
    if ((tty->settings.c_lflag & ECHO) == 0)
        return;
    if (byte == NEWLINE)
        console_write("\r\n", 2);
    else if (byte < 32 && byte != '\t') {
        const char caret[2] = {'^', static_cast<char>(byte + 64)};
        console_write(caret, 2);
    } else
        console_write(reinterpret_cast<const char*>(&byte), 1);
}

void put(u16 item) {
    if (tty->head - tty->tail < RING) // a full ring loses what is typed, as a UART would
        tty->ring[tty->head++ % RING] = item;
}

void commit() {
    tty->committed = tty->head;
    wake_up_all(tty->readers);
    poll_wake();
}

void erase_one() {
    if (tty->head == tty->committed)
        return;
    --tty->head;
    if ((tty->settings.c_lflag & ECHOE) != 0 && (tty->settings.c_lflag & ECHO) != 0)
        console_write("\b \b", 3);
}

void receive(u8 byte) {
    IrqGuard irqs;
    const termios& settings = tty->settings;
    if (byte == CARRIAGE_RETURN && (settings.c_iflag & IGNCR) != 0)
        return;
    if (byte == CARRIAGE_RETURN && (settings.c_iflag & ICRNL) != 0)
        byte = NEWLINE;
    else if (byte == NEWLINE && (settings.c_iflag & INLCR) != 0)
        byte = CARRIAGE_RETURN;
    if (!tty->canonical()) {
        echo(byte);
        put(byte);
        commit();
    } else if (byte == settings.c_cc[VERASE] || byte == BACKSPACE) {
        erase_one();
    } else if (byte == settings.c_cc[VKILL]) {
        while (tty->head != tty->committed)
            erase_one();
    } else if (byte == settings.c_cc[VEOF]) {
        put(END_OF_FILE);
        commit();
    } else {
        echo(byte);
        put(byte);
        if (byte == NEWLINE || (byte != 0 && byte == settings.c_cc[VEOL]))
            commit();
    }
}

// Takes what one read may have: at most a line in canonical mode.
u32 take(u8* buffer, u32 bytes) {
    IrqGuard irqs;
    u32 done = 0;
    while (done < bytes && tty->readable() != 0) {
        const u16 item = tty->ring[tty->tail++ % RING];
        if (item == END_OF_FILE) {
            if (tty->canonical())
                break;
            continue;
        }
        buffer[done++] = static_cast<u8>(item);
        if (tty->canonical() && item == NEWLINE)
            break;
    }
    return done;
}

Result<u32> tty_read(File& file, UserAddr buffer, u32 bytes, u64&) {
    if (bytes == 0)
        return 0u;
    const bool wait = tty->canonical() || tty->settings.c_cc[VMIN] != 0;
    if (tty->readable() == 0) {
        if ((file.flags & O_NONBLOCK) != 0)
            return Err(Errno::AGAIN);
        if (!wait)
            return 0u;
        TRY_VOID(wait_event_interruptible(tty->readers, [] { return tty->readable() != 0; }));
    }
    u8 line[256];
    u32 done = 0;
    while (done < bytes) {
        const u32 part = take(line, std::min(bytes - done, static_cast<u32>(sizeof line)));
        const u32 copied = part - copy_to_user(buffer + done, line, part);
        done += copied;
        if (copied != part)
            return done == 0 ? Result<u32>(Err(Errno::FAULT)) : Result<u32>(done);
        if (part < sizeof line || (tty->canonical() && line[part - 1] == NEWLINE))
            break;
    }
    return done;
}

Result<u32> tty_write(File&, UserAddr buffer, u32 bytes, u64&) {
    char chunk[256];
    u32 done = 0;
    while (done < bytes) {
        const u32 part = std::min(bytes - done, static_cast<u32>(sizeof chunk));
        const u32 copied = part - copy_from_user(chunk, buffer + done, part);
        console_write(chunk, copied);
        done += copied;
        if (copied != part)
            return done == 0 ? Result<u32>(Err(Errno::FAULT)) : Result<u32>(done);
    }
    return done;
}

void change_settings(const termios& settings, bool flush_input) {
    IrqGuard irqs;
    tty->settings = settings;
    if (flush_input)
        tty->tail = tty->committed = tty->head;
    commit(); // an unfinished line can be read now, or waits for its end no longer than before
}

Result<s32> tty_ioctl(File&, u32 request, u32 argument) {
    const UserAddr user(argument);
    switch (request) {
    case TCGETS: {
        const termios settings = tty->settings;
        TRY_VOID(copy_struct_to_user(user, &settings, sizeof settings));
        return 0;
    }
    case TCSETS:
    case TCSETSW:
    case TCSETSF: {
        termios settings;
        TRY_VOID(copy_struct_from_user(&settings, user, sizeof settings));
        change_settings(settings, request == TCSETSF);
        return 0;
    }
    case TIOCGWINSZ: {
        const WindowSize window = tty->window;
        TRY_VOID(copy_struct_to_user(user, &window, sizeof window));
        return 0;
    }
    case TIOCSWINSZ: {
        WindowSize window;
        TRY_VOID(copy_struct_from_user(&window, user, sizeof window));
        tty->window = window;
        return 0;
    }
    case TIOCGPGRP:
        TRY_VOID(put_user_u32(user, static_cast<u32>(tty->foreground_group)));
        return 0;
    case TIOCSPGRP:
        tty->foreground_group = static_cast<s32>(TRY(get_user_u32(user)));
        return 0;
    case FIONREAD:
        TRY_VOID(put_user_u32(user, tty->readable()));
        return 0;
    case TCFLSH: {
        IrqGuard irqs;
        if (argument != TCOFLUSH)
            tty->tail = tty->committed = tty->head;
        return 0;
    }
    case TIOCSCTTY:
    case TCSBRK: // output is out when write returns
        return 0;
    default:
        return Err(Errno::NOTTY);
    }
}

} // namespace

constinit const FileOps tty_file_ops{
    .read = tty_read,
    .write = tty_write,
    .ioctl = tty_ioctl,
    .poll = [](File&) -> u32 {
        return POLLOUT | POLLWRNORM | (tty->readable() != 0 ? POLLIN | POLLRDNORM : 0);
    },
};

void init_tty() {
    termios& settings = tty.emplace().settings;
    settings.c_iflag = ICRNL;
    settings.c_cflag = B38400 | CS8 | CREAD | HUPCL;
    settings.c_lflag = ICANON | ECHO | ECHOE | ECHOK;
    settings.c_cc[VEOF] = control('D');
    settings.c_cc[VERASE] = DELETE;
    settings.c_cc[VKILL] = control('U');
    settings.c_cc[VINTR] = control('C');
    settings.c_cc[VQUIT] = control('\\');
    settings.c_cc[VSUSP] = control('Z');
    settings.c_cc[VMIN] = 1;
    console_set_input(receive);
}

} // namespace faultline
