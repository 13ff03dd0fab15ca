#!/usr/bin/env python3
"""Snippets that must not compile, each for one mistake and with one message.

    run.py BUILD [SNIPPET...]    the snippets named, or all of them; BUILD is a configured build/host

A snippet begins with a comment that says what its mistake is. Then it says what the compiler must answer:

    // error: REGEX          the compiler of BUILD, with the flags of the host tests
    // clang error: REGEX    clang, with -Wthread-safety: warnings are errors

Every error must match, and each REGEX must be met. With CORRECT defined the snippet says the same without the mistake, and
compiles: so nothing else is wrong with it. Exit status 1 and a line for each finding, if there is one.
"""

import json
import os
import pathlib
import re
import shlex
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
CLANG = ["clang++-19", "-Wthread-safety"]
LIKE = "base/lockdep.cpp"  # a snippet is compiled as this file is
EXPECTED = re.compile(r"^// (clang )?error: (.*)$", re.M)
ERROR = re.compile(r"\berror: (.*)$", re.M)


def compile_command(build):
    """The compiler and its flags, without what they are to do with LIKE, and without headers that GCC has compiled."""
    commands = json.loads((build / "compile_commands.json").read_text(encoding="utf-8"))
    words = shlex.split(next(entry["command"] for entry in commands if entry["file"].endswith("/" + LIKE)))
    first_flag = next(i for i, word in enumerate(words) if word.startswith("-"))  # a launcher may stand before the compiler
    end = next(i for i, word in enumerate(words) if word in ("-Winvalid-pch", "-o"))
    return words[first_flag - 1:end] + ["-fsyntax-only"]


def errors_of(command, snippet):
    done = subprocess.run([*command, snippet], capture_output=True, text=True, env={**os.environ, "LC_ALL": "C"})
    found = ERROR.findall(done.stderr)
    return found if found or done.returncode == 0 else [done.stderr]


def findings(command, snippet):
    expected = EXPECTED.findall(snippet.read_text(encoding="utf-8"))
    if not expected:
        yield "says of no error that it is expected"
        return
    if any(clang for clang, _ in expected):
        command = CLANG + command[1:]
    patterns = [pattern for _, pattern in expected]
    for error in errors_of([*command, "-DCORRECT"], snippet):
        yield f"is wrong without its mistake, too: {error}"
    errors = errors_of(command, snippet)
    for pattern in patterns:
        if not any(re.search(pattern, error) for error in errors):
            yield f"compiles, or with other errors than: {pattern}"
    for error in errors:
        if not any(re.search(pattern, error) for pattern in patterns):
            yield f"error that is not expected: {error}"


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    command = compile_command(pathlib.Path(sys.argv[1]))
    snippets = [HERE / name for name in sys.argv[2:]] or sorted(HERE.glob("*.cpp"))
    wrong = [f"{snippet.name} {finding}" for snippet in snippets for finding in findings(command, snippet)]
    print("\n".join(wrong) if wrong else f"{len(snippets)} as expected")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
