#!/bin/bash
# setup.sh run|debug|test|viewers|explorer: installs the Debian packages that are missing, and says which. Each of the first four needs those before it:
# `run` builds and boots, `debug` adds the debugger, `test` also compiles for this computer and checks the sources, `viewers` adds
# a browser and KernelShark. `explorer` needs those of `run`, and builds the module for a browser.
# When nothing is missing it does nothing, prints nothing and needs no root.
set -euo pipefail

run_packages=(qemu-system-arm gcc-arm-none-eabi libnewlib-arm-none-eabi libstdc++-arm-none-eabi-newlib libboost-dev
    linux-libc-dev-armhf-cross cmake ninja-build cpio python3)
debug_packages=(gdb-multiarch)
test_packages=(g++ catch2 clang-format-19 clang-tidy-19 clang-19 libclang-rt-19-dev gcc-arm-linux-gnueabihf
    libc6-dev-armhf-cross spin dpkg-dev xz-utils trace-cmd emscripten nodejs chromium)
viewer_packages=(kernelshark xvfb xauth)
explorer_packages=(emscripten nodejs)
# A nodejs that is not Debian's may have npm inside, and the package npm conflicts with it.
if ! command -v npm >/dev/null; then
    test_packages+=(npm)
    explorer_packages+=(npm)
fi

case ${1-} in
run) wanted=("${run_packages[@]}") ;;
debug) wanted=("${run_packages[@]}" "${debug_packages[@]}") ;;
test) wanted=("${run_packages[@]}" "${debug_packages[@]}" "${test_packages[@]}") ;;
viewers) wanted=("${run_packages[@]}" "${debug_packages[@]}" "${test_packages[@]}" "${viewer_packages[@]}") ;;
explorer) wanted=("${run_packages[@]}" "${explorer_packages[@]}") ;;
*)
    echo "usage: tools/setup.sh run|debug|test|viewers|explorer" >&2
    exit 64
    ;;
esac

if ! command -v dpkg-query >/dev/null; then
    echo "setup: this is not Debian; please install what Debian calls: ${wanted[*]}" >&2
    exit 69
fi

installed=$(dpkg-query --show --showformat '${Package} ${db:Status-Status}\n' 2>/dev/null | awk '$2 == "installed" { print $1 }')
missing=()
for package in "${wanted[@]}"; do
    grep -q -x -F -- "$package" <<<"$installed" || missing+=("$package")
done
[[ ${#missing[@]} -gt 0 ]] || exit 0

echo "setup: installing ${missing[*]}" >&2
if [[ $EUID -eq 0 ]]; then
    as_root=(env)
elif command -v sudo >/dev/null; then
    as_root=(sudo env)
else
    echo "setup: this needs root, and there is no sudo here. As root, run: apt-get install ${missing[*]}" >&2
    exit 69
fi

apt_get() {
    "${as_root[@]}" DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=600 "$@" >&2
}
if ! { apt_get update && apt_get install --yes --no-install-recommends "${missing[@]}"; }; then
    echo "setup: apt-get failed; its messages are above" >&2
    exit 69
fi
