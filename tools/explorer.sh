#!/bin/bash
# The explorer: the kernel's fault path in a browser. Builds the page and serves it; `tools/explorer.sh --help` lists the options.
set -euo pipefail

usage() {
    cat <<'END'
tools/explorer.sh                    installs what is missing, builds, and serves the page on 127.0.0.1: it says where
tools/explorer.sh --build            builds only: build/explorer/site/ is a folder for any static host
tools/explorer.sh page               builds only the page, around the modules that are there
tools/explorer.sh engine [TARGET...] builds only the modules of the engine, in build/explorer/ (docs/explorer-engine.md)

  --port N           serve on this port (default 8321; 0: any that is free)
  --sabotages        build the modules of "break this line", too: about a quarter of an hour the first time

Status: 64 bad usage, 69 if packages or the build fail, or the port is in use.
END
}

complain() { printf 'explorer: %s\n' "$*" >&2; }

# refuse WHAT: prints one line on standard error, which names the option, and exits with the status of bad usage.
refuse() {
    complain "$*"
    exit 64
}

cd "$(dirname "${BASH_SOURCE[0]}")/.."

build_engine() {
    tools/setup.sh explorer
    { [[ -f build/wasm/build.ninja ]] || cmake --preset wasm; } && cmake --build --preset wasm ${1+--target "$@"} || {
        complain "the engine could not be built; the messages are above"
        exit 69
    }
}

# The packages of the page are installed again only if explorer/package-lock.json has changed.
build_page() {
    if ! cmp -s explorer/package-lock.json explorer/node_modules/.installed; then
        npm ci --prefix explorer --silent || {
            complain "npm could not install the packages of explorer/package-lock.json; is there a network?"
            exit 69
        }
        cp explorer/package-lock.json explorer/node_modules/.installed
    fi
    { npm run --prefix explorer --silent check && node explorer/build.mjs build/explorer build/explorer/site; } || {
        complain "the page could not be built; the messages are above"
        exit 69
    }
}

case ${1-} in
engine)
    shift
    build_engine "$@"
    exit
    ;;
page)
    [[ $# -eq 1 ]] || refuse "'page' takes no arguments"
    tools/setup.sh explorer
    build_page
    exit
    ;;
esac

port=8321 only_build='' targets=(all)
while [[ $# -gt 0 ]]; do
    case $1 in
    --build) only_build=yes ;;
    --sabotages) targets+=(sabotages) ;;
    --port)
        [[ ${2-} =~ ^[0-9]{1,5}$ && $((10#$2)) -le 65535 ]] || refuse "--port needs a number from 0 to 65535"
        port=$2
        shift
        ;;
    --help | -h)
        usage
        exit
        ;;
    *) refuse "there is no option '$1'; tools/explorer.sh --help lists them" ;;
    esac
    shift
done

build_engine "${targets[@]}"
build_page
[[ -n $only_build ]] || exec node explorer/serve.mjs build/explorer/site "$port"
