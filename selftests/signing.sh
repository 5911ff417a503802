#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2317
#
# signing.sh [FLAVOUR...]: which signed modules do Debian's kernels (6.12) take? Emulated
# machines with UEFI boot them unmodified. A key that is made as DKMS makes its own is
# enrolled as shim would hand it on, in the variable MokListRT; once without Secure Boot and
# with module.sig_enforce=1, once without the key, and once with Secure Boot on, where
# the kernel locks itself down. KTAP; exit status 0 passed, 1 failed, 2 something is missing.

here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/.." && pwd)
# shellcheck source=selftests/ktap.sh
. "$here/ktap.sh"
# shellcheck source=selftests/lab/build.sh
. "$here/lab/build.sh"
# shellcheck source=selftests/lab/image.sh
. "$here/lab/image.sh"
SHIM_GUID=605dab50-e046-4300-abb6-3dd810dd8b23
OVMF=/usr/share/OVMF
# the keys of Debian's test firmware are no secret
SNAKEOIL=/usr/share/ovmf/PkKek-1-snakeoil
BOOT_S=180

# new_key NAME: as dkms does it
new_key() {
	openssl req -new -x509 -nodes -days 36500 -subj "/CN=DKMS module signing key" \
		-newkey rsa:2048 -keyout "$work/$1.key" -outform DER -out "$work/$1.pub" 2>/dev/null
}

# the guest tries each module and says what came of it; a signed one in use shows figures
guest_init() {
	cat <<-'END'
	#!/bin/sh
	mount -t proc proc /proc
	mount -t sysfs sysfs /sys
	mount -t securityfs securityfs /sys/kernel/security 2>/dev/null
	mount -t tmpfs tmpfs /tmp
	echo "signing: booted $(uname -r)"
	echo "signing: lockdown $(sed 's/.*\[\(.*\)\].*/\1/' /sys/kernel/security/lockdown)"
	for name in unsigned stranger enrolled; do
		if insmod /$name.ko 2>/tmp/said; then
			echo 1 >/sys/kernel/tscope/enabled
			sleep 2
			echo "signing: $name loaded"
			[ "$(cat /sys/kernel/tscope/tsc/samples)" = 0 ] || echo "signing: $name sampled"
			rmmod tscope
		else
			echo "signing: $name refused: $(sed 's/.*: //' /tmp/said)"
		fi
	done
	dmesg | grep -iE 'module.*(reject|lock)|Lockdown: insmod' | sed 's/^/signing: log: /'
	echo "signing: end"
	poweroff -f
	END
}

images() {
	local root=$work/root
	mkdir -p "$root"
	cp "$MODULE_KO" "$root/unsigned.ko"
	cp "$MODULE_KO" "$root/stranger.ko"
	cp "$MODULE_KO" "$root/enrolled.ko"
	"$KDIR/scripts/sign-file" sha256 "$work/stranger.key" "$work/stranger.pub" "$root/stranger.ko" &&
		"$KDIR/scripts/sign-file" sha256 "$work/mok.key" "$work/mok.pub" "$root/enrolled.ko" ||
		return
	guest_init >"$root/init"
	chmod +x "$root/init"
	image_guest || return
	{ cat "$CACHED"; image_pack "$root"; } >"$work/initrd"
	sbsign --key "$work/snakeoil.key" --cert "$SNAKEOIL.pem" --output "$work/vmlinuz" "$VMLINUZ"
}

# enrol VARS: the key becomes MokListRT, which shim makes of what mokutil enrolled
enrol() {
	openssl x509 -inform DER -in "$work/mok.pub" -out "$work/mok.pem" &&
		cert-to-efi-sig-list -g "$SHIM_GUID" "$work/mok.pem" "$work/mok.esl" &&
		flash-var -g "$SHIM_GUID" "$1" MokListRT "$work/mok.esl"
}

# boot NAME KERNEL CODE VARS APPEND QEMU-OPTION...: what it said is in $work/NAME
boot() {
	local name=$1 kernel=$2 code=$3 vars=$4 append=$5 status
	shift 5
	timeout "$BOOT_S" qemu-system-x86_64 -no-user-config -nodefaults -display none -no-reboot \
		-accel tcg,thread=multi -cpu EPYC -smp 2 -m 768 "$@" \
		-drive "if=pflash,format=raw,unit=0,readonly=on,file=$code" \
		-drive "if=pflash,format=raw,unit=1,file=$vars" \
		-kernel "$kernel" -initrd "$work/initrd" -append "console=ttyS0 panic=-1 $append" \
		-serial "file:$work/$name.console" </dev/null >"$work/$name.qemu" 2>&1
	status=$?
	tr -d '\r' <"$work/$name.console" | sed -n 's/^signing: //p' >"$work/$name"
	cp "$work/$name.console" "$top/build/signing/$krel-$name.log"
	cat "$work/$name"
	[ "$status" = 0 ] || { echo "QEMU ended with $status"; tail -n 5 "$work/$name.console"; return 1; }
	grep -qx end "$work/$name"
}

plain() {
	cp "$OVMF/OVMF_VARS_4M.fd" "$work/$1.vars" || return
	[ -z "$2" ] || enrol "$work/$1.vars" || return
	boot "$1" "$VMLINUZ" "$OVMF/OVMF_CODE_4M.fd" "$work/$1.vars" module.sig_enforce=1 -machine q35
}

secure() {
	cp "$OVMF/OVMF_VARS_4M.snakeoil.fd" "$work/$1.vars" && enrol "$work/$1.vars" || return
	boot "$1" "$work/vmlinuz" "$OVMF/OVMF_CODE_4M.secboot.fd" "$work/$1.vars" "" \
		-machine q35,smm=on -global driver=cfi.pflash01,property=secure,value=on
}

# said NAME LINE: exactly
said() {
	cat "$work/$1"
	grep -qx "$2" "$work/$1"
}

one_kernel() {
	module_build "$1" >&2 || exit 2
	krel=$KREL
	images || exit 2
	note "$krel, module.sig_enforce=1"
	t "$krel: boots, sig_enforce=1, key enrolled" plain enforce enrolled
	t "$krel: an unsigned module is refused" said enforce "unsigned refused: Key was rejected by service"
	t "$krel: a stranger's signature is refused" said enforce "stranger refused: Key was rejected by service"
	t "$krel: with the enrolled key it loads" said enforce "enrolled loaded"
	t "$krel: and samples" said enforce "enrolled sampled"
	note "$krel, without the key"
	t "$krel: boots, sig_enforce=1, key not enrolled" plain without ""
	t "$krel: the same module is refused" said without "enrolled refused: Key was rejected by service"
	note "$krel, Secure Boot"
	t "$krel: boots, Secure Boot, key enrolled" secure secure
	t "$krel: the kernel is locked down" said secure "lockdown integrity"
	t "$krel: an unsigned module is refused" said secure "unsigned refused: Operation not permitted"
	t "$krel: with the enrolled key it loads" said secure "enrolled loaded"
	t "$krel: and samples" said secure "enrolled sampled"
}

case $1 in
-*) sed -n '5,10s/^# \?//p' "$0"; exit 2 ;;
esac
image_needs
need openssl:openssl:"keys" sbsign:sbsigntool:"a signed kernel" flash-var:efitools:"UEFI variables" \
	"$OVMF/OVMF_CODE_4M.fd:ovmf:UEFI firmware"
work=$(mktemp -d "${TMPDIR:-/tmp}/tscope-signing.XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
mkdir -p "$top/build/signing"
new_key mok && new_key stranger &&
	openssl rsa -in "$SNAKEOIL.key" -passin pass:snakeoil -out "$work/snakeoil.key" 2>/dev/null || exit 2
[ $# -gt 0 ] || set -- 6.12
ktap_begin
for flavour; do
	one_kernel "$flavour"
done
ktap_end
