#!/bin/bash
# explorer.sh engine [TARGET...]: the engine of the explorer as WebAssembly, a module for each back end, in build/explorer/.
# Installs what that needs (tools/setup.sh).
set -eu
cd "$(dirname "$0")/.."

usage() {
    echo "usage: tools/explorer.sh engine [TARGET...]" >&2
    exit 64
}
[[ ${1-} == engine ]] || usage
shift

tools/setup.sh explorer

[[ -f build/wasm/build.ninja ]] || cmake --preset wasm
cmake --build --preset wasm ${1+--target "$@"}
