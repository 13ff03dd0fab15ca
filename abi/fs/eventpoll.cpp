// Epoll instances and what they watch: items come and go, and wake-ups of files make them ready.
#include "abi/fs/eventpoll.hpp"

#include <linux/fcntl.h>
#include <linux/poll.h>

#include <limits>
#include <utility>

#include "abi/cred/cred.hpp"
#include "abi/fs/anon_inode.hpp"
#include "abi/fs/eventpoll_private.hpp"
#include "abi/fs/files.hpp"
#include "abi/fs/mount.hpp"
#include "abi/fs/poll.hpp"
#include "abi/fs/poll_table.hpp"
#include "abi/fs/seq_file.hpp"
#include "base/late.hpp"
#include "mm/page_alloc.hpp"
#include "mm/slab.hpp"

namespace faultline {

namespace {

constinit KmemCache item_cache("epoll_item", sizeof(EpItem), alignof(EpItem));
constinit KmemCache instance_cache("eventpoll", sizeof(EventPoll), alignof(EventPoll));
constinit Late<List<EventPoll, &EventPoll::link>> instances; // all
constinit u32 watches_max = 0;

constexpr u32 READABLE = POLLIN | POLLRDNORM;
// What an item's mask has beside events. An item with nothing else is switched off (EPOLLONESHOT).
constexpr u32 PRIVATE_BITS = EPOLLWAKEUP | EPOLLONESHOT | EPOLLET | EPOLLEXCLUSIVE;

// Whether a wake-up for `events` is what an exclusive item waits for. (Linux ep_poll_callback.)
bool exclusive_hit(const EpItem& item, u32 events) {
    switch (events & (EPOLLIN | EPOLLOUT)) {
    case EPOLLIN:
        return (item.events & EPOLLIN) != 0;
    case EPOLLOUT:
        return (item.events & EPOLLOUT) != 0;
    case 0:
        return true;
    default:
        return false;
    }
}

// Notes that an item's file has changed, and wakes a waiter. Returns whether that uses up an exclusive wake-up. The
// file's queue is locked, so neither the item nor its instance can go meanwhile.
bool note_event(EpItem& item, u32 events) REQUIRES(irqs_masked) {
    EventPoll& instance = *item.instance;
    bool used = true;
    {
        const Guard lock(instance.lock);
        const bool exclusive = (item.events & EPOLLEXCLUSIVE) != 0;
        used = !exclusive;
        if ((item.events & ~PRIVATE_BITS) == 0 || (events != 0 && (events & item.events) == 0))
            return used;
        ep_make_ready(item, Place::Back);
        if (exclusive && instance.waiters.sleepers != 0)
            used = exclusive_hit(item, events);
        wake_up_one(instance.waiters);
    }
    wake_up_poll(instance.pollers, READABLE);
    return used;
}

// WaitEntry::woken.
bool file_woken(WaitEntry& wait, u32 events) {
    const IrqGuard irqs; // they are masked already, by the holder of the queue's lock
    return note_event(*intrusive::get_parent_from_member(&wait, &EpEntry::wait)->item, events);
}

// Queues a new item in its file's queues.
struct ItemTable : PollTable {
    explicit ItemTable(EpItem& its_item) : item(its_item) {
        events = item.events;
        add = [](PollTable& table, File&, WaitQueue& queue) {
            EpItem& own = static_cast<ItemTable&>(table).item;
            BUG_ON(own.queues == EpItem::MOST_QUEUES);
            EpEntry& entry = own.entries[own.queues++];
            entry.item = &own;
            entry.wait.woken = file_woken;
            entry.wait.exclusive = (own.events & EPOLLEXCLUSIVE) != 0;
            add_wait_queue(queue, entry.wait);
        };
    }
    EpItem& item;
};

// Looks at an item, and if it is ready tells the waiters.
void look_at(EpItem& item, PollTable* table) {
    EventPoll& instance = *item.instance;
    if (ep_item_poll(item, table) == 0)
        return;
    {
        IrqLocked lock(instance.lock);
        if (item.ready)
            return;
        ep_make_ready(item, Place::Back);
        wake_up_one(instance.waiters);
    }
    wake_up_poll(instance.pollers, READABLE);
}

void leave_file(EpItem& item) {
    EpItem** at = &item.file->epoll_items;
    while (*at != &item)
        at = &(*at)->next_of_file;
    *at = item.next_of_file;
}

u32 watches_of(u32 uid) {
    u32 sum = 0;
    for (const EventPoll& instance : *instances)
        sum += instance.uid == uid ? instance.item_count : 0;
    return sum;
}

// Takes the first item out of the list; nullptr: it is empty.
EpItem* take_ready(EventPoll& instance) {
    IrqLocked lock(instance.lock);
    if (instance.ready.empty())
        return nullptr;
    EpItem& item = instance.ready.front();
    instance.ready.pop_front();
    item.ready = false;
    return &item;
}

// An instance is readable while one of its items is ready. An item that is not ready any more leaves the list: it does
// so before it is looked at, or an event between the two would be lost.
u32 eventpoll_poll(File& file, PollTable* table) {
    EventPoll& instance = *instance_of(file);
    poll_wait(file, instance.pollers, table);
    while (EpItem* item = take_ready(instance)) {
        if (ep_item_poll(*item, nullptr) == 0)
            continue;
        IrqLocked lock(instance.lock);
        ep_make_ready(*item, Place::Front);
        return READABLE;
    }
    return 0;
}

void eventpoll_close(File& file) {
    EventPoll* instance = instance_of(file);
    while (!instance->items.empty())
        ep_remove(*instance->items.begin());
    instances->erase(instances->iterator_to(*instance));
    kmem_delete(instance_cache, instance);
}

void eventpoll_show_fdinfo(const File& file, SeqFile& out) {
    const ReadGuard tree(tree_lock()); // for device_of()
    for (EpItem& item : static_cast<EventPoll*>(file.private_data)->items) {
        const File& watched = *item.file;
        out.printf("tfd: %8d events: %8x data: %16llx  pos:%llu ino:%llx sdev:%x\n", static_cast<int>(item.key.fd),
                   static_cast<unsigned>(item.events), static_cast<unsigned long long>(item.data),
                   static_cast<unsigned long long>(watched.position),
                   static_cast<unsigned long long>(watched.inode->number),
                   static_cast<unsigned>(device_of(*watched.inode)));
    }
}

constexpr FileOps eventpoll_ops = {
    .poll = eventpoll_poll, .release = eventpoll_close, .show_fdinfo = eventpoll_show_fdinfo, .noop_seek = true};

} // namespace

EventPoll* instance_of(const File& file) {
    return file.ops == &eventpoll_ops ? static_cast<EventPoll*>(file.private_data) : nullptr;
}

void ep_make_ready(EpItem& item, Place place) {
    if (item.ready)
        return;
    item.ready = true;
    if (place == Place::Front)
        item.instance->ready.push_front(item);
    else
        item.instance->ready.push_back(item);
}

bool ep_has_ready(EventPoll& instance) {
    IrqLocked lock(instance.lock);
    return !instance.ready.empty();
}

u32 ep_item_poll(EpItem& item, PollTable* table) { return poll_file(*item.file, table) & item.events; }

Result<void> ep_insert(EventPoll& instance, File& file, s32 fd, u32 events, u64 data) {
    if (watches_of(instance.uid) >= watches_max)
        return Err(Errno::NOSPC);
    auto* item = kmem_new<EpItem>(item_cache);
    if (item == nullptr)
        return Err(Errno::NOMEM);
    item->key = {&file, fd};
    item->instance = &instance;
    item->file = &file;
    item->events = events;
    item->data = data;
    instance.items.insert(*item);
    ++instance.item_count;
    item->next_of_file = std::exchange(file.epoll_items, item);
    if (instance.file->epoll_items != nullptr || instance_of(file) != nullptr)
        if (const auto checked = check_paths(file); !checked.ok()) {
            ep_remove(*item);
            return checked;
        }
    ItemTable table(*item);
    look_at(*item, &table);
    return {};
}

void ep_modify(EpItem& item, u32 events, u64 data) {
    {
        IrqLocked lock(item.instance->lock);
        item.events = events;
        item.data = data;
    }
    look_at(item, nullptr); // what came before the change
}

void ep_remove(EpItem& item) {
    for (u32 i = 0; i < item.queues; ++i)
        remove_wait_queue(item.entries[i].wait); // from here on no wake-up makes it ready
    EventPoll& instance = *item.instance;
    {
        IrqLocked lock(instance.lock);
        if (item.ready)
            instance.ready.erase(instance.ready.iterator_to(item));
    }
    leave_file(item);
    instance.items.erase(instance.items.iterator_to(item));
    --instance.item_count;
    kmem_delete(item_cache, &item);
}

void eventpoll_release(File& file) {
    while (file.epoll_items != nullptr)
        ep_remove(*file.epoll_items);
}

// Linux eventpoll_init: the items of one user take at most 4 % of memory.
void init_eventpoll() {
    instances.emplace();
    watches_max = static_cast<u32>(u64{nr_total_pages()} * PAGE_SIZE / 25 / sizeof(EpItem));
}

u32 epoll_max_user_watches() { return watches_max; }
Result<void> set_epoll_max_user_watches(u64 value) {
    if (value > std::numeric_limits<s32>::max())
        return Err(Errno::INVAL);
    watches_max = static_cast<u32>(value);
    return {};
}

Result<s32> sys_epoll_create1(u32 flags) {
    if ((flags & ~u32{EPOLL_CLOEXEC}) != 0)
        return Err(Errno::INVAL);
    auto* instance = kmem_new<EventPoll>(instance_cache);
    if (instance == nullptr)
        return Err(Errno::NOMEM);
    auto file = anon_inode_getfile("anon_inode:[eventpoll]", eventpoll_ops, instance, O_RDWR);
    if (!file) {
        kmem_delete(instance_cache, instance);
        return Err(file.error());
    }
    instance->file = file->get();
    instance->uid = current_cred().uid;
    instances->push_back(*instance);
    return fd_install(std::move(file.value()), (flags & EPOLL_CLOEXEC) != 0);
}

Result<s32> sys_epoll_create(s32 size) {
    if (size <= 0)
        return Err(Errno::INVAL);
    return sys_epoll_create1(0);
}

} // namespace faultline
