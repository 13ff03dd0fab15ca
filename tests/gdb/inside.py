"""What the test scripts share that run inside gdb. They say `check` for what they expect, and end with `finish`."""

import re

import gdb

failures = 0


def check(good, what, shown=""):
    global failures
    if not good:
        failures += 1
        print(f"FAILED: {what}\n" + "".join(f"    {line}\n" for line in shown.splitlines()))


def show(command):
    """What a command prints."""
    text = gdb.execute(command, to_string=True)
    print(f"(gdb) {command}\n{text}", end="")
    return text


def holds(command, *patterns):
    """Each pattern must be in what the command prints."""
    text = show(command)
    for pattern in patterns:
        check(re.search(pattern, text, re.M), f"{command}: {pattern}", text)
    return text


def refuses(command, pattern):
    """The command must fail with this one sentence."""
    try:
        gdb.execute(command, to_string=True)
    except gdb.error as error:
        said = str(error)
        check(re.fullmatch(pattern, said), f"{command}: refused with {pattern!r}, not {said!r}")
        check("\n" not in said and said.endswith((".", ").")), f"{command}: one sentence", said)
    else:
        check(False, f"{command}: refused")


def go_to(place):
    """Lets the machine run to a breakpoint at this place, and takes that away again."""
    gdb.execute(f"thbreak {place}", to_string=True)
    gdb.execute("continue", to_string=True)
    check(gdb.selected_thread() is not None and gdb.selected_thread().is_valid(), f"the machine gets to {place}")


def variable(name):
    return int(gdb.convenience_variable(name)) & 0xFFFFFFFF


def finish():
    gdb.execute("delete", to_string=True)
    gdb.execute(f"quit {min(failures, 1)}")
