# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034,SC2154
#
# Builds programs and modules of the lab's guests and hosts besides tscope, each once, in the
# cache: modules that inject faults or measure, programs that busybox lacks, the shim of the
# host's QEMU. Needs kernel.sh and cache.sh; guest_kdir and guest_krel name the guest's kernel.

_inject_fill() {
	cp "$LAB"/inject/* . || return
	if ! kernel_make "$guest_kdir" "$PWD" -s modules >make.log 2>&1; then
		cat make.log >&2
		return 1
	fi
}

inject_module() {
	local key
	key=$({ echo "$guest_kdir"; cat "$LAB"/inject/*; } | cache_key)
	cache_fill "inject/$guest_krel-$key" _inject_fill || fail "the modules that inject faults do not build"
	inject_dir=$CACHED
}

# the module of the benchmarks, with the pure sources that it shares with tscope
BENCH_PURE="pure.h timepage.h hist.h hist.c"

_bench_fill() {
	cp "$LAB"/bench/* . || return
	# shellcheck disable=SC2086
	(cd "$TOP/module" && cp $BENCH_PURE "$OLDPWD") || return
	if ! kernel_make "$guest_kdir" "$PWD" -s modules >make.log 2>&1; then
		cat make.log >&2
		return 1
	fi
}

bench_module() {
	local key
	# shellcheck disable=SC2086
	key=$({ echo "$guest_kdir"; cat "$LAB"/bench/*; cd "$TOP/module" && cat $BENCH_PURE; } | cache_key)
	cache_fill "bench/$guest_krel-$key" _bench_fill || fail "tscope_bench does not build"
	bench_ko=$CACHED/tscope_bench.ko
}

# programs that busybox lacks, for guests and hosts
_static_fill() {
	local source
	for source in "$LAB"/static/*.c; do
		gcc-12 -static -O2 -Wall -Werror -o "$(basename "$source" .c)" "$source" || return
	done
}

static_programs() {
	local key
	key=$(cat "$LAB"/static/*.[ch] | cache_key)
	[ -d "$CACHE/static/$key" ] || need gcc-12:gcc-12:"programs of the lab" \
		/usr/include/unistd.h:libc6-dev:"programs of the lab"
	cache_fill "static/$key" _static_fill || fail "the lab's programs do not build"
	static_dir=$CACHED
}

# the command, for guests
COMMAND_SOURCES="tools/tscope/*.[ch] tools/tscope/Makefile tools/version.sh module/*.[ch] selftests/user/include/*/*.h"

_command_fill() {
	if ! make -s -j "$(nproc)" -C "$TOP/tools/tscope" STATIC=1 LDFLAGS=-s OUTPUT="$PWD/obj" COMMAND="$PWD/tscope" \
		>make.log 2>&1; then
		cat make.log >&2
		return 1
	fi
	rm -r obj
}

command_build() {
	local key
	# shellcheck disable=SC2086
	key=$(cd "$TOP" && cat $COMMAND_SOURCES | cache_key)
	[ -d "$CACHE/command/$key" ] || need make:make:"the command" gcc:gcc:"the command" \
		/usr/include/json-c/json.h:libjson-c-dev:"the command" \
		/usr/include/expat.h:libexpat1-dev:"the command"
	cache_fill "command/$key" _command_fill || fail "the command tscope does not build"
	command_path=$CACHED/tscope
}

_shim_fill() {
	gcc-12 -shared -fPIC -O2 -Wall -Werror -o kvmclock_set.so "$LAB/shim/kvmclock_set.c" -ldl
}

# a library that is preloaded into the host's QEMU, see shim/kvmclock_set.c
shim() {
	cache_fill "shim/$(cache_key <"$LAB/shim/kvmclock_set.c")" _shim_fill ||
		fail "the shim does not build"
	shim_so=$CACHED/kvmclock_set.so
}

_vmclock_fill() {
	iasl -p "$PWD/vmclock" "$LAB/vmclock/vmclock.dsl" >iasl.log 2>&1 && return
	cat iasl.log >&2
	return 1
}

# an ACPI table with a vmclock, for a QEMU without one
vmclock_table() {
	local key
	key=$(cache_key <"$LAB/vmclock/vmclock.dsl")
	[ -d "$CACHE/vmclock/$key" ] || need iasl:acpica-tools:"the lab's vmclock"
	cache_fill "vmclock/$key" _vmclock_fill || fail "the table of the lab's vmclock does not build"
	vmclock_aml=$CACHED/vmclock.aml
}

_ptp_fill() {
	mkdir lib modules
	find "$2/lib/modules" "$2/usr/lib/modules" -name 'ptp_kvm.ko*' -exec cp {} lib/ \; 2>/dev/null
	_kernel_modules ptp ptp_kvm
}

# sets ptp_ko to Debian's ptp_kvm, for comparison; a kernel that the lab has built has none
ptp_module() {
	ptp_ko=
	case $KERNEL in *+*) return ;; esac
	cache_fill "ptp/$guest_krel-$(echo "$guest_kdir" | cache_key)" _ptp_fill "${guest_kdir%/build}" ||
		fail "ptp_kvm can't be unpacked"
	[ ! -f "$CACHED/modules/ptp_kvm.ko" ] || ptp_ko=$CACHED/modules/ptp_kvm.ko
}
