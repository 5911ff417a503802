#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# rootfs.sh: a clean Debian to install packages in, as a tar archive in the cache,
# unpacked anew for each test. Its functions need kernel.sh and ktap.sh.

# the packages that building a module needs, except a kernel (gcc-12 is for Debian 12's
# headers), and those that the command needs
ROOTFS_PACKAGES="dkms,gcc,gcc-12,make,kmod,libelf1,openssl,pahole,libc6-dev"
ROOTFS_PACKAGES+=",libjson-c5,libexpat1,bash-completion"

_rootfs_fill() {
	local suite=$2
	# shellcheck disable=SC2016,SC2024
	as_root mmdebstrap --quiet --variant=apt --include="$ROOTFS_PACKAGES" \
		--aptopt='Acquire::Check-Valid-Until "false"' \
		--dpkgopt='path-exclude=/usr/share/doc/*' \
		--dpkgopt='path-exclude=/usr/share/man/*' \
		--dpkgopt='path-exclude=/usr/share/locale/*' \
		--customize-hook='rm -rf "$1"/var/cache/apt/* "$1"/var/lib/apt/lists/*' \
		--customize-hook='rm -f "$1"/etc/dpkg/dpkg.cfg.d/99mmdebstrap' \
		"$suite" - >rootfs.tar
}

# rootfs_work NAME: sets work to a directory that is removed at the end. Skips all without root.
rootfs_work() {
	as_root true 2>/dev/null || ktap_skip_all "needs root, for a Debian of its own"
	work=$(mktemp -d "${TMPDIR:-/tmp}/tscope-$1.XXXXXX") || exit 2
	trap 'rootfs_remove "$work"' EXIT
	trap 'exit 130' INT TERM
}

# rootfs_begin NAME FLAVOURS [--suite SUITE] [FLAVOUR...]: to be called first, with the script's
# arguments, by a KTAP script that installs packages. Makes a Debian (SUITE: bookworm) in $work,
# with the kernels of each FLAVOUR, or by default of FLAVOURS; krels has their releases. Skips all
# without root.
rootfs_begin() {
	local name=$1 flavour flavours=$2
	shift 2
	SUITE=bookworm
	if [ "$1" = --suite ]; then
		SUITE=$2
		shift 2
	fi
	[ $# = 0 ] || flavours=$*
	rootfs_work "$name"
	rootfs_get "$SUITE" >&2 && rootfs_unpack "$work" || exit 2
	krels=()
	for flavour in $flavours; do
		rootfs_kernel "$work" "$flavour" >&2 || exit 2
		krels+=("$KREL")
	done
}

# rootfs_get SUITE: sets ROOTFS to the path of the archive
rootfs_get() {
	need mmdebstrap:mmdebstrap:"a clean Debian" unshare:util-linux:"a clean Debian"
	cache_fill "rootfs/$1-$({ echo "$ROOTFS_PACKAGES"; declare -f _rootfs_fill; } | cache_key)" \
		_rootfs_fill "$1" || {
		echo "error: mmdebstrap can't make a Debian $1" >&2
		return 2
	}
	ROOTFS=$CACHED/rootfs.tar
}

# rootfs_unpack DIR: DIR/root becomes the Debian of $ROOTFS; DIR/shared is /shared in it
rootfs_unpack() {
	mkdir -p "$1/shared" || return
	as_root mkdir "$1/root" && as_root tar -xpf "$ROOTFS" -C "$1/root" --numeric-owner &&
		as_root mkdir -p "$1/root/shared" "$1/root/$CACHE"
}

# rootfs_run DIR COMMAND...: runs the command in DIR/root as root, in namespaces of its own:
# its mounts and processes end with it. The cached kernels have their usual paths.
rootfs_run() {
	local dir=$1
	shift
	# shellcheck disable=SC2016
	as_root unshare --mount --pid --uts --ipc --fork --kill-child sh -c '
		dir=$1 cache=$2
		shift 2
		mount --bind "$dir/shared" "$dir/root/shared" &&
		mount --bind -o ro "$cache" "$dir/root/$cache" &&
		mount -t proc proc "$dir/root/proc" &&
		mount -t tmpfs dev "$dir/root/dev" &&
		for node in null zero full random urandom tty; do
			: >"$dir/root/dev/$node"
			mount --bind "/dev/$node" "$dir/root/dev/$node" || exit
		done &&
		ln -s /proc/self/fd "$dir/root/dev/fd" &&
		exec chroot "$dir/root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin \
			ROOTFS_CACHE="$cache" HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive "$@"
	' rootfs "$dir" "$CACHE" "$@"
}

# rootfs_kernel DIR FLAVOUR: adds a cached kernel and its headers, as if they were installed;
# sets KREL. The kernel gets one module, which is not used, because dkms since 3.2 regards a
# kernel without modules or modules.dep as removed.
rootfs_kernel() {
	local one=kernel/virt/lib
	kernel_get "$2" || return
	as_root mkdir -p "$1/root/lib/modules/$KREL/$one" "$1/root/boot" &&
		as_root ln -sfn "$KDIR" "$1/root/lib/modules/$KREL/build" &&
		as_root cp "$MODDIR/irqbypass.ko" "$1/root/lib/modules/$KREL/$one/" &&
		as_root tee "$1/root/lib/modules/$KREL/modules.dep" >/dev/null <<<"$one/irqbypass.ko:" &&
		as_root cp "${VMLINUZ%/*}/config-$KREL" "$1/root/boot/"
}

rootfs_remove() {
	[ ! -d "$1" ] || as_root rm -rf "$1"
}
