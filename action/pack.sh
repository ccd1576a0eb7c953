#!/usr/bin/env bash
# Packs a built binary as a release has it and obtain.sh takes it: BINARY TRIPLE FOLDER gives
# FOLDER/jagspec-TRIPLE.tar.gz.
set -euo pipefail
# shellcheck source=action/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

binary=$1 triple=$2 folder=$3
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
packed=$(mktemp -d)
trap 'rm -rf "$packed"' EXIT
cp "$binary" "$root/README.md" "$root/CHANGELOG.md" "$root"/LICENSE-* "$packed"
mkdir -p "$folder"
# Relative names only: GNU tar takes what stands before a colon, as in D:\, for a host.
archive=$(cd "$folder" && pwd)/jagspec-$triple.tar.gz
(cd "$packed" && tar -czf - -- *) >"$archive"
