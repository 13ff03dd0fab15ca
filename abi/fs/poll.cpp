// poll(2): looks at every file. If none is ready, it sleeps until one of their queues is woken, and looks again.
#include "abi/fs/poll.hpp"

#include <iterator>
#include <new>
#include <utility>

#include <linux/fcntl.h>

#include "abi/fs/file.hpp"
#include "abi/fs/files.hpp"
#include "abi/fs/poll_private.hpp"
#include "abi/task/thread_group.hpp"

namespace faultline {

namespace {

constexpr u32 ALWAYS = POLLERR | POLLHUP | POLLNVAL; // reported even if not asked for

u32 look_at(pollfd* entries, u32 count, PollTable* table) {
    u32 ready = 0;
    for (u32 i = 0; i < count; ++i) {
        pollfd& entry = entries[i];
        entry.revents = 0;
        if (entry.fd < 0)
            continue;
        FileRef file(lookup_fd(*current()->files, entry.fd));
        const u32 wanted = static_cast<u16>(entry.events) | ALWAYS;
        if (table != nullptr)
            table->events = wanted;
        const u32 events = file.get() == nullptr ? u32{POLLNVAL} : poll_file(*file, ready == 0 ? table : nullptr);
        entry.revents = static_cast<short>(events & wanted);
        ready += entry.revents != 0 ? 1 : 0;
    }
    return ready;
}

Result<u32> do_poll(UserAddr fds, u32 count, u64 deadline_ns) {
    if (count > fd_limit())
        return Err(Errno::INVAL);
    const Buffer<pollfd> entries(count);
    if (entries.data() == nullptr)
        return Err(Errno::NOMEM);
    const u32 bytes = count * static_cast<u32>(sizeof(pollfd));
    TRY_VOID(copy_struct_from_user(entries.data(), fds, bytes));
    const u32 ready =
        TRY(poll_until([&](PollTable* table) { return look_at(entries.data(), count, table); }, deadline_ns));
    TRY_VOID(copy_struct_to_user(fds, entries.data(), bytes));
    return ready;
}

// poll(2) has only an interval, so after a stop the call goes on to the same moment. (Linux: do_restart_poll.)
Result<u32> restart_poll(RestartBlock& block) {
    const auto result = do_poll(UserAddr(block.arguments[0]), block.arguments[1], block.deadline_ns);
    if (!result.ok() && result.error() == Errno::RESTARTNOHAND)
        return Err(Errno::RESTART_RESTARTBLOCK);
    return result;
}

template <class Field>
Result<u32> do_ppoll(UserAddr fds, u32 count, UserAddr timeout, UserAddr mask, u32 mask_bytes) {
    const u64 deadline = TRY(deadline_from<Field>(timeout, NSEC_PER_SEC));
    const auto result = with_sigmask(mask, mask_bytes, [&] { return do_poll(fds, count, deadline); });
    return finish_wait_for_files<Field>(result, timeout, NSEC_PER_SEC, deadline);
}

} // namespace

PollWaiter::PollWaiter() : task_(current()) {
    add = [](PollTable& table, File& file, WaitQueue& queue) {
        auto& self = static_cast<PollWaiter&>(table);
        Entry* entry = self.new_entry();
        if (entry == nullptr)
            return;
        entry->wait.woken = woken;
        entry->waiter = &self;
        entry->file = &get_file(file);
        entry->events = table.events;
        add_wait_queue(queue, entry->wait);
    };
}

PollWaiter::~PollWaiter() {
    leave(first_.entries, first_.used);
    while (Chunk* chunk = more_) {
        more_ = chunk->next;
        leave(chunk->entries, chunk->used);
        kfree(chunk);
    }
}

PollWaiter::Entry* PollWaiter::new_entry() {
    if (first_.used < std::size(first_.entries))
        return &first_.entries[first_.used++];
    if (more_ == nullptr || more_->used == std::size(more_->entries)) {
        void* memory = kmalloc(sizeof(Chunk));
        if (memory == nullptr) {
            out_of_memory_ = true;
            return nullptr;
        }
        auto* chunk = new (memory) Chunk;
        chunk->next = std::exchange(more_, chunk);
    }
    return &more_->entries[more_->used++];
}

void PollWaiter::leave(Entry* entries, u32 count) {
    for (u32 i = 0; i < count; ++i) {
        remove_wait_queue(entries[i].wait);
        fput(*entries[i].file);
    }
}

// The task sees either the flag, before it sleeps, or the wake-up.
bool PollWaiter::woken(WaitEntry& wait, u32 events) {
    const auto& entry = *intrusive::get_parent_from_member(&wait, &Entry::wait);
    if (events != 0 && (events & entry.events) == 0)
        return false;
    entry.waiter->triggered_.store(true, std::memory_order_seq_cst);
    wake_up_process(*entry.waiter->task_);
    return true;
}

bool PollWaiter::sleep(u64 deadline_ns) {
    task_->state = TaskState::Interruptible;
    std::atomic_thread_fence(std::memory_order_seq_cst);
    bool in_time = true;
    if (!triggered_.load(std::memory_order_seq_cst))
        in_time = schedule_until(deadline_ns);
    task_->state = TaskState::Running;
    triggered_.store(false, std::memory_order_seq_cst); // before the next look
    return in_time;
}

bool has_personality(u32 flag) { return (current_group().personality & flag) != 0; }

u32 poll_file(File& file, PollTable* table) {
    if ((file.flags & O_PATH) != 0) // as if it were not open
        return POLLNVAL;
    return file.ops->poll != nullptr ? file.ops->poll(file, table) : READY_TO_READ | READY_TO_WRITE;
}

Result<u32> sys_poll(UserAddr fds, u32 count, s32 timeout_ms) {
    u64 deadline = NO_DEADLINE;
    if (timeout_ms >= 0)
        deadline = timeout_ms == 0 ? 0 : clock_ns() + static_cast<u64>(timeout_ms) * 1'000'000;
    RestartBlock& block = current()->restart_block;
    block = {restart_poll, deadline, {fds.value(), count}};
    return restart_poll(block);
}

Result<u32> sys_ppoll(UserAddr fds, u32 count, UserAddr timeout, UserAddr mask, u32 mask_bytes) {
    return do_ppoll<s32>(fds, count, timeout, mask, mask_bytes);
}
Result<u32> sys_ppoll_time64(UserAddr fds, u32 count, UserAddr timeout, UserAddr mask, u32 mask_bytes) {
    return do_ppoll<s64>(fds, count, timeout, mask, mask_bytes);
}

} // namespace faultline
