# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# packaged_get PACKAGE PROGRAM...: sets PACKAGED to a directory of the cache with programs of a
# Debian package and their libraries: "ld.so --library-path DIR DIR/NAME" runs one. The package is
# not installed, because that would start its services on this machine. Needs kernel.sh.

# _libraries_of PACKAGE: prints the package, and all library packages that it depends on
_libraries_of() {
	apt-cache depends --recurse --important "$1" | awk -v p="$1" '
		function visit(p, a, i, n) {
			if (p in seen) return
			seen[p]; print p
			n = split(needs[p], a, " ")
			for (i = 1; i <= n; i++) visit(a[i])
		}
		/^[^ ]/ { by = $1 }
		$1 == "Depends:" && $2 ~ /^lib/ { needs[by] = needs[by] " " $2 }
		END { visit(p) }'
}

_packaged_fill() {
	local deb program package=$2 path=root/lib/x86_64-linux-gnu:root/usr/lib/x86_64-linux-gnu
	shift 2
	# shellcheck disable=SC2046
	_apt_download $(_libraries_of "$package") || return
	for deb in *.deb; do
		dpkg -x "$deb" root || return
	done
	cp -L root/lib64/ld-linux-x86-64.so.2 ld.so || return
	for program; do
		# shellcheck disable=SC2046
		cp -L "root/$program" $(./ld.so --library-path $path --list "root/$program" |
			awk '$2 == "=>" && $3 ~ /^root/ { print $3 }') . || return
		./ld.so --library-path . --list "./${program##*/}" >/dev/null || return
	done
	rm -rf root ./*.deb
}

packaged_get() {
	local version
	version=$(_apt_version "$1")
	[ -n "$version" ] || { apt_update; version=$(_apt_version "$1"); }
	# the newest in the cache, if apt can't be reached
	[ -n "$version" ] || version=$(find "$CACHE/$1" -mindepth 1 -maxdepth 1 ! -name '*.tmp.*' \
		-printf '%f\n' 2>/dev/null | sort -V | tail -n 1)
	if [ -z "$version" ] || ! cache_fill "$1/$version" _packaged_fill "$@"; then
		echo "error: no package $1: apt offers none or can't be reached" >&2
		return 1
	fi
	# shellcheck disable=SC2034
	PACKAGED=$CACHED
}
