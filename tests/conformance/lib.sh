# shellcheck shell=bash
# What run.sh and the groups share: Debian's armhf packages, compilers, and one boot of either kernel. Sourced with the
# repository as working directory. Everything fetched or made lies under build/, nothing of it is committed.

here=tests/conformance
architecture=armhf
packages=$(realpath -m "${CONFORMANCE_PACKAGES:-build/packages}")
images=${CONFORMANCE_IMAGES:-build/arm} # where the kernels were built

complain() { printf 'conformance: %s\n' "$*" >&2; }
give_up() {
    complain "$*"
    exit 69
}

# --- packages ---------------------------------------------------------------------------------------------------------

apt_sources=() # options that say where packages come from, if not from where the user's do

# private_apt TOOL ARG...: apt-TOOL for $architecture with the user's sources, but lists, cache and (empty) dpkg status of its
# own: the user's system gets no architecture and no package.
private_apt() {
    local tool=$1
    shift
    "apt-$tool" --quiet=2 -o APT::Architecture="$architecture" -o APT::Architectures="$architecture" -o APT::Install-Recommends=false \
        -o Dir::State="$packages/state" -o Dir::State::status="$packages/status" -o Dir::Cache="$packages/cache" \
        -o APT::Sandbox::User="$(id -un)" "${apt_sources[@]}" "$@"
}

# One mirror that is being synchronised must not stop us: what is missing then fails by its name.
update_lists() {
    mkdir -p "$packages/state/lists/partial" "$packages/cache/archives/partial"
    : >>"$packages/status"
    private_apt get update >"$packages/update.log" 2>&1 || true
}

# with_lists COMMAND...: with the lists as they are, and if that fails, with new ones. With --at-hand, not at all.
with_lists() {
    [[ -z ${at_hand-} ]] || return
    [[ -f $packages/update.log ]] || update_lists
    "$@" 2>"$packages/error.log" && return
    update_lists
    "$@" || give_up "cannot fetch from Debian: $* (see $packages/update.log)"
}

# archive PACKAGE: fetches a package; prints its .deb.
archive() {
    local deb
    mkdir -p "$packages/archives"
    (
        flock 9
        compgen -G "$packages/archives/$1_*.deb" >/dev/null && exit 0
        cd "$packages/archives" && with_lists private_apt get download "$1" >&2
    ) 9>"$packages/lock" || exit
    deb=("$packages/archives/$1"_*.deb)
    echo "${deb[0]}"
}

# unpack_into DIRECTORY DEB...: all of them, or nothing.
unpack_into() {
    local directory=$1 deb
    shift
    rm -rf "$directory.new"
    mkdir -p "$directory.new"
    for deb in "$@"; do dpkg-deb -x "$deb" "$directory.new" || give_up "cannot unpack $deb"; done
    mv "$directory.new" "$directory"
}

# fetch PACKAGE: fetches and unpacks a package, once; prints the directory.
fetch() {
    local deb
    if [[ ! -d $packages/$1 ]]; then
        deb=$(archive "$1") || exit
        (
            flock 9
            [[ -d $packages/$1 ]] || unpack_into "$packages/$1" "$deb"
        ) 9>"$packages/lock" || exit
    fi
    echo "$packages/$1"
}

# fetch_tree PACKAGE: the same with all it depends on, in one tree: the root of a system where it runs.
fetch_tree() {
    local tree=$packages/$1.tree
    if [[ ! -d $tree ]]; then
        mkdir -p "$packages"
        (
            flock 9
            rm -f "$packages/cache/archives"/*.deb
            with_lists private_apt get install --yes --download-only "$1" >&2
            unpack_into "$tree" "$packages/cache/archives"/*.deb
            rm -f "$packages/cache/archives"/*.deb
        ) 9>"$packages/lock" || exit
    fi
    echo "$tree"
}

# source_package NAME: fetches a source package and unpacks it with Debian's patches, once; prints the directory. The
# user's sources need not name any (deb-src): where there are packages, their sources are, too.
source_package() {
    local tree=$packages/$1.source
    if [[ ! -d $tree ]]; then
        mkdir -p "$packages"
        (
            flock 9
            [[ ! -d $tree ]] || exit 0
            packages=$packages/source
            apt_sources=(-o Dir::Etc::sourcelist=/dev/null -o Dir::Etc::sourceparts="$packages/sources")
            rm -rf "$packages/sources" "$packages/unpacked"
            mkdir -p "$packages/sources" "$packages/unpacked"
            cp /etc/apt/sources.list /etc/apt/sources.list.d/*.{list,sources} "$packages/sources/" 2>/dev/null
            sed -i -E 's/^Types:.*/Types: deb-src/; s/^deb /deb-src /' "$packages/sources"/*
            cd "$packages/unpacked" && with_lists private_apt get source "$1" >&2 || exit
            mv "$packages/unpacked/$1"-*/ "$tree"
        ) 9>"$packages/lock" || exit
    fi
    echo "$tree"
}

# selftests: the kernel's own tests, as Debian ships Linux 6.1; prints the directory tools/testing/selftests.
selftests() {
    local tree=$packages/selftests deb
    if [[ ! -d $tree ]]; then
        deb=$(archive linux-source-6.1) || exit
        (
            flock 9
            [[ ! -d $tree ]] || exit 0
            rm -rf "$tree.new"
            mkdir -p "$tree.new"
            dpkg-deb --fsys-tarfile "$deb" | tar -xO ./usr/src/linux-source-6.1.tar.xz |
                tar -xJ -C "$tree.new" --strip-components=4 --wildcards \
                    '*/tools/testing/selftests/*.h' '*/tools/testing/selftests/futex' '*/tools/testing/selftests/vm' ||
                give_up "cannot unpack $deb"
            mv "$tree.new" "$tree"
        ) 9>"$packages/lock" || exit
    fi
    echo "$tree"
}

# Debian's cross compiler for ARM Linux, static.
arm_cc() { arm-linux-gnueabihf-gcc -O2 -static "$@"; }

# --- one boot ---------------------------------------------------------------------------------------------------------

# linux_kernel: Debian's own kernel for this machine; prints its image.
linux_kernel() {
    local package tree
    [[ -f $packages/update.log || -n ${at_hand-} ]] || update_lists
    package=$(private_apt cache depends linux-image-armmp | sed -n 's/.*Depends: \(linux-image-.*-armmp\)$/\1/p')
    [[ -n $package ]] || give_up "Debian's linux-image-armmp:armhf is not to be had (see $packages/update.log)"
    tree=$(fetch "$package") || exit
    echo "$tree"/boot/vmlinuz-*
}

# boot KERNEL INITRAMFS MEMORY SECONDS CONSOLE: one boot of `faultline` or `linux` on run.sh's machine, whose process 1 is
# /conformance/init; what the serial line says goes to the file CONSOLE.
boot() {
    local image arguments board=virt
    case $1 in
    faultline)
        image=$images/kernel.img
        [[ $mmu == walked ]] || image=$images/kernel-$mmu.img
        arguments="loglevel=5 init=/conformance/init"
        ;;
    linux)
        image=$(linux_kernel) || exit
        arguments="console=ttyAMA0 loglevel=1 panic=-1 rdinit=/conformance/init"
        ;;
    esac
    local time=(-accel tcg,thread=multi)
    if [[ -n ${icount-} ]]; then
        board=virt,dtb-randomness=off
        time=(-icount shift=0,sleep=off -seed 1 -rtc base=2011-07-26,clock=vm)
    fi
    setpriv --pdeathsig TERM timeout --kill-after 5 "$4" \
        qemu-system-arm -M "$board" -cpu cortex-a15 -smp "$cpus" -m "$3" -nodefaults -nic none -display none -monitor none \
        -no-reboot -semihosting-config enable=on,target=native -kernel "$image" -initrd "$2" -append "$arguments" \
        -chardev "file,id=console,path=$5" -serial chardev:console "${time[@]}" </dev/null >/dev/null 2>"$5.qemu" || true
}
