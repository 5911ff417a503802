#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# kselftest_tar.sh: packs the kselftests with a build of the module, as the kernel's gen_tar does;
# see --help.

here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
# shellcheck source=selftests/harness/build.sh
. "$here/build.sh"
# shellcheck source=selftests/harness/tree.sh
. "$here/tree.sh"

usage() {
	cat <<-END
	usage: make kselftest-tar [KVER=release | KDIR=headers | KERNEL=6.12]
	Packs build/kselftest/tscope-kselftest-RELEASE.tar.gz: the kselftests, the kernel tree's
	runner and the module built for that kernel. On a machine that runs it, as root:

	  tar -xf tscope-kselftest-RELEASE.tar.gz && ./run_kselftest.sh -c tscope

	  KVER, KDIR  a kernel whose headers are here (default: the running one)
	  KERNEL      one of the lab's, which is fetched: 6.12 or 6.1
	For LAVA and LKFT: selftests/harness/lava.yaml.
	END
}

# built: sets MODULE_KO to the module, for the kernel release $KREL
built() {
	if [ -n "${KERNEL:-}" ]; then
		module_build "$KERNEL"
		return
	fi
	KREL=$(sed -n 's/.*UTS_RELEASE "\(.*\)"/\1/p' "$KDIR/include/generated/utsrelease.h" 2>/dev/null)
	make -s --no-print-directory -C "$top" "KDIR=$KDIR" modules >&2 && MODULE_KO=$top/module/tscope.ko
}

case ${1:-} in
--help | -h) usage; exit 0 ;;
?*) usage >&2; exit 2 ;;
esac
need make:make:"kselftest" rsync:rsync:"kselftest's make install"
KDIR=${KDIR:-/lib/modules/${KVER:-$(uname -r)}/build}
built || exit
work=$(mktemp -d "${TMPDIR:-/tmp}/tscope-kselftest.XXXXXX") || exit
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
tree 6.12 "$work/linux"
cp "$MODULE_KO" "$selftests/tscope/" &&
	in_tree KSFT_INSTALL_PATH="$work/packed" gen_tar >&2 &&
	mkdir -p "$top/build/kselftest" || exit
out=$top/build/kselftest/tscope-kselftest-$KREL.tar.gz
cp "$work/packed/kselftest-packages/kselftest.tar.gz" "$out" && echo "$out"
