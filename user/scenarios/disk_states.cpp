// The page states of a file with storage behind it: the machine's disk.
#include <ulib/print.hpp>
#include <ulib/sys.hpp>

#include "user/scenarios/scenario.hpp"
#include "user/scenarios/states.hpp"

namespace faultline {

namespace {

constexpr const char* DISK = "/dev/vda";

int open_disk() { return static_cast<int>(must(sys_open(DISK, O_RDWR), DISK)); }

// A mapping of the disk's first page, in which `initial` is already.
Word* mapped(u32 initial, int flags = MAP_SHARED) {
    const int fd = open_disk();
    const u32 content[] = {initial, MARKER};
    must(sys_pwrite(fd, content, sizeof content, 0), "write to the disk");
    must(sys_fsync(fd), "fsync");
    return map_words(1, flags, fd);
}

Place written_to_disk(u32 initial) { return written(map_words(1, MAP_SHARED, open_disk()), initial); }

void set(const char* path, const char* value) {
    const int fd = static_cast<int>(must(sys_open(path, O_WRONLY), path));
    must(sys_write(fd, value, 4), path);
    sys_close(fd);
}

} // namespace

Place disk_untouched(u32 initial) { return place(mapped(initial), true); }

Place disk_read(u32 initial) {
    const Place at = disk_untouched(initial);
    at.word->load();
    return at;
}

Place disk_msync(u32 initial) {
    const Place at = written_to_disk(initial);
    must(sys_msync(at.word, PAGE_SIZE, MS_SYNC), "msync");
    return at;
}

Place disk_fsync(u32 initial) {
    const Place at = written_to_disk(initial);
    must(sys_fsync(open_disk()), "fsync");
    return at;
}

Place disk_msync_aged(u32 initial) {
    const Place at = disk_msync(initial);
    age_all_pages();
    return at;
}

Place disk_flushed(u32 initial) {
    set("/proc/sys/vm/dirty_expire_centisecs", "1   ");
    set("/proc/sys/vm/dirty_writeback_centisecs", "1   ");
    const Place at = written_to_disk(initial);
    const long cleaned = figure("/proc/vmstat", "nr_written");
    while (entry_says(at.word, " dirty "))
        sys_nanosleep(0, 2'000'000);
    tell("  The flusher has written %ld page of the disk.\n", figure("/proc/vmstat", "nr_written") - cleaned);
    set("/proc/sys/vm/dirty_writeback_centisecs", "500 ");
    set("/proc/sys/vm/dirty_expire_centisecs", "3000");
    return at;
}

Place disk_private(u32 initial) {
    Word* const word = mapped(initial, MAP_PRIVATE);
    word->load();
    return place(word, true);
}

Place disk_dirty_aged(u32 initial) {
    const Place at = written_to_disk(initial);
    age_all_pages();
    return at;
}

} // namespace faultline
