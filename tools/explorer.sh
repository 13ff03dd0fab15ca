#!/bin/bash
# The explorer: the kernel's fault path in a browser. Builds the page and serves it; `tools/explorer.sh --help` lists the options.
set -euo pipefail

usage() {
    cat <<'END'
tools/explorer.sh                    installs what is missing, builds, and serves the page on 127.0.0.1: it says where. The modules of
                                     "break this line" are built meanwhile; reload the page when they are there
tools/explorer.sh --build            builds only, all of it: build/explorer/site/ is a folder for any static host
tools/explorer.sh page               builds only the page, around the modules that are there
tools/explorer.sh engine [TARGET...] builds only the modules of the engine, in build/explorer/ (docs/explorer-engine.md)

  --port N           serve on this port (default 8321; 0: any that is free)
  --quick            without the modules of "break this line", which take some minutes

Status: 64 bad usage, 69 if packages cannot be had or the port is in use, 1 if the build fails.
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
    if ! { [[ -f build/wasm/build.ninja ]] || cmake --preset wasm; } || ! cmake --build --preset wasm ${1+--target "$@"}; then
        complain "the engine could not be built; the messages are above"
        exit 1
    fi
}

# The packages of the page are installed again only if explorer/package-lock.json has changed.
build_page() {
    if ! cmp -s explorer/package-lock.json explorer/node_modules/.installed; then
        npm ci --prefix explorer --loglevel error >/dev/null || {
            complain "npm could not install the packages of explorer/package-lock.json; its message is above"
            exit 69
        }
        cp explorer/package-lock.json explorer/node_modules/.installed
    fi
    { npm run --prefix explorer --silent check && node explorer/build.mjs build/explorer build/explorer/site; } || {
        complain "the page could not be built; the messages are above"
        exit 1
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

port=8321 only_build='' quick=''
while [[ $# -gt 0 ]]; do
    case $1 in
    --build) only_build=yes ;;
    --quick) quick=yes ;;
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

build_engine walked softtlb
if [[ -n $only_build ]]; then
    [[ -n $quick ]] || build_engine sabotages
    build_page
    exit
fi
build_page
if [[ -z $quick ]]; then
    log=build/explorer/sabotages.log
    set -m # a process group of its own, which can be ended as a whole
    { build_engine sabotages && build_page && echo "explorer: the lines to break are there: reload the page" >&3; } 3>&1 >"$log" 2>&1 &
    trap 'kill -- "-$!" 2>/dev/null || true' EXIT
fi
node explorer/serve.mjs build/explorer/site "$port"
