// Reads /proc/meminfo, /proc/slabinfo and /proc/sys/fs/file-nr.
#include <ulib/resources.hpp>

#include <cstdlib>
#include <cstring>

#include <ulib/print.hpp>
#include <ulib/sys.hpp>

namespace faultline {

namespace {

constexpr long KIB_PER_PAGE = PAGE_SIZE / 1024;

void read_file(const char* path, char* text, std::size_t room) {
    const int fd = static_cast<int>(must(sys_open(path, O_RDONLY | O_CLOEXEC), path));
    std::size_t length = 0;
    while (length < room - 1) {
        const long more = must(sys_read(fd, text + length, room - 1 - length), path);
        if (more == 0)
            break;
        length += static_cast<std::size_t>(more);
    }
    sys_close(fd);
    text[length] = '\0';
}

// Calls `use(name, its length, objects, slabs)` for each line.
template <class Use>
void each_line(const char* text, Use&& use) {
    const char* line = std::strchr(std::strchr(text, '\n') + 1, '\n') + 1; // behind two lines of headings
    for (; *line != '\0'; line = std::strchr(line, '\n') + 1)
        use(line, std::strcspn(line, " "), std::strtol(std::strchr(line, ' '), nullptr, 10),
            std::strtol(std::strstr(line, "slabdata ") + 9, nullptr, 10));
}

} // namespace

long number_in(const char* path, const char* before) {
    char text[4096];
    read_file(path, text, sizeof text);
    const char* const found = std::strstr(text, before);
    if (found == nullptr)
        fail("%s has no %s\n", path, before);
    return std::strtol(found + std::strlen(before), nullptr, 10);
}

void Slabs::read() { read_file("/proc/slabinfo", text_, sizeof text_); }

long Slabs::objects(const char* kind) const {
    long number = 0;
    each_line(text_, [&](const char* name, std::size_t length, long objects, long) {
        number += std::strlen(kind) == length && std::strncmp(kind, name, length) == 0 ? objects : 0;
    });
    return number;
}

long Slabs::objects() const {
    long number = 0;
    each_line(text_, [&](const char*, std::size_t, long objects, long) { number += objects; });
    return number;
}

long Slabs::pages() const {
    long number = 0;
    each_line(text_, [&](const char*, std::size_t, long, long slabs) { number += slabs; });
    return number;
}

void Slabs::tell_differences(const Slabs& after, const char* who) const {
    each_line(after.text_, [&](const char* name, std::size_t length, long objects, long) {
        char kind[32] = {};
        std::strncpy(kind, name, length < sizeof kind ? length : sizeof kind - 1);
        if (const long before = this->objects(kind); before != objects)
            complain("%s: %s: %ld in use before, %ld afterwards\n", who, kind, before, objects);
    });
}

void take_resources(Resources& resources) {
    const int fd = static_cast<int>(must(sys_open("/proc/sys/vm/drop_caches", O_WRONLY | O_CLOEXEC), "drop_caches"));
    must(sys_write(fd, "3\n", 2), "drop_caches");
    sys_close(fd);
    resources.slabs.read();
    const long own_kib = number_in("/proc/self/status", "RssAnon:");
    resources.free_kib = number_in("/proc/meminfo", "MemFree:") + resources.slabs.pages() * KIB_PER_PAGE + own_kib;
    resources.small_objects = resources.slabs.objects();
    resources.open_files = number_in("/proc/sys/fs/file-nr", "");
}

} // namespace faultline
