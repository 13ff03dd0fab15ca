#!/bin/bash
# initramfs.sh [--reproducible] DIRECTORY ARCHIVE: packs a directory as a cpio archive, owned by root, in the format
# "newc", which Linux takes as an initramfs. Archives may be concatenated, because each is padded to a multiple of 512
# bytes.
# --reproducible sets fixed modes and times in DIRECTORY first, so that the same programs give the same archive.
set -euo pipefail

if [ "$1" = --reproducible ]; then
    shift
    find "$1" -type d -exec chmod 755 {} +
    find "$1" -type f -exec chmod 755 {} +
    chmod 1777 "$1/tmp" "$1/dev/shm"
    find "$1" -exec touch -h -d @0 {} +
fi
directory=$1
case $2 in /*) archive=$2 ;; *) archive=$PWD/$2 ;; esac

cd "$directory"
find . -mindepth 1 -print0 | LC_ALL=C sort -z |
    cpio --null --create --format=newc --reproducible --owner=+0:+0 --quiet >"$archive.new"
mv "$archive.new" "$archive"
