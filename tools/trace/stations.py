"""base/stations.def as Python has it: what each station is called, and what the words of its records mean."""

import collections
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent

Station = collections.namedtuple("Station", "number enumerator name group fields")  # fields: [(name, type)]


def parse(text):
    words = dict(re.findall(r'^#define (\w+) "(.*)"$', text, re.M))
    rows = []
    for enumerator, rest in re.findall(r"^STATION\((\w+), (.*)\)(?: //.*)?$", text, re.M):
        for name, value in words.items():
            rest = re.sub(rf'" {name} "', value, re.sub(rf'" {name}$', value + '"', rest))
        name, group, fields = re.findall(r'"([^"]*)"', rest)
        fields = [tuple(field.split(":")) for field in fields.split()]
        rows.append(Station(len(rows), enumerator, name, group, fields))
    return rows


STATIONS = parse((ROOT / "base/stations.def").read_text(encoding="utf-8"))
BY_NAME = {station.name: station for station in STATIONS}
GROUPS = sorted({station.group for station in STATIONS})


def named(name):
    """The stations of that name or group; none is an empty list."""
    return [station for station in STATIONS if name in (station.name, station.group)]
