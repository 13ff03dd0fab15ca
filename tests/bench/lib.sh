# shellcheck shell=bash
# What run.sh and profile.sh share: the names of the figures, the build, and one boot of the benchmark program. Sourced with
# the repository as working directory.
source tests/conformance/lib.sh # Debian's packages
cpus=1                          # of the machine; `boot_bench` reads it

complain() { printf 'bench: %s\n' "$*" >&2; }
refuse() {
    complain "$*"
    exit 64
}

figures=tests/bench/figures.tsv

# group_of FIGURE: prints the group that measures it, or nothing.
group_of() { awk -F '\t' -v figure="$1" '!/^#/ && $1 == figure && figure != "part" { print $2 }' "$figures"; }

# check_figures FIGURE...: all must exist.
check_figures() {
    local figure
    for figure in "$@"; do
        [[ -n $(group_of "$figure") ]] || refuse "there is no figure $figure; tests/bench/figures.tsv lists them"
    done
}

# build_bench BACK_END...: builds the program and these kernels, and copies them to $work.
build_bench() {
    local back_end flavour
    mkdir -p build
    exec {lock}>build/.lock
    flock "$lock"
    if [[ -z ${QEMU_RUN_BUILT-} ]]; then
        tools/setup.sh run || exit 69
        local targets=(bench)
        for back_end in "$@"; do targets+=("faultline$([[ $back_end == walked ]] || echo "-$back_end")_image"); done
        if ! { [[ -f build/arm/build.ninja ]] || cmake --preset arm; } >"$work/build.log" 2>&1 ||
            ! cmake --build --preset arm --target "${targets[@]}" >>"$work/build.log" 2>&1; then
            cat "$work/build.log" >&2
            give_up "the build failed; its messages are above"
        fi
    fi
    cp build/arm/bench "$work/bench.elf"
    for back_end in "$@"; do
        flavour=$([[ $back_end == walked ]] || echo "-$back_end")
        cp "build/arm/kernel$flavour.img" "$work/kernel-$back_end.img"
        cp "build/arm/faultline$flavour.elf" "$work/kernel-$back_end.elf"
    done
    exec {lock}>&-
}

# make_initramfs NAME [MODULES]: the program as /init, and from the directory of a Linux's modules what a disk needs.
make_initramfs() {
    local tree=$work/$1
    mkdir -p "$tree/dev" "$tree/proc" "$tree/modules"
    arm-none-eabi-strip -o "$tree/init" "$work/bench.elf"
    [[ -z ${2-} ]] || find "$2" \( -name virtio_mmio.ko -o -name virtio_blk.ko \) -exec cp {} "$tree/modules" \;
    tools/initramfs.sh "$tree" "$work/$1.cpio"
}

# boot_bench KERNEL INITRAMFS OUTPUT KERNEL_ARGUMENTS GROUPS [QEMU_ARGUMENT...]: one boot of the program with these arguments. OUTPUT
# is the console's text. Only the group `reclaim` has disks: they answer when the host has time, and then two boots are not
# identical. The seed of the device tree comes from -seed, because without any Linux's random numbers are late, and its fork
# takes longer.
boot_bench() {
    local disks=()
    if [[ $5 == reclaim* ]]; then
        truncate -s 16M "$work/disk.img"
        truncate -s 0 "$work/swap.img" && truncate -s 32M "$work/swap.img"
        PATH=$PATH:/usr/sbin:/sbin mkswap -q "$work/swap.img"
        disks=(-global virtio-mmio.force-legacy=no -global virtio-mmio.ioeventfd=off
            -drive "if=none,id=swap,format=raw,file=$work/swap.img" -device virtio-blk-device,drive=swap
            -drive "if=none,id=disk,format=raw,file=$work/disk.img" -device virtio-blk-device,drive=disk)
    fi
    setpriv --pdeathsig TERM timeout --kill-after 5 "${BENCH_TIMEOUT:-900}" \
        qemu-system-arm -M virt -cpu cortex-a15 -smp "$cpus" -m 256 -nodefaults -nic none -display none -monitor none \
        -no-reboot -semihosting-config enable=on,target=native -icount shift=0,sleep=off -seed 1 \
        -rtc base=2011-07-26,clock=vm "${disks[@]}" -kernel "$1" -initrd "$2" -append "$4 -- $5" \
        -chardev "file,id=console,path=$3.raw" -serial chardev:console "${@:6}" </dev/null >/dev/null 2>"$3.qemu" || true
    tr -d '\r' <"$3.raw" >"$3"
    if ! grep -q '^bench: done$' "$3"; then
        complain "the program did not end as it must; the last lines:"
        tail -n 5 "$3" "$3.qemu" >&2
        exit 69
    fi
}

# groups_of [FIGURE...]: prints the groups that measure these figures, or all.
groups_of() {
    local figure
    if [[ $# -eq 0 ]]; then
        awk -F '\t' '!/^#/ && $1 != "part" && $2 != "boot" { print $2 }' "$figures" | uniq
    else
        for figure in "$@"; do group_of "$figure"; done | sort -u
    fi
}
