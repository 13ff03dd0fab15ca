"""How a command of `fl` is declared, and how it ends when it cannot do what was asked: with one sentence."""

import gdb

from fl.armv7 import Refused, parse_address
from fl.kernel import Kernel


class Prefix(gdb.Command):
    """Faultline's tasks, page tables, futexes and locks, as they are in the stopped machine."""

    def __init__(self):
        super().__init__("fl", gdb.COMMAND_DATA, gdb.COMPLETE_NONE, True)

    def invoke(self, argument, from_tty):
        if argument:
            raise gdb.GdbError(f"There is no `fl {argument}` (`fl` alone names all).")
        gdb.execute("help fl")


Prefix()


def command(name, most_arguments, prepare=None):
    """Makes `fl NAME` of a function (kernel, *arguments). Its documentation is what `help fl NAME` prints; it may raise
    Refused. prepare() is called before: it may use gdb's own view of the selected CPU, as nothing else may while memory is
    physical. Its result is kernel.prepared."""

    def declare(function):
        class Declared(gdb.Command):
            __doc__ = function.__doc__

            def __init__(self):
                super().__init__("fl " + name, gdb.COMMAND_DATA, gdb.COMPLETE_NONE)

            def invoke(self, argument, from_tty):
                words = gdb.string_to_argv(argument)
                try:
                    if len(words) > most_arguments:
                        raise Refused(f"`fl {name}` takes {('no argument', 'one argument', 'two arguments')[most_arguments]}"
                                      f"{' at most' if most_arguments else ''} (`help fl {name}`).")
                    with Kernel(prepare) as kernel:
                        lines = list(function(kernel, *words))
                except Refused as refused:
                    raise gdb.GdbError(str(refused)) from None
                for line in lines:
                    print(line)

        Declared()
        return function

    return declare


def user_address(text, kernel):
    address = parse_address(text)
    if address >= kernel.user_end:
        raise Refused(f"0x{address:08x} is no user address: those end at 0x{kernel.user_end:08x}.")
    return address
