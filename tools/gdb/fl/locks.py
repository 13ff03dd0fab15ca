"""`fl locks`: which locks are held, and by whom, as far as that can be known.

The words of a spin lock do not say who holds it. In the debug kernel lockdep knows (base/lockdep.hpp)."""

from fl.command import command
from fl.entries import Layout, tables
from fl.futexes import buckets
from fl.kernel import Object, elements, find_type
from fl.spinlocks import state_of
from fl.tasks import address_spaces, all_tasks, name_of, run_queue, running_on

QUEUES = {"waiting_readers_": "to read", "waiting_writers_": "to write", "overtaken_writers_": "to write, once overtaken",
          "next_writer_": "to write, until the readers have left"}

# Spin locks that are variables. gdb could look for all of them by their type, in half a minute.
GLOBAL = ("tasklist_lock", "pi_lock", "backend::asid_lock", "(anonymous namespace)::mmlist_lock",
          "(anonymous namespace)::dirty_files_lock", "(anonymous namespace)::swaplist_lock",
          "(anonymous namespace)::line_lock")


def sleepers(lock):
    """(task, what for) of those that sleep in the queues of a PercpuRwSemaphore."""
    task = find_type("faultline::Task").pointer()
    for queue, what in QUEUES.items():
        for parked in elements(lock[queue]["sleepers"]):
            yield parked["task"].as_type(task).target(), what


def waits_for_mmap_lock(kernel):
    """{task: what it waits for}."""
    return {task: f"mmap_lock of address space 0x{mm.address:08x}, {what}"
            for mm in address_spaces(kernel) for task, what in sleepers(mm["mmap_lock"])}


def mmap_lock_words(kernel, mm, pids):
    lock = mm["mmap_lock"]
    readers = sum(int(lock["readers_"].per_cpu(cpu)) for cpu in kernel.cpus()) & 0xFFFFFFFF
    raised = not lock["writer_"].is_any("None")
    waiting = [f"{name_of(task)} waits {what}" for task, what in sleepers(lock)]
    next_writer = any(what == QUEUES["next_writer_"] for _, what in sleepers(lock))
    if readers == 0 and not raised and not waiting:
        return None
    words = [f"{readers} reader{'s' if readers != 1 else ''} inside"] if readers else []
    if raised:
        words.append("a writer is next" if readers or next_writer else "a writer has it")
    return (f"mmap_lock of address space 0x{mm.address:08x} (task{'s' if len(pids) > 1 else ''} "
            f"{', '.join(map(str, pids))}): " + ", ".join(words + waiting))


def kernel_lock_words(kernel):
    lock = kernel.variable("kernel_lock")
    running = {cpu: running_on(kernel, cpu) for cpu in kernel.cpus()}
    # Also those that still wait for it: a task counts itself first.
    inside = [f"{name_of(task)} on CPU {cpu}" for cpu, task in running.items() if task is not None and int(task["lock_depth"])]
    if not int(lock["needed_"]):
        return "kernel lock: not needed, there is one CPU" + (f"; {inside[0]} is in a call that would hold it" if inside else "")
    state = state_of(lock["lock_"])
    if state is None:
        return "kernel lock: free"
    if len(inside) == 1:
        return f"kernel lock: {state}; {inside[0]} has it"
    return f"kernel lock: {state}; " + ("one of " + ", ".join(inside) if inside else "a task that is just leaving it")


def held_spin_locks(kernel):
    for name in GLOBAL:
        yield name.split("::")[-1], kernel.variable(name)
    for cpu in kernel.cpus():
        yield f"run queue of CPU {cpu}", run_queue(kernel, cpu)["lock"]
    for number, bucket in buckets(kernel):
        yield f"futex bucket {number}", bucket["lock"]
    layout, pages = Layout(), kernel.variable("mem")["map"].target()
    first_frame = int(kernel.variable("mem")["min_low_pfn"])
    for mm, pids in address_spaces(kernel).items():
        yield f"page_table_lock of address space 0x{mm.address:08x}", mm["page_table_lock"]
        for start, table in tables(kernel, layout, mm):
            frame = (kernel.physical(table.address) >> 12) - first_frame
            page = Object(kernel, pages.address + frame * pages.type.sizeof, pages.type)
            end = start + layout.per_table * 4096
            yield f"entries of 0x{start:08x}-0x{end:08x} of address space 0x{mm.address:08x}", page["ptl"]


def lockdep_lines(kernel):
    """What lockdep has noted; only the debug kernel's Held has members."""
    if not find_type("faultline::lockdep::Held").fields():
        return
    for cpu, own in enumerate(kernel.variable("lockdep::(anonymous namespace)::cpus")):
        yield from held_lines(f"CPU {cpu} holds", own["held"])
    for task in all_tasks(kernel):
        yield from held_lines(f"{name_of(task)} holds", task["mm"]["held"])


def held_lines(who, held):
    for i in range(int(held["count"])):
        lock = held["locks"][i]
        yield f"{who} {lock['watch'].target()['name_'].text()} at 0x{int(lock['lock']) & 0xFFFFFFFF:08x} (lockdep)"


@command("locks", 0)
def locks(kernel):
    """The locks that are held: kernel lock, mmap locks, run queues, futex buckets, page tables, and the global ones. In the debug kernel also the locks that each CPU and each task holds."""
    yield kernel_lock_words(kernel)
    held = 0
    for mm, pids in address_spaces(kernel).items():
        words = mmap_lock_words(kernel, mm, pids)
        if words is not None:
            held += 1
            yield words
    for name, lock in held_spin_locks(kernel):
        state = state_of(lock)
        if state is not None:
            held += 1
            yield f"{name}: {state}"
    if held == 0:
        yield "no other lock of those that can be found is held"
    yield from lockdep_lines(kernel)
