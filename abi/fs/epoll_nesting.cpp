// Epoll instances that watch instances: no circles, no deep nests, and no event that wakes too many of them. (Linux 6.1
// ep_loop_check, reverse_path_check.)
#include <algorithm>
#include <array>

#include "abi/fs/eventpoll_private.hpp"

namespace faultline {

namespace {

constexpr u32 TOO_DEEP = EP_MAX_NESTS + 1;
constinit u32 check = 0; // the number of the check under way: what it has visited carries it

// How many levels of instances are below this one; TOO_DEEP: more than are allowed, or `wanted_by` is among them.
u32 levels_below(EventPoll& instance, const EventPoll& wanted_by, u32 depth) {
    if (instance.visited == check)
        return instance.depth;
    instance.visited = check;
    u32 levels = 0;
    for (const EpItem& item : instance.items) {
        EventPoll* inner = instance_of(*item.file);
        if (inner == nullptr)
            continue;
        if (inner == &wanted_by || depth > EP_MAX_NESTS)
            levels = TOO_DEEP;
        else
            levels = std::max(levels, levels_below(*inner, wanted_by, depth + 1) + 1);
        if (levels >= TOO_DEEP)
            break;
    }
    return instance.depth = levels;
}

// How many levels of instances are above this one.
u32 levels_above(EventPoll& instance) {
    if (instance.visited == check)
        return instance.depth;
    instance.visited = check;
    u32 levels = 0;
    for (const EpItem* item = instance.file->epoll_items; item != nullptr; item = item->next_of_file)
        levels = std::max(levels, levels_above(*item->instance) + 1);
    return instance.depth = levels;
}

// The paths from a file up to an instance that nobody watches, by their length in instances. The first limit is the
// array's second: any number of instances may watch a file directly.
class Paths {
  public:
    // Counts those from `file`, which is `depth` instances above where the count began. False: too many.
    bool count_above(const File& file, u32 depth = 0) {
        if (depth > EP_MAX_NESTS)
            return false;
        for (const EpItem* item = file.epoll_items; item != nullptr; item = item->next_of_file) {
            const File& outer = *item->instance->file;
            const bool few = outer.epoll_items == nullptr ? count(depth) : count_above(outer, depth + 1);
            if (!few)
                return false;
        }
        return true;
    }

  private:
    static constexpr std::array<u32, EP_MAX_NESTS + 1> MOST = {1000, 500, 100, 50, 10};
    bool count(u32 depth) { return depth == 0 || ++found_[depth] <= MOST[depth]; }
    std::array<u32, EP_MAX_NESTS + 1> found_{};
};

// Each check counts all paths of its file anew, as all files below an instance get new ones.
bool few_paths(const File& file, u32 depth) {
    EventPoll* instance = instance_of(file);
    if (instance == nullptr)
        return Paths().count_above(file);
    if (instance->visited == check || depth > EP_MAX_NESTS)
        return true; // deeper nests are refused elsewhere
    instance->visited = check;
    return std::all_of(instance->items.begin(), instance->items.end(),
                       [&](const EpItem& item) { return few_paths(*item.file, depth + 1); });
}

} // namespace

Result<void> check_nesting(EventPoll& instance, EventPoll& inner) {
    ++check;
    const u32 below = levels_below(inner, instance, 0);
    if (below >= TOO_DEEP)
        return Err(Errno::LOOP);
    ++check;
    if (below + 1 + levels_above(instance) > EP_MAX_NESTS)
        return Err(Errno::LOOP);
    return {};
}

Result<void> check_paths(const File& file) {
    ++check;
    if (!few_paths(file, 0))
        return Err(Errno::INVAL);
    return {};
}

} // namespace faultline
