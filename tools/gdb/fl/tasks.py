"""Tasks: all of them, the one that a command is about, and where one that sleeps has stopped."""

import gdb

from fl.armv7 import Refused
from fl.kernel import elements
from fl.unwind import PC, SP, CallFrame, Unwinder

POLICIES = {0: "other", 1: "fifo", 2: "rr", 3: "batch", 5: "idle"}  # linux/sched.h


def run_queue(kernel, cpu):
    return kernel.variable("run_queues").per_cpu(cpu).late()


def all_tasks(kernel):
    """Those of programs, by id, then kernel tasks, and then the idle tasks."""
    if not kernel.cpus():
        raise Refused("The scheduler has not started yet: there are no tasks.")
    yield from elements(kernel.variable("(anonymous namespace)::tasks").late())
    worker = kernel.variable("(anonymous namespace)::workers").target()
    while worker is not None:
        yield worker["task_"].target()
        worker = worker["next_"].target()
    for cpu in kernel.cpus():
        yield run_queue(kernel, cpu)["idle"].target()


def running_on(kernel, cpu):
    return run_queue(kernel, cpu)["running"].target() if cpu in kernel.cpus() else None


def name_of(task):
    return f"{task['comm'].text()}[{int(task['pid'])}]"


def is_idle(kernel, task):
    return any(run_queue(kernel, cpu)["idle"].target() == task for cpu in kernel.cpus())


def cpu_of_running(kernel, task):
    """The CPU that runs it, or None."""
    return next((cpu for cpu in kernel.cpus() if running_on(kernel, cpu) == task), None)


def find_task(kernel, word=None):
    """The task with this id; without one, the task that runs on the selected CPU."""
    if word is None:
        task = running_on(kernel, kernel.cpu)
        if task is None:
            raise Refused(f"No task runs on CPU {kernel.cpu} yet.")
        return task
    try:
        pid = int(word, 10)
    except ValueError:
        raise Refused(f"'{word}' is not the number of a task (`fl ps` lists them).") from None
    for task in all_tasks(kernel):
        if int(task["pid"]) == pid and not is_idle(kernel, task):
            return task
    raise Refused(f"There is no task {pid} (`fl ps` lists them).")


def mm_of(kernel, word=None):
    """(task, its address space)."""
    task = find_task(kernel, word)
    mm = task["mm"]["mm"].target()
    if mm is None:
        what = "the idle task" if is_idle(kernel, task) else "a kernel task, or has ended"
        which = f"CPU {kernel.cpu} runs {name_of(task)}, which" if word is None else name_of(task)
        raise Refused(f"{which} has no address space: it is {what}{'; name a task by its number' if word is None else ''}.")
    return task, mm


def address_spaces(kernel):
    """{address space: the ids of its tasks}."""
    found = {}
    for task in all_tasks(kernel):
        mm = task["mm"]["mm"].target()
        if mm is not None:
            found.setdefault(mm, []).append(int(task["pid"]))
    return found


# --- where a task has stopped -----------------------------------------------------------------------------------------

MOST_FRAMES = 32


def calls(kernel, task):
    """The addresses of the calls that a task which does not run is in, innermost first."""
    pushed = kernel.at(int(task["context"]["sp"]), "(anonymous namespace)::SwitchFrame")
    saved = {4 + i: int(word) for i, word in enumerate(pushed["r4_to_r11"])}
    frame = CallFrame(saved | {SP: pushed["padding"].address, PC: int(pushed["lr"])})
    tables = Unwinder(kernel.word, int(task["stack"]) & 0xFFFFFFFF)
    for _ in range(MOST_FRAMES):
        yield frame.where()
        frame = tables.caller(frame)
        if frame is None or frame.registers[PC] == 0 or gdb.block_for_pc(frame.where()) is None:  # nobody has called a kernel task
            return


def functions(address):
    """The function at an address and those inlined there, innermost first."""
    found, block = [], gdb.block_for_pc(address)
    while block is not None and not block.is_static and not block.is_global:
        if block.function is not None:
            found.append(block.function)
        block = block.superblock
    return found


def functions_at(address):
    """Their names, without their arguments."""
    return [short(function.print_name) for function in functions(address)]


def short(name):
    name = name.replace("(anonymous namespace)::", "").split("(")[0]
    return name.split("<")[0].replace("faultline::", "")


def in_scheduler(address):
    """Whether the code is kernel/sched's."""
    found = functions(address)
    return bool(found) and "kernel/sched/" in found[-1].symtab.filename


def wait_place(kernel, task):
    """Where it sleeps: the function that called the scheduler, and the system call around it."""
    chain = [functions_at(address) for address in calls(kernel, task) if not in_scheduler(address)]
    outer = [names[-1] for names in chain if names]
    if not outer:
        return "the scheduler"
    # It may be inlined, in what adapts the arguments of the call.
    call = next((name for names in chain for name in names if name.startswith("sys_")), None)
    return outer[0] if call in (None, outer[0]) else f"{outer[0]}, in {call}"
