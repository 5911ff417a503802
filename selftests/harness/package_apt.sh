#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2317
#
# package_apt.sh [FLAVOUR...]: tests the Debian package beside kernels that apt installs, in a clean
# Debian 12 for each flavour: cloud, rt, backports. DKMS must have built the module for this
# kernel. Flavour other: the kernel is the cloud kernel, and apt fetches the headers that the
# package recommends, which are another kernel's; the last line must say what to install instead.
# KTAP; exit status 0 passed, 1 failed, 4 skipped, 2 something is missing.

here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
# shellcheck source=selftests/harness/ktap.sh
. "$here/ktap.sh"
FLAVOURS="cloud rt backports other"

# outside: makes the package, and for each flavour a Debian, in which it runs the script

# sources DIR: sets apt's sources: Debian 12 with backports, on the mirror that this machine uses
sources() {
	printf "deb [signed-by=$DEBIAN_KEYS] $DEBIAN/%s main\n" "debian bookworm" \
		"debian bookworm-backports" "debian-security bookworm-security" |
		as_root tee "$1/root/etc/apt/sources.list" >/dev/null &&
		as_root cp -L /etc/resolv.conf /etc/hosts "$1/root/etc/"
}

flavour() {
	local dir=$work/$1 status
	rootfs_unpack "$dir" && sources "$dir" &&
		cp "$here/ktap.sh" "$here/package_apt.sh" "$work"/deb/*.deb "$dir/shared/" || exit 2
	note "$1"
	rootfs_run "$dir" bash /shared/package_apt.sh --inside "$KTAP_COUNT" "$1" >"$work/said"
	status=$?
	cat "$work/said"
	KTAP_COUNT=$((KTAP_COUNT + $(grep -cE '^(not )?ok ' "$work/said")))
	KTAP_FAILED=$((KTAP_FAILED + $(grep -c '^not ok ' "$work/said")))
	if [ $status != 0 ] && ! grep -q '^not ok ' "$work/said"; then
		t "$1: ends by itself" false
	fi
	rootfs_remove "$dir"
}

outside() {
	local name
	# shellcheck source=selftests/harness/kernel.sh
	. "$here/kernel.sh"
	# shellcheck source=selftests/harness/rootfs.sh
	. "$here/rootfs.sh"
	rootfs_work package-apt
	rootfs_get bookworm >&2 || exit 2
	unset MAKEFLAGS MAKELEVEL
	LINTIAN_STRICT=1 "$top/tools/deb.sh" "$work/deb" >&2 || exit 2
	ktap_begin
	for name; do
		flavour "$name"
	done
	ktap_end
}

# inside

get() {
	apt-get -y -qq -o Acquire::Check-Valid-Until=false --no-install-recommends "$@"
}

# running RELEASE: uname -r prints this from now on, also in maintainer scripts
running() {
	[ -e /usr/bin/uname.real ] || mv /usr/bin/uname /usr/bin/uname.real
	# shellcheck disable=SC2016
	printf '#!/bin/sh\ncase $1 in -r) echo "%s" ;; *) exec uname.real "$@" ;; esac\n' "$1" >/usr/bin/uname
	chmod +x /usr/bin/uname
}

# kernel PACKAGE...: installs a kernel, and lets uname name it as the running one
kernel() {
	get install "$@" || return
	krel=$(basename /boot/vmlinuz-*)
	krel=${krel#vmlinuz-}
	running "$krel"
}

# package [APT-OPTION...]: installs ours; /tmp/said is what apt printed
package() {
	get "$@" install /shared/tscope-dkms_*_all.deb >/tmp/said 2>&1
	local status=$?
	cat /tmp/said
	return "$status"
}

# there: modprobe finds the module, which is built for the kernel
there() {
	local magic
	# modules of backports' kernel are compressed
	same "where" "$(modinfo -k "$krel" -F filename tscope | sed 's/[.]xz$//')" \
		"/lib/modules/$krel/updates/dkms/tscope.ko" || return
	magic=$(modinfo -k "$krel" -F vermagic tscope)
	same "for the kernel" "${magic%% *}" "$krel"
}

silent() {
	not grep '^tscope: ' /tmp/said
}

# the last line names the headers that are missing, and there is no module
last_line() {
	same "last line" "$(tail -n 1 /tmp/said)" \
		"tscope: no module for the running kernel yet, as its headers are missing: apt install linux-headers-$krel" &&
		not modinfo -k "$krel" tscope
}

# shellcheck disable=SC2046
as_told() {
	get $(tail -n 1 /tmp/said | sed 's/.*: apt //')
}

# DKMS also builds for the flavour's next kernel, because its hook is called
inside() {
	local name=$2
	KTAP_COUNT=$1
	t "$name: lists of packages" get update
	case $name in
	cloud | rt) t "$name: kernel and headers" kernel "linux-image-$name-amd64" "linux-headers-$name-amd64" ;;
	backports) t "$name: kernel and headers" kernel -t bookworm-backports linux-image-amd64 linux-headers-amd64 ;;
	other) t "$name: kernel without headers" kernel linux-image-cloud-amd64 ;;
	esac
	echo "# $name: $krel"
	if [ "$name" != other ]; then
		t "$name: the package" package
		t "$name: it has nothing to say" silent
		t "$name: DKMS has built the module" there
	else
		t "$name: the package, with what it recommends" package --install-recommends
		t "$name: the last line names the headers that are missing" last_line
		t "$name: they are installed" as_told
		t "$name: DKMS has built the module" there
	fi
	t "$name: purge" get purge tscope-dkms
	t "$name: the module is gone" not modinfo -k "$krel" tscope
	[ "$KTAP_FAILED" = 0 ]
	exit
}

if [ "$1" = --inside ]; then
	shift
	inside "$@"
fi
# shellcheck disable=SC2086
[ $# -gt 0 ] || set -- $FLAVOURS
outside "$@"
