// What /proc tells of disks and of writing back: diskstats, partitions and vmstat.
#include <array>

#include "abi/block/block_device.hpp"
#include "abi/fs/file.hpp"
#include "abi/fs/inode.hpp"
#include "abi/fs/seq_file.hpp"
#include "abi/memory/oom_kill.hpp"
#include "abi/procfs/procfs.hpp"
#include "mm/lru.hpp"
#include "mm/page_alloc.hpp"
#include "mm/page_writeback.hpp"
#include "mm/shmem.hpp"
#include "mm/swapfile.hpp"
#include "mm/vmscan.hpp"

namespace faultline {

namespace {

constexpr u64 NSEC_PER_MSEC = 1'000'000;

unsigned major_of(const BlockDevice& device) { return device.rdev >> 8; }
unsigned minor_of(const BlockDevice& device) { return device.rdev & 0xff; }

void show_direction(const BlockStats::Direction& direction, SeqFile& out) {
    out.printf(" %u 0 %llu %llu", static_cast<unsigned>(direction.ios),
               static_cast<unsigned long long>(direction.sectors),
               static_cast<unsigned long long>(direction.ns / NSEC_PER_MSEC));
}

} // namespace

// The columns of Linux's Documentation/admin-guide/iostats.rst. No requests are merged, and none discards.
Result<void> show_diskstats(const Inode&, SeqFile& out) {
    for (BlockDevice* device = first_blkdev(); device != nullptr; device = device->next) {
        const BlockStats stats = block_stats(*device);
        const auto& [read, write, flush] = stats.of;
        out.printf("%4u %7u %s", major_of(*device), minor_of(*device), device->name);
        show_direction(read, out);
        show_direction(write, out);
        out.printf(" %u %llu %llu 0 0 0 0 %u %llu\n", static_cast<unsigned>(stats.in_flight),
                   static_cast<unsigned long long>(stats.busy_ns / NSEC_PER_MSEC),
                   static_cast<unsigned long long>((read.ns + write.ns + flush.ns) / NSEC_PER_MSEC),
                   static_cast<unsigned>(flush.ios), static_cast<unsigned long long>(flush.ns / NSEC_PER_MSEC));
    }
    return {};
}

Result<void> show_partitions(const Inode&, SeqFile& out) {
    if (first_blkdev() != nullptr)
        out.text("major minor  #blocks  name\n\n");
    for (BlockDevice* device = first_blkdev(); device != nullptr; device = device->next)
        out.printf("%4u  %7u %10llu %s\n", major_of(*device), minor_of(*device),
                   static_cast<unsigned long long>(device->sectors / (1024 / SECTOR_BYTES)), device->name);
    return {};
}

Result<void> show_vmstat(const Inode&, SeqFile& out) {
    u64 sectors[2] = {};
    for (BlockDevice* device = first_blkdev(); device != nullptr; device = device->next) {
        const BlockStats stats = block_stats(*device);
        sectors[0] += stats.of[0].sectors;
        sectors[1] += stats.of[1].sectors;
    }
    const auto line = [&](const char* name, u64 value) {
        out.printf("%s %llu\n", name, static_cast<unsigned long long>(value));
    };
    line("nr_free_pages", nr_free_pages());
    line("nr_shmem", nr_shmem);
    line("nr_dirty", writeback_stat.nr_file_dirty);
    line("nr_writeback", writeback_stat.nr_writeback);
    line("nr_dirtied", writeback_stat.nr_dirtied);
    line("nr_written", writeback_stat.nr_written);
    line("nr_dirty_threshold", dirty_threshold());
    line("nr_dirty_background_threshold", dirty_background_threshold());
    line("nr_inactive_anon", nr_lru_pages(LRU_INACTIVE_ANON));
    line("nr_active_anon", nr_lru_pages(LRU_ACTIVE_ANON));
    line("nr_inactive_file", nr_lru_pages(LRU_INACTIVE_FILE));
    line("nr_active_file", nr_lru_pages(LRU_ACTIVE_FILE));
    line("pgpgin", sectors[0] / 2); // in KiB
    line("pgpgout", sectors[1] / 2);
    line("nr_swapcached", swap_stat.nr_swapcached);
    const auto since_boot = [&](const char* name, const std::atomic<u32>& count) { line(name, count.load()); };
    since_boot("pswpin", swap_stat.pswpin);
    since_boot("pswpout", swap_stat.pswpout);
    since_boot("pgactivate", vmscan_stat.pgactivate);
    since_boot("pgdeactivate", vmscan_stat.pgdeactivate);
    since_boot("pgrefill", vmscan_stat.pgrefill);
    since_boot("pgsteal_kswapd", vmscan_stat.pgsteal_kswapd);
    since_boot("pgsteal_direct", vmscan_stat.pgsteal_direct);
    since_boot("pgscan_kswapd", vmscan_stat.pgscan_kswapd);
    since_boot("pgscan_direct", vmscan_stat.pgscan_direct);
    since_boot("pgscan_anon", vmscan_stat.pgscan_anon);
    since_boot("pgscan_file", vmscan_stat.pgscan_file);
    since_boot("pgsteal_anon", vmscan_stat.pgsteal_anon);
    since_boot("pgsteal_file", vmscan_stat.pgsteal_file);
    since_boot("pageoutrun", vmscan_stat.pageoutrun);
    since_boot("allocstall", vmscan_stat.allocstall);
    line("oom_kill", nr_oom_kill);
    return {};
}

} // namespace faultline
