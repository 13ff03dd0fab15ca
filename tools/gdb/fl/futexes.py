"""`fl futexes`: who waits for which word, and who owns the PI locks."""

from fl.command import command
from fl.entries import Layout, user_word
from fl.kernel import elements
from fl.spinlocks import state_of
from fl.tasks import all_tasks, name_of

MATCH_ANY = 0xFFFFFFFF


def nr_buckets(kernel):
    return 1 << (32 - int(kernel.variable("futex_table")["shift"]))


def buckets(kernel):
    """(number, bucket) of those with a waiter or whose lock is held."""
    first = kernel.variable("futex_table")["buckets"].target()
    if first is None:
        return
    for number in range(nr_buckets(kernel)):
        bucket = type(first)(kernel, first.address + number * first.type.sizeof, first.type)
        if state_of(bucket["lock"]) or next(elements(bucket["waiters"]), None) is not None:
            yield number, bucket


def key_words(key):
    page, offset, owner = int(key["page"]), int(key["offset"]), int(key["object"])
    if key["kind"].is_any("Inode"):
        return f"word {offset:#x} of page {page} of inode {owner} (shared)"
    scope = "private" if key["kind"].is_any("PrivateMm") else "shared, in anonymous memory"
    return f"0x{page + offset:08x} ({scope}, address space 0x{owner:08x})"


def word_at(kernel, layout, key):
    """What the word of a key is, if the key says where it is."""
    if not key["kind"].is_any("PrivateMm", "SharedMm"):
        return ""
    mm = kernel.at(int(key["object"]), "MmStruct")
    word = user_word(kernel, layout, mm, int(key["page"]) + int(key["offset"]))
    return f", the word is 0x{word:08x}" if word is not None else ", its page is not in memory"


def chain_of(q):
    """The owner of the PI lock that a waiter waits for, what that one waits for, and so on."""
    names, seen = [], set()
    while q is not None:
        state = q["pi_state"].target()
        owner = state["owner"].target() if state is not None else None
        if owner is None:
            break
        names.append(name_of(owner))
        if owner in seen:
            break  # a circle; the kernel refuses to close one
        seen.add(owner)
        q = owner["pi_blocked_on"].target()
    return names


def waiter_words(q):
    words = [f"{name_of(q['task'].target())}"]
    if int(q["bitset"]) & MATCH_ANY != MATCH_ANY:
        words.append(f"bitset 0x{int(q['bitset']) & MATCH_ANY:08x}")
    target = q["requeue_pi_key"].target()
    if target is not None:
        words.append(f"may be moved to {key_words(target)}")
    if int(q["pi_granted"]):
        words.append("has the lock of an owner that died")
    chain = chain_of(q)
    if chain:
        words.append("owner " + ", who waits for ".join(chain))
    return ", ".join(words)


def waits_for_futex(kernel):
    """{task: what it waits for}."""
    found = {}
    for _, bucket in buckets(kernel):
        for q in elements(bucket["waiters"]):
            chain = chain_of(q)
            found[q["task"].target()] = (f"{'PI ' if q['pi_state'] else ''}futex {key_words(q['key'])}"
                                         + (f", which {chain[0]} owns" if chain else ""))
    return found


@command("futexes", 0)
def futexes(kernel):
    """The futexes with waiters: bucket, key, the word, each waiter; of PI locks the owner and the chain behind it.

    A word that a task sees through its own mapping has an address; one in a file has its page. Also the buckets whose lock is
    held, and the PI locks that have an owner."""
    layout, waiters, used = Layout(), 0, 0
    for number, bucket in buckets(kernel):
        used += 1
        yield f"bucket {number}: lock {state_of(bucket['lock']) or 'free'}"
        last = None
        for q in elements(bucket["waiters"]):
            words = key_words(q["key"])
            if words != last:
                yield f"  futex {words}{word_at(kernel, layout, q['key'])}"
                last = words
            waiters += 1
            yield f"    {waiter_words(q)}"
    for task in all_tasks(kernel):
        state = task["pi_states"].target()
        while state is not None:
            heirs = [name_of(q["task"].target()) for q in elements(state["waiters"])]
            yield f"{name_of(task)} owns the PI lock {key_words(state['key'])}; waiters: {', '.join(heirs) or 'none'}"
            state = state["next_owned"].target()
    yield f"{waiters} waiters; {used} of {nr_buckets(kernel)} buckets in use"
