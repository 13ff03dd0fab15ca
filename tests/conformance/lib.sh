# shellcheck shell=bash
# What run.sh and the groups share: Debian's armhf packages, compilers, and one boot of either kernel. Sourced with the
# repository as working directory. Everything fetched or made lies under build/, nothing of it is committed.

here=tests/conformance
architecture=armhf
packages=$(realpath -m "${CONFORMANCE_PACKAGES:-build/packages}")

complain() { printf 'conformance: %s\n' "$*" >&2; }
give_up() {
    complain "$*"
    exit 69
}

# --- packages ---------------------------------------------------------------------------------------------------------

# What is fetched comes from Debian 12 whatever this computer runs, so that what it finds depends on our kernel alone.
suite=bookworm
main_mirror=http://deb.debian.org/debian

# mirror: where this computer's own packages come from, if that is a mirror of Debian.
mirror() {
    local files=(/etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources) mine
    mine=$(sed -n -E '/^[[:space:]]*#/d; s#.*[[:space:]](https?://[^][:space:]]*/debian)/?([[:space:]].*)?$#\1#p' "${files[@]}" 2>/dev/null | head -n 1)
    echo "${mine:-$main_mirror}"
}

# private_apt TOOL ARG...: apt-TOOL for $architecture with sources, lists, cache and (empty) dpkg status of its own: the
# user's system gets no source, no architecture and no package.
private_apt() {
    local tool=$1
    shift
    "apt-$tool" --quiet=2 -o APT::Architecture="$architecture" -o APT::Architectures="$architecture" -o APT::Install-Recommends=false \
        -o Acquire::Retries=1 -o Acquire::http::Timeout=30 \
        -o Dir::State="$packages/state" -o Dir::State::status="$packages/status" -o Dir::Cache="$packages/cache" \
        -o Dir::Etc::sourcelist=/dev/null -o Dir::Etc::sourceparts="$packages/sources" -o APT::Sandbox::User="$(id -un)" "$@"
}

# update_lists MIRROR: one that is being synchronised must not stop us: what is missing then fails by its name.
update_lists() {
    mkdir -p "$packages/state/lists/partial" "$packages/cache/archives/partial" "$packages/sources"
    : >>"$packages/status"
    cat >"$packages/sources/debian.sources" <<END
Types: deb deb-src
URIs: $1
Suites: $suite
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
END
    private_apt get update >"$packages/update.log" 2>&1 || true
}

# with_lists COMMAND...: private_apt with the lists as they are, and if that fails, with new ones. With --at-hand, not at all.
with_lists() {
    local from word what=()
    [[ -z ${at_hand-} ]] || return
    for word in "${@:4}"; do [[ $word == -* ]] || what+=("$word"); done
    complain "fetching ${what[*]} from Debian's $suite"
    [[ -f $packages/sources/debian.sources ]] || update_lists "$(mirror)"
    "$@" 2>"$packages/error.log" && return
    for from in "$(mirror)" "$main_mirror"; do
        update_lists "$from"
        "$@" 2>"$packages/error.log" && return
    done
    give_up "cannot fetch ${what[*]}: $(head -n 1 "$packages/error.log") (see $packages/update.log)"
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
fetch_tree() { fetch_trees "$1" "$1"; }

# fetch_trees NAME PACKAGE...: the same for several packages together.
fetch_trees() {
    local tree=$packages/$1.tree
    if [[ ! -d $tree ]]; then
        mkdir -p "$packages"
        (
            flock 9
            rm -f "$packages/cache/archives"/*.deb
            with_lists private_apt get install --yes --download-only "${@:2}" >&2
            unpack_into "$tree" "$packages/cache/archives"/*.deb
            rm -f "$packages/cache/archives"/*.deb
        ) 9>"$packages/lock" || exit
    fi
    echo "$tree"
}

# source_package NAME: fetches a source package and unpacks it with Debian's patches, once; prints the directory.
source_package() {
    local tree=$packages/$1.source
    if [[ ! -d $tree ]]; then
        mkdir -p "$packages"
        (
            flock 9
            [[ ! -d $tree ]] || exit 0
            rm -rf "$packages/unpacked"
            mkdir -p "$packages/unpacked"
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

# fetch_host NAME PACKAGE...: packages for this computer, unpacked into one tree, once; prints the directory.
fetch_host() {
    local tree=$packages/$1.host
    if [[ ! -d $tree ]]; then
        mkdir -p "$packages"
        (
            flock 9
            [[ ! -d $tree ]] || exit 0
            packages=$packages/host architecture=$(dpkg --print-architecture)
            rm -rf "$packages/download"
            mkdir -p "$packages/download" && cd "$packages/download" || exit
            with_lists private_apt get download "${@:2}" >&2 && unpack_into "$tree" ./*.deb && rm -f ./*.deb
        ) 9>"$packages/lock" || exit
    fi
    echo "$tree"
}

# --- the compiler ------------------------------------------------------------------------------------------------------

# Debian 12's cross compiler and C library for ARM Linux: those that are installed, or from its archive. Debian 13's make
# another program of the same source: its time_t has 64 bits there, and the system calls that programs make themselves
# with a struct timespec are the old ones.
fetch_compiler() {
    local release
    release=$(. /etc/os-release && echo "${VERSION_CODENAME-}")
    compiler=''
    [[ $release == "$suite" ]] || compiler=$(fetch_host compiler gcc-12-arm-linux-gnueabihf cpp-12-arm-linux-gnueabihf \
        binutils-arm-linux-gnueabihf libbinutils libgcc-12-dev-armhf-cross libgcc-s1-armhf-cross libc6-dev-armhf-cross \
        libc6-armhf-cross linux-libc-dev-armhf-cross)
}

arm_gcc() {
    if [[ -z $compiler ]]; then
        arm-linux-gnueabihf-gcc-12 "$@"
    else
        LD_LIBRARY_PATH=$(echo "$compiler"/usr/lib/*-linux-gnu) "$compiler/usr/bin/arm-linux-gnueabihf-gcc-12" \
            --sysroot="$compiler" "$@"
    fi
}
arm_cc() { arm_gcc -O2 -static "$@"; }

# --- one boot ---------------------------------------------------------------------------------------------------------

# linux_kernel: Debian's own kernel for this machine; prints its image.
linux_kernel() {
    local package tree
    [[ -f $packages/sources/debian.sources || -n ${at_hand-} ]] || update_lists "$(mirror)"
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
        image=${CONFORMANCE_IMAGES:-build/$preset}/kernel.img
        [[ $mmu == walked ]] || image=${image%.img}-$mmu.img
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
