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
HANGS = 100  # rounds: no loop that ends takes so many

# cpu: where it asked for a repair first. first: the position of its sys_enter, or of its first attempt that failed. repairs, rounds:
# positions of RepairCalled and RoundAgain. entry, repaired: entries of the page, at the first repair and at last. cause: what is wrong
# with the first. turns: how often it went round without a change. instructions: of a round, or 0
Story = collections.namedtuple(
    "Story", "pid cpu address call first repairs rounds entry repaired repair cause turns instructions answer")


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
    rounds, before, after, answer = [], None, None, None
    for position, record in enumerate(records):
        if of[position] == of[repairs[0]] and record.words[0] >> 12 == address >> 12 and entries(record) and answer is None:
            if position > repairs[0]:
                before = entries(record)[0] if before is None else before
            else:
                before = entries(record)[-1]
            after = entries(record)[-1]
        if record.pid != pid:
            continue
        if position > start and record.station.enumerator == "RoundAgain" and record.words[0] == address:
            rounds.append(position)
        if position > repairs[-1] and record.station.enumerator == "SysExit" and answer is None:
            answer = record.words[1]
    kinds = dict(records[repairs[0]].station.fields)
    turns = 1 + max((records[position].words[1] for position in rounds), default=-1)
    if turns >= HANGS:  # what it was at last is what keeps it there
        before = after
    steps = [(records[b].instructions - records[a].instructions) & 0xffffffff for a, b in zip(rounds, rounds[1:])]
    return Story(pid, records[repairs[0]].cpu, address, call_name(records[first], syscalls) if first is not None and
                 records[first].station.enumerator == "SysEnter" else "A system call", start, repairs, rounds, before, after,
                 words.word(kinds["repair"], records[repairs[0]].words[1], syscalls), None if before is None else cause(before), turns,
                 int(statistics.median(steps)) if steps else 0, answer)


def marks(entry, missing):
    """The entry's marks in words, the missing one between asterisks."""
    found = [name for bit, name in MARKS if entry & bit]
    joint = ", ".join(found)
    if missing == "stale":
        return joint
    return f"{joint} but *{missing}*" if found else f"*{missing}*"


def who(trace, pid):
    return f"{trace.names.get(pid, '?')}[{pid}]"


def sentence(trace, syscalls, found):
    if found is None:
        faults = sum(record.station.enumerator == "DoPageFault" for record in trace.records)
        tasks = len({record.pid for record in trace.records if record.pid})
        return (f"{tasks} tasks ran, and the kernel served {faults:,} page faults. No write of its own to a user page had to be "
                "repaired.")
    whose, call = f"the entry of 0x{found.address:08x}", found.call.replace("private", "Private")
    if found.turns >= HANGS:
        text = f"{call} of {who(trace, found.pid)} turned {found.turns:,} times: "
        if found.entry is None:
            return text + f"fault_in={found.repair} changed nothing that the records show."
        if found.cause == "stale":
            return text + (f"{whose} is {marks(found.entry, 'stale')}, but the TLB of CPU {found.cpu} is *stale*: it holds what was "
                           f"there before, and fault_in={found.repair} left it so.")
        return text + f"{whose} is {marks(found.entry, found.cause)}, and fault_in={found.repair} left it so."
    times = "once" if len(found.repairs) == 1 else f"{len(found.repairs):,} times"
    answer = "is not over" if found.answer is None else f"returned {words.result(found.answer)}"
    text = f"{call} of {who(trace, found.pid)} {answer}. Its write failed {times}"
    if found.entry is None or found.repaired is None:
        return text + f", and fault_in={found.repair} repaired it."
    stale = found.cause == "stale"
    text += f": the TLB of CPU {found.cpu} was *stale*" if stale else f": {whose} was {marks(found.entry, found.cause)}"
    if found.repaired != found.entry:
        gained = [name for bit, name in MARKS if found.repaired & ~found.entry & bit]
        return text + f". fault_in={found.repair} made it {' and '.join(gained) or 'another'}, and the next try succeeded."
    return text + f". fault_in={found.repair} left the entry as it is" + (", and dropped the page from the TLB." if stale else ".")
