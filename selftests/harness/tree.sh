# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# tree.sh: a kernel tree with selftests as tools/testing/selftests/tscope. Needs kernel.sh.

_tree_top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

# tree VERSION DIR: makes the tree in DIR from this kernel's source; sets tree, selftests and kunit
tree() {
	kernel_source "$1" >&2 || exit 2
	tree=$2
	mkdir "$tree"
	cp -r "$KSRC/scripts" "$KSRC/tools" "$tree/"
	selftests=$tree/tools/testing/selftests
	# shellcheck disable=SC2034
	kunit=$tree/tools/testing/kunit/kunit.py
	mkdir "$selftests/tscope"
	"$_tree_top/tools/files.sh" --new | sed -n 's,^selftests/,,p' |
		(cd "$_tree_top/selftests" && tar -cf - -T -) | tar -xf - -C "$selftests/tscope"
}

# in_tree GOAL...: runs make in the tree's selftests
in_tree() {
	env -u MAKEFLAGS -u MAKELEVEL make -s --no-print-directory -C "$selftests" TARGETS=tscope "$@"
}
