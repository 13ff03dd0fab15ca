// The settings of the terminal (ioctl_tty(2)).
#include <cstring>

#include <asm/ioctls.h>

#include "abi/fs/file.hpp"
#include "abi/signal/jobctl.hpp"
#include "abi/signal/signal.hpp"
#include "abi/tty/tty_struct.hpp"

namespace faultline {

namespace {

// Whether a request changes the terminal for all its users. A background job that makes one is stopped first.
bool is_change(u32 request) {
    switch (request) {
    case TCSETS:
    case TCSETSW:
    case TCSETSF:
    case TCSBRK:
    case TCSBRKP:
    case TCXONC:
    case TCFLSH:
        return true;
    default:
        return false;
    }
}

Result<s32> set_window(Tty& tty, UserAddr from) {
    winsize window;
    TRY_VOID(copy_struct_from_user(&window, from, sizeof window));
    if (std::memcmp(&window, &tty.window, sizeof window) == 0)
        return 0;
    tty.window = window;
    if (tty.pgrp != 0)
        kill_pgrp(tty.pgrp, SIGWINCH);
    return 0;
}

Result<s32> flush(Tty& tty, u32 which) {
    if (which != TCIFLUSH && which != TCOFLUSH && which != TCIOFLUSH)
        return Err(Errno::INVAL);
    // Output needs no flush: it is sent when write(2) returns.
    if (which != TCOFLUSH)
        n_tty_flush_input(tty);
    return 0;
}

Result<s32> flow(Tty& tty, u32 action) {
    switch (action) {
    case TCOOFF:
        tty_stop(tty);
        return 0;
    case TCOON:
        tty_start(tty);
        return 0;
    // The sender is not told to wait, because it cannot overrun an emulated line.
    case TCIOFF:
    case TCION:
        return 0;
    default:
        return Err(Errno::INVAL);
    }
}

Result<s32> put_number(UserAddr to, u32 number) {
    TRY_VOID(put_user_u32(to, number));
    return 0;
}

} // namespace

Result<s32> tty_ioctl(File& file, u32 request, u32 argument) {
    Tty& tty = serial_tty();
    const UserAddr user(argument);
    if (is_hung_up(tty, file))
        return Err(request == TIOCSPGRP ? Errno::NOTTY : Errno::IO);
    if (is_change(request))
        TRY_VOID(tty_check_change(tty, SIGTTOU));
    switch (request) {
    case TCGETS: {
        const termios settings = tty.settings;
        TRY_VOID(copy_struct_to_user(user, &settings, sizeof settings));
        return 0;
    }
    case TCSETS:
    case TCSETSW:
    case TCSETSF: {
        termios settings;
        TRY_VOID(copy_struct_from_user(&settings, user, sizeof settings));
        n_tty_set_termios(tty, settings, request == TCSETSF);
        return 0;
    }
    case TIOCGWINSZ: {
        const winsize window = tty.window;
        TRY_VOID(copy_struct_to_user(user, &window, sizeof window));
        return 0;
    }
    case TIOCSWINSZ:
        return set_window(tty, user);
    case FIONREAD:
        return put_number(user, tty.readable());
    case TIOCOUTQ:
        return put_number(user, 0);
    case TIOCGETD:
        return put_number(user, 0); // N_TTY
    case TCFLSH:
        return flush(tty, argument);
    case TCXONC:
        return flow(tty, argument);
    // No break is sent, and there is no output to wait for (tcsendbreak(3), tcdrain(3)).
    case TCSBRK:
    case TCSBRKP:
        return 0;
    default:
        return tty_jobctrl_ioctl(tty, file, request, argument);
    }
}

} // namespace faultline
