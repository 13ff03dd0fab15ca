// Runnable tasks by priority: a list for each real-time one, one for all other tasks together, and a bitmap
// of the lists that are not empty, in two steps, so that the most urgent task is found without looking.
// (Linux: rt_prio_array.)
#pragma once

#include <algorithm>
#include <bit>

#include "kernel/sched/policy.hpp"

namespace faultline {

class PrioArray {
  public:
    enum class Where : u8 { Front, Back };
    static constexpr u32 LEVELS = MAX_RT_PRIO + 1;
    static constexpr u32 NORMAL = MAX_RT_PRIO; // the level of all that are not real-time

    // The list a task belongs to: 0 the most urgent. Nice values do not matter: SCHED_OTHER takes turns.
    static u32 level_of(const Task& task) { return static_cast<u32>(std::min(task.prio, MAX_RT_PRIO)); }

    void add(Task& task, Where where) {
        const u32 level = level_of(task);
        if (where == Where::Front)
            queues_[level].push_front(task);
        else
            queues_[level].push_back(task);
        words_[level / 32] |= bit(level % 32);
        summary_ |= bit(level / 32);
    }

    // `task` is here, and its priority is still that with which it was added.
    void remove(Task& task) {
        const u32 level = level_of(task);
        queues_[level].erase(queues_[level].iterator_to(task));
        removed(level);
    }

    bool empty() const { return summary_ == 0; }
    bool has(u32 level) const { return (words_[level / 32] & bit(level % 32)) != 0; }

    // The most urgent level that has a task; LEVELS: none has.
    u32 first_level() const {
        if (empty())
            return LEVELS;
        const u32 word = static_cast<u32>(std::countl_zero(summary_));
        return word * 32 + static_cast<u32>(std::countl_zero(words_[word]));
    }

    // The task that is the next of its level. There is one.
    const Task& front(u32 level) const { return queues_[level].front(); }

    // Takes it out.
    Task& pop(u32 level) {
        Task& task = queues_[level].front();
        queues_[level].pop_front();
        removed(level);
        return task;
    }

    // The next task of the level for which suits(task) holds; nullptr: there is none.
    template <class Condition>
    Task* find_in(u32 level, Condition&& suits) {
        if (has(level))
            for (Task& task : queues_[level])
                if (suits(task))
                    return &task;
        return nullptr;
    }

  private:
    static constexpr u32 bit(u32 n) { return 0x8000'0000u >> n; } // CLZ finds the first

    void removed(u32 level) {
        if (!queues_[level].empty())
            return;
        words_[level / 32] &= ~bit(level % 32);
        if (words_[level / 32] == 0)
            summary_ &= ~bit(level / 32);
    }

    u32 summary_ = 0; // words with a bit set
    u32 words_[(LEVELS + 31) / 32] = {};
    List<Task, &Task::run_link> queues_[LEVELS];
};

} // namespace faultline
