"""`fl why`: why a task faults, turns or waits, in sentences.

It looks at what kernel/futex/livelock.cpp looks at, from outside and at any moment. The words for a cause and its cure are
the kernel's own."""

from collections import namedtuple

import gdb

from fl.armv7 import register
from fl.command import command
from fl.entries import PAGE, Layout, entry_at, user_word
from fl.futexes import waits_for_futex
from fl.kernel import enumerators, other_build
from fl.locks import waits_for_mmap_lock
from fl.machine_view import compare, held_by, mmu_with, rights_of_leaf, words_of
from fl.tasks import cpu_of_running, find_task, is_idle, name_of, wait_place
from fl.vmas import EXEC, READ, WRITE, backing, rights, vma_at

# DFSR.FS, ARM ARM B3.13.3.
FAULTS = {0b00101: "translation fault, first level", 0b00111: "translation fault, second level",
          0b01101: "permission fault, first level", 0b01111: "permission fault, second level",
          0b00001: "alignment fault", 0b01001: "domain fault, first level", 0b01011: "domain fault, second level",
          0b00011: "access flag fault, first level", 0b00110: "access flag fault, second level"}

REPAIRS = {
    "gup": "get_user_pages takes a page that is present and writable, and leaves its entry as it is",
    "gup_dirty": "get_user_pages takes a page that is present, writable, young and dirty, and leaves the TLB as it is",
    "fixup_2011": "fixup_user_fault calls handle_mm_fault without asking whether the VMA permits the write",
    "fixup": "fixup_user_fault asks the VMA, and calls handle_mm_fault",
    "trap": "the abort handler mends the entry itself; behind it, get_user_pages",
}


class Access:
    """What a task tries: an address, and whether it writes."""

    def __init__(self, address, write, execute=False):
        self.address, self.write, self.execute = address, write, execute

    def __str__(self):
        return f"{'write' if self.write else 'fetch' if self.execute else 'read'} at 0x{self.address:08x}"


def last_abort():
    """The selected CPU's last data abort: (Access, words); (None, None): there was none."""
    status, address = register("DFSR"), register("DFAR")
    if status == 0:
        return None, None
    kind = FAULTS.get((status >> 6 & 0x10) | status & 0xF, f"fault status 0x{status:03x}")
    access = Access(address, bool(status >> 11 & 1))
    return access, f"a {access}: {kind} (DFSR 0x{status:03x})"


Loop = namedtuple("Loop", "operation access rounds")


def on_the_stack():
    """(Loop or None, Access or None, last_abort()): the retry loop that the selected CPU is in, by its LivelockDetector, and the
    fault that it is serving, by its FaultInfo; as far as gdb can see them."""
    loop = fault = None
    try:
        frame = gdb.newest_frame()
        while frame is not None and loop is None:
            for symbol in variables_of(frame):
                kind = str(symbol.type)
                if kind == "faultline::LivelockDetector":
                    found = symbol.value(frame)
                    loop = Loop(found["operation_"].string(),
                                Access(int(found["address_"]["value_"]), str(found["access_"]).endswith("Write")),
                                int(found["unchanged_"]))
                elif kind == "faultline::FaultInfo" and fault is None:
                    found = symbol.value(frame)
                    if not found["bits_"].is_optimized_out and not found["address"].is_optimized_out:
                        bits = int(found["bits_"])
                        fault = Access(int(found["address"]), bool(bits & 0x1), bool(bits & 0x100))  # WRITE, EXECUTE
            frame = frame.older()
    except (gdb.error, RuntimeError):
        pass  # there is nothing more to be seen
    return loop, fault, last_abort()


def variables_of(frame):
    block = frame.block() if frame.function() is not None else None
    while block is not None and not block.is_static and not block.is_global:
        yield from (symbol for symbol in block if symbol.is_variable or symbol.is_argument)
        if block.function is not None:
            return  # what is around an inlined function has a frame of its own
        block = block.superblock


def cause_of(layout, access, vma, pte):
    """The kernel's name for what the entry lacks (LivelockCause), as find_cause() has it."""
    if access.write and not int(vma["flags"]) & WRITE:
        return "ReadOnly"
    if not layout.has(pte, "PRESENT"):
        return "Absent"
    if not layout.has(pte, "YOUNG"):
        return "Old"
    if access.write and not layout.has(pte, "WRITE"):
        return "ReadOnly"
    if access.write and not layout.has(pte, "DIRTY"):
        return "Clean"
    return "Stale"


def explanation(kernel, cause):
    index = {name: value for value, name in enumerators("faultline::LivelockCause").items()}.get(cause)
    if index is None:
        raise other_build(f"LivelockCause::{cause}")
    return kernel.variable("(anonymous namespace)::EXPLANATIONS")[index]


def repair_in_force(kernel):
    name = kernel.variable("(anonymous namespace)::NAMES")[int(kernel.variable("fault_in_policy"))].text()
    if name not in REPAIRS:
        raise other_build(f"repair that is known here: {name}")
    return name


def machine_line(kernel, layout, mm, access, pte, cpu):
    """What the machine has for the page, and what that permits."""
    page, frame, entry_rights = access.address & ~(PAGE - 1), pte >> 12, layout.rights(pte)
    if kernel.mmu_name() == "walked":
        mmu = mmu_with(kernel, int(mm["context"]["hardware_directory"]))
        _, leaf = mmu.walk(page)
        where = "the descriptor"
    else:
        held = held_by(kernel, cpu, mm, page)
        if held is None:
            return f"machine  CPU {cpu}'s TLB has nothing for it: the next access asks the entry"
        _, leaf, mmu = held
        where = f"CPU {cpu}'s TLB"
    leaf_rights = rights_of_leaf(mmu, leaf)
    agrees = {None: "as the entry says", "less": "LESS than the entry permits", "more": "MORE than the entry permits",
              "frame": "ANOTHER frame than the entry's"}[compare(entry_rights, frame, leaf_rights, leaf)]
    return f"machine  {where} permits user mode: {words_of(leaf_rights)}; {agrees}"


def forbidden(vma, access):
    """Whether the VMA refuses the access (vma_permits_fault)."""
    flags = int(vma["flags"])
    need = WRITE if access.write else EXEC if access.execute else READ | WRITE | EXEC
    return not flags & need


def what_next(layout, access, vma, pte):
    """What handle_mm_fault is going to do, in a sentence. The cause is not ReadOnly by the VMA."""
    anonymous = vma["mapping"].target() is None
    if pte == 0:
        return ("it has not been touched before" + (": a zeroed page comes" if anonymous else ": the file's page is mapped")
                + (", and is the task's own" if access.write and not anonymous else ""))
    if not layout.has(pte, "PRESENT"):
        return f"the page is not in memory ({layout.words(pte)}): it is read first"
    if access.write and not layout.has(pte, "WRITE"):
        return "the page is not the task's own to write, or somebody wants to know of the first write: it is copied, or marked"
    return "the entry lacks only its marks: handle_mm_fault sets them"


def about_access(kernel, mm, access, cpu, in_loop=False, is_served=False):
    """The sentences about one access that faults: in a retry loop, or in a fault that is being served, or some time ago."""
    layout = Layout()
    vma = vma_at(mm, access.address)
    if vma is None:
        yield f"mapping  none: nothing is mapped at 0x{access.address:08x}, and the program gets SIGSEGV"
        return
    pte = entry_at(kernel, layout, mm, access.address)
    word = user_word(kernel, layout, mm, access.address & ~3)
    yield (f"mapping  0x{int(vma['start']):08x}-0x{int(vma['end']):08x} {rights(vma)} {backing(kernel, mm, vma)}"
           + (f", the word is 0x{word:08x}" if word is not None else ""))
    yield f"entry    {layout.words(pte)}"
    yield machine_line(kernel, layout, mm, access, pte, cpu)
    if forbidden(vma, access) and not in_loop:
        yield f"cause    the mapping does not permit the {access}: the program gets SIGSEGV, or its call EFAULT"
        return
    cause = cause_of(layout, access, vma, pte)
    said = explanation(kernel, cause)
    yield f"cause    {said['name'].text()}: {said['why'].text()}"
    if in_loop:
        repair = repair_in_force(kernel)
        yield f"repair   fault_in={repair}: {REPAIRS[repair]}"
        yield f"cure     {said['cure'].text()}"
    elif is_served and cause != "Stale":
        yield f"next     {what_next(layout, access, vma, pte)}"
    elif cause == "Stale":
        yield "next     nothing is missing: the access can be made now, unless a TLB is behind"


def about_running(kernel, task, cpu):
    mm = task["mm"]["mm"].target()
    if mm is None:
        yield f"{name_of(task)} runs on CPU {cpu}. It is a kernel task, and has no pages that could fault."
        return
    if cpu != kernel.cpu:
        yield f"{name_of(task)} runs on CPU {cpu}, whose registers are not the selected ones: `thread {cpu + 1}` selects it."
        return
    loop, fault, (access, words) = kernel.prepared
    if loop is not None:
        yield f"{name_of(task)} is in the retry loop of {loop.operation} on the word at 0x{loop.access.address:08x}, on CPU {cpu}."
        so_far = ": it turns, and cannot end by itself" if loop.rounds > 1 else " so far"
        yield f"         {loop.rounds} rounds in which nothing changed{so_far}"
        yield from about_access(kernel, mm, loop.access, cpu, in_loop=True)
        return
    if fault is not None and (fault.execute or access is None or fault.address != access.address):
        access, words = fault, f"a {fault}"
    if access is None or access.address >= kernel.user_end:
        yield f"{name_of(task)} runs on CPU {cpu}, which has had no data abort, or not for user memory."
        return
    yield f"{name_of(task)} runs on CPU {cpu}, {'which serves' if fault is not None else 'whose last data abort was'} {words}."
    atomic = bool(task["mm"]["pagefault_disabled"])
    yield from about_access(kernel, mm, access, cpu, is_served=fault is not None and not atomic)
    if atomic:
        repair = repair_in_force(kernel)
        yield f"next     page faults are disabled: the kernel gives up at once, and its caller repairs: fault_in={repair}"
    if int(task["livelock_reported"]):
        yield "         the kernel has reported this task's retry loop as one that cannot end"


def about_sleeping(kernel, task):
    ended = task["state"].is_any("Zombie", "Dead")
    if ended:
        yield f"{name_of(task)} has exited (status 0x{int(task['exit_code']):04x}); it turns no more."
    elif not task["on_rq"].is_any("No"):
        yield f"{name_of(task)} could run, and waits for its turn on CPU {int(task['cpu'])}."
    else:
        place = waits_for_futex(kernel).get(task) or waits_for_mmap_lock(kernel).get(task) or wait_place(kernel, task)
        yield f"{name_of(task)} does not turn: it sleeps ({task['state'].enumerator().lower()}), and waits for {place}."
    mm = task["mm"]["mm"].target()
    bad = int(task["fault_address"]) & 0xFFFFFFFF
    if mm is not None and int(task["fault_trap_no"]) and not ended:
        status = int(task["fault_status"])
        yield f"Its last access that could not be made was at 0x{bad:08x} (DFSR 0x{status:03x})."
        yield from about_access(kernel, mm, Access(bad, bool(status >> 11 & 1)), int(task["cpu"]))


@command("why", 1, prepare=on_the_stack)
def why(kernel, pid=None):
    """fl why [PID]: why a task faults, turns or waits, in sentences.

    Of a task that runs on the selected CPU: the retry loop that it is in, or the CPU's last data abort; the mapping, the entry,
    what the machine has of it, what is missing, the repair in force, and what would cure it. Of any other: what it waits for.
    Without a PID: the task that runs on the selected CPU."""
    task = find_task(kernel, pid)
    cpu = cpu_of_running(kernel, task)
    if is_idle(kernel, task):
        yield f"CPU {cpu} is idle: no task that could run is there."
        return
    if cpu is None:
        yield from about_sleeping(kernel, task)
    else:
        yield from about_running(kernel, task, cpu)
