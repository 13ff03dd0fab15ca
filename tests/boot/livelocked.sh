#!/bin/bash
# livelocked.sh [--only NAME REPAIR] [OPTION...]: a task in a loop that never ends, which the kernel only reports, holds up
# nobody else (tests/boot/programs/beside.c). Without a name: loops in a call, at exit, and in execve; and two of them under
# another repair.
source "$(dirname "$0")/lib.sh"

rows=("original-report gup" "robust-exit.read gup" "robust-exit.sigkill gup" "robust-exit.exec gup"
    "robust-exit.read-only fixup_2011" "error.read-only.lock_pi-p fixup_2011")
if [[ ${1-} == --only ]]; then
    rows=("$2 $3")
    machine=("${@:4}")
fi

mkdir "$work/root"
arm-linux-gnueabihf-gcc -O1 -static -o "$work/root/beside" tests/boot/programs/beside.c || exit 1
for row in "${rows[@]}"; do
    read -r name repair <<<"$row"
    run --icount --fault-in "$repair" --append livelock=report --timeout 300 --root "$work/root" --init /beside "$name" \
        </dev/null
    check "beside $name under $repair" equal "$status" 0
    check "others get on beside $name" holds "$work/out" '^beside: and others get on'
done
finish
