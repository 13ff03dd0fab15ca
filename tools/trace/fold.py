"""Folding: a task that does the same again and again is shown once, with how often.

Each task is looked at by itself, so that what others do meanwhile changes nothing. Two records are the same if they differ only
in their times and in what counts the rounds.
"""

import collections

LONGEST, LEAST = 64, 3  # records of a round; rounds that are worth folding

# Behind `last`, the last record that is shown: `times` more rounds of `length` records, up to `end_ns`.
Fold = collections.namedtuple("Fold", "last length times end_ns")

COUNTS = {"RoundAgain": 1}  # the word that counts


def key(record):
    words = list(record.words)
    if record.station.enumerator in COUNTS:
        words[COUNTS[record.station.enumerator]] = 0
    return record.cpu, record.station.number, record.pc, tuple(words)


def rounds(keys, start):
    """(length, how often) of what is repeated from `start` on; (0, 0): nothing is."""
    for length in range(1, min(LONGEST, (len(keys) - start) // LEAST) + 1):
        if keys[start] != keys[start + length]:
            continue
        times = 1
        block = keys[start:start + length]
        while keys[start + times * length:start + (times + 1) * length] == block:
            times += 1
        if times >= LEAST:
            return length, times
    return 0, 0


def fold(records):
    """Two sets: the records that are shown, as their positions, and {position of the last record shown: Fold}."""
    tasks = collections.defaultdict(list)
    for position, record in enumerate(records):
        tasks[record.pid].append(position)
    shown, folds = set(range(len(records))), {}
    for positions in tasks.values():
        keys, at = [key(records[position]) for position in positions], 0
        while at < len(keys):
            length, times = rounds(keys, at)
            if length == 0:
                at += 1
                continue
            last, end = at + length - 1, at + length * times
            folds[positions[last]] = Fold(positions[last], length, times - 1, records[positions[end - 1]].ns)
            shown.difference_update(positions[at + length:end])
            at = end
    return shown, folds
