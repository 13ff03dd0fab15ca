// epoll_ctl(2): which files an instance watches.
#include <linux/fcntl.h>
#include <linux/poll.h>

#include "abi/fs/eventpoll.hpp"
#include "abi/fs/eventpoll_private.hpp"
#include "abi/fs/files.hpp"
#include "arch/contract/uaccess.hpp"

namespace faultline {

namespace {

constexpr u32 ALWAYS = EPOLLERR | EPOLLHUP; // reported even if not asked for
constexpr u32 WITH_EXCLUSIVE = EPOLLIN | EPOLLOUT | ALWAYS | EPOLLWAKEUP | EPOLLET | EPOLLEXCLUSIVE;

// The rules of EPOLLEXCLUSIVE (epoll_ctl(2)).
bool exclusive_allowed(s32 operation, u32 events, const File& file) {
    if ((events & EPOLLEXCLUSIVE) == 0)
        return true;
    return operation == EPOLL_CTL_ADD && instance_of(file) == nullptr && (events & ~WITH_EXCLUSIVE) == 0;
}

Result<void> add(EventPoll& instance, EpItem* old, File& file, s32 fd, const epoll_event& event) {
    if (EventPoll* inner = instance_of(file))
        TRY_VOID(check_nesting(instance, *inner));
    if (old != nullptr)
        return Err(Errno::EXIST);
    return ep_insert(instance, file, fd, event.events | ALWAYS, event.data);
}

Result<void> modify(EpItem& item, const epoll_event& event) {
    if ((item.events & EPOLLEXCLUSIVE) != 0)
        return Err(Errno::INVAL);
    ep_modify(item, event.events | ALWAYS, event.data);
    return {};
}

} // namespace

// Nothing here sleeps once the files are found.
Result<u32> sys_epoll_ctl(s32 epfd, s32 operation, s32 fd, UserAddr user_event) {
    epoll_event event = {};
    const bool has_event = operation != EPOLL_CTL_DEL;
    if (has_event)
        TRY_VOID(copy_struct_from_user(&event, user_event, sizeof event));
    event.events &= ~EPOLLWAKEUP; // this machine never suspends itself
    const FileRef outer = TRY(fget_ref(epfd)), file = TRY(fget_ref(fd));
    if (file->ops->poll == nullptr)
        return Err(Errno::PERM);
    EventPoll* instance = instance_of(*outer);
    if (instance == nullptr || outer.get() == file.get())
        return Err(Errno::INVAL);
    if (has_event && !exclusive_allowed(operation, event.events, *file))
        return Err(Errno::INVAL);
    const auto found = instance->items.find(EpItem::Key{file.get(), fd});
    EpItem* item = found != instance->items.end() ? &*found : nullptr;
    switch (operation) {
    case EPOLL_CTL_ADD:
        TRY_VOID(add(*instance, item, *file, fd, event));
        return 0u;
    case EPOLL_CTL_MOD:
    case EPOLL_CTL_DEL:
        if (item == nullptr)
            return Err(Errno::NOENT);
        if (operation == EPOLL_CTL_MOD)
            TRY_VOID(modify(*item, event));
        else
            ep_remove(*item);
        return 0u;
    default:
        return Err(Errno::INVAL);
    }
}

} // namespace faultline
