#!/bin/bash
# kallsyms.sh: makes the kernel's symbol table, as assembler source. The kernel uses it to name addresses in backtraces.
# The table has the addresses in ascending order, and for each the offset of its name in one string of names.
#   kallsyms.sh --empty TABLE        writes a table without symbols, for the first link
#   kallsyms.sh ELF TABLE            writes the table of the functions in ELF
#   kallsyms.sh --check ELF TABLE    fails unless TABLE is the table of ELF
set -euo pipefail

# Demangled names are shortened for the reader of a backtrace: no parameters, no template arguments, no return type, no
# `faultline::`.
table() {
    arm-none-eabi-c++filt | awk '
    function short_name(name,    before) {
        sub(/ \[clone .*$/, "", name)
        gsub(/\(anonymous namespace\)::/, "", name)
        gsub(/operator\(\)/, "operator\001", name)
        gsub(/operator<<=?/, "operator\002", name)
        gsub(/operator(<=>|<=?|->\*?|>>?=?)/, "operator\003", name)
        do {
            before = name
            gsub(/\([^()]*\)/, "", name)
            gsub(/<[^<>]*>/, "", name)
        } while (name != before)
        sub(/ const$/, "", name)
        if (name !~ /operator /) sub(/^.* /, "", name)
        gsub(/faultline::/, "", name)
        gsub(/operator\001/, "operator()", name)
        gsub(/operator\002/, "operator<<", name)
        gsub(/operator\003/, "operator<>", name)
        gsub(/["\\]/, "?", name)
        return name
    }
    BEGIN {
        count = offset = 0
        print "    .section .kallsyms, \"a\", %progbits"
        print "    .balign 4"
    }
    $2 ~ /^[tTwW]$/ && $1 != last {
        last = $1
        address[count] = $1
        sub(/^[^ ]+ [^ ]+ /, "")
        name[count++] = short_name($0)
    }
    END {
        print "    .globl kallsyms_addresses\nkallsyms_addresses:"
        for (i = 0; i < count; i++) print "    .word 0x" address[i]
        print "    .globl kallsyms_offsets\nkallsyms_offsets:"
        for (i = 0; i < count; i++) {
            print "    .word " offset
            offset += length(name[i]) + 1
        }
        print "    .globl kallsyms_count\nkallsyms_count:\n    .word " count
        print "    .globl kallsyms_names\nkallsyms_names:"
        for (i = 0; i < count; i++) print "    .asciz \"" name[i] "\""
    }'
}

case $1 in
--empty) table </dev/null >"$2" ;;
--check) arm-none-eabi-nm -n "$2" | table | cmp - "$3" ;;
*) arm-none-eabi-nm -n "$1" | table >"$2" ;;
esac
