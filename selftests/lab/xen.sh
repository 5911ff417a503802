# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034,SC2153
#
# For lab --accel xen: Xen runs in emulation, and the guest is its PV dom0. Needs kernel.sh
# and cache.sh.

# Without -smap dom0 dies of a page fault at its first IRETQ, which is a bug of QEMU 7.2; without
# -monitor Xen dies of a #GP in mwait.
XEN_CPU=EPYC,+svm,+npt,-smap,-monitor
# com1 is for dom0
XEN_APPEND="console=com2 com2=115200,8n1 loglvl=all noreboot cpuidle=0"
# memory that Xen keeps for itself, MB
XEN_MEM=500

_xen_fill() {
	_apt_download "$2" && dpkg -x "$2"_*.deb . && gzip -dc boot/xen-*.gz >xen || return
	find . -mindepth 1 -maxdepth 1 ! -name xen -exec rm -r {} +
}

# xen_get: sets XEN to the path of Xen's image
xen_get() {
	local package version
	package=$(_apt_depends xen-system-amd64 '^xen-hypervisor-[0-9]')
	[ -n "$package" ] || { apt_update; package=$(_apt_depends xen-system-amd64 '^xen-hypervisor-[0-9]'); }
	version=$([ -z "$package" ] || _apt_version "$package")
	if [ -z "$version" ] || ! cache_fill "xen/${package}_$version" _xen_fill "$package"; then
		CACHED=$(find "$CACHE/xen" -mindepth 1 -maxdepth 1 ! -name '*.tmp.*' 2>/dev/null |
			sort -V | tail -n1)
		[ -n "$CACHED" ] || { echo "error: apt offers no Xen, and none is cached" >&2; return 2; }
	fi
	XEN=$CACHED/xen
}
