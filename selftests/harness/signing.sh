#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# signing.sh [VERSION]: tests on a machine with Secure Boot, which only loads signed modules;
# see --help.

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
TOP=$(cd "$HERE/../.." && pwd)
# shellcheck source=selftests/harness/build.sh
. "$HERE/build.sh"
# shellcheck source=selftests/lab/image.sh
. "$TOP/selftests/lab/image.sh"
# shellcheck source=selftests/harness/rootfs.sh
. "$HERE/rootfs.sh"
# The ovmf package has firmware with a key for tests enrolled, and that key.
OVMF=/usr/share/OVMF/OVMF_CODE_4M.secboot.fd
OVMF_VARS=/usr/share/OVMF/OVMF_VARS_4M.snakeoil.fd
KEY=/usr/share/ovmf/PkKek-1-snakeoil
PIN=snakeoil

case ${1:-} in
--help | -h)
	cat <<-END
	usage: selftests/harness/signing.sh [VERSION]
	Boots Debian's kernel (6.12 unless named) in QEMU by UEFI firmware with Secure Boot on and
	module.sig_enforce=1, and loads tscope there: unsigned, signed by a key that nobody
	enrolled, signed by one that is enrolled in the firmware, and built and signed by DKMS,
	which is configured with that key (needs root, for a Debian of its own). Prints KTAP.
	A signed module that needs a symbol which the kernel lacks is tried, too.
	Takes a minute. Logs: build/signing/VERSION.
	END
	exit 0 ;;
-*) echo "signing: unknown option $1 (see --help)" >&2; exit 2 ;;
esac
VERSION=${1:-6.12} OUT=$TOP/build/signing/${1:-6.12}
image_needs
need objcopy:binutils:"a module that needs another symbol" openssl:openssl:"keys" \
	sbsign:sbsigntool:"a kernel that the firmware takes" "$OVMF_VARS:ovmf:firmware with Secure Boot"
WORK=$(mktemp -d "${TMPDIR:-/tmp}/tscope-signing.XXXXXX") || exit
trap 'rootfs_remove "$WORK/dkms"; rm -rf "$WORK"' EXIT
trap 'exit 130' INT TERM

# sign KEY CERTIFICATE FILE [MODULE]
sign() {
	cp "${4:-$MODULE_KO}" "$3" && "$KDIR/scripts/sign-file" sha256 "$1" "$2" "$3"
}

# by_dkms FILE: makes the module as DKMS builds and signs it in a clean Debian whose
# framework.conf names the key; does nothing without root
by_dkms() {
	local dir=$WORK/dkms
	as_root true 2>/dev/null || return 0
	rootfs_get bookworm && rootfs_unpack "$dir" && rootfs_kernel "$dir" "$VERSION" || return
	mkdir "$dir/shared/tscope" && cp "$WORK/db.key" "$dir/shared/" || return
	openssl x509 -in "$KEY.pem" -outform DER -out "$dir/shared/db.der" || return
	(cd "$TOP" && tools/files.sh --new | tar -cf - -T -) | tar -xf - -C "$dir/shared/tscope" || return
	# shellcheck disable=SC2016
	rootfs_run "$dir" sh -ec '
		echo mok_signing_key=/shared/db.key >>/etc/dkms/framework.conf
		echo mok_certificate=/shared/db.der >>/etc/dkms/framework.conf
		make -C /shared/tscope dkms-source
		dkms build "tscope/$2" -k "$1"
		cp "/var/lib/dkms/tscope/$2/$1/x86_64/module/tscope.ko" /shared/
	' dkms "$KREL" "$("$TOP/tools/version.sh")" >"$OUT/dkms.log" 2>&1 &&
		cp "$dir/shared/tscope.ko" "$1" && return
	tail -n 20 "$OUT/dkms.log" >&2
	return 1
}

image() {
	local root=$WORK/root
	mkdir -p "$root/lab"
	install "$HERE/signing-init" "$root/init" || return
	openssl req -new -nodes -utf8 -sha256 -days 2 -batch -x509 -subj /CN=nobody -outform PEM \
		-keyout "$WORK/nobody.key" -out "$WORK/nobody.pem" 2>/dev/null || return
	cp "$MODULE_KO" "$root/lab/unsigned.ko" || return
	sign "$WORK/nobody.key" "$WORK/nobody.pem" "$root/lab/nobody.ko" || return
	openssl rsa -passin "pass:$PIN" -in "$KEY.key" -out "$WORK/db.key" 2>/dev/null || return
	sign "$WORK/db.key" "$KEY.pem" "$root/lab/enrolled.ko" || return
	objcopy --redefine-sym tsc_khz=tsc_trimmed "$MODULE_KO" "$WORK/symbol.ko" &&
		sign "$WORK/db.key" "$KEY.pem" "$root/lab/symbol.ko" "$WORK/symbol.ko" || return
	by_dkms "$root/lab/dkms.ko" || return
	image_guest || return
	{ cat "$CACHED"; image_pack "$root"; } >"$WORK/initrd.cpio" || return
	sbsign --key "$WORK/db.key" --cert "$KEY.pem" --output "$WORK/vmlinuz" "$VMLINUZ" \
		>"$OUT/sbsign.log" 2>&1
}

mkdir -p "$OUT"
# others may build in build/ at the same time
MODULE_BUILD=$OUT module_build "$VERSION" || { echo "signing: the module does not build" >&2; exit 1; }
image || { echo "signing: the image can't be made" >&2; exit 1; }
cp "$OVMF_VARS" "$WORK/vars.fd"
rm -f "$OUT/console.log" "$OUT/ktap"
timeout --foreground "${SIGNING_TIMEOUT:-600}" qemu-system-x86_64 -no-user-config -nodefaults \
	-display none -no-reboot -machine q35,smm=on -accel tcg -cpu EPYC -smp 2 -m 512 \
	-global driver=cfi.pflash01,property=secure,value=on \
	-drive "if=pflash,format=raw,unit=0,file=$OVMF,readonly=on" \
	-drive "if=pflash,format=raw,unit=1,file=$WORK/vars.fd" \
	-kernel "$WORK/vmlinuz" -initrd "$WORK/initrd.cpio" \
	-append "console=ttyS0 panic=-1 oops=panic tsc=reliable module.sig_enforce=1" \
	-serial "file:$OUT/console.log" -serial "file:$OUT/ktap" </dev/null >"$OUT/qemu.log" 2>&1
status=$?
# the firmware prints on every serial port
[ -e "$OUT/ktap" ] && tr -d '\r' <"$OUT/ktap" | sed -n '/^KTAP version/,$p'
if [ $status != 0 ] || ! grep -q '^# signing: closed' "$OUT/ktap"; then
	echo "signing: FAILED: QEMU ended with $status; the end of $OUT/console.log:" >&2
	tail -n 20 "$OUT/console.log" >&2
	exit 1
fi
! grep -q '^not ok' "$OUT/ktap"
