#!/bin/bash
# What qemu-run.sh must refuse. It does so at once, with status 64, no output, and one line on standard error that names
# the option.
source "$(dirname "$0")/lib.sh"

# refused OPTION ARG...: checks that ./qemu-run.sh ARG... is refused with a line that names OPTION.
refused() {
    local option=$1
    shift
    status=0
    timeout 10 ./qemu-run.sh "$@" >"$work/out" 2>"$work/err" </dev/null || status=$?
    check "refused: $*" equal "$status" 64
    check "one line for: $*" equal "$(wc -l <"$work/err")" 1
    check "names $option for: $*" holds "$work/err" "^qemu-run: $option: "
    check "nothing on standard output for: $*" equal "$(wc -c <"$work/out")" 0
}

program=build/arm/user/hello
head -c 40 "$program" >"$work/short"
head -c 3000 "$program" >"$work/cut"
: >"$work/empty"
cp "$program" "$work/big-endian"
printf '\002' | dd of="$work/big-endian" bs=1 seek=5 conv=notrunc status=none
cp "$program" "$work/other-machine"
printf '\003' | dd of="$work/other-machine" bs=1 seek=18 conv=notrunc status=none
echo 'int main(void) { return 0; }' >"$work/hello.c"
arm-linux-gnueabihf-gcc -o "$work/dynamic" "$work/hello.c"
arm-linux-gnueabihf-gcc -c -o "$work/object" "$work/hello.c"
mkfifo "$work/fifo"
head -c 4096 /dev/zero >"$work/disk"
truncate -s 8T "$work/huge"
many=()
for number in {1..17}; do
    cp "$work/disk" "$work/disk.$number"
    many+=(--disk "$work/disk.$number")
done

refused --bogus --bogus
refused stray stray
refused --scenario --scenario
refused --scenario --scenario no-such-scenario
refused --scenario --scenario ''
refused --scenario --scenario 'a b'
for value in '' x -1 0 31 1025 1.5 99999999999999999999; do refused --mem --mem "$value"; done
for value in "" x 0 9 -1; do refused --smp --smp "$value"; done
refused --smp --smp 1 --scenario stale.lock_pi
refused --smp --scenario broken.unmap --smp 1
refused --mmu --mmu walked --scenario stale.lock_pi
for value in '' x 0 -1 1e3; do refused --timeout --timeout "$value"; done
for value in '' x softtlb2 'walked softtlb'; do refused --mmu --mmu "$value"; done
for value in '' x GUP 'gup fixup'; do refused --fault-in --fault-in "$value" --init /sbin/init; done
refused --fault-in --fault-in gup
refused --disk --disk
refused --disk --disk "$work/nowhere" --shell
refused --disk --disk "$work" --shell
refused --disk --disk "$work/empty" --shell
refused --disk --disk "$work/short" --shell # no whole sectors
refused --disk --disk "$work/fifo" --shell
refused --disk --disk "$work/disk"
refused --disk --disk "$work/disk" --disk "$work/../${work##*/}/disk" --shell
refused --disk --disk '' --shell
refused --disk --disk /dev/zero --shell
refused --disk --disk "$work/huge" --shell
refused --disk "${many[@]}" --shell
for size in '' 0 5000 4k; do
    refused --swap --swap "$size" --shell
    refused --new-disk --new-disk "$size" --shell
done
refused --swap --swap
refused --swap --swap 8
refused --swap "${many[@]:2}" --swap 8 --shell
refused --disk --disk "$work/disk" --scenario disk-read.wake_op
refused --mem --mem 64 --scenario short-anon.wake_op-p
refused --disk-faults --disk-faults "$work/disk" --shell
refused --disk-faults --disk "$work/disk" --disk-faults "$work/nowhere" --shell
refused --disk-faults --disk "$work/disk" --disk-faults "$work" --shell
refused --disk-faults --disk "$work/disk" --disk-faults
printf '[inject-error]\nevent = "read_aio"\nerrno = 5\n' >"$work/rules"
refused --disk-faults --disk "$work/disk" --disk-faults "$work/rules" --shell
check "the line of a wrong rule" holds "$work/err" 'line 3 is neither'
refused --disk-speed --disk-speed 64 --shell
refused --disk-speed --disk "$work/disk" --disk-speed
refused --disk-speed --icount --disk "$work/disk" --disk-speed 64 --shell
for speed in '' 0 1048577 64k; do refused --disk-speed --disk "$work/disk" --disk-speed "$speed" --shell; done
for log in '' "$work" "$work/fifo" "$work/disk" "$work/nowhere/log" "$work/disk/log"; do
    refused --disk-log --disk "$work/disk" --disk-log "$log" --shell
done
refused --disk-log --disk "$work/disk" --disk-log /proc/log --exec "$program"
refused --disk-log --disk-log "$work/log" --shell
refused --disk-log --disk "$work/disk" --disk-log "$work/log" --disk "$work/disk.1" --disk-log "$work/../${work##*/}/log" --shell
refused --disk --disk "$work/disk" --disk-log "$work/disk.1" --disk "$work/disk.1" --shell
refused --root --root "$work/nowhere" --init /sbin/init
refused --root --root "$program" --init /sbin/init
refused --append --append 'open="quote' --init /sbin/init
refused --append --append 'loglevel=5 -- x' --init /sbin/init
refused --append --append $'two\nlines' --init /sbin/init
refused --init --init
refused --init --init sbin/init
refused --init --init /no/such/program
refused --init --init /sbin/init 'a"b'
for file in '' trace trace.txt.gz trace.TXT .json "$work/.dat" "$work" "$work/nowhere/t.html" "$work/disk/t.txt"; do
    refused --trace --trace "$file" --shell
done
mkdir "$work/directory.json"
refused --trace --trace "$work/directory.json" --shell
refused --trace --trace /proc/t.txt --exec "$program"
refused --trace --trace "$work/t.txt"
refused --trace --trace "$work/t.txt" --list
refused --trace --trace - --trace - --shell
refused --trace --trace "$work/t.txt" --trace "$work/../${work##*/}/t.txt" --shell
refused --trace --trace
for words in '' station station= station=nowhere station=vector,nowhere 'station=*' station=, station=vma, station=abort,,vma \
    'station=abort station=vma' $'station=abort\nstation=vma' cpu=0,,1 'task=a"b' task=a-name-of-17-letters task=0 \
    task=3000000000 cpu=8 cpu=1, address=1000 \
    address=2000-1000 address=x-y address=B000-0xA000 vector; do
    refused --trace-filter --trace "$work/t.txt" --trace-filter "$words" --shell
done
refused --trace-filter --trace "$work/t.txt" --trace-filter station=abort --trace-filter station=vma --shell
refused --trace-filter --trace "$work/t.txt" --trace-filter cpu=0,2 --smp 2 --shell
refused --trace-filter --trace-filter station=vector --shell
refused --trace-filter --trace-filter
refused --compare --compare
refused --compare --compare no-such-scenario
refused --compare --compare ''
refused --compare --shell --compare original-report
refused --scenario --compare original-report --scenario original-report
refused --exec --compare original-report --exec "$program"
refused --all --compare original-report --all
refused --gdb --compare original-report --gdb
refused --trace --compare original-report --trace "$work/t.txt"
refused --trace --compare original-report --trace "$work/nowhere/t.html"
refused --trace --compare original-report --trace "$work/t.html" --trace "$work/u.html"
refused --fault-in --compare original-report --fault-in none
refused --smp --compare stale.lock_pi --smp 1

refused --all --list --all
refused --gdb --gdb

refused --exec --exec
for file in nowhere short cut empty big-endian other-machine dynamic object fifo hello.c; do
    refused --exec --exec "$work/$file"
done
refused --exec --exec "$work"
refused --exec --exec /bin/true
refused --exec --list --exec "$program"

# The kernel checks the values of its own arguments, and whether its back end can do what they ask.
for words in fault_in=bogus fault_around=2 livelock=maybe fork_copy_shared=x tlb=x tlb_entries=64 ad_bits=x ad_bits=hardware; do
    run --append "$words" --init /sbin/init run /bin/hello </dev/null
    check "the kernel refuses $words" equal "$status" 64
    check "and says so" holds "$work/err" "${words%%=*}"
done
finish
