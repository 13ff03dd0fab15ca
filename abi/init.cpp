// Initialises abi/ at boot: the structures of its directories, then the tree of files, then the first three descriptors
// of process 1.
#include "abi/init.hpp"

#include <linux/fcntl.h>

#include <cstring>
#include <string_view>

#include <arch/boot_info.hpp>

#include "abi/block/block_device.hpp"
#include "abi/block/flusher.hpp"
#include "abi/fs/block_file.hpp"
#include "abi/fs/eventpoll.hpp"
#include "abi/fs/files.hpp"
#include "abi/fs/initramfs.hpp"
#include "abi/fs/inode.hpp"
#include "abi/fs/locks.hpp"
#include "abi/fs/memory_devices.hpp"
#include "abi/fs/mknod.hpp"
#include "abi/fs/mount.hpp"
#include "abi/fs/namei.hpp"
#include "abi/fs/open.hpp"
#include "abi/fs/pipe.hpp"
#include "abi/fs/random.hpp"
#include "abi/fs/signalfd.hpp"
#include "abi/fs/tmpfs.hpp"
#include "abi/ipc/msg.hpp"
#include "abi/ipc/sem.hpp"
#include "abi/memory/kswapd.hpp"
#include "abi/memory/oom_kill.hpp"
#include "abi/memory/swapon.hpp"
#include "abi/process/pidfd.hpp"
#include "abi/procfs/procfs.hpp"
#include "abi/procfs/sysfs.hpp"
#include "abi/sched/loadavg.hpp"
#include "abi/task/hung_task.hpp"
#include "abi/task/pid.hpp"
#include "abi/time/realtime.hpp"
#include "abi/time/rtc.hpp"
#include "abi/time/tick.hpp"
#include "abi/tty/tty.hpp"
#include "abi/virtio/blk.hpp"
#include "abi/virtio/console.hpp"
#include "base/format.hpp"
#include "kernel/debug/watchdog.hpp"
#include "mm/kmalloc.hpp"

namespace faultline {

void init_abi() {
    init_inodes();
    init_locks();
    init_signalfd();
    init_eventpoll();
    init_pids();
    init_pidfd();
    init_oom_killer();
    init_ticks();
    if constexpr (WATCHDOGS)
        init_hung_task();
    init_realtime();
    init_msg();
    init_sem();
}

namespace {

void make_symlink(std::string_view path, const char* target) {
    auto name = PathName::from_kernel(path);
    const u32 bytes = static_cast<u32>(std::strlen(target)) + 1;
    char* text = static_cast<char*>(kmalloc(bytes));
    BUG_ON(text == nullptr);
    std::memcpy(text, target, bytes);
    BUG_ON(!make_inode(AT_FDCWD, *name, S_IFLNK | 0777, 0, text).ok());
}

// Makes /dev, and /dev/shm, /tmp and /proc if the initramfs has not made them.
void make_standard_tree() {
    ShmemOptions options;
    options.mode = 0755;
    auto root = new_tmpfs(options); // a devtmpfs is mounted on /dev, over what the initramfs has there
    BUG_ON(!root.ok());
    BUG_ON(!mount_root(make_directory("/dev"), **root, "devtmpfs", "devtmpfs").ok());
    make_directory("/dev/shm", S_ISVTX | 0777);
    make_directory("/tmp", S_ISVTX | 0777);
    make_directory("/proc", 0555);
    // As a system's start-up makes them (fd(4)): execveat(2) names what it executes /dev/fd/N.
    make_symlink("/dev/fd", "/proc/self/fd");
    make_symlink("/dev/stdin", "/proc/self/fd/0");
    make_symlink("/dev/stdout", "/proc/self/fd/1");
    make_symlink("/dev/stderr", "/proc/self/fd/2");
}

} // namespace

void init_filesystem(const void* initramfs, u32 bytes) {
    init_loadavg();
    init_rtc(); // before files get time stamps
    init_random();
    if (initramfs != nullptr)
        unpack_initramfs(initramfs, bytes);
    make_standard_tree();
    init_memory_devices();
    init_procfs();
    init_sysfs();
    init_tty();
    init_virtio_console();
    init_virtio_blk();
    init_swapon();
    make_block_nodes();
    if (first_blkdev() != nullptr) {
        flusher.start();
        kswapd.start();
    }
}

void init_memory_limits() {
    limit_root_file_system();
    init_max_files();
    init_overcommit();
}

namespace {

Result<void> open_as(s32 fd, const char* path, u32 flags) {
    FileRef file = TRY(kernel_open(path, flags));
    const s32 got = TRY(fd_install(std::move(file), false));
    BUG_ON(got != fd);
    return {};
}

Result<void> open_stream(s32 fd, const char* port_name, u32 flags) {
    const u32 minor = find_port(port_name);
    if (minor == 0)
        return open_as(fd, "/dev/console", O_RDWR);
    char path[sizeof "/dev/vport0p00"];
    snprintf(path, sizeof path, "/dev/vport0p%u", static_cast<unsigned>(minor));
    return open_as(fd, path, flags);
}

} // namespace

Result<void> open_init_console() {
    TRY_VOID(open_stream(0, "stdin", O_RDONLY));
    TRY_VOID(open_stream(1, "stdout", O_WRONLY));
    return open_stream(2, "stderr", O_WRONLY);
}

} // namespace faultline
