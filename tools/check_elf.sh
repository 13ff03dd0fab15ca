#!/bin/bash
# check_elf.sh --kernel|--user FILE: checks a linked program for what no compiler checks. No segment is both writable
# and executable. The kernel has no global constructors: nothing would call them, so global objects must be `constinit`.
set -euo pipefail

kind=$1
file=$2
readelf=arm-none-eabi-readelf

"$readelf" --segments --wide "$file" | awk -v file="$file" '
    # Columns: Type Offset VirtAddr PhysAddr FileSiz MemSiz Flg Align. The flags, such as "R E", may contain blanks.
    $1 == "LOAD" {
        segments++
        flags = ""
        for (field = 7; field < NF; field++) flags = flags $field
        if (flags ~ /W/ && flags ~ /E/) {
            print file ": the segment at " $3 " is writable and executable (" flags ")" >"/dev/stderr"
            bad = 1
        }
    }
    END {
        if (!segments) { print file ": has no segment to load" >"/dev/stderr"; bad = 1 }
        exit bad
    }'

if [ "$kind" = --kernel ]; then
    "$readelf" --sections --wide "$file" | sed 's/^ *\[ *[0-9]*\] *//' | awk -v file="$file" '
        # Columns: Name Type Address Offset Size …; the size is in hexadecimal.
        $1 ~ /^\.(init_array|preinit_array|fini_array|ctors|dtors)/ && $5 !~ /^0+$/ {
            print file ": " $1 " is not empty: a global needs a constructor; make it constinit" >"/dev/stderr"
            bad = 1
        }
        END { exit bad }'
fi
