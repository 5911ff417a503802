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
# no path has a blank
mkdir -p "$2" && awk -v tree="$tree" -v trees="$(dirname "$0")/trees" -v dir="$2" '
	function fail(text) {
		print "unpack: " text >"/dev/stderr"
		failed = 1
		exit 2
	}

	function keep_directory_of(path) {
		if (sub(/\/[^\/]*$/, "", path)) directory[path] = 1
	}

	# of each file: how many lines it has, each line, and whether the last one is whole
	function take(path, line) {
		lines[path] = 0
		whole[path] = line ~ /^==/
		keep_directory_of(path)
	}

	function remove(from, path,    file, any) {
		for (file in lines)
			if (file == path || index(file, path "/") == 1) {
				delete lines[file]
				any = 1
			}
		for (file in directory)
			if (file == path || index(file, path "/") == 1) {
				delete directory[file]
				any = 1
			}
		if (!any) fail(from " is without " path ", which is not there")
		keep_directory_of(path)
	}

	function read(from,    line, path, begun, got, names, n) {
		while ((got = (getline line <from)) > 0) {
			if (line ~ /^=[=-] /) {
				begun = 1
				path = substr(line, 4)
				# a path may not leave the directory
				if (path ~ /\.\./) fail(from " has a path with ..")
				if (sub(/\/$/, "", path)) {
					directory[path] = 1
					path = ""
				} else {
					take(path, line)
				}
			} else if (begun) {
				if (path != "") content[path, lines[path]++] = line
			} else if (sub(/^# over: /, "", line)) {
				read(trees "/" line ".tree")
			} else if (sub(/^# without: /, "", line)) {
				for (n = split(line, names, " "); n; n--) remove(from, names[n])
			}
		}
		close(from)
		if (got < 0) fail("no tree " from)
	}

	BEGIN {
		read(tree)
		make = "cd \"" dir "\" && xargs -r mkdir -p"
		for (path in directory) print path | make
		if (close(make)) fail(dir " can not be made")
		for (path in lines) {
			file = dir "/" path
			printf "" >file
			for (i = 0; i < lines[path]; i++)
				printf "%s%s", content[path, i],
					i < lines[path] - 1 || whole[path] ? "\n" : "" >file
			if (close(file)) fail(file " can not be written")
		}
	}
	END { exit failed ? 2 : 0 }'
