#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# dkms.sh: does dkms add, build, show and remove the module? For the kernels
# named (6.12 and 6.1), none of which need run. All of it happens below a
# folder of its own: nothing of this machine's dkms or modules is touched.
# KTAP; exit status 0 passed, 1 failed, 4 skipped, 2 a kernel is missing.

here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/.." && pwd)
PATH=$PATH:/usr/sbin:/sbin

echo "KTAP version 1"
if ! command -v dkms >/dev/null; then
	echo "1..0 # SKIP dkms is not installed"
	exit 4
fi
if [ ! -e "$here/lab/kernel.sh" ]; then
	echo "1..0 # SKIP no lab/kernel.sh: nothing to build for"
	exit 4
fi
# shellcheck source=selftests/lab/kernel.sh
. "$here/lab/kernel.sh"
need_module_build >&2

flavours=("$@")
[ $# -gt 0 ] || flavours=(6.12 6.1)
version=$(sed -n 's/^MODULE_VERSION("\(.*\)");$/\1/p' "$top/module/main.c")
work=$(mktemp -d "${TMPDIR:-/tmp}/tscope-dkms.XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
count=0 failed=0

# result STATUS NAME: a line of KTAP, and what was said if it failed
result() {
	count=$((count + 1))
	if [ "$1" = 0 ]; then
		echo "ok $count - $2"
		return
	fi
	failed=$((failed + 1))
	sed 's/^/# /' "$work/said" 2>/dev/null
	case $2 in
	build*) tail -n 20 "$work/tree/tscope/$version/build/make.log" | sed 's/^/# /' ;;
	esac
	echo "not ok $count - $2"
}

# dkms in the folder; it signs with a key of its own there, if at all
in_tree() {
	local action=$1
	shift
	mok_signing_key=$work/mok.key mok_certificate=$work/mok.pub \
		dkms "$action" --dkmstree "$work/tree" --sourcetree "$work/src" "$@" \
		>"$work/said" 2>&1
}

# says CHECK...: its output is kept for result
says() {
	"$@" >"$work/said" 2>&1
}

same_version() {
	grep -x "PACKAGE_VERSION=\"$version\"" "$top/dkms.conf" ||
		{ echo "dkms.conf does not have MODULE_VERSION, $version"; return 1; }
}

# built KREL: the module is there, of the right version and for that kernel
built() {
	local ko magic
	ko=$(find "$work/tree/tscope/$version/$1" -name 'tscope.ko*')
	[ -n "$ko" ] || { echo "no tscope.ko"; return 1; }
	[ "$(modinfo -F version "$ko")" = "$version" ] || { echo "$ko: version"; return 1; }
	magic=$(modinfo -F vermagic "$ko")
	[ "${magic%% *}" = "$1" ] || { echo "$ko: for $magic"; return 1; }
}

shown() {
	in_tree status -m tscope -v "$version" || return
	cat "$work/said"
	grep -q "$1.*: built" "$work/said"
}

gone() {
	in_tree status -m tscope -v "$version"
	[ ! -s "$work/said" ] && [ ! -e "$work/tree/tscope" ]
}

echo "1..$((4 + 3 * ${#flavours[@]}))"
mkdir -p "$work/tree" "$work/src/tscope-$version"
(cd "$top" && find dkms.conf Kbuild module \( -name '*.[ch]' ! -name '*.mod.c' \) \
	-o -name Kbuild -o -name Kconfig -o -name dkms.conf |
	cpio --quiet -pdm "$work/src/tscope-$version")

says same_version
result $? "dkms.conf has the module's version"
in_tree add -m tscope -v "$version"
result $? "add"
for flavour in "${flavours[@]}"; do
	kernel_get "$flavour" >&2 || exit 2
	in_tree build -m tscope -v "$version" -k "$KREL" --kernelsourcedir "$KDIR"
	result $? "build for $KREL"
	says built "$KREL"
	result $? "tscope.ko for $KREL has the right version and kernel"
	shown "$KREL" >"$work/shown" 2>&1
	result $? "status shows $KREL as built"
done
in_tree remove -m tscope -v "$version" --all
result $? "remove"
gone
result $? "nothing is left"
echo "# Totals: pass:$((count - failed)) fail:$failed xfail:0 xpass:0 skip:0 error:0"
[ $failed = 0 ]
