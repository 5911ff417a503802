#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# files.sh [--new]: the files that belong to tscope: those that git tracks, and
# with --new also those that it would track. In a release tarball, which has no git, MANIFEST
# lists them.

cd "$(dirname "$0")/.." || exit
# the tarball may be unpacked within another repository
if [ -e .git ]; then
	if [ "$1" = --new ]; then
		files=$(git ls-files -co --exclude-standard)
	else
		files=$(git ls-files)
	fi || exit
	printf '%s\n' "$files" | LC_ALL=C sort
elif [ -f MANIFEST ]; then
	cat MANIFEST
else
	echo "files: neither git nor MANIFEST says what belongs to tscope" >&2
	exit 1
fi
