// The terminal's initial settings, and what the settings do: termios(3), ioctl_tty(2).
#include "check.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <sys/time.h>
#include <termios.h>

static long milliseconds(void) {
    struct timeval now;
    gettimeofday(&now, NULL);
    return now.tv_sec * 1000 + now.tv_usec / 1000;
}

static void defaults(int fd) {
    struct termios t;
    WORKS(tcgetattr(fd, &t));
    CHECK(t.c_iflag == (ICRNL | IXON));
    CHECK(t.c_oflag == (OPOST | ONLCR));
    CHECK(t.c_lflag == (ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | IEXTEN));
    CHECK((t.c_cflag & (CSIZE | CREAD | HUPCL)) == (CS8 | CREAD | HUPCL));
    static const char keys[] = {[VINTR] = 3,      [VQUIT] = 034,    [VERASE] = 0177, [VKILL] = 025, [VEOF] = 4,
                                [VTIME] = 0,      [VMIN] = 1,       [VSTART] = 021,  [VSTOP] = 023, [VSUSP] = 032,
                                [VREPRINT] = 022, [VDISCARD] = 017, [VWERASE] = 027, [VLNEXT] = 026};
    CHECK(memcmp(t.c_cc, keys, sizeof keys) == 0);
}

static void reads_without_input(int fd, struct termios t) {
    char bytes[4];
    t.c_lflag &= ~(ICANON | ECHO);
    t.c_cc[VMIN] = 0;
    t.c_cc[VTIME] = 0;
    WORKS(tcsetattr(fd, TCSAFLUSH, &t));
    CHECK(read(fd, bytes, 4) == 0);
    t.c_cc[VTIME] = 3;
    WORKS(tcsetattr(fd, TCSANOW, &t));
    const long before = milliseconds();
    CHECK(read(fd, bytes, 4) == 0);
    const long waited = milliseconds() - before;
    CHECK(waited >= 250 && waited < 2000);
    fcntl(fd, F_SETFL, O_NONBLOCK);
    t.c_cc[VMIN] = 1;
    t.c_cc[VTIME] = 0;
    WORKS(tcsetattr(fd, TCSADRAIN, &t));
    FAILS(read(fd, bytes, 4), EAGAIN);
    fcntl(fd, F_SETFL, 0);
    struct pollfd poller = {fd, POLLIN | POLLOUT, 0};
    CHECK(poll(&poller, 1, 0) == 1 && poller.revents == POLLOUT);
}

static volatile sig_atomic_t changes;
static void changed(int sig) { changes += sig == SIGWINCH; }

static void window(int fd) {
    struct winsize size = {0};
    WORKS(ioctl(fd, TIOCGWINSZ, &size));
    CHECK(size.ws_row == 0 && size.ws_col == 0); // a serial line does not know its size
    signal(SIGWINCH, changed);
    size.ws_row = 33;
    size.ws_col = 101;
    WORKS(ioctl(fd, TIOCSWINSZ, &size));
    WORKS(ioctl(fd, TIOCSWINSZ, &size)); // no change, no signal
    memset(&size, 0, sizeof size);
    WORKS(ioctl(fd, TIOCGWINSZ, &size));
    CHECK(size.ws_row == 33 && size.ws_col == 101 && changes == 1);
    memset(&size, 0, sizeof size);
    ioctl(fd, TIOCSWINSZ, &size);
}

static void session(void) {
    setsid();
    const int fd = open("/dev/ttyAMA0", O_RDWR);
    CHECK(fd >= 0);
    struct termios t;
    defaults(fd);
    tcgetattr(fd, &t);
    reads_without_input(fd, t);
    window(fd);
    int number = -1;
    CHECK(ioctl(fd, FIONREAD, &number) == 0 && number == 0);
    WORKS(tcflush(fd, TCIOFLUSH));
    FAILS(tcflush(fd, 77), EINVAL);
    WORKS(tcdrain(fd));
    FAILS(ioctl(fd, 0x5499, 0), ENOTTY);
    FAILS(ioctl(fd, TCGETS, (void*)4), EFAULT);
    FAILS(lseek(fd, 0, SEEK_SET), ESPIPE);
    WORKS(tcsetattr(fd, TCSANOW, &t));
}

int main(void) {
    CHILD_OK(session());
    return failures != 0;
}
