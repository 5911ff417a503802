#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# kunit.sh [VERSION[-tree]...]: the KUnit suites of module/tests; see --help.

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
TOP=$(cd "$HERE/../.." && pwd)
# shellcheck source=selftests/harness/own_kernel.sh
. "$HERE/own_kernel.sh"
# shellcheck source=selftests/lab/image.sh
. "$TOP/selftests/lab/image.sh"
# shellcheck source=selftests/lab/pin.sh
. "$TOP/selftests/lab/pin.sh"

# the guest boots and tests within seconds, in emulation too
TIMEOUT_S=180

usage() {
	cat <<-END
	usage: selftests/harness/kunit.sh [VERSION...], or make kunit [KUNIT='6.12']
	Builds a small kernel with KUnit from Debian's linux-source (6.12, 6.1 and 6.12-tree
	unless named; 4 minutes each, once), the module with its suites for it, boots it in QEMU and
	loads the module there. Prints KTAP. It fails if a test fails, if the number of tests
	differs from that in the sources, for a new taint or a kernel log that is not clean,
	and if the guest does not write its closing line and power down.

	VERSION+KIND, as 6.12+cfi: with a kernel of selftests/harness/kernels that has KUnit.
	VERSION-tree, as 6.12-tree: the suites as a part of a kernel tree, by Kconfig and kunit.py
	run; see selftests/harness/kunit-tree.sh --help.

	What it leaves: build/kunit/VERSION/{make.log,console.log,ktap,kunit.py.log}
	TSCOPE_CACHE: where kernels are kept (~/.cache/tscope).
	END
}

note() {
	printf '[%3d s] %s\n' "$SECONDS" "$*" >&2
}

fail() {
	echo "kunit: FAILED on $VERSION: $1" >&2
	if [ -s "$2" ]; then
		echo "--- the end of $2" >&2
		tail -n 20 "$2" | tr -d '\r' >&2
		echo "---" >&2
	fi
	return 1
}

# in_sources MACRO: prints how often the macro is used in the suites
in_sources() {
	cat "$TOP"/module/tests/*_kunit.c | grep -c "^\s*$1("
}

# Builds that have not changed are kept, unless the build printed a warning.
build() {
	local src=$OUT/src
	mkdir -p "$src"
	find "$src" -name '*.[ch]' -delete
	(cd "$TOP" && find Kbuild module -name '*.[ch]' -o -name Kbuild |
		cpio --quiet -pdmu "$src") || return
	if ! kernel_make "$OWN_KDIR" "$src" CONFIG_TSCOPE_KUNIT_TEST=y W=1 modules \
		>"$OUT/make.log" 2>&1; then
		fail "the suites do not build" "$OUT/make.log"
		return 1
	fi
	if grep -iE 'warning|error' "$OUT/make.log" >&2; then
		rm -rf "$src"
		fail "the suites do not build without a warning"
	fi
}

image() {
	local root=$WORK/root
	rm -rf "$root"
	mkdir -p "$root/lab"
	install "$HERE/kunit-init" "$root/init" || return
	cp "$TOP/selftests/lab/klog.sh" "$OUT/src/module/tscope.ko" "$root/lab/" || return
	echo "KUNIT_TOKEN=$TOKEN" >"$root/lab/settings"
	image_guest || return
	{ cat "$CACHED"; image_pack "$root"; } >"$WORK/initrd.cpio"
}

# /dev/kvm is used only if kvm_intel or kvm_amd drives it
boot() {
	local accel=tcg,thread=multi cpu=EPYC
	if [ -w /dev/kvm ] && { [ -d /sys/module/kvm_intel ] || [ -d /sys/module/kvm_amd ]; }; then
		accel=kvm cpu=host
	fi
	rm -f "$OUT/console.log" "$OUT/channel.log"
	# The guest brings the second CPU online after boot, as kernels in emulation may die of
	# patching code while two run. The others stay offline, for tests that choose CPUs.
	pin_vcpus_of "file:$OUT/console.log" 2 &
	timeout --foreground "$TIMEOUT_S" qemu-system-x86_64 -name kunit,debug-threads=on \
		-no-user-config -nodefaults -display none -no-reboot -machine pc -accel "$accel" -cpu "$cpu" \
		-smp 8 -m 256 -kernel "$OWN_BZIMAGE" -initrd "$WORK/initrd.cpio" \
		-append "console=ttyS0 panic=-1 oops=panic maxcpus=1 tsc=reliable" \
		-serial "file:$OUT/console.log" -serial "file:$OUT/channel.log" \
		</dev/null >"$OUT/qemu.log" 2>&1
}

# an emulated kernel now and then dies of an int3 that nobody set, which is a bug of QEMU
boot_again() {
	local try status
	for try in 1 2 3; do
		boot
		status=$?
		if ! grep -qa 'Kernel panic' "$OUT/console.log" ||
			! grep -qa 'int3' "$OUT/console.log"; then
			break
		fi
		note "kernel $VERSION: the emulation failed, try $try"
	done
	return $status
}

judge() {
	local status=$1 want have line
	tr -d '\r' <"$OUT/channel.log" >"$OUT/ktap"
	line=$(grep -aom1 'Kernel panic.*' "$OUT/console.log")
	[ -z "$line" ] || { fail "$line" "$OUT/console.log"; return; }
	[ "$status" != 124 ] || { fail "no end after $TIMEOUT_S s" "$OUT/console.log"; return; }
	[ "$status" = 0 ] || { fail "QEMU ended with $status" "$OUT/qemu.log"; return; }
	line=$(grep -am1 '^ *not ok' "$OUT/ktap")
	[ -z "$line" ] || { fail "$line" "$OUT/console.log"; return; }
	line=$(grep -am1 '# SKIP' "$OUT/ktap")
	[ -z "$line" ] || { fail "skipped: $line"; return; }

	want=$(in_sources KUNIT_CASE) have=$(grep -ac '^    ok [0-9]' "$OUT/ktap")
	[ "$have" = "$want" ] || { fail "$have tests reported, $want in the sources" "$OUT/ktap"; return; }
	want=$(in_sources kunit_test_suite) have=$(grep -ac '^ok [0-9]' "$OUT/ktap")
	[ "$have" = "$want" ] || { fail "$have suites reported, $want in the sources" "$OUT/ktap"; return; }

	line=$(tail -n 1 "$OUT/ktap")
	[ "$line" = "# kunit: closed $TOKEN" ] ||
		{ fail "${line:-no closing line}" "$OUT/console.log"; return; }
	tail -n 3 "$OUT/console.log" | grep -qa 'reboot: Power down' ||
		{ fail "the guest did not power down" "$OUT/console.log"; return; }
	python3 "$KSRC/tools/testing/kunit/kunit.py" parse "$OUT/ktap" >"$OUT/kunit.py.log" 2>&1 ||
		fail "kunit.py parse finds fault" "$OUT/kunit.py.log"
}

test_version() {
	OUT=$TOP/build/kunit/$VERSION
	mkdir -p "$OUT"
	: >"$OUT/ktap"
	case $VERSION in
	*+*)
		kernel_get "$VERSION" || return
		OWN_KDIR=$KDIR OWN_BZIMAGE=$VMLINUZ
		;;
	*) own_kernel "$VERSION" "$HERE/kunit.config" || return ;;
	esac
	kernel_source "${VERSION%%+*}" || return
	note "kernel $VERSION: building the suites"
	build || return
	TOKEN=$(od -An -tx8 -N8 /dev/urandom | tr -d ' ')
	image || return
	note "kernel $VERSION: testing in QEMU"
	boot_again
	judge $? || return
	note "kernel $VERSION: $(in_sources KUNIT_CASE) tests of $(in_sources kunit_test_suite) suites passed"
}

case ${1:-} in
--help | -h) usage; exit 0 ;;
-*) echo "kunit: unknown option $1 (see --help)" >&2; exit 2 ;;
esac
[ $# -gt 0 ] || set -- 6.12 6.1 6.12-tree
image_needs
need pgrep:procps:"virtual CPUs" make:make:"module build" gcc:gcc:"module build" python3:python3:"kunit.py" \
	/usr/include/gelf.h:libelf-dev:"objtool"
WORK=$(mktemp -d "${TMPDIR:-/tmp}/tscope-kunit.XXXXXX") || exit
trap 'rm -rf "$WORK"' EXIT
trap 'exit 130' INT TERM

echo "KTAP version 1"
echo "1..$#"
number=0 failed=0
for VERSION; do
	number=$((number + 1)) result=ok OUT=
	case $VERSION in
	*-tree) "$HERE/kunit-tree.sh" "${VERSION%-tree}" >&2 ;;
	*) test_version ;;
	esac || { result="not ok"; failed=$((failed + 1)); }
	# the suites' own output says what failed
	[ ! -s "$OUT/ktap" ] || sed 's/^/  /' "$OUT/ktap"
	echo "$result $number - kunit $VERSION"
done
[ $failed = 0 ]
