// The inside of an epoll instance. Private to abi/fs/eventpoll*.cpp and abi/fs/epoll_*.cpp.
//
// An item stands in the wait queues of its file. What wakes such a queue puts the item into the instance's list of
// ready items, in any context. So a waiter looks only at files of which something was heard.
//
// The kernel lock guards which items there are: the tree, File::epoll_items, the list of instances. No function sleeps
// between a look at these and the use of what it found. EventPoll::lock guards what wake-ups need: the list of ready
// items and what each item asks for. The order of locks is
//
//     queue of a file -> queue of those who poll the instance -> … -> EventPoll::lock -> queue of epoll_wait(2)
//
// The queue in the middle nests in itself as instances do; that these form no circle is checked (check_nesting()).
#pragma once

#include <compare>

#include <linux/eventpoll.h>

#include "abi/fs/file.hpp"
#include "base/intrusive.hpp"
#include "kernel/sched/irq_lock.hpp"
#include "kernel/sched/wait.hpp"

namespace faultline {

struct EpItem;
struct EventPoll;

// One place of an item in a wait queue of its file.
struct EpEntry {
    WaitEntry wait;
    EpItem* item = nullptr;
};

// A file that an instance watches, under one descriptor. It holds no reference to the file. (Linux: struct epitem.)
struct EpItem {
    // If a descriptor is closed while the file stays open under another, the item stays (epoll(7), questions).
    struct Key {
        const File* file = nullptr;
        s32 fd = 0;
        auto operator<=>(const Key&) const = default;
    };
    static constexpr u32 MOST_QUEUES = 2; // that any file has

    Key key;
    TreeHook node; // in EventPoll::items
    EventPoll* instance = nullptr;
    File* file = nullptr;
    EpItem* next_of_file = nullptr; // in File::epoll_items
    EpEntry entries[MOST_QUEUES];   // the first `queues` are in use
    u32 queues = 0;
    u64 scan = 0;       // the last of the instance's scans that looked at this item
    u32 events = 0;     // what is asked for, EPOLLET and its like included; guarded by EventPoll::lock
    u64 data = 0;       // the program's
    bool ready = false; // in EventPoll::ready; guarded by EventPoll::lock
    ListHook ready_link;
};

struct KeyOfEpItem {
    using type = EpItem::Key;
    const type& operator()(const EpItem& item) const { return item.key; }
};

struct EventPoll {
    SpinLock lock{"EventPoll"}; // held with interrupts masked
    List<EpItem, &EpItem::ready_link> ready GUARDED_BY(lock);
    WaitQueue waiters{"EventPoll waiters"};                            // in epoll_wait(2); each wake-up wakes one
    WaitQueue pollers{"EventPoll pollers", lockdep::Kind::SpinNested}; // those who wait for the instance as a file

    Tree<EpItem, &EpItem::node, KeyOfEpItem> items;
    File* file = nullptr; // the instance's own
    u32 item_count = 0;
    u32 uid = 0;     // whose limit the items count for
    u64 scans = 0;   // passes over the list of ready items so far
    u32 visited = 0; // the last check of nesting that came here, and the depth that it found
    u32 depth = 0;
    ListHook link; // in the list of all instances
};

// eventpoll.cpp
EventPoll* instance_of(const File& file); // nullptr: not an epoll file

// Watches `file`. The caller has checked that it is not watched yet under `fd`. NOMEM, NOSPC; INVAL: too many paths.
Result<void> ep_insert(EventPoll& instance, File& file, s32 fd, u32 events, u64 data);
void ep_modify(EpItem& item, u32 events, u64 data);
void ep_remove(EpItem& item);
u32 ep_item_poll(EpItem& item, PollTable* table); // the events that the item asks for, as of now
bool ep_has_ready(EventPoll& instance);           // whether there is something to look at

// Puts an item that turned out to be ready into the list. Caller holds the instance's lock.
enum class Place : u8 { Front, Back };
void ep_make_ready(EpItem& item, Place place) REQUIRES(item.instance->lock);

// epoll_nesting.cpp
inline constexpr u32 EP_MAX_NESTS = 4; // Linux: the same name
// Whether `instance` may watch `inner`. LOOP: `inner` watches `instance`, directly or not, or they are nested too deep.
Result<void> check_nesting(EventPoll& instance, EventPoll& inner);
// Whether the files below `file`, or itself, wake few enough nested instances. INVAL. (Linux: reverse_path_check.)
Result<void> check_paths(const File& file);

} // namespace faultline
