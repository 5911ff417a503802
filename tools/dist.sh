#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# dist.sh DIR: DIR/tscope-VERSION.tar.xz, the release tarball. It holds what git
# tracks, and MANIFEST, the list of it. The same sources give the same bytes,
# also from an unpacked tarball.

set -e
cd "$(dirname "$0")/.."
[ $# = 1 ] || { echo "usage: tools/dist.sh DIR" >&2; exit 2; }

tools/version.sh --check
name=tscope-$(tools/version.sh)
if [ -e .git ]; then
	when=$(git log -1 --format=%ct)
	git diff --quiet HEAD || echo "note: $name holds changes that are not committed" >&2
else
	when=$(stat -c %Y MANIFEST)
fi
mkdir -p "$1"
out=$(cd "$1" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

{ tools/files.sh; echo MANIFEST; } | LC_ALL=C sort -u >"$work/MANIFEST"
mkdir "$work/$name"
grep -vx MANIFEST "$work/MANIFEST" | tar -cf "$work/files.tar" -T -
tar -xf "$work/files.tar" -C "$work/$name"
mv "$work/MANIFEST" "$work/$name/"
# the same modes, whatever this user's umask is
chmod -R u=rwX,go=rX "$work/$name"
tar -C "$work" --sort=name --format=ustar --owner=0 --group=0 --numeric-owner \
	--mtime="@$when" -cf - "$name" | xz -6 -T1 >"$out/$name.tar.xz"
echo "$out/$name.tar.xz"
