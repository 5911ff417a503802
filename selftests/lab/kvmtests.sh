# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# kvmtests_get: sets KVMTESTS to a directory of the cache with KVM's own selftests of time, built as
# static programs from the unmodified kernel source. They make virtual machines of their own, so
# they run on the lab's host. Needs own_kernel.sh.

KVMTESTS_NAMES="kvm_clock_test tsc_msrs_test hyperv_clock system_counter_offset_test xen_shinfo_test"
# the parts of the source that the build needs
KVMTESTS_SOURCE="Makefile Kbuild scripts include usr arch/x86 tools/include tools/lib tools/arch/x86
	tools/scripts tools/build tools/testing/selftests"

_kvmtests_make() {
	local tests=src/tools/testing/selftests/kvm out=$PWD/out name file targets=()
	make -s -C src ARCH=x86 headers || return
	for name in $KVMTESTS_NAMES; do
		file=$(cd $tests && find . -name "$name.c")
		[ -n "$file" ] || { echo "error: the kernel source has no $name" >&2; return 1; }
		targets+=("$out/${file%.c}")
	done
	# make's targets have no ./ before them
	make -s -C $tests ARCH=x86_64 OUTPUT="$out" LDFLAGS="-static -pthread -no-pie" "${targets[@]//.\//}"
}

_kvmtests_fill() {
	local tarball=$2 version=$3 name
	mkdir src
	# shellcheck disable=SC2046,SC2086
	xz -dc "$tarball" | tar -x --strip-components=1 -C src \
		$(printf "linux-source-$version/%s " $KVMTESTS_SOURCE) || return
	if ! _kvmtests_make >make.log 2>&1; then
		tail -n 20 make.log >&2
		return 1
	fi
	for name in $KVMTESTS_NAMES; do
		find out -type f -name "$name" -exec cp {} . \;
	done
	# shellcheck disable=SC2086
	strip $KVMTESTS_NAMES || return
	rm -rf src out
}

kvmtests_get() {
	local version=6.12
	own_version $version || return
	if [ ! -d "$CACHE/kvmtests/$OWN_VERSION" ]; then
		own_tarball $version || return
	fi
	cache_fill "kvmtests/$OWN_VERSION" _kvmtests_fill "${OWN_TARBALL:-}" $version || return
	# shellcheck disable=SC2034
	KVMTESTS=$CACHED
}
