// Text, and the calls that print it and end the machine.
#include "tests/bench/program/output.hpp"

#include <linux/reboot.h>

#include <ulib/sys.hpp>

namespace faultline::bench {

void Text::add(u64 number) {
    char digits[21];
    unsigned at = sizeof digits;
    digits[--at] = 0;
    do
        digits[--at] = static_cast<char>('0' + number % 10);
    while (number /= 10);
    add(digits + at);
}

void Text::add_tenths(s64 tenths) {
    if (tenths < 0) {
        add("-");
        tenths = -tenths;
    }
    add(static_cast<u64>(tenths / 10));
    add(".");
    add(static_cast<u64>(tenths % 10));
}

void say(const char* line) { sys_write(1, line, __builtin_strlen(line)); }

void power_off() {
    system_call(__NR_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, LINUX_REBOOT_CMD_POWER_OFF, 0);
    sys_exit_group(0);
}

void require(bool good, const char* what, long result) {
    if (good)
        return;
    char line[160];
    Text text(line, sizeof line);
    text.add("bench: ");
    text.add(what);
    text.add(" failed: ");
    text.add(result < 0 ? "-" : "");
    text.add(static_cast<u64>(result < 0 ? -result : result));
    text.add("\n");
    say(line);
    power_off();
}

} // namespace faultline::bench
