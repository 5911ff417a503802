#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2317
#
# dkms.sh [--suite SUITE] [FLAVOUR...]: tests what DKMS does with the module, for the
# kernels named (6.12 and 6.1), which need not run: from add to remove, the hooks that a
# kernel's package calls, an upgrade, an architecture that is excluded. It runs in a clean
# Debian (bookworm), and does not change dkms or modules of this machine.
# KTAP; exit status 0 passed, 1 failed, 4 skipped, 2 something is missing.

here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
# shellcheck source=selftests/harness/ktap.sh
. "$here/ktap.sh"
NEWER=99.0.0

# outside: makes this Debian, and runs the script in it
outside() {
	# shellcheck source=selftests/harness/kernel.sh
	. "$here/kernel.sh"
	# shellcheck source=selftests/harness/rootfs.sh
	. "$here/rootfs.sh"
	rootfs_begin dkms "6.12 6.1" "$@"
	cp "$here/ktap.sh" "$here/dkms.sh" "$work/shared/"
	mkdir "$work/shared/tscope"
	"$top/tools/files.sh" --new | (cd "$top" && tar -cf - -T -) |
		tar -xf - -C "$work/shared/tscope" &&
		cp -r "$work/shared/tscope" "$work/shared/newer" &&
		"$work/shared/newer/tools/version.sh" --set "$NEWER" || exit 2
	rootfs_run "$work" bash /shared/dkms.sh --inside "$("$top/tools/version.sh")" "${krels[@]}"
	exit
}

# holds FILE VERSION: the module has this version, is built for this kernel, and is signed with
# DKMS's key, whose certificate is where start.rst says
holds() {
	local ko=$1 magic serial
	same "$ko, version" "$(modinfo -F version "$ko")" "$2" || return
	magic=$(modinfo -F vermagic "$ko")
	same "$ko, for the kernel" "${magic%% *}" "$krel" || return
	same "$ko, signer" "$(modinfo -F signer "$ko")" "DKMS module signing key" || return
	serial=$(openssl x509 -inform DER -in /var/lib/dkms/mok.pub -noout -serial) || return
	same "$ko, key" "$(modinfo -F sig_key "$ko" | tr -d :)" "${serial#serial=}"
}

built() {
	dkms status -m tscope -v "$1" -k "$krel" | grep ": $2" || { dkms status; return 1; }
}

installed() {
	built "$1" installed && [ -e "$updates/tscope.ko" ] &&
		holds "$(modinfo -k "$krel" -F filename tscope)" "$1"
}

not_installed() {
	empty "$updates/tscope.ko" && not built "$1" installed &&
		not modinfo -k "$krel" tscope
}

uninstalled() {
	not_installed "$1" && built "$1" built
}

# build VERSION: also prints the end of make's log if it fails
build() {
	dkms build "tscope/$1" -k "$krel" && return
	tail -n 30 "/var/lib/dkms/tscope/$1/build/make.log"
	return 1
}

# excluded DKMS-OPTION...: for such a kernel DKMS says why and builds nothing
excluded() {
	local said
	said=$(dkms build "tscope/$version" "$@" 2>&1)
	echo "$said"
	grep -q BUILD_EXCLUSIVE <<<"$said" &&
		same "status" "$(dkms status "tscope/$version")" "tscope/$version: added"
}

exclusions() {
	local dir=/tmp/no-kvm
	mkdir "$dir"
	grep -v CONFIG_KVM_GUEST "/lib/modules/$1/build/.config" >"$dir/.config"
	t "another architecture is skipped with a reason" excluded -k "$1" -a aarch64
	t "a kernel that is too old is" excluded -k 5.19.0-1-amd64 --kernelsourcedir "/lib/modules/$1/build"
	t "a kernel without KVM_GUEST is not" not excluded -k "$1" --kernelsourcedir "$dir"
	t "a kernel far newer is not" not excluded -k 10.0.0-1-amd64 --kernelsourcedir "$dir/none"
}

# from_sources DIR GOAL: make in a copy of the sources, as in a checkout
from_sources() {
	make -C "/shared/$1" "$2" KVER="$krel"
}

one_kernel() {
	krel=$1
	updates=/lib/modules/$krel/updates/dkms
	t "$krel: build" build "$version"
	t "$krel: the module is right" holds "/var/lib/dkms/tscope/$version/$krel/x86_64/module/tscope.ko" "$version"
	t "$krel: status says that it is built" built "$version" built
	t "$krel: install" dkms install "tscope/$version" -k "$krel"
	t "$krel: it is installed" installed "$version"
	t "$krel: uninstall" dkms uninstall "tscope/$version" -k "$krel"
	t "$krel: it is uninstalled, and still built" uninstalled "$version"
	t "$krel: autoinstall" dkms autoinstall -k "$krel"
	t "$krel: it is installed again" installed "$version"
	t "$krel: the kernel's package is removed" /etc/kernel/prerm.d/dkms "$krel"
	t "$krel: that took the module away" not_installed "$version"
}

# the hook that a kernel's package calls builds the module; then a newer version is installed
upgrade() {
	krel=$1
	updates=/lib/modules/$krel/updates/dkms
	t "$krel: its package is installed" /etc/kernel/postinst.d/dkms "$krel"
	t "$krel: that built and installed the module" installed "$version"
	t "upgrade: make dkms of $NEWER over $version" from_sources newer dkms
	t "upgrade: $NEWER is there" installed "$NEWER"
	t "upgrade: make dkms-remove of $version" from_sources tscope dkms-remove
	t "upgrade: $NEWER is still there" installed "$NEWER"
	t "upgrade: autoinstall leaves it so" dkms autoinstall -k "$krel"
	t "upgrade: $NEWER is the one" installed "$NEWER"
	t "make dkms-remove" from_sources newer dkms-remove
}

inside() {
	local krel
	version=$1
	shift
	ktap_begin
	echo "# $(dkms --version)"
	t "sources" make -C /shared/tscope dkms-source
	t "add" dkms add "tscope/$version"
	exclusions "$1"
	for krel; do
		one_kernel "$krel"
	done
	# DKMS 3.0 forgets a module when it is removed for the last kernel
	dkms status | grep -q . || t "add, since DKMS forgot it" dkms add "tscope/$version"
	upgrade "$1"
	t "nothing is left" empty /var/lib/dkms/tscope /lib/modules/*/updates /usr/src/tscope*
	ktap_end
}

if [ "$1" = --inside ]; then
	shift
	inside "$@"
fi
outside "$@"
