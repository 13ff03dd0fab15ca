#!/usr/bin/env python3
"""drop_names.py MODULE.wasm: drops the custom sections behind the last other one, such as the names of functions, which are half
of the module. What stands before them stays where it is, so the source map still fits."""

import pathlib
import sys

CUSTOM = 0


def read_leb(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if not byte & 0x80:
            return value, at


def main():
    path = pathlib.Path(sys.argv[1])
    data = path.read_bytes()
    at = end = 8  # behind the magic and the version
    while at < len(data):
        section = data[at]
        size, start = read_leb(data, at + 1)
        at = start + size
        if section != CUSTOM:
            end = at
    path.write_bytes(data[:end])


main()
