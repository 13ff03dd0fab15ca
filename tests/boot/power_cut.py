#!/usr/bin/env python3
"""Whether a disk keeps its promises when the power fails, for tests/boot/power_cut.sh.

power_cut.py image FILE BYTES PAGES                      makes the disk that tests/boot/programs/power_cut.c begins with
power_cut.py check LOG IMAGE ROUNDS PAGES EVERY          looks at what it wrote: the log, and the image afterwards

The log has every write and every flush, in order (QEMU's blklogwrites; the format is that of Linux's dm-log-writes). The power
may fail behind any entry. Then each sector has what the last flush left in it, or what any write since then put there: a cache
that is lost keeps and loses what it likes, a sector at a time. The rule speaks of one sector at a time, too. So it holds for
every image that a cut can leave if it holds for each content that each sector can have. These are few, and all are looked at,
behind every entry. Nothing is left to chance.

The rule: as soon as the log has the note that thread t was promised round n, its sectors have what it wrote until then, or in
round n + 1, but nothing older.
"""

import mmap
import struct
import sys

PAGE, SECTOR, THREADS = 4096, 512, 8
SECTORS = PAGE // SECTOR  # of a page
MAGIC, VERSION = 0x6A736677736872, 1
FLUSH, FUA = 1, 2

# PATTERNS[key]: a sector whose byte i is key + i.
PATTERNS = [bytes((key + i) & 255 for i in range(SECTOR)) for key in range(256)]


def pattern(round_, page, thread):
    return PATTERNS[(round_ + 31 * page + 7 * thread) & 255]


def fail(text):
    sys.exit(f"power_cut.py: {text}")


def make_image(path, size, pages):
    with open(path, "wb") as file:
        file.truncate(size)
        file.seek((THREADS + 1) * PAGE)
        for page in range(pages):
            file.write(b"".join(pattern(0, page, thread) for thread in range(THREADS)))


def entries(log):
    """Yields (flags, first sector, data) of every entry. The count in the first sector is that of some flush."""
    magic, version, least, sector_bytes = struct.unpack_from("<QQQI", log)
    if (magic, version, sector_bytes) != (MAGIC, VERSION, SECTOR):
        fail("the log does not begin as one")
    at, number = SECTOR, 0
    while at < len(log):
        sector, count, flags, _ = struct.unpack_from("<QQQQ", log, at)
        if flags & ~(FLUSH | FUA) or (count == 0) != (flags == FLUSH):
            fail(f"entry {number} of the log is not understood: flags {flags}, {count} sectors")
        at += SECTOR
        yield flags, sector, log[at:at + count * SECTOR]
        at += count * SECTOR
        number += 1
    if number < least or at != len(log):
        fail(f"the log is cut off after {number} entries")


class Disk:
    """Every content that each data sector could have if the power failed now."""

    def __init__(self, pages, every):
        self.pages, self.every = pages, every
        self.promised = [0] * THREADS
        self.safe = {(page, thread): pattern(0, page, thread) for page in range(pages) for thread in range(THREADS)}
        self.written = {}  # by sector: what was written since the last flush, in order
        self.entry = 0
        self.losses = 0  # contents that a cut could have lost

    def last_round(self, limit, page, thread):
        """The last round up to `limit` that writes the sector: 5 * round + thread = page, modulo EVERY."""
        for round_ in range(limit, max(limit - self.every, 0), -1):
            if (5 * round_ + thread - page) % self.every == 0:
                return round_
        return 0

    def check(self, page, thread, contents):
        promised = self.promised[thread]
        old = pattern(self.last_round(promised, page, thread), page, thread)
        new = pattern(self.last_round(promised + 1, page, thread), page, thread)
        for content in contents:
            if content not in (old, new) and any(byte not in pair for byte, *pair in zip(content, old, new)):
                rounds = {(byte - pattern(0, page, thread)[i]) & 255 for i, byte in enumerate(content)}
                fail(f"a power cut behind entry {self.entry} can leave rounds {sorted(rounds)} in data page {page} of "
                     f"thread {thread}, which was promised round {promised}")

    def note(self, thread, round_):
        if round_ <= self.promised[thread]:
            return
        if round_ != self.promised[thread] + 1:
            fail(f"entry {self.entry}: a promise is missing before round {round_} of thread {thread}")
        self.promised[thread] = round_
        for page in range(self.pages):
            self.check(page, thread, [self.safe[page, thread], *self.written.get((page, thread), [])])

    def write(self, sector, data):
        sectors = []
        for at in range(0, len(data), SECTOR):
            page, part = divmod(sector + at // SECTOR, SECTORS)
            if page < THREADS and part == 0:
                self.note(page, struct.unpack_from("<I", data, at)[0])
            elif page > THREADS and page - THREADS - 1 < self.pages:
                sectors.append((page - THREADS - 1, part, data[at:at + SECTOR]))
        for page, thread, content in sectors:
            self.check(page, thread, [content])
            self.written.setdefault((page, thread), []).append(content)
            self.losses += content != self.safe[page, thread]

    def flush(self):
        self.safe.update((sector, contents[-1]) for sector, contents in self.written.items())
        self.written.clear()


def check(log_path, image_path, rounds, pages, every):
    disk, flushes = Disk(pages, every), 0
    with open(log_path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as log:
        for flags, sector, data in entries(log):
            if data:
                disk.write(sector, data)
            if flags & FUA:
                fail("a write that is its own flush: the model has none")
            if flags & FLUSH:
                disk.flush()
                flushes += 1
            disk.entry += 1
    disk.flush()
    with open(image_path, "rb") as image:
        for (page, thread), content in disk.safe.items():
            image.seek((THREADS + 1 + page) * PAGE + thread * SECTOR)
            if image.read(SECTOR) != content:
                fail(f"the log and the image differ in data page {page}, thread {thread}")
    if disk.promised != [rounds] * THREADS:
        fail(f"the promises that were noted: {disk.promised}")
    print(f"{disk.entry} power cuts, {flushes} of them behind a flush; {sum(disk.promised)} promises kept; "
          f"{disk.losses} sectors that were not safe yet")


if sys.argv[1:2] == ["image"] and len(sys.argv) == 5:
    make_image(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
elif sys.argv[1:2] == ["check"] and len(sys.argv) == 7:
    check(sys.argv[2], sys.argv[3], *map(int, sys.argv[4:]))
else:
    sys.exit(__doc__)
