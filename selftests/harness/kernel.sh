#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# kernel.sh FLAVOUR...: Debian kernels, unpacked in the cache, never installed.
# FLAVOUR is 6.12, 6.1, or with a kind: 6.12-cloud, 6.1-rt; or the kernel of
# another suite, trixie, trixie-backports, sid, or of a kind: sid-rt (see suite.sh).
# Prints shell assignments: KREL KDIR VMLINUZ VMLINUX MODDIR.
# 6.12+kasan is not a kernel of Debian's: it is built from Debian's source, configured
# by kernels/base.config and kernels/kasan.config.
# kernel.sh --source 6.12: KSRC, the few directories of its source that tests use.
# Source it for the functions kernel_get, kernel_make and kernel_source.

_here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=selftests/harness/deps.sh
. "$_here/deps.sh"
# shellcheck source=selftests/harness/cache.sh
. "$_here/cache.sh"
# shellcheck source=selftests/harness/suite.sh
. "$_here/suite.sh"

# apt's options for packages of a suite other than this machine's
APT_OPTS=()

# the modules that a guest, and a host, must load if they aren't built in
GUEST_MODULES="virtio_pci virtio_console"
HOST_MODULES="$GUEST_MODULES irqbypass kvm ccp kvm-amd"

_apt_depends() {
	apt-cache "${APT_OPTS[@]}" depends --important "$1" 2>/dev/null |
		awk -v re="$2" '$1 == "Depends:" && $2 ~ re { print $2; exit }'
}

_apt_version() {
	apt-cache "${APT_OPTS[@]}" policy "$1" 2>/dev/null |
		awk '$1 == "Candidate:" && $2 != "(none)" { print $2 }'
}

# _apt_kept NAME FUNCTION ARGUMENT...: what it prints, kept until apt's lists change, which apt reads
# as a whole for each question
_apt_kept() {
	local kept=$CACHE/apt-kept/$1
	shift
	[ ${#APT_OPTS[@]} = 0 ] || { "$@"; return; }
	if [ ! -s "$kept" ] || [ /var/lib/apt/lists -nt "$kept" ] || [ /var/lib/dpkg/status -nt "$kept" ]; then
		mkdir -p "${kept%/*}"
		rm -f "$kept"
		"$@" >"$kept.$BASHPID"
		mv "$kept.$BASHPID" "$kept"
	fi
	cat "$kept"
}

_apt_update() {
	if [ ${#APT_OPTS[@]} = 0 ]; then
		apt_update
	else
		suite_update
	fi
}

# prints the newest linux-image package of a flavour; nothing if apt has none
_kernel_package() {
	local ver=${1%%-*} kind='' meta pkg
	[ "$ver" = "$1" ] || kind=-${1#*-}

	if suite_of "$1"; then
		_apt_depends "linux-image$SUITE_KIND-amd64" '^linux-image-[0-9]'
		return
	fi
	for meta in "linux-image-$ver$kind-amd64" "linux-image$kind-amd64"; do
		pkg=$(_apt_depends "$meta" "^linux-image-${ver}[.]")
		[ -n "$pkg" ] && echo "$pkg" && return
	done
}

# root's _apt user can't write into our directory, and apt would warn; old lists
# may name versions that no longer exist
_apt_download() {
	set -- apt-get "${APT_OPTS[@]}" -qq -o APT::Sandbox::User=root download "$@"
	"$@" >/dev/null 2>&1 || { _apt_update; "$@" >/dev/null; }
}

# the payload of a bzImage, by the offsets of its setup header
_vmlinux_of() {
	local img=$1 sects off len magic
	sects=$(od -An -tu1 -j497 -N1 "$img")
	off=$(od -An -tu4 -j584 -N4 "$img")
	len=$(od -An -tu4 -j588 -N4 "$img")
	off=$(((sects + 1) * 512 + off))
	magic=$(od -An -tx1 -j$off -N4 "$img" | tr -d ' ')

	case $magic in
	28b52ffd) set -- zstd -dcq ;;
	fd377a58) set -- xz -dcq --single-stream ;;
	1f8b*) set -- gzip -dcq ;;
	02214c18) set -- lz4 -dcq ;;
	*) echo "error: $img: unknown compression $magic" >&2; return 1 ;;
	esac
	# its last four bytes are the size, which is not part of the stream
	head -c $((off + len - 4)) "$img" | tail -c +$((off + 1)) | "$@"
}

# _kernel_modules LIST NAME...: decompresses these modules, and those that they need,
# into ./modules, and writes their load order into modules/LIST
_kernel_modules() {
	local list=$1 name file
	shift
	for name; do
		name=${name//-/_}
		grep -qsx "$name.ko" "modules/$list" && continue
		file=$(find lib usr/lib/modules -name "${name//_/[-_]}.ko*" 2>/dev/null | head -n1)
		[ -n "$file" ] || continue	# built in
		case $file in
		*.xz) xz -dc "$file" ;;
		*.zst) zstd -dcq "$file" ;;
		*.gz) gzip -dc "$file" ;;
		*) cat "$file" ;;
		esac >"modules/$name.ko"
		# shellcheck disable=SC2046
		_kernel_modules "$list" $(PATH=$PATH:/sbin modinfo -F depends "modules/$name.ko" | tr , ' ')
		echo "$name.ko" >>"modules/$list"
	done
}

_kernel_fill() {
	local final=$1 krel=$2 headers=linux-headers-$2 deb
	local common kbuild hdir part parts=()
	# since 7.0 the image package is empty and depends on its parts
	for part in binary modules; do
		part=$(_apt_depends "linux-image-$krel" "^linux-$part-")
		[ -z "$part" ] || parts+=("$part")
	done
	common=$(_apt_depends "$headers" '-common')
	kbuild=$(_apt_depends "$headers" '^linux-kbuild')

	_apt_download "linux-image-$krel" "${parts[@]}" "$headers" "$common" "$kbuild" || return
	for deb in *.deb; do
		dpkg -x "$deb" . || return
		rm "$deb"
	done
	rm -rf usr/share
	[ -d boot ] || { mkdir boot && mv usr/lib/modules/*/vmlinuz "boot/vmlinuz-$krel" || return; }

	# the headers name each other by absolute paths
	hdir=usr/src/$headers
	sed -i "s|/usr/src/|$final/usr/src/|" "$hdir/Makefile" || return
	ln -sfn "$hdir" build
	rm -f {,usr/}lib/modules/*/build {,usr/}lib/modules/*/source

	_vmlinux_of boot/vmlinuz-* >vmlinux || return
	mkdir modules
	: >modules/guest
	# shellcheck disable=SC2086
	_kernel_modules guest $GUEST_MODULES && _kernel_modules host $HOST_MODULES || return
	[ -s modules/kvm.ko ] || return
	[ -z "$SUITE" ] || suite_mark
}

# a kernel that needs no module to boot
_no_modules_fill() {
	: >guest
	: >host
}

_kernel_own() {
	local version=${1%%+*} kind=${1#*+} dir status

	# shellcheck source=selftests/harness/own_kernel.sh
	. "$_here/own_kernel.sh"
	if [ ! -f "$_here/kernels/$kind.config" ]; then
		echo "error: no kernel $1: there is no selftests/harness/kernels/$kind.config" >&2
		return 2
	fi
	dir=$(mktemp -d "${TMPDIR:-/tmp}/tscope-config.XXXXXX")
	# options in KIND.config replace those of base.config
	grep -vwf <(grep -oE 'CONFIG_[A-Z0-9_]+' "$_here/kernels/$kind.config") \
		"$_here/kernels/base.config" | cat - "$_here/kernels/$kind.config" >"$dir/$kind.config"
	own_kernel "$version" "$dir/$kind.config"
	status=$?
	rm -r "$dir"
	[ $status = 0 ] || return $status
	cache_fill no-modules _no_modules_fill || return
	KREL=$OWN_KREL
	KDIR=$OWN_KDIR
	VMLINUZ=$OWN_BZIMAGE
	VMLINUX=$OWN_VMLINUX
	MODDIR=$CACHED
}

# kernel_get FLAVOUR: sets KREL KDIR VMLINUZ VMLINUX MODDIR
kernel_get() {
	local flavour=$1 pkg version newest

	case $flavour in *+*) _kernel_own "$flavour"; return ;; esac
	need zstd:zstd:"kernel images" xz:xz-utils:"kernel modules" \
		modinfo:kmod:"module dependencies" flock:util-linux:"the cache"
	APT_OPTS=()
	suite_of "$flavour" && suite_apt
	pkg=$(_apt_kept "$flavour" _kernel_package "$flavour")
	[ -n "$pkg" ] || { _apt_update; pkg=$(_kernel_package "$flavour"); }
	version=$([ -z "$pkg" ] || _apt_kept "$pkg" _apt_version "$pkg")
	if [ -z "$version" ] ||
	   ! cache_fill "kernel/$flavour/${pkg#linux-image-}_$version" _kernel_fill "${pkg#linux-image-}"; then
		# complete entries only
		newest=$(find "$CACHE/kernel/$flavour" -mindepth 1 -maxdepth 1 \
			! -name '*.tmp.*' 2>/dev/null | sort -V | tail -n1)
		if [ -z "$newest" ]; then
			echo "error: no kernel $flavour: apt offers none or can't be reached, and none is cached" >&2
			return 2
		fi
		echo "note: apt can't provide kernel $flavour, using the cached ${newest##*/}" >&2
		CACHED=$newest
	fi
	APT_OPTS=()
	KREL=${CACHED##*/}
	KREL=${KREL%%_*}
	KDIR=$CACHED/build
	VMLINUZ=$CACHED/boot/vmlinuz-$KREL
	VMLINUX=$CACHED/vmlinux
	MODDIR=$CACHED/modules
}

# kernel_make KDIR DIR ARGUMENT...: runs make for the modules in DIR, in a chroot if this
# machine's compiler is not the kernel's. A kernel that clang has built comes from own_kernel.
kernel_make() {
	local kdir=$1 dir=$2
	shift 2
	if [ -e "${kdir%/build}/suite" ]; then
		suite_make "$kdir" "$dir" "$@"
	else
		need_module_build
		if grep -qs '^CONFIG_CC_IS_CLANG=y' "$kdir/include/config/auto.conf"; then
			need_clang
			set -- "LLVM=-$CLANG" "$@"
		fi
		make -j "$(nproc)" -C "$kdir" M="$dir" "$@"
	fi
}

_source_fill() {
	local ver=$2 top
	_apt_download "linux-source-$ver" || return
	top=linux-source-$ver
	dpkg --fsys-tarfile linux-source-*.deb | tar -xO "./usr/src/$top.tar.xz" |
		xz -dc -T0 | tar -x --strip-components=1 \
			"$top/scripts" "$top/LICENSES" "$top/tools/scripts" \
			"$top/tools/testing/kunit" "$top/tools/testing/selftests/kselftest" \
			--wildcards --no-wildcards-match-slash \
			"$top/tools/testing/selftests/*.*" "$top/tools/testing/selftests/Makefile" || return
	rm -- *.deb
}

# kernel_source VERSION: sets KSRC
kernel_source() {
	local version
	need xz:xz-utils:"kernel source" flock:util-linux:"the cache"
	version=$(_apt_kept "linux-source-$1" _apt_version "linux-source-$1")
	[ -n "$version" ] || { apt_update; version=$(_apt_version "linux-source-$1"); }
	if [ -z "$version" ] || ! cache_fill "source/$1/$version" _source_fill "$1"; then
		CACHED=$(find "$CACHE/source/$1" -mindepth 1 -maxdepth 1 \
			! -name '*.tmp.*' 2>/dev/null | sort -V | tail -n1)
		[ -n "$CACHED" ] || { echo "error: no linux-source-$1" >&2; return 2; }
	fi
	KSRC=$CACHED
}

_kernel_main() {
	local flavour
	set -e
	if [ "$1" = --source ]; then
		kernel_source "${2:-6.12}"
		printf 'KSRC=%q\n' "$KSRC"
		return
	fi
	for flavour in "${@:-6.12}"; do
		kernel_get "$flavour"
		printf '%s=%q\n' KREL "$KREL" KDIR "$KDIR" VMLINUZ "$VMLINUZ" \
			VMLINUX "$VMLINUX" MODDIR "$MODDIR"
	done
}

if [ "${BASH_SOURCE[0]}" = "$0" ]; then
	_kernel_main "$@"
fi
