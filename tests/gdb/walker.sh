#!/bin/bash
# tools/gdb/armv7-pt.py on five processes (tests/gdb/layouts.c), against their pagemaps: every page that is present, and no other.
#
# walker.sh linux                      Debian's kernel for ARM, without symbols: the walker alone
# walker.sh OPTION...                  Faultline, on the machine of these options: `fl pt` and `fl vmas`, too, and the kernel's
#                                      own tables
source "$(dirname "$0")/lib.sh"
program layouts
settings="stop_here=$(address_of layouts stop_here) kernel=1"

if [[ $* == linux ]]; then
    # shellcheck disable=SC2034 # lib.sh fetches nothing then
    at_hand=yes
    source tests/conformance/lib.sh
    image=$(linux_kernel 2>/dev/null) || skip linux
    mkdir "$work/root" && cp "$work/layouts" "$work/root/layouts" && tools/initramfs.sh "$work/root" "$work/cpio" || exit 1
    setpriv --pdeathsig TERM timeout 200 qemu-system-arm -M virt -cpu cortex-a15 -m 256 -nodefaults -nic none -display none \
        -monitor none -no-reboot -kernel "$image" -initrd "$work/cpio" -append "loglevel=1 panic=-1 rdinit=/layouts" \
        -S -gdb "unix:$work/socket,server=on,wait=off" </dev/null >"$work/out" 2>"$work/err" &
    gdb_connects "$work/socket"
    status=0
    inside pagemap.py gdb-multiarch -x tools/gdb/armv7-pt.py -ex 'set confirm off' -ex "target remote $work/socket" \
        -ex "set \$${settings% *}" -ex 'set $kernel=2' || status=$?
    check "Linux's pages" equal "$status" 0
    [[ $status -eq 0 ]] || sed 's/^/  gdb: /' "$work/gdb" | tail -n 60
else
    shows "Faultline's pages" pagemap.py "$settings" --icount --exec "$work/layouts"
fi
grep '^layout' "$work/gdb"
finish
