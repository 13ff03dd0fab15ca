// /proc/sysvipc, and the limits of the System V objects in /proc/sys/kernel (proc(5)).
#include <algorithm>

#include "abi/fs/inode.hpp"
#include "abi/fs/seq_file.hpp"
#include "abi/ipc/limits.hpp"
#include "abi/ipc/report.hpp"
#include "abi/procfs/procfs.hpp"

namespace faultline {

namespace {

template <void (*Show)(SeqFile& out)>
Result<void> show_objects(const Inode&, SeqFile& out) {
    Show(out);
    return {};
}

constexpr u32 INT_MOST = ~u32{0} >> 1; // of a setting that is an int on Linux

template <Relaxed<u32> IpcLimits::* LIMIT>
Result<void> show_limit(const Inode&, SeqFile& out) {
    out.printf("%u\n", static_cast<unsigned>(ipc_limits.*LIMIT));
    return {};
}
template <Relaxed<u32> IpcLimits::* LIMIT, u32 MOST>
Result<void> write_limit(const Inode&, std::string_view text) {
    const u64 value = TRY(parse_unsigned(text));
    if (value > MOST)
        return Err(Errno::INVAL);
    ipc_limits.*LIMIT = static_cast<u32>(value);
    return {};
}
template <Relaxed<u32> IpcLimits::* LIMIT, u32 MOST>
constexpr ProcEntry limit(const char* name) {
    return {.name = name, .show = show_limit<LIMIT>, .write = write_limit<LIMIT, MOST>, .mode = S_IFREG | 0644};
}

Result<void> show_sem(const Inode&, SeqFile& out) {
    out.printf("%u\t%u\t%u\t%u\n", static_cast<unsigned>(ipc_limits.semmsl), static_cast<unsigned>(ipc_limits.semmns),
               static_cast<unsigned>(ipc_limits.semopm), static_cast<unsigned>(ipc_limits.semmni));
    return {};
}

// Up to four numbers: those that are missing stay as they are. RANGE: more sets than there are ids, then nothing changes.
// (Linux: proc_ipc_sem_dointvec.)
Result<void> write_sem(const Inode&, std::string_view text) {
    Relaxed<u32>* const limits[] = {&ipc_limits.semmsl, &ipc_limits.semmns, &ipc_limits.semopm, &ipc_limits.semmni};
    u32 values[std::size(limits)] = {}, count = 0;
    while (!text.empty()) {
        const auto word = std::min(text.find_first_of(" \t"), text.size());
        if (word != 0) {
            const u64 value = TRY(parse_unsigned({text.data(), word})); // substr() could throw
            if (value > INT_MOST || count == std::size(limits))
                return Err(Errno::INVAL);
            values[count++] = static_cast<u32>(value);
        }
        text.remove_prefix(std::min(word + 1, text.size()));
    }
    if (count == 0)
        return Err(Errno::INVAL);
    if (count == std::size(limits) && values[count - 1] > IPCMNI)
        return Err(Errno::RANGE);
    for (u32 i = 0; i < count; ++i)
        *limits[i] = values[i];
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
    limit<&IpcLimits::msgmax, INT_MOST>("msgmax"),
    limit<&IpcLimits::msgmnb, INT_MOST>("msgmnb"),
    limit<&IpcLimits::msgmni, IPCMNI>("msgmni"),
    next_id<IpcKind::Messages>("msg_next_id"),
    {.name = "sem", .show = show_sem, .write = write_sem, .mode = S_IFREG | 0644},
    next_id<IpcKind::Semaphores>("sem_next_id"),
    limit<&IpcLimits::shmall, ~u32{0}>("shmall"),
    limit<&IpcLimits::shmmax, ~u32{0}>("shmmax"),
    limit<&IpcLimits::shmmni, IPCMNI>("shmmni"),
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
