# shellcheck shell=bash
# Checks whether the kernel can run a program file. It reads the file with od, because a fresh Debian has no better
# tool. The layout is that of the ELF specification, 32-bit; e_machine 40 and EABI version 5 are from "ELF for the Arm
# Architecture".

# elf_word NAME OFFSET SIZE: prints the little-endian number of SIZE bytes at OFFSET in the array NAME of bytes.
elf_word() {
    local -n bytes=$1
    local value=0 i
    for ((i = $3 - 1; i >= 0; i--)); do
        value=$((value << 8 | bytes[$2 + i]))
    done
    echo "$value"
}

# read_bytes NAME FILE OFFSET SIZE: reads bytes of FILE into the array NAME, as decimal numbers.
read_bytes() {
    mapfile -t "$1" < <(od -An -v -tu1 -w1 -j "$3" -N "$4" -- "$2" | tr -d ' ')
}

# elf_defect FILE: prints what is wrong with a program; prints nothing if the kernel can run it.
elf_defect() {
    local file=$1 size header segments i
    [[ -e $file ]] || { echo "no such file"; return; }
    [[ -f $file ]] || { echo "not a regular file"; return; }
    [[ -r $file ]] || { echo "not readable"; return; }
    size=$(stat -L -c %s -- "$file")

    read_bytes header "$file" 0 52
    if [[ ${header[*]:0:4} != "127 69 76 70" ]]; then
        echo "not an ELF program"
        return
    fi
    [[ ${#header[@]} -eq 52 ]] || { echo "truncated: its ELF header is not whole"; return; }
    [[ ${header[4]} -eq 1 ]] || { echo "not a 32-bit program"; return; }
    [[ ${header[5]} -eq 1 ]] || { echo "not a little-endian program"; return; }
    [[ $(elf_word header 18 2) -eq 40 ]] || { echo "not a program for ARM"; return; }
    case $(elf_word header 16 2) in
    2 | 3) ;; # ET_EXEC, ET_DYN
    *) echo "not a linked program"; return ;;
    esac
    [[ $(($(elf_word header 36 4) >> 24)) -eq 5 ]] || { echo "not a program for the ARM EABI, version 5"; return; }

    local offset count
    offset=$(elf_word header 28 4)
    count=$(elf_word header 44 2)
    [[ $count -gt 0 && $(elf_word header 42 2) -eq 32 ]] || { echo "has no program headers"; return; }
    [[ $((offset + 32 * count)) -le $size ]] || { echo "truncated: its program headers are not whole"; return; }
    read_bytes segments "$file" "$offset" $((32 * count))

    local loads=0 type
    for ((i = 0; i < 32 * count; i += 32)); do
        type=$(elf_word segments $i 4)
        [[ $type -ne 3 ]] || { echo "not static: it asks for a dynamic linker"; return; } # PT_INTERP
        [[ $type -eq 1 || $type -eq 7 ]] || continue                                      # PT_LOAD, PT_TLS
        if [[ $(($(elf_word segments $((i + 4)) 4) + $(elf_word segments $((i + 16)) 4))) -gt $size ]]; then
            echo "truncated: a segment reaches past the end of the file"
            return
        fi
        [[ $type -ne 1 ]] || loads=$((loads + 1))
    done
    [[ $loads -gt 0 ]] || echo "has no segment to load"
}
