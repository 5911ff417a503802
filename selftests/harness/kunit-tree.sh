#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# kunit-tree.sh [VERSION]: tests tscope and its KUnit suites as a part of a kernel tree;
# see --help.

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
TOP=$(cd "$HERE/../.." && pwd)
# shellcheck source=selftests/harness/own_kernel.sh
. "$HERE/own_kernel.sh"
# shellcheck source=selftests/lab/image.sh
. "$TOP/selftests/lab/image.sh"

case ${1:-} in
--help | -h)
	cat <<-END
	usage: selftests/harness/kunit-tree.sh [VERSION]
	Unpacks Debian's linux-source (6.12 unless named), puts module/ into it, unchanged, as
	drivers/misc/tscope, and does what kunit.py run --kunitconfig=drivers/misc/tscope does:
	builds the kernel with what .kunitconfig there asks for, boots it in QEMU, and has
	kunit.py judge what it says. The kernel is not kept: it takes some 5 minutes, and 4 GB in
	TMPDIR. Logs: build/kunit-tree/VERSION.
	END
	exit 0 ;;
-*) echo "kunit-tree: unknown option $1 (see --help)" >&2; exit 2 ;;
esac
VERSION=${1:-6.12} OUT=$TOP/build/kunit-tree/${1:-6.12}
image_needs
own_tarball "$VERSION" || exit
WORK=$(mktemp -d "${TMPDIR:-/tmp}/tscope-kunit-tree.XXXXXX") || exit
trap 'rm -rf "$WORK"' EXIT
trap 'exit 130' INT TERM
mkdir -p "$OUT" "$WORK/src"
TREE=$WORK/src KUNIT=$WORK/src/tools/testing/kunit/kunit.py

fail() {
	echo "kunit-tree: FAILED: $1; the end of $2:" >&2
	tail -n 20 "$2" >&2
	exit 1
}

_own_note "kernel $VERSION: unpacking"
xz -dc -T0 "$OWN_TARBALL" | tar -x --strip-components=1 -C "$TREE" || exit
(cd "$TOP" && find module -name '*.[ch]' -o -name Kbuild -o -name Kconfig -o -name .kunitconfig |
	cpio --quiet -pdm "$WORK") && mv "$WORK/module" "$TREE/drivers/misc/tscope" || exit
echo 'source "drivers/misc/tscope/Kconfig"' >>"$TREE/drivers/misc/Kconfig"
# shellcheck disable=SC2016
echo 'obj-$(CONFIG_TSCOPE) += tscope/' >>"$TREE/drivers/misc/Makefile"

_own_note "kernel $VERSION with tscope in it: building by kunit.py; this takes some minutes"
(
	cd "$TREE" || exit
	python3 "$KUNIT" build --arch=x86_64 --jobs="$(nproc)" --kunitconfig=drivers/misc/tscope \
		--build_dir="$WORK/out"
) >"$OUT/build.log" 2>&1 || fail "the kernel does not build" "$OUT/build.log"
! grep -iE 'drivers/misc/tscope.*(warning|error)' "$OUT/build.log" ||
	fail "tscope builds with warnings" "$OUT/build.log"

# kunit.py itself does not run it, as it uses any /dev/kvm. The kernel's mitigations warn of
# an emulated CPU's microcode.
_own_note "kernel $VERSION: testing in QEMU"
rm -f "$OUT/console.log"
timeout --foreground 300 qemu-system-x86_64 -no-user-config -nodefaults -display none -no-reboot \
	-machine pc -accel tcg -cpu EPYC -smp 1,maxcpus=8 -m 1024 -kernel "$WORK/out/arch/x86/boot/bzImage" \
	-append "console=ttyS0 kunit_shutdown=reboot panic=-1 tsc=reliable mitigations=off" \
	-serial "file:$OUT/console.log" </dev/null >"$OUT/qemu.log" 2>&1
status=$?
[ $status = 0 ] || fail "QEMU ended with $status" "$OUT/console.log"
python3 "$KUNIT" parse "$OUT/console.log" >"$OUT/kunit.py.log" 2>&1 ||
	fail "kunit.py finds fault" "$OUT/kunit.py.log"
! grep -aE 'not ok |Kernel panic|WARNING: |BUG: |Oops' "$OUT/console.log" ||
	fail "the kernel's log is not clean" "$OUT/console.log"
# each suite and each test of the sources, by its name; there is one CPU
# shellcheck disable=SC2013
for name in $(sed -nE 's/^\s*(KUNIT_CASE\((\w+)\).*|\.name = "(tscope_\w+)",)$/\2\3/p' \
	"$TOP"/module/tests/*_kunit.c); do
	grep -qaE "(^| )ok [0-9]+ $name( # SKIP needs two CPUs)?\s*$" "$OUT/console.log" ||
		fail "no result of $name" "$OUT/kunit.py.log"
done
want=$(cat "$TOP"/module/tests/*_kunit.c | grep -c "^\s*KUNIT_CASE(")
tail -n 3 "$OUT/kunit.py.log"
_own_note "kernel $VERSION: $want tests of tscope passed, built into a kernel tree"
