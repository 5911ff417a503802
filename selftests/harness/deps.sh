#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# need PROGRAM:PACKAGE:WHY ...: makes sure that programs exist. A PROGRAM with a
# leading slash is a file. Missing packages are installed by apt if possible, with a
# message; otherwise need prints their names and exits with 2.
# Source it for the function, or run it with the same arguments.

_dep_there() {
	case $1 in
	/*) [ -e "$1" ] ;;
	*) command -v "$1" >/dev/null 2>&1 || [ -x "/usr/sbin/$1" ] || [ -x "/sbin/$1" ] ;;
	esac
}

# as_root COMMAND...: root's own or sudo's
as_root() {
	if [ "$(id -u)" = 0 ]; then
		"$@"
	else
		sudo -n "$@"
	fi
}

_dep_can_install() {
	command -v apt-get >/dev/null && as_root true 2>/dev/null
}

# apt does not wait for another apt that reads or writes its lists. flock takes a directory, too.
APT_LOCK=/var/lib/apt/lists

apt_update() {
	as_root flock "$APT_LOCK" apt-get -q -o DPkg::Lock::Timeout=300 update >/dev/null 2>&1
}

_dep_install() {
	as_root flock "$APT_LOCK" env DEBIAN_FRONTEND=noninteractive apt-get -qq -y \
		-o DPkg::Lock::Timeout=300 install --no-install-recommends "$@" \
		>/dev/null
}

need() {
	local dep prog pkg why missing=()

	for dep; do
		IFS=: read -r prog pkg why <<<"$dep"
		_dep_there "$prog" && continue
		echo "needs ${prog##*/} (package $pkg): $why" >&2
		missing+=("$pkg")
	done
	[ ${#missing[@]} = 0 ] && return 0

	if ! _dep_can_install; then
		echo "error: install what is named above and start again" >&2
		exit 2
	fi
	echo "installing: ${missing[*]}" >&2
	_dep_install "${missing[@]}" 2>/dev/null ||
		{ apt_update; _dep_install "${missing[@]}"; } ||
		{ echo "error: apt-get could not install ${missing[*]}" >&2; exit 2; }
	for dep; do
		_dep_there "${dep%%:*}" && continue
		echo "error: ${dep%%:*} is still missing" >&2
		exit 2
	done
}

# what an out-of-tree build against Debian's kernels needs
need_module_build() {
	need make:make:"module build" gcc-12:gcc-12:"compiler of Debian 12's kernels" \
		pahole:pahole:"BTF of modules" ld:binutils:"module build" \
		/usr/include/gelf.h:libelf-dev:"objtool"
}

# clang has kCFI and an option of Debian's kernels (-mfunction-return=) since version 16
CLANG=19

need_clang() {
	need clang-$CLANG:clang-$CLANG:"what clang builds" ld.lld-$CLANG:lld-$CLANG:"what clang builds" \
		llvm-nm-$CLANG:llvm-$CLANG:"what clang builds"
}

if [ "${BASH_SOURCE[0]}" = "$0" ]; then
	need "$@"
fi
