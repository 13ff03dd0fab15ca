"""`fl ps`: the tasks, and what each waits for."""

from fl.command import command
from fl.futexes import waits_for_futex
from fl.locks import waits_for_mmap_lock
from fl.tasks import POLICIES, all_tasks, cpu_of_running, is_idle, wait_place


def waits_for(kernel, task, cpu, futex, mmap_lock):
    if cpu is not None or is_idle(kernel, task):
        return ""
    if task["state"].is_any("Zombie", "Dead"):
        return "its parent" if task["state"].is_any("Zombie") else ""
    if not task["on_rq"].is_any("No"):
        return f"its turn on CPU {int(task['cpu'])}"
    return futex.get(task) or mmap_lock.get(task) or wait_place(kernel, task)


@command("ps", 0)
def ps(kernel):
    """All tasks: process id, thread id, state, CPU, policy and priority, name, and what each waits for.

    CPU is where the task runs (with a star) or ran last. PRIO is what the scheduler obeys: 0 is the most urgent, 100 to
    139 are not real-time. A task that sleeps waits for a futex, for an address space's lock, or in a function."""
    futex, mmap_lock = waits_for_futex(kernel), waits_for_mmap_lock(kernel)
    yield f"{'PID':>5} {'TID':>5} {'STATE':<15} {'CPU':<4} {'POLICY':<7} {'PRIO':>4} {'NAME':<15} WAITS FOR"
    for task in all_tasks(kernel):
        group, cpu = task["group"].target(), cpu_of_running(kernel, task)
        pid = int(group["pid"]) if group is not None else int(task["pid"])
        policy = POLICIES.get(int(task["policy"]), str(int(task["policy"])))
        place = f"{int(task['cpu'])}{'*' if cpu is not None else ''}"
        wait = waits_for(kernel, task, cpu, futex, mmap_lock)
        yield (f"{pid:5} {int(task['pid']):5} {task['state'].enumerator().lower():<15} {place:<4} {policy:<7} "
               f"{int(task['prio']):4} {task['comm'].text():<15} {wait}").rstrip()
