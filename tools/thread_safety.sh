#!/bin/sh
# thread_safety.sh: clang's thread-safety analysis (preset host-clang) over what the host tests compile of the kernel.
set -eu
cd "$(dirname "$0")/.."

[ -f build/host-clang/build.ninja ] || cmake --preset host-clang
cmake --build --preset host-clang
