// /proc/sysvipc, and the limits of the System V objects in /proc/sys/kernel (proc(5)).
#include "abi/fs/inode.hpp"
#include "abi/fs/seq_file.hpp"
#include "abi/ipc/report.hpp"
#include "abi/procfs/procfs.hpp"

namespace faultline {

namespace {

template <void (*Show)(SeqFile& out)>
Result<void> show_objects(const Inode&, SeqFile& out) {
    Show(out);
    return {};
}

template <u32 IpcLimits::* LIMIT>
Result<void> show_limit(const Inode&, SeqFile& out) {
    out.printf("%u\n", static_cast<unsigned>(ipc_limits().*LIMIT));
    return {};
}

Result<void> show_sem(const Inode&, SeqFile& out) {
    const IpcLimits limits = ipc_limits();
    out.printf("%u\t%u\t%u\t%u\n", static_cast<unsigned>(limits.semmsl), static_cast<unsigned>(limits.semmns),
               static_cast<unsigned>(limits.semopm), static_cast<unsigned>(limits.semmni));
    return {};
}

template <IpcKind KIND>
Result<void> show_next_id(const Inode&, SeqFile& out) {
    out.printf("%d\n", static_cast<int>(ipc_next_id(KIND)));
    return {};
}
template <IpcKind KIND>
Result<void> write_next_id(const Inode&, std::string_view text) {
    const s32 id = parse_pid(text);
    if (id < 0)
        return Err(Errno::INVAL);
    set_ipc_next_id(KIND, id);
    return {};
}
template <IpcKind KIND>
constexpr ProcEntry next_id(const char* name) {
    return {.name = name, .show = show_next_id<KIND>, .write = write_next_id<KIND>, .mode = S_IFREG | 0644};
}

constexpr ProcEntry sysvipc_entries[] = {
    {.name = "msg", .show = show_objects<show_message_queues>},
    {.name = "sem", .show = show_objects<show_semaphore_sets>},
    {.name = "shm", .show = show_objects<show_shared_memory>},
};
constexpr ProcEntry limit_entries[] = {
    {.name = "msgmax", .show = show_limit<&IpcLimits::msgmax>},
    {.name = "msgmnb", .show = show_limit<&IpcLimits::msgmnb>},
    {.name = "msgmni", .show = show_limit<&IpcLimits::msgmni>},
    next_id<IpcKind::Messages>("msg_next_id"),
    {.name = "sem", .show = show_sem},
    next_id<IpcKind::Semaphores>("sem_next_id"),
    {.name = "shmall", .show = show_limit<&IpcLimits::shmall>},
    {.name = "shmmax", .show = show_limit<&IpcLimits::shmmax>},
    {.name = "shmmni", .show = show_limit<&IpcLimits::shmmni>},
    next_id<IpcKind::SharedMemory>("shm_next_id"),
};
constexpr ProcEntry sysvipc_directory{.name = "sysvipc", .mode = S_IFDIR | 0555};

} // namespace

void make_ipc_entries(Inode& root, Inode& sys_kernel) {
    add_proc_directory(root, sysvipc_directory, sysvipc_entries);
    for (const ProcEntry& entry : limit_entries)
        add_proc_entry(sys_kernel, entry);
}

} // namespace faultline
