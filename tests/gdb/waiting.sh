#!/bin/bash
# tools/gdb/ on threads that wait and pages in every state (tests/gdb/waiting.c): on the machine that the arguments name.
source "$(dirname "$0")/lib.sh"
program waiting
shows "threads that wait" waiting.py "stop_here=$(address_of waiting stop_here)" --icount --swap 8 --exec "$work/waiting"
finish
