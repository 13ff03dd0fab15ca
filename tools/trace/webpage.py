"""One page that shows what happened: no network, no other files. page/ has its parts; the records stand in it as JSON.

What is repeated is left out: of equal rounds the first and the last are drawn, and how many lie between.
"""

import bisect
import collections
import html
import json
import pathlib

import fold
import spaces
import story
import verdict
import words
from stations import ROOT, STATIONS

PAGE = pathlib.Path(__file__).resolve().parent / "page"
FIRST, LAST = 3, 2  # rounds that are drawn
MOST, BEFORE = 12000, 500  # records on a page; of them, those before the call
AROUND = 6  # lines of source
MOST_PAGES = 40


def rounds(records):
    """Per task, its rounds: [positions], each up to a RoundAgain, without what stands before the first."""
    begun, found = {}, collections.defaultdict(list)
    for position, record in enumerate(records):
        if record.pid in begun:
            begun[record.pid].append(position)
        if record.station.enumerator == "RoundAgain":
            if record.pid in begun:
                found[record.pid].append(begun[record.pid])
            begun[record.pid] = []
    return found


def fold_rounds(records):
    """(positions that are not drawn, [(position of the record behind which they are missing, how often, how many records)])."""
    hidden, gaps = set(), []
    for each in rounds(records).values():
        keys = [[fold.key(records[position]) for position in one] for one in each]
        at = 0
        while at < len(each):
            end = at + 1
            while end < len(each) and keys[end] == keys[at]:
                end += 1
            if end - at > FIRST + LAST:
                for one in each[at + FIRST:end - LAST]:
                    hidden.update(one)
                gaps.append((each[at + FIRST - 1][-1], end - at - FIRST - LAST, len(each[at])))
            at = end
    return hidden, gaps


def fold_others(records):
    """The same, where no rounds are counted."""
    shown, folds = fold.fold(records)
    return set(range(len(records))) - shown, [(each.last, each.times, each.length) for each in folds.values()]


class Sources:
    """Lines of source around the places where stations stand."""

    def __init__(self):
        self.files = {}

    def add(self, file, number):
        path = ROOT / file
        if not path.is_file():
            return
        lines = path.read_text(encoding="utf-8").splitlines()
        excerpt = self.files.setdefault(file, {})
        for each in range(max(number - AROUND, 1), min(number + AROUND, len(lines)) + 1):
            excerpt[each] = lines[each - 1]


def pages_of_interest(records, of, found):
    """[[address space, page, how many records, whose]]: those that a futex call had to repair first, then those with most faults."""
    counts, repaired, faults = (collections.Counter() for _ in range(3))
    tasks = collections.defaultdict(collections.Counter)
    for record, space in zip(records, of):
        if space is None or record.words[0] == 0:
            continue
        page = space, record.words[0] >> 12
        counts[page] += 1
        tasks[page][record.pid] += 1
        repaired[page] += record.station.enumerator in ("RepairCalled", "RoundAgain")
        faults[page] += record.station.enumerator == "DoPageFault"
    order = sorted((page for page in counts if faults[page] or repaired[page]),
                   key=lambda page: (found is not None and page[1] == found.address >> 12, repaired[page], faults[page], counts[page]),
                   reverse=True)
    return [[*page, counts[page], max((count, pid) for pid, count in tasks[page].items())[1]]
            for page in order[:MOST_PAGES]]


def run(trace, title, elf, syscalls, sources, functions):
    """What the page knows of one boot."""
    records, slices, of = trace.records, story.Slices(trace.records), spaces.Spaces(trace.records).of
    found = verdict.find(trace, syscalls, slices)
    hidden, gaps = fold_rounds(records)
    if not gaps:
        hidden, gaps = fold_others(records)
    drawn = [position for position in range(len(records)) if position not in hidden]
    # If there is no room for all: those from shortly before the call on, and before, what made the page what it is; otherwise the last.
    start, history = max(len(drawn) - MOST, 0), []
    if found:
        start = min(start, max(bisect.bisect_left(drawn, found.first) - BEFORE, 0))
        history = [position for position in drawn[:start] if of[position] == of[found.repairs[0]] and
                   records[position].words[0] >> 12 == found.address >> 12][-BEFORE:]
    drawn = history + drawn[start:start + MOST]
    place = {position: number for number, position in enumerate(drawn)}
    gaps = [[place[after], times, length] for after, times, length in gaps if after in place]
    skipped = len(records) - len(drawn) - sum(times * length for _, times, length in gaps)
    where = trace.where(elf)
    for pc in {records[position].pc for position in drawn}:
        if pc not in functions["index"]:
            functions["index"][pc] = len(functions["all"])
            functions["all"].append(where.get(pc, []))
            for _, file, number in where.get(pc, [])[-1:]:
                sources.add(file, number)

    def row(position):
        record = records[position]
        return [record.ns, record.cpu, record.pid, record.station.number, functions["index"][record.pc], record.instructions,
                of[position] or 0, *record.words[:len(record.station.fields)]]

    bars = []
    for one in slices.all:
        last = slices.end(one)
        while last not in place and last > one.first:
            last -= 1
        if one.first in place:
            bars.append([one.kind, place[one.first], place[last],
                         verdict.call_name(records[one.first], syscalls) if one.kind == "call" else ""])
    first = next((place[position] for position in ([found.first, *found.repairs] if found else []) if position in place), 0)
    round_ = next((each for each in rounds(records).get(found.pid, []) if each and each[0] in place and each[0] > found.first),
                  None) if found else None
    if found and round_ is None:  # it did not go round: from the failed attempt's fault to what repaired it, or did not
        end = next((position for position in [*found.rounds, found.failed] if position in place), found.repairs[0])
        round_ = [position for position in range(found.first, end + 1) if records[position].pid == found.pid]
    return {
        "title": title, "tasks": trace.names, "records": [row(position) for position in drawn], "bars": bars,
        "gaps": gaps,
        "total": len(records), "lost": sum(count.lost for count in trace.counts), "skipped": skipped,
        "sentence": verdict.sentence(trace, syscalls, found), "anchor": first, "softtlb": any(
            record.station.enumerator == "TlbRefill" for record in records),
        "pages": pages_of_interest(records, of, found),
        "story": found and {"cause": found.cause, "entry": found.entry, "repaired": found.repaired, "turns": found.turns,
                            "outcome": found.outcome, "error": found.failed and words.result(records[found.failed].words[1]),
                            "instructions": found.instructions, "round": [place[each] for each in round_ or [] if each in place]},
    }


def names_used(runs, syscalls):
    """The names of the system calls and errors that the page has to print."""
    numbers = {row[7] for one in runs for row in one["records"] if STATIONS[row[3]].group == "raw_syscalls"}
    answers = {row[8] for one in runs for row in one["records"] if STATIONS[row[3]].enumerator == "SysExit" and row[8] >= words.FIRST_ERROR}
    return {number: syscalls[number] for number in sorted(numbers) if number in syscalls}, {
        number: words.result(number) for number in sorted(answers)}


def part(name):
    return (PAGE / name).read_text(encoding="utf-8")


def write_page(runs, path, elf, syscalls, beside=None):
    """runs: [(title, Trace)]. beside: what Linux did (linux.py)."""
    sources, functions = Sources(), {"index": {}, "all": []}
    told = [run(trace, title, elf, syscalls, sources, functions) for title, trace in runs]
    calls, errors = names_used(told, syscalls)
    data = {"stations": [[each.enumerator, each.name, each.group, each.fields] for each in STATIONS], "calls": calls, "errors": errors,
            "functions": functions["all"], "sources": sources.files, "runs": told, "linux": beside,
            "wording": json.loads(part("wording.json"))}
    title = " | ".join(title for title, _ in runs if title) or "a trace"
    page = part("page.html")
    for mark, text in (("{{title}}", html.escape(title)), ("{{css}}", part("palette.css") + part("page.css")),
                       ("{{js}}", part("page.js")),
                       ("{{data}}", json.dumps(data, separators=(",", ":")).replace("</", "<\\/"))):
        page = page.replace(mark, text)
    pathlib.Path(path).write_text(page, encoding="utf-8")

