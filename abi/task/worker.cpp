// The task: it sleeps, works, and sleeps again.
#include "abi/task/worker.hpp"

#include <arch/context.hpp>

#include "abi/task/pid.hpp"
#include "kernel/sched/sched.hpp"
#include "kernel/task_stack.hpp"

namespace faultline {

namespace {

// Kernel tasks have ids above those of programs. So init is process 1, /proc does not show them, and no program can name one.
// (Linux gives both from one range.)
constinit s32 last_pid = PID_MAX;

constinit Worker* workers = nullptr; // the youngest

} // namespace

void Worker::work_for_ever(void* worker) {
    Worker& self = *static_cast<Worker*>(worker);
    schedule_tail();
    for (;;) {
        // Interruptible: a long sleep is nothing that the hung-task watch should report.
        (void)wait_event_state(
            *self.queue_, TaskState::Interruptible, [&] { return self.called_.load(std::memory_order_acquire); },
            self.deadline_());
        self.called_.store(false, std::memory_order_relaxed);
        self.work_();
    }
}

void Worker::start() {
    queue_.emplace();
    auto made = alloc_task();
    if (!made)
        panic("no memory for %s", name_);
    Task& task = *made.value();
    task.kernel_task = true;
    task.pid = ++last_pid;
    __builtin_strcpy(task.comm, name_);
    init_context(task.context, task_stack_top(task), work_for_ever, this);
    task_ = &task;
    next_ = workers;
    workers = this;
    running_.store(true, std::memory_order_release);
    wake_up_new_task(task);
}

void Worker::call() {
    if (!running_.load(std::memory_order_acquire) || called_.exchange(true, std::memory_order_acq_rel))
        return;
    wake_up_all(*queue_);
}

} // namespace faultline
