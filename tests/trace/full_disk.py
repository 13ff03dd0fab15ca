#!/usr/bin/env python3
"""tools/trace/convert.py, if one of two files cannot be written: it says which and why, makes the other, and fails."""

import contextlib
import io
import pathlib
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools/trace"))

import convert  # noqa: E402
import records  # noqa: E402


def main():
    records.load = lambda *_: records.Trace([], [])
    with tempfile.TemporaryDirectory() as directory, contextlib.redirect_stderr(io.StringIO()) as said:
        other = pathlib.Path(directory, "t.json")
        sys.argv = ["convert.py", "--run", "", "", "--elf", "none", "--", "/dev/full", str(other)]
        try:
            convert.main()
            status = 0
        except SystemExit as ended:
            status = ended.code
        made = other.exists()
    expected = "trace: /dev/full: No space left on device\ntrace: 0 records, none lost\n"
    if (said.getvalue(), bool(status), made) != (expected, True, True):
        sys.exit(f"said {said.getvalue()!r}, status {status}, the other file is {'there' if made else 'missing'}")


main()
