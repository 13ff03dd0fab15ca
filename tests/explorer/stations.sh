#!/bin/sh
# stations.sh PROGRAM walked|softtlb [--every]: the native build and the module for a browser pass the same stations.
set -eu

output=$(mktemp)
trap 'rm -f "$output"' EXIT
"$1" ${3+"$3"} >"$output"
node "$(dirname "$0")/stations.mjs" "$2" "$output"
