// Reads the kernel's own account of what happened, without disturbing it: files are opened and buffers touched
// beforehand.
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <initializer_list>

#include <ulib/sys.hpp>

#include "user/scenarios/scenario.hpp"

namespace faultline {

namespace {

struct {
    const char* name;
    int expected_calls;
    bool act;
    bool counts_matter; // the kernel repairs as Linux does today, so the catalogue's count applies
    long count_fd = -1;
} current;

char boot_arguments[1024];
char count_text[256];

void read_boot_arguments() {
    const long fd = sys_open("/proc/cmdline", O_RDONLY);
    if (is_error(fd))
        return;
    sys_read(static_cast<int>(fd), boot_arguments, sizeof boot_arguments - 1);
    sys_close(static_cast<int>(fd));
}

} // namespace

bool boot_argument_is(const char* name, const char* value) {
    bool found = false;
    const std::size_t name_length = std::strlen(name);
    const std::size_t value_length = std::strlen(value);
    for (const char* word = boot_arguments; *word;) {
        const std::size_t length = std::strcspn(word, " \n");
        if (length > name_length && std::strncmp(word, name, name_length) == 0 && word[name_length] == '=')
            found = length == name_length + 1 + value_length && // the last one counts
                    std::strncmp(word + name_length + 1, value, value_length) == 0;
        word += length;
        word += std::strspn(word, " \n");
    }
    return found;
}

void begin(const CatalogueRow& row, bool act) {
    read_boot_arguments();
    bool another_repair = false;
    for (const char* repair : {"gup", "gup_dirty", "fixup_2011", "trap"})
        another_repair = another_repair || boot_argument_is("fault_in", repair);
    const int calls = hardware_sets_bits() ? row.calls_on_hardware : row.calls;
    current = {row.name, calls, act, !another_repair, sys_open("/proc/sys/kernel/futex_faultin_count", O_RDONLY)};
    fault_in_count(); // touches the buffer and the kernel's path to it
    tell("%s: %s\n", row.name, row.sentence);
}

bool hardware_sets_bits() { return boot_argument_is("ad_bits", "hardware"); }

void expect_calls(int calls) { current.expected_calls = calls; }

long fault_in_count() {
    if (is_error(current.count_fd))
        return -1;
    const long length = sys_pread(static_cast<int>(current.count_fd), count_text, sizeof count_text - 1, 0);
    if (length <= 0)
        fail("%s: reading futex_faultin_count: %s\n", current.name, errno_name(length));
    count_text[length] = '\0';
    long count = 0;
    for (const char* digit = count_text + std::strcspn(count_text, "0123456789"); *digit >= '0' && *digit <= '9';
         ++digit)
        count = count * 10 + (*digit - '0');
    return count;
}

void check_calls(long calls) {
    if (is_error(current.count_fd))
        return;
    tell("  fault_in_user_writeable ran %ld time%s.\n", calls, calls == 1 ? "" : "s");
    if (!current.counts_matter || current.expected_calls == UNCOUNTED)
        return;
    if (calls != current.expected_calls)
        fail("%s: fault_in_user_writeable was called %ld times, expected %d\n", current.name, calls,
             current.expected_calls);
}

void tell(const char* format, ...) {
    if (!current.act)
        return;
    char line[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    print("%s", line);
}

namespace {

// The kernel's line about the page: "ADDRESS: the software entry | hardware DESCRIPTOR: …". False: it has none.
bool read_entry(const void* page, char (&line)[256]) {
    // Opened each time: the file shows the process that opens it, and this may be a child.
    const long fd = sys_open("/proc/self/pte", O_RDONLY);
    if (is_error(fd))
        return false;
    // The file position is the address asked about; the answer is one line.
    const long length = sys_pread(static_cast<int>(fd), line, sizeof line - 1, reinterpret_cast<std::uintptr_t>(page));
    sys_close(static_cast<int>(fd));
    line[length > 0 ? length : 0] = '\0';
    line[std::strcspn(line, "\n")] = '\0';
    return length > 0;
}

} // namespace

bool entry_says(const void* page, const char* word) {
    char line[256];
    if (!read_entry(page, line))
        fail("%s: this kernel has no /proc/self/pte\n", current.name);
    return std::strstr(line, word) != nullptr;
}

long figure(const char* path, const char* name) {
    static char text[2048];
    const int fd = static_cast<int>(must(sys_open(path, O_RDONLY), path));
    const long length = must(sys_read(fd, text, sizeof text - 1), path);
    sys_close(fd);
    text[length] = '\0';
    const std::size_t name_length = std::strlen(name);
    for (const char* line = text; *line != '\0'; line += std::strspn(line, "\n")) {
        if (std::strncmp(line, name, name_length) == 0 && line[name_length] == ' ')
            return std::strtol(line + name_length, nullptr, 10);
        line += std::strcspn(line, "\n");
    }
    fail("%s: %s has no %s\n", current.name, path, name);
}

void show_entry(const char* when, const void* page) {
    char line[256];
    if (!current.act || !read_entry(page, line))
        return;
    char* hardware = std::strstr(line, " | hardware ");
    if (hardware == nullptr)
        return;
    *hardware = '\0';
    tell("  entry %s: %s\n", when, line);
    tell("  the machine %s: %s\n", when, hardware + std::strlen(" | hardware "));
}

void expect(const char* what, long actual, long expected) {
    if (actual == expected)
        return;
    if (is_error(actual) || is_error(expected))
        fail("%s: %s is %ld (%s), expected %ld (%s)\n", current.name, what, actual,
             is_error(actual) ? errno_name(actual) : "no error", expected,
             is_error(expected) ? errno_name(expected) : "no error");
    fail("%s: %s is %#lx, expected %#lx\n", current.name, what, static_cast<unsigned long>(actual),
         static_cast<unsigned long>(expected));
}

} // namespace faultline
