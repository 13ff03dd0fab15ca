// The files of /proc/sys/vm.
#include "abi/block/block_device.hpp"
#include "abi/block/flusher.hpp"
#include "abi/memory/oom_kill.hpp"
#include "abi/procfs/setting.hpp"
#include "mm/limits.hpp"
#include "mm/overcommit.hpp"
#include "mm/page_alloc.hpp"
#include "mm/page_writeback.hpp"
#include "mm/slab.hpp"
#include "mm/unmapped_area.hpp"
#include "mm/vmscan.hpp"

namespace faultline {

namespace {

constexpr u32 PER_CENT = 100;

// Bit 0: cached pages, of which only those of block devices are not the file's only copy. Bit 1: the reserves of the slab
// allocator.
Result<void> write_drop_caches(const Inode&, std::string_view text) {
    const s32 what = parse_pid(text);
    if (what < 1 || what > 4)
        return Err(Errno::INVAL);
    // 4 turns off Linux's log message, which does not exist here.
    if ((what & 1) != 0)
        drop_block_caches();
    if (what != 4)
        shrink_caches();
    return {};
}

// Up to half of memory: with more, nothing else could be done.
Result<void> write_min_free_kbytes(const Inode&, std::string_view text) {
    const u64 kbytes = TRY(parse_unsigned(text));
    if (kbytes > nr_total_pages() * (PAGE_SIZE / 1024) / 2)
        return Err(Errno::INVAL);
    set_min_free_kbytes(static_cast<u32>(kbytes));
    return {};
}

// Of the ratio and the absolute limit of promised memory, the one that was written last holds: the other becomes 0.
template <Relaxed<u32>& Setting, Relaxed<u32>& Instead>
Result<void> write_instead(const Inode& inode, std::string_view text) {
    TRY_VOID(write_setting<Setting>(inode, text));
    Instead = 0;
    return {};
}
template <Relaxed<u32>& Setting, Relaxed<u32>& Instead>
constexpr ProcEntry setting_instead(const char* name) {
    ProcEntry entry = setting<Setting>(name);
    entry.write = write_instead<Setting, Instead>;
    return entry;
}

// A limit of dirty pages. The flusher looks at it at once.
template <Relaxed<u32>& Limit, u32 Most>
Result<void> write_dirty_limit(const Inode& inode, std::string_view text) {
    TRY_VOID((write_setting<Limit, Most>(inode, text)));
    flusher.call();
    return {};
}
template <Relaxed<u32>& Limit, u32 Most = INT_MOST>
constexpr ProcEntry dirty_limit(const char* name) {
    ProcEntry entry = setting<Limit, Most>(name);
    entry.write = write_dirty_limit<Limit, Most>;
    return entry;
}

constexpr ProcEntry vm_entries[] = {
    setting<max_map_count>("max_map_count"),
    {.name = "mmap_min_addr", .show = show_number<[] { return FIRST_USER_ADDRESS.value(); }>},
    {.name = "min_free_kbytes",
     .show = show_number<min_free_kbytes>,
     .write = write_min_free_kbytes,
     .mode = S_IFREG | 0644},
    {.name = "drop_caches", .write = write_drop_caches, .mode = S_IFREG | 0200},
    setting<overcommit.admin_reserve_kbytes>("admin_reserve_kbytes"),
    setting<oom_settings.dump_tasks>("oom_dump_tasks"),
    setting<oom_settings.kill_allocating_task>("oom_kill_allocating_task"),
    setting_instead<overcommit.kbytes, overcommit.ratio>("overcommit_kbytes"),
    setting<overcommit.memory, OVERCOMMIT_NEVER>("overcommit_memory"),
    setting_instead<overcommit.ratio, overcommit.kbytes>("overcommit_ratio"),
    setting<vm_swappiness, 200>("swappiness"),
    setting<oom_settings.panic_on_oom, 2>("panic_on_oom"),
    setting<overcommit.user_reserve_kbytes>("user_reserve_kbytes"),
    dirty_limit<dirty_limits.background_ratio, PER_CENT>("dirty_background_ratio"),
    dirty_limit<dirty_limits.expire_centisecs>("dirty_expire_centisecs"),
    dirty_limit<dirty_limits.ratio, PER_CENT>("dirty_ratio"),
    dirty_limit<dirty_limits.writeback_centisecs>("dirty_writeback_centisecs"),
};

constexpr ProcEntry vm_directory{.name = "vm", .mode = S_IFDIR | 0555};

} // namespace

void make_vm_entries(Inode& sys) { add_proc_directory(sys, vm_directory, vm_entries); }

} // namespace faultline
