#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# own_kernel.sh VERSION CONFIGFILE: builds a small x86-64 kernel from Debian's unmodified
# linux-source-VERSION (6.12 or 6.1), configured by the lines of CONFIGFILE and the options
# that these need, by the kernel's own tools/testing/kunit/kunit.py. Prints
# shell assignments: OWN_KREL, OWN_KDIR (for make -C OWN_KDIR M=...), OWN_BZIMAGE,
# OWN_VMLINUX. Source it for the function own_kernel. If the lines have
# CONFIG_CC_IS_CLANG=y, clang builds it.
#
# The kernel is kept in the cache, with the package's version and the lines of CONFIGFILE
# as key; so is the package. The first build takes minutes, and 4 GB of disk until it ends.

_own_here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=selftests/harness/kernel.sh
. "$_own_here/kernel.sh"

_own_note() {
	printf '[%3d s] %s\n' "$SECONDS" "$*" >&2
}

_own_tarball_fill() {
	local ver=$2
	_own_note "linux-source-$ver: downloading 150 MB"
	_apt_download "linux-source-$ver" || return
	dpkg --fsys-tarfile linux-source-*.deb |
		tar -xO "./usr/src/linux-source-$ver.tar.xz" >linux.tar.xz || return
	rm -- *.deb
}

# The make that kunit.py starts prints nothing: report its progress every 20 s. The sleeps
# are short, because an orphaned sleep would hold the caller's locks.
_own_watch() {
	local tick=0
	while sleep 1 && kill -0 $$ 2>/dev/null; do
		tick=$((tick + 1))
		[ $((tick % 20)) != 0 ] ||
			_own_note "still building: $(find out -name '*.o' 2>/dev/null | wc -l) objects"
	done
}

# the files that building modules needs: makefiles and headers from $1, generated files
# from $2
_own_kdir() {
	local src=$1 build=$2 to=$PWD/build
	mkdir build
	(cd "$src" && {
		echo Makefile
		find arch/x86 -maxdepth 1 -name 'Makefile*'
		find include arch/x86/include scripts \( -type f -o -type l \)
	} | cpio --quiet -pdm "$to") || return
	(cd "$build" && {
		printf '%s\n' .config Module.symvers System.map
		[ ! -e tools/objtool/objtool ] || echo tools/objtool/objtool
		[ ! -e tools/bpf/resolve_btfids/resolve_btfids ] ||
			echo tools/bpf/resolve_btfids/resolve_btfids
		find include arch/x86/include scripts -type f \
			! -name '*.o' ! -name '.*.cmd' ! -name '*.a'
	} | cpio --quiet -pdmu "$to")
}

_own_fill() {
	local ver=$2 config=$3 tarball=$4 watch status options=()
	! grep -q '^CONFIG_CC_IS_CLANG=y' "$config" || options=(--make_options "LLVM=-$CLANG")
	_own_note "kernel $ver with ${config##*/}: unpacking"
	mkdir src out
	xz -dc -T0 "$tarball" | tar -x --strip-components=1 -C src || return
	cp "$config" kunitconfig

	_own_note "kernel $ver: building by kunit.py; this takes some minutes"
	_own_watch &
	watch=$!
	# shellcheck disable=SC2064
	trap "kill $watch" EXIT
	KBUILD_BUILD_USER=tscope KBUILD_BUILD_HOST=tscope KBUILD_BUILD_VERSION=1 \
		python3 src/tools/testing/kunit/kunit.py build --arch=x86_64 \
		--jobs="$(nproc)" "${options[@]}" --kunitconfig="$PWD/kunitconfig" --build_dir="$PWD/out" \
		>build.log 2>&1
	status=$?
	if [ $status != 0 ] || [ ! -s out/arch/x86/boot/bzImage ]; then
		tail -n 20 build.log >&2
		echo "error: kernel $ver does not build with $config" >&2
		return 1
	fi
	_own_kdir src out || return
	cp out/arch/x86/boot/bzImage out/vmlinux . || return
	strip --strip-debug vmlinux
	rm -rf src out
	_own_note "kernel $ver: built"
}

# the newest entry of a cache directory, for when apt can't be reached
_own_newest() {
	find "$1" -mindepth 1 -maxdepth 1 ! -name '*.tmp.*' 2>/dev/null |
		sort -V | tail -n1
}

# own_version VERSION: sets OWN_VERSION, the version of its linux-source package
own_version() {
	OWN_VERSION=$(_apt_kept "linux-source-$1" _apt_version "linux-source-$1")
	[ -n "$OWN_VERSION" ] || { apt_update; OWN_VERSION=$(_apt_version "linux-source-$1"); }
	if [ -z "$OWN_VERSION" ]; then
		OWN_VERSION=$(_own_newest "$CACHE/linux-source/$1")
		OWN_VERSION=${OWN_VERSION##*/}
	fi
	if [ -z "$OWN_VERSION" ]; then
		echo "error: no linux-source-$1: apt offers none or can't be reached" >&2
		return 2
	fi
}

# own_tarball VERSION: sets OWN_TARBALL, and installs what kunit.py needs to build a kernel
own_tarball() {
	need make:make:"kernel build" gcc:gcc:"kernel build" ld:binutils:"kernel build" \
		flex:flex:"kernel build" bison:bison:"kernel build" bc:bc:"kernel build" \
		python3:python3:"kunit.py, which builds the kernel" xz:xz-utils:"kernel source" \
		/usr/include/gelf.h:libelf-dev:"objtool" \
		/usr/include/openssl/ssl.h:libssl-dev:"kernel build"
	own_version "$1" || return
	cache_fill "linux-source/$1/$OWN_VERSION" _own_tarball_fill "$1" || return
	OWN_TARBALL=$CACHED/linux.tar.xz
}

# own_kernel VERSION CONFIGFILE: sets OWN_KREL OWN_KDIR OWN_BZIMAGE OWN_VMLINUX
own_kernel() {
	local ver=$1 config=$2 key
	config=$(realpath -e "$config") || return 2
	! grep -q '^CONFIG_CC_IS_CLANG=y' "$config" || need_clang
	need flock:util-linux:"the cache" cpio:cpio:"module builds"
	own_version "$ver" || return
	key=$OWN_VERSION-$(grep -E '^(# )?CONFIG_' "$config" | sort | cache_key)
	if [ ! -d "$CACHE/own-kernel/$ver/$key" ]; then
		own_tarball "$ver" || return
	fi
	cache_fill "own-kernel/$ver/$key" _own_fill "$ver" "$config" "${OWN_TARBALL:-}" || return
	OWN_KDIR=$CACHED/build
	OWN_BZIMAGE=$CACHED/bzImage
	OWN_VMLINUX=$CACHED/vmlinux
	OWN_KREL=$(cat "$OWN_KDIR/include/config/kernel.release")
}

if [ "${BASH_SOURCE[0]}" = "$0" ]; then
	if [ $# != 2 ]; then
		sed -n '4,12s/^# \?//p' "$0"
		case ${1:-} in --help | -h) exit 0 ;; esac
		exit 2
	fi
	own_kernel "$1" "$2" || exit
	printf '%s=%q\n' OWN_KREL "$OWN_KREL" OWN_KDIR "$OWN_KDIR" \
		OWN_BZIMAGE "$OWN_BZIMAGE" OWN_VMLINUX "$OWN_VMLINUX"
fi
