#!/usr/bin/env python3
"""terminal.py [OPTION...]: types at `./qemu-run.sh OPTION... --shell` through a pseudo-terminal and watches the screen.
Tests line editing, signals from the keyboard and job control. Prints a line on standard error for each thing that does
not appear on the screen; the status is how many there were."""

import os
import pty
import re
import select
import sys
import time

PROMPT = r"~ # \Z"
CTRL_C, CTRL_D, CTRL_Z, CTRL_U, CTRL_W, CTRL_BACKSLASH = "\x03", "\x04", "\x1a", "\x15", "\x17", "\x1c"


class Terminal:
    def __init__(self, command):
        self.failures = 0
        self.screen = ""  # since the last keys
        self.child, self.fd = pty.fork()
        if self.child == 0:
            os.execvp(command[0], command)

    def type(self, keys):
        self.screen = ""
        os.write(self.fd, keys.encode())

    def text(self):
        """The screen, without carriage returns and the sequences that move the cursor or ask for its position."""
        return re.sub(r"\r|\x1b\[[0-9;]*[A-Za-z]", "", self.screen)

    def sees(self, pattern, what, seconds=20):
        """Waits until `pattern` has appeared on the screen since the last keys. A pattern for a whole line includes the
        end of the line: keys that are typed before the line has ended may be echoed in the middle of it."""
        deadline = time.monotonic() + seconds
        while not re.search(pattern, self.text(), re.M):
            left = deadline - time.monotonic()
            ready, _, _ = select.select([self.fd], [], [], max(left, 0))
            try:
                data = os.read(self.fd, 4096) if ready else b""
            except OSError:
                data = b""  # the other side is closed
            if not data:
                self.failures += 1
                print(f"FAILED: {what}: no {pattern!r} at the end of {self.text()[-1000:]!r}", file=sys.stderr)
                return False
            self.screen += data.decode(errors="replace")
        return True

    def command(self, line, pattern, what):
        """Types a command, and waits for what it must show and for the prompt after it."""
        self.type(line + "\n")
        return self.sees(pattern, what) and self.sees(PROMPT, what + ": prompt")

    def end(self):
        """The status of the machine, which was told to switch itself off."""
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            if select.select([self.fd], [], [], 0.2)[0]:
                try:
                    os.read(self.fd, 4096)
                except OSError:
                    pass
            pid, status = os.waitpid(self.child, os.WNOHANG)
            if pid:
                return os.waitstatus_to_exitcode(status)
        os.kill(self.child, 15)
        return None


def start(t, program):
    """Starts a program that copies the keyboard to the screen, and waits until it does so. When `ready` appears, the
    shell's line editor no longer reads the terminal. When a line was copied, the program has the terminal and gets its
    signals."""
    t.type(f"echo ready; {program}\n")
    t.sees(r"^ready\n", program + " is started")
    t.type("go\n")
    t.sees(r"^go\ngo\n", program + " reads")


def until_stopped(program):
    """A command that waits until a program is stopped, and then says so. The brackets keep grep from finding itself."""
    return f"until ps -o stat,args | grep -q '^T.*[{program[0]}]{program[1:]}'; do :; done; echo stopped"


def shell_edits_lines(t):
    t.command("echo one t\x7fwo", r"^one wo$", "erase in the shell's own editor")
    t.command("stty -a | grep -o ' icanon'", r"^ icanon$", "canonical for programs")


def programs_read_edited_lines(t):
    start(t, "cat")
    t.type("helq\x7flo\n")
    t.sees(r"^hello\n", "DEL erases")
    t.type("two words" + CTRL_W + "more\n")
    t.sees(r"^two more\n", "^W erases a word")
    t.type("nothing of this" + CTRL_U + "line\n")
    t.sees(r"^line\n", "^U erases the line")
    t.type("\x16" + CTRL_C + "x\n")
    t.sees(r"^\x03x\n", "^V takes the next byte as it is")
    t.type("no end" + CTRL_D)
    t.sees(r"no endno end", "^D hands over what is there")
    t.type(CTRL_D)
    t.sees(PROMPT, "^D at the beginning is the end of the file")
    t.command("stty -echo; read X; stty echo; echo \"[$X]\"\nsecret", r"^\[secret\]$", "no echo")


def keyboard_sends_signals(t):
    for key, shown, status, name in ((CTRL_C, r"\^C", 130, "SIGINT"), (CTRL_BACKSLASH, r"\^\\", 131, "SIGQUIT")):
        start(t, "cat")
        t.type(key)
        t.sees(shown, name + " is echoed")
        t.sees(PROMPT, name + " ends cat")
        t.command("echo $?", rf"^{status}$", name + " is its status")
    start(t, "cat /dev/tty | cat")
    t.type(CTRL_C)
    t.sees(PROMPT, "^C ends a pipeline")
    t.command("ps | grep -c '[c]at'", r"^0$", "all of it")


def jobs_stop_and_go_on(t):
    start(t, "cat")
    t.type(CTRL_Z)
    t.sees(r"\[1\]\+  Stopped", "^Z stops")
    t.sees(PROMPT, "and the shell is back")
    t.command("jobs", r"^\[1\]\+  Stopped +cat$", "jobs knows it")
    t.command("ps -o stat,args | grep '[c]at'", r"^T +cat", "ps shows it stopped")
    t.command("bg", r"^\[1\] cat$", "bg")
    t.command(until_stopped("cat"), r"^stopped$", "in the background it may not read")
    t.type("fg\n")
    t.sees(r"^cat\n", "fg")
    t.type("words\n")
    t.sees(r"^words\nwords$", "in the foreground it may")
    t.type(CTRL_C)
    t.sees(PROMPT, "^C reaches it there")
    t.command("jobs; echo none", r"^none$", "it is gone")


def background_jobs_may_not_read(t):
    t.command("cat & " + until_stopped("cat"), r"^stopped$", "cat may not read in the background")
    t.command("jobs", r"^\[1\]\+  Stopped \(tty input\) +cat$", "SIGTTIN")
    t.type("fg\n")
    t.sees(r"^cat\n", "fg lets it read")
    t.type("now\n")
    t.sees(r"^now\nnow$", "and it does")
    t.type(CTRL_D)
    t.sees(PROMPT, "to the end")
    t.command(f"stty tostop; (echo loud) & {until_stopped('sh')}", r"^stopped$", "a writer is stopped")
    t.command("jobs; stty -tostop", r"Stopped \(tty output\)", "SIGTTOU")
    t.command("fg", r"^loud$", "fg lets it write")
    t.command("sleep 0.2 & wait; echo waited", r"^waited$", "wait")


def the_tools_work(t):
    # The shell waits for the end of the pipe, but not for the program that setsid starts.
    t.command("tty; setsid sh -c 'tty </dev/tty' 2>&1 | cat", r"^/dev/ttyAMA0$(.|\n)*tty: No such device", "/dev/tty")
    t.command("scenario fork-read.wake_op; echo scenario $?", r"^scenario 0$", "a scenario is on the path")
    t.command("yes | head -n 3 | wc -l", r"^ *3$", "pipelines")
    t.command("sleep 1000 & P=$!; echo 1 >/proc/$P/clear_refs; grep -c Referenced /proc/$P/smaps; kill $P",
              r"^[1-9][0-9]*$", "a process is aged")
    t.command("pte $$ 0x10000", r"^0x00010000: .* hardware 0x", "pte")


def main():
    t = Terminal(["./qemu-run.sh", *sys.argv[1:], "--shell", "--timeout", "250"])
    if t.sees(PROMPT, "the shell's prompt", 60):
        for part in (shell_edits_lines, programs_read_edited_lines, keyboard_sends_signals, jobs_stop_and_go_on,
                     background_jobs_may_not_read, the_tools_work):
            part(t)
        t.type("exit\n")
    status = t.end()
    if status != 0:
        t.failures += 1
        print(f"FAILED: exit ended the machine with status {status}", file=sys.stderr)
    return min(t.failures, 100)


sys.exit(main())
