#!/bin/bash
# armhf.sh PACKAGE...: prints, for each Debian package of the architecture armhf, the directory that holds its files:
# build/packages/PACKAGE. What is not there yet is fetched from Debian's archive and unpacked. The package lists are our
# own, below build/packages too: this computer's apt learns of no new architecture, and nothing needs root.
set -euo pipefail
cd "$(dirname "$0")/.."
packages=$PWD/build/packages
release=bookworm

unavailable() {
    echo "armhf: $*" >&2
    exit 69
}

# apt COMMAND ARG...: apt-get or apt-cache for armhf, with state, lists and cache of our own.
apt() {
    local command=$1 dir=$packages/.apt
    shift
    "$command" -q -o APT::Architecture=armhf -o APT::Architectures=armhf -o APT::Sandbox::User= \
        -o Dir::State="$dir" -o Dir::State::status="$dir/status" -o Dir::Cache="$dir/cache" \
        -o Dir::Etc::SourceList="$dir/sources.list" -o Dir::Etc::SourceParts=/dev/null -o Acquire::Languages=none "$@"
}

update_lists() {
    [[ -z $(find "$packages/.apt/updated" -mmin -720 2>/dev/null) ]] || return 0
    mkdir -p "$packages/.apt/lists/partial" "$packages/.apt/cache/archives/partial"
    : >"$packages/.apt/status"
    printf 'deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian %s main\n' \
        $release{,-updates} >"$packages/.apt/sources.list"
    apt apt-get update >"$packages/.apt/log" 2>&1 || return
    touch "$packages/.apt/updated"
}

fetch() {
    local package=$1 download
    download=$(mktemp -d "$packages/.apt/download.XXXXXX")
    (cd "$download" && apt apt-get download "$package" >"$packages/.apt/log" 2>&1) || return
    dpkg-deb --extract "$download"/*.deb "$download/tree" || return
    chmod 755 "$download/tree"
    mv -T "$download/tree" "$packages/$package"
    rm -rf "$download"
}

[[ $# -gt 0 ]] || { echo "usage: tools/armhf.sh PACKAGE..." >&2; exit 64; }
mkdir -p "$packages/.apt"
exec {lock}>"$packages/.lock"
flock "$lock"
for package; do
    [[ $package =~ ^[a-z0-9][a-z0-9+.-]+$ ]] || unavailable "$package: not the name of a package"
    if [[ ! -d $packages/$package ]]; then
        { update_lists && fetch "$package"; } ||
            unavailable "$package cannot be fetched: $(tail -n 1 "$packages/.apt/log")"
    fi
    echo "$packages/$package"
done
