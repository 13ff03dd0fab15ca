#!/bin/sh
# stations.sh PROGRAM walked|softtlb [--every]: the native build and the module for a browser pass the same stations.
set -eu
cd "$(dirname "$0")"

output=$(mktemp)
trap 'rm -f "$output"' EXIT
"$1" ${3+"$3"} >"$output"
node stations.mjs "$2" "$output"
