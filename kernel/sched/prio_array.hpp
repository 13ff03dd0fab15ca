// Runnable tasks by priority: a list for each real-time priority, and one for all other tasks, in the order of their
// vruntime. A bitmap of two levels marks the lists that are not empty, so the most urgent task is found without a
// search. (Linux: rt_prio_array; for the last list a tree. Most tasks belong at or near one of its ends, where the
// search begins.)
#pragma once

#include <algorithm>
#include <bit>
#include <iterator>

#include "kernel/sched/policy.hpp"

namespace faultline {

class PrioArray {
  public:
    enum class Where : u8 { Front, Back };
    static constexpr u32 LEVELS = MAX_RT_PRIO + 1;
    static constexpr u32 NORMAL = MAX_RT_PRIO; // the level of all tasks that are not real-time

    // The list a task belongs to; 0 is the most urgent. Nice values do not count here: they weigh.
    static u32 level_of(const Task& task) { return static_cast<u32>(std::min(task.prio, MAX_RT_PRIO)); }

    // Queues `task` at the front or back of its level; in the last one, of those with the same vruntime.
    void add(Task& task, Where where) {
        const u32 level = level_of(task);
        if (level == NORMAL && !queues_[NORMAL].empty()) [[unlikely]]
            insert_by_vruntime(task, where);
        else if (where == Where::Front)
            queues_[level].push_front(task);
        else
            queues_[level].push_back(task);
        words_[level / WORD_BITS] |= bit(level % WORD_BITS);
        summary_ |= bit(level / WORD_BITS);
    }

    // `task` is in this array, and its priority is the one that it was added with.
    void remove(Task& task) {
        const u32 level = level_of(task);
        queues_[level].erase(queues_[level].iterator_to(task));
        removed(level);
    }

    bool empty() const { return summary_ == 0; }
    bool has(u32 level) const { return (words_[level / WORD_BITS] & bit(level % WORD_BITS)) != 0; }

    // The most urgent level that has a task, or LEVELS if the array is empty.
    u32 first_level() const {
        if (empty())
            return LEVELS;
        const u32 word = static_cast<u32>(std::countl_zero(summary_));
        return word * WORD_BITS + static_cast<u32>(std::countl_zero(words_[word]));
    }

    // The first and the last task of a level that is not empty.
    const Task& front(u32 level) const { return queues_[level].front(); }
    const Task& back(u32 level) const { return queues_[level].back(); }

    // Takes out the first task of a level that is not empty.
    Task& pop(u32 level) {
        Task& task = queues_[level].front();
        queues_[level].pop_front();
        removed(level);
        return task;
    }

    // The first task of the level for which suits(task) holds, or nullptr.
    template <class Condition>
    Task* find_in(u32 level, Condition&& suits) {
        if (has(level))
            for (Task& task : queues_[level])
                if (suits(task))
                    return &task;
        return nullptr;
    }

  private:
    static constexpr u32 WORD_BITS = 32;
    static constexpr u32 bit(u32 n) { return 0x8000'0000u >> n; } // so that CLZ finds the most urgent one

    // Searches from both ends at once, so the search is as short as the way from the nearer end. The order is exact to
    // about a millisecond. Tasks that agree to that count as equals, and a new one goes behind all its equals, however
    // many they are (or before them, with Where::Front). Out of line: usually the queue is empty.
    [[gnu::noinline]] void insert_by_vruntime(Task& task, Where where) {
        auto& queue = queues_[NORMAL];
        const u32 own = rank(task);
        const auto goes_before = [&](const Task& other) {
            const s32 ahead = static_cast<s32>(rank(other) - own);
            return ahead > 0 || (ahead == 0 && where == Where::Front);
        };
        auto from_front = queue.begin(), from_back = queue.end();
        while (!goes_before(*from_front)) {
            if (!goes_before(*std::prev(from_back))) {
                queue.insert(from_back, task);
                return;
            }
            ++from_front;
            --from_back;
        }
        queue.insert(from_front, task);
    }
    static u32 rank(const Task& task) { return static_cast<u32>(task.vruntime >> 20); } // wraps: only differences count

    void removed(u32 level) {
        if (!queues_[level].empty())
            return;
        words_[level / WORD_BITS] &= ~bit(level % WORD_BITS);
        if (words_[level / WORD_BITS] == 0)
            summary_ &= ~bit(level / WORD_BITS);
    }

    u32 summary_ = 0; // bit n is set if words_[n] is not 0
    u32 words_[(LEVELS + WORD_BITS - 1) / WORD_BITS] = {};
    List<Task, &Task::run_link> queues_[LEVELS];
};

} // namespace faultline
