# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034
#
# qemu_get: sets QEMU to one that emulates a KVM host reliably: this machine's, if its version is at
# least 10, or else that of Debian 12's backports, which is kept in the cache and not installed; and
# QEMU_ELF to the program's file. With an older QEMU the host vanishes now and then, most often if
# its virtual CPUs run at the same time. False if there is only an older one. Needs kernel.sh.

QEMU_MAJOR=10

_qemu_major() {
	qemu-system-x86_64 --version 2>/dev/null | sed -n '1s/.*version \([0-9]*\).*/\1/p'
}

_qemu_fill() {
	local final=$1 deb
	_apt_download qemu-system-x86 qemu-system-data seabios || return
	for deb in *.deb; do
		dpkg -x "$deb" . || return
		rm "$deb"
	done
	cat >qemu <<-END || return
		#!/bin/sh
		exec '$final/usr/bin/qemu-system-x86_64' -L '$final/usr/share/qemu' \\
			-L '$final/usr/share/seabios' "\$@"
	END
	chmod 755 qemu
	rm -rf usr/share/{doc,man}
	./usr/bin/qemu-system-x86_64 --version >&2
}

qemu_get() {
	local SUITE=bookworm-backports SUITE_KIND='' APT_OPTS version major
	QEMU=qemu-system-x86_64 QEMU_ELF=$(realpath "$(command -v qemu-system-x86_64)")
	major=$(_qemu_major)
	[ "${major:-0}" -lt $QEMU_MAJOR ] || return 0
	suite_apt
	version=$(_apt_version qemu-system-x86)
	[ -n "$version" ] || { suite_update; version=$(_apt_version qemu-system-x86); }
	if [ -n "$version" ] && cache_fill "qemu/$version" _qemu_fill; then
		QEMU=$CACHED/qemu QEMU_ELF=$CACHED/usr/bin/qemu-system-x86_64
	else
		echo "note: no QEMU $QEMU_MAJOR to emulate a KVM host: QEMU $major is used, which loses runs" >&2
		return 1
	fi
}
