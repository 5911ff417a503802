# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# builds.sh: builds of the module, which must print no warning. Needs results.sh, build.sh, lint.sh
# and $TOP.

# the compiler, modpost and sparse must print no warning
build_clean() {
	module_build "$@" || return
	! grep -iE 'warning|error|sparse:' "$TOP/build/$KREL/make.log"
}

# rebuild FLAVOUR: builds from scratch, and checks with sparse unless these sources passed it
# before: the compiler has a cache, sparse has none
rebuild() {
	local key
	kernel_get "$1" || return
	rm -rf "$TOP/build/$KREL"
	key=sparse-$({ echo "sparse $KREL"; sparse --version; cd "$TOP" && find Kbuild module -type f | sort | xargs cat; } | cache_key)
	[ -e "$CACHE/passed/$key" ] || passed "$key" build_clean "$1" C=2 CF=-Wno-unknown-attribute || return
	[ -d "$TOP/build/$KREL" ] || build_clean "$1"
}

# the suites must compile for 6.1; Debian's kernel has no KUnit to link them with
suites_build() {
	local MODULE_BUILD=$TOP/build/suites MODULE_KO KREL
	rm -rf "$MODULE_BUILD"
	module_build "$1" W=1 CONFIG_TSCOPE_KUNIT_TEST=y KBUILD_MODPOST_WARN=1 || return
	! grep -iE 'warning|error' "$MODULE_BUILD/$KREL/make.log" | grep -vE 'modpost: "(__)?kunit_'
}

# build_without OPTION...: builds for a kernel that lacks these options, by undefining them after
# the kernel's own configuration. The module must then not use symbols that need them.
build_without() {
	local MODULE_BUILD=$TOP/build/without MODULE_KO KREL option asked args=()
	rm -rf "$MODULE_BUILD"
	mkdir -p "$MODULE_BUILD/include/generated"
	{
		echo '#include_next <generated/autoconf.h>'
		printf '#undef CONFIG_%s\n' "$@"
	} >"$MODULE_BUILD/include/generated/autoconf.h"
	for option; do
		args+=("CONFIG_$option=")
	done
	module_build 6.12 W=1 NOSTDINC_FLAGS="-nostdinc -I$MODULE_BUILD/include" "${args[@]}" ||
		return
	! grep -iE 'warning|error' "$MODULE_BUILD/$KREL/make.log" || return
	# pvclock_gtod is the timekeeper's, in every kernel for x86
	asked=$(nm -u "$MODULE_KO" |
		grep -E ' (acpi_|kvm_|hv_|ms_hyperv|pvclock_|xen_|__SCT__xen_)' | grep -v ' pvclock_gtod_')
	[ -z "$asked" ] || { echo "$asked"; return 1; }
}

# modinfo_whole: each parameter has a description, and no field that users need is missing
modinfo_whole() {
	local field name type some='' status=0
	for field in author description license version vermagic; do
		[ -n "$(modinfo -F "$field" "$MODULE_KO")" ] || { echo "no $field"; status=1; }
	done
	while IFS=: read -r name type; do
		some=1
		modinfo -F parm "$MODULE_KO" | grep -q "^$name:.* (${type})$" ||
			{ echo "$name: no description"; status=1; }
		grep -qw "$name" "$TOP/Documentation/ABI/testing/sysfs-module-tscope" ||
			{ echo "$name: not in Documentation/ABI"; status=1; }
	done < <(modinfo -F parmtype "$MODULE_KO")
	[ -n "$some" ] || { echo "no parameters"; status=1; }
	return $status
}

part_build() {
	local flavour
	need sparse:sparse:"static checks" modinfo:kmod:"what the module says of itself"
	for flavour in 6.1 6.12; do
		run "build $flavour W=1, sparse" rebuild "$flavour"
	done
	run "modinfo" modinfo_whole
}

part_more_builds() {
	run "build 6.12 without KVM_GUEST, HYPERV_TIMER, XEN and ACPI" \
		build_without KVM_GUEST HYPERV_TIMER XEN ACPI
	run "build 6.1 W=1, with the KUnit suites" suites_build 6.1
}
