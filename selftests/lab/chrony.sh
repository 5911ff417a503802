# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# chrony_get: Debian's chrony with its libraries in $CHRONY, a directory of the cache. It is not
# installed, since that would start it on this machine. Needs kernel.sh.

# a package, and the libraries that it and they need
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

_chrony_fill() {
	local deb path=root/lib/x86_64-linux-gnu:root/usr/lib/x86_64-linux-gnu
	# shellcheck disable=SC2046
	_apt_download $(_libraries_of chrony) || return
	for deb in *.deb; do
		dpkg -x "$deb" root || return
	done
	cp -L root/lib64/ld-linux-x86-64.so.2 ld.so && cp root/usr/sbin/chronyd . || return
	# shellcheck disable=SC2046
	cp -L $(./ld.so --library-path $path --list ./chronyd | awk '$2 == "=>" && $3 ~ /^root/ { print $3 }') . || return
	rm -rf root ./*.deb
	./ld.so --library-path . ./chronyd --version >&2
}

chrony_get() {
	local version
	version=$(_apt_version chrony)
	[ -n "$version" ] || { apt_update; version=$(_apt_version chrony); }
	cache_fill "chrony/$version" _chrony_fill || return
	# shellcheck disable=SC2034
	CHRONY=$CACHED
}
