"""What a trace shows, in a sentence: which call of whom repaired what, how often, and what is missing in the entry."""

import collections
import statistics

import spaces
import story
import words

FUTEX = 240  # __NR_futex
OPERATIONS = ["WAIT", "WAKE", "FD", "REQUEUE", "CMP_REQUEUE", "WAKE_OP", "LOCK_PI", "UNLOCK_PI", "TRYLOCK_PI", "WAIT_BITSET",
              "WAKE_BITSET", "WAIT_REQUEUE_PI", "CMP_REQUEUE_PI", "LOCK_PI2"]  # linux/futex.h
PRIVATE_FLAG = 128
MARKS = [(1, "present"), (2, "young"), (8, "writable"), (4, "dirty")]  # bits of an entry that a write needs
EXITS = {"exit", "exit_group"}  # they mark robust locks, and never return
HANGS = 100  # rounds: no loop that ends takes so many

# cpu: where it asked for a repair first. first: the position of its sys_enter, or of its first attempt that failed.
# call: its name; None: the write is in no call that the records show, as in the exit of a task that a signal ends. repairs, rounds:
# positions of RepairCalled and RoundAgain. failed: that of RepairFailed, if the last repair did. entry: of the page at the first repair;
# if it hangs, at last. repaired: as the last repair left it, None if it is unknown. cause: what is wrong with the entry. turns: how often
# it went round without a change. instructions: of a round, or 0. answer: what the call returned, None if it has not. outcome: as below
Story = collections.namedtuple("Story", "pid cpu address call first repairs rounds failed entry repaired repair cause turns instructions "
                               "answer outcome")

# How the write ended. It succeeded if it went round behind the last repair, and the call has ended well since. Whatever is not in the
# records, because they end or a filter held it back, is not known.
HANGING, FAILED, SUCCEEDED, UNKNOWN = "hangs", "failed", "succeeded", "unknown"


def call_name(record, syscalls):
    """What a sys_enter asks for: a futex operation by its name."""
    number, _, operation, _ = record.words
    if number != FUTEX or operation & 127 >= len(OPERATIONS):
        return syscalls.get(number, f"system call {number}")
    return ("private " if operation & PRIVATE_FLAG else "") + "FUTEX_" + OPERATIONS[operation & 127]


def cause(entry):
    """What is missing for a write (kernel/futex/livelock.cpp): the first that is."""
    if not entry & 1:
        return "absent"
    for bit, name in ((2, "old"), (8, "read-only"), (4, "clean")):
        if not entry & bit:
            return name
    return "stale"


def entries(record):
    return [word for (_, kind), word in zip(record.station.fields, record.words) if kind == "pte"]


def ends(record):
    """Whether its task runs no more: it is a zombie, or dead."""
    kinds = dict(record.station.fields)
    return record.station.enumerator == "SchedSwitch" and kinds["prev_state"].split("|")[record.words[1]] in ("Z", "X")


def find(trace, syscalls, slices):
    """The Story of the call with most repairs; None if the kernel repaired nothing."""
    records, groups = trace.records, collections.defaultdict(list)
    for position, record in enumerate(records):
        if record.station.enumerator == "RepairCalled":
            outer = slices.of[position]
            while outer and outer.outer:
                outer = outer.outer
            groups[record.pid, record.words[0], outer.first if outer else None].append(position)
    if not groups:
        return None
    (pid, address, first), repairs = max(groups.items(), key=lambda each: len(each[1]))
    start = repairs[0] if first is None else first
    of = spaces.Spaces(records).of
    rounds, failed, before, after, repaired, answer = [], None, None, None, None, None
    again = ended = False  # behind the last repair: it went round; the task ended
    for position, record in enumerate(records):
        if of[position] == of[repairs[0]] and record.words[0] >> 12 == address >> 12 and entries(record) and answer is None:
            if position > repairs[0]:
                before = entries(record)[0] if before is None else before
            else:
                before = entries(record)[-1]
            after = entries(record)[-1]
            if position > repairs[-1] and not again and failed is None:
                repaired = after
        if record.pid != pid or answer is not None:
            continue
        if position > start and record.station.enumerator == "RoundAgain" and record.words[0] == address:
            rounds.append(position)
            again = position > repairs[-1]
        if position > repairs[-1] and not again and record.station.enumerator == "RepairFailed" and record.words[0] == address:
            failed = position
        if position > repairs[-1] and record.station.enumerator == "SysExit":
            answer = record.words[1]
        ended = ended or position > repairs[-1] and ends(record)
    kinds = dict(records[repairs[0]].station.fields)
    turns = 1 + max((records[position].words[1] for position in rounds), default=-1)
    call = call_name(records[first], syscalls) if first is not None and records[first].station.enumerator == "SysEnter" else None
    if turns >= HANGS:  # what it was at last is what keeps it there
        before, outcome = after, HANGING
    elif failed is not None:
        outcome = FAILED
    else:
        well = answer < words.FIRST_ERROR if answer is not None else ended and (call is None or call in EXITS)
        outcome = SUCCEEDED if again and well else UNKNOWN
    steps = [(records[b].instructions - records[a].instructions) & 0xffffffff for a, b in zip(rounds, rounds[1:])]
    return Story(pid, records[repairs[0]].cpu, address, call, start, repairs, rounds, failed, before,
                 repaired if outcome == SUCCEEDED else None, words.word(kinds["repair"], records[repairs[0]].words[1], syscalls),
                 None if before is None else cause(before), turns, int(statistics.median(steps)) if steps else 0, answer, outcome)


def marks(entry, missing):
    """The entry's marks in words, the missing one between asterisks."""
    found = [name for bit, name in MARKS if entry & bit]
    joint = ", ".join(found)
    if missing == "stale":
        return joint
    return f"{joint} but *{missing}*" if found else f"*{missing}*"


def who(trace, pid):
    return f"{trace.names.get(pid, '?')}[{pid}]"


def count(number, what):
    return f"{number:,} {what}" + ("" if number == 1 else "s")


def sentence(trace, syscalls, found):
    if found is None:
        if not trace.records:
            return "The trace has no records."
        faults = sum(record.station.enumerator == "DoPageFault" for record in trace.records)
        tasks = len({record.pid for record in trace.records if record.pid})
        return (f"The records tell of {count(tasks, 'task')} and {count(faults, 'page fault')}, and of no write of the kernel's own that "
                "had to be repaired.")
    whose = f"the entry of 0x{found.address:08x}"
    call = found.call.replace("private", "Private") if found.call else "The kernel's write"
    if found.outcome == HANGING:
        text = f"{call} {'of' if found.call else 'for'} {who(trace, found.pid)} turned {found.turns:,} times: "
        if found.entry is None:
            return text + f"fault_in={found.repair} changed nothing that the records show."
        if found.cause == "stale":
            return text + (f"{whose} is {marks(found.entry, 'stale')}, but the TLB of CPU {found.cpu} is *stale*: it holds what was "
                           f"there before, and fault_in={found.repair} left it so.")
        return text + f"{whose} is {marks(found.entry, found.cause)}, and fault_in={found.repair} left it so."
    times = "once" if len(found.repairs) == 1 else f"{len(found.repairs):,} times"
    answer = "is not over" if found.answer is None else f"returned {words.result(found.answer)}"
    if found.call in EXITS:
        answer = "ends the task"
    text = f"{call} of {who(trace, found.pid)} {answer}. Its write failed {times}"
    if not found.call:
        text = f"{call} for {who(trace, found.pid)} failed {times}"
    if found.entry is not None:
        stale = found.cause == "stale"
        text += f": the TLB of CPU {found.cpu} was *stale*" if stale else f": {whose} was {marks(found.entry, found.cause)}"
    if found.outcome == FAILED:
        return text + f". fault_in={found.repair} gave up: {words.result(trace.records[found.failed].words[1])}."
    if found.outcome == UNKNOWN:
        return text + f". fault_in={found.repair} was called, and the records do not show how the next try ended."
    if found.entry is None or found.repaired is None:
        return text + f". After fault_in={found.repair}, the next try succeeded."
    if found.repaired != found.entry:
        gained = [name for bit, name in MARKS if found.repaired & ~found.entry & bit]
        return text + f". fault_in={found.repair} made it {' and '.join(gained) or 'another'}, and the next try succeeded."
    how = "dropped the page from the TLB" if found.cause == "stale" else "left the entry as it is"
    return text + f". fault_in={found.repair} {how}, and the next try succeeded."
