#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# build.sh [FLAVOUR [MAKE-ARGUMENT...]]: build the module for a Debian kernel of
# the cache, in build/KERNEL; prints its path. Source it for the function
# module_build, which leaves the path in $MODULE_KO. MODULE_BUILD: another directory than build.

_build_here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=selftests/harness/kernel.sh
. "$_build_here/kernel.sh"

module_build() {
	local flavour=$1 top dir
	shift
	top=$(cd "$_build_here/../.." && pwd)

	need cpio:cpio:"module build"
	kernel_get "$flavour" || return
	dir=${MODULE_BUILD:-$top/build}/$KREL
	mkdir -p "$dir"
	# each kernel has a copy of the sources, as builds would overwrite each other's objects
	(cd "$top" && find Kbuild module -name '*.[ch]' -o -name 'Kbuild' |
		cpio --quiet -pdmu "$dir") || return
	# always with W=1, because another set of flags would rebuild all files
	if ! kernel_make "$KDIR" "$dir" W=1 "$@" modules >"$dir/make.log" 2>&1; then
		tail -n 30 "$dir/make.log" >&2
		echo "error: the module does not build for $KREL; see $dir/make.log" >&2
		return 1
	fi
	MODULE_KO=$dir/module/tscope.ko
}

if [ "${BASH_SOURCE[0]}" = "$0" ]; then
	module_build "${1:-6.12}" "${@:2}" && echo "$MODULE_KO"
fi
