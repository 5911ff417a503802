# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Initramfs images. Large, constant parts are cached cpio archives, which are joined by
# cat. They are not compressed, as unpacking is expensive for the emulated kernel. Needs
# cache.sh and deps.sh.

IMAGE_LIB=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
QEMU_ROMS="bios-256k.bin kvmvapic.bin linuxboot_dma.bin pvh.bin"

image_needs() {
	need qemu-system-x86_64:qemu-system-x86:"hosts and guests" \
		busybox:busybox-static:"initramfs" cpio:cpio:"initramfs" \
		bash:bash:"guest scripts" ldd:libc-bin:"initramfs"
}

# image_pack DIR: writes the directory's tree to stdout as cpio
image_pack() {
	(cd "$1" && find . | LC_ALL=C sort | cpio --quiet -o -H newc -R 0:0)
}

# copies programs, with the libraries that they load, to below the current directory
_image_elf() {
	local program file
	for program; do
		for file in "$program" $(ldd "$program" 2>/dev/null | grep -o '/[^ ]*'); do
			[ -e ".$file" ] && continue
			mkdir -p ".${file%/*}"
			cp -L "$file" ".$file"
		done
	done
}

_image_busybox() {
	local applet
	mkdir -p bin sbin usr/bin usr/sbin proc sys dev tmp run lab etc root
	cp -L "$(command -v busybox)" bin/busybox
	for applet in $(bin/busybox --list); do
		[ "$applet" = busybox ] || ln -s busybox "bin/$applet"
	done
	echo root:x:0:0:root:/root:/bin/sh >etc/passwd
}

_image_close() {
	image_pack root >image.cpio || return
	rm -rf root
}

_image_guest_fill() {
	mkdir root && cd root && _image_busybox || return
	_image_elf "$(command -v bash)" "$(command -v timeout)" || return
	# names under which scripts call programs
	[ -e bin/bash ] || ln -s "$(command -v bash)" bin/bash
	rm -f bin/timeout
	[ -e usr/bin/env ] || ln -s ../../bin/busybox usr/bin/env
	cd .. && _image_close
}

_image_host_fill() {
	local moddir=$2 qemu=$3 rom dir
	mkdir root && cd root && _image_busybox || return
	_image_elf "$qemu" || return
	mkdir -p lib roms
	cp -r "$moddir" lib/lab || return
	for rom in $QEMU_ROMS; do
		for dir in "${qemu%/bin/*}"/share/{qemu,seabios}; do
			[ -e "$dir/$rom" ] && cp -L "$dir/$rom" roms/ && break
		done || return
	done
	cd .. && _image_close
}

_image_kernel_fill() {
	mkdir -p root/boot && cp "$2" root/boot/vmlinux && _image_close
}

_image_versions() {
	cat "$IMAGE_LIB/image.sh"
	for file; do
		stat -Lc '%n %s %Y' "$(command -v "$file")"
	done
}

# image_guest: the guest's base; image_host MODDIR QEMU: the host's base, with the guest's QEMU;
# image_kernel VMLINUX: the guest's kernel, to be added to the host. Each sets CACHED to the path of
# a cpio archive.
image_guest() {
	cache_fill "image/guest-$(_image_versions busybox bash timeout | cache_key)" \
		_image_guest_fill && CACHED=$CACHED/image.cpio
}

image_host() {
	cache_fill "image/host-$({ _image_versions busybox "$2"; echo "$1"; } | cache_key)" \
		_image_host_fill "$1" "$2" && CACHED=$CACHED/image.cpio
}

image_kernel() {
	cache_fill "image/kernel-$(echo "$1" | cache_key)" \
		_image_kernel_fill "$1" && CACHED=$CACHED/image.cpio
}

# image_add ROOT OPTION SPEC...: adds to ROOT what OPTION of lab names, each SPEC as DIR:PATH
image_add() {
	local root=$1 option=$2 spec
	shift 2
	for spec; do
		[ -e "${spec%%:*}" ] || wrong "$option ${spec%%:*}: not there"
		mkdir -p "$root/$(dirname "${spec#*:}")"
		cp -a "${spec%%:*}" "$root/${spec#*:}"
	done
}
