#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# unpack.sh TREE DIR: makes the files of a recorded tree below DIR. TREE is a file, or the NAME of
# trees/NAME.tree. In it each file is a line "== path" and then its content; of one that begins
# with "=- path" the last newline is left out, and "== path/" is a directory. Before the first file
# "# over: NAME" unpacks another tree first, and "# without: PATH..." removes files of that.

[ $# = 2 ] || { sed -n '4,8s/^# //p' "$0" >&2; exit 2; }
tree=$1
[ -f "$tree" ] || tree=$(dirname "$0")/trees/$1.tree
[ -f "$tree" ] || { echo "unpack: no tree $1" >&2; exit 2; }
mkdir -p "$2" || exit
# a path may not leave the directory
! grep -q '^=[=-] .*\.\.' "$tree" || { echo "unpack: $tree has a path with .." >&2; exit 2; }
over=$(sed -n '/^=[=-] /q; s/^# over: //p' "$tree")
[ -z "$over" ] || "$0" "$over" "$2" || exit
# shellcheck disable=SC2013
for file in $(sed -n '/^=[=-] /q; s/^# without: //p' "$tree"); do
	rm -r "${2:?}/$file" || exit
done
# no path has a blank
sed -n -e 's,^== \(.*\)/$,\1,p' -e 's,^=[=-] \(.*\)/[^/]*$,\1,p' "$tree" | sort -u |
	(cd "$2" && xargs -r mkdir -p) || exit
awk -v dir="$2" '
	/^=[=-] / {
		if (held_any) printf "%s%s", held, end >file
		if (file != "") close(file)
		file = /\/$/ ? "" : dir "/" substr($0, 4)
		end = /^==/ ? "\n" : ""
		held_any = 0
		if (file != "") printf "" >file
		next
	}
	file == "" { next }
	{
		if (held_any) print held >file
		held = $0
		held_any = 1
	}
	END { if (held_any) printf "%s%s", held, end >file }' "$tree"
