#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# matrix.sh [FLAVOUR...]: tests the module on each kernel; see --help. Prints KTAP, then
# a table. Exit status 0 passed, 1 failed, 2 wrong use or something is missing.

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
TOP=$(cd "$HERE/../.." && pwd)
FLAVOURS="6.1 6.1-rt 6.1-cloud 6.12 6.12-rt 6.12-cloud trixie trixie-backports sid 6.1-clang 6.12-clang"
# shellcheck source=selftests/harness/build.sh
. "$HERE/build.sh"

# Debian has no kernel that clang has built, so options about gcc in its configuration are undone.
# Another tool must then find the mcount calls, and must leave them calls, as this kernel expects:
# objtool, except on 6.1, where objtool makes them nops; there recordmcount, which finds none on
# 6.12. clang lacks gcc's named address spaces: percpu accesses would go to wrong addresses.
CLANG_BUILD=("LLVM=-$CLANG" "CC=clang-$CLANG" CONFIG_CC_IS_GCC= CONFIG_GCC_VERSION=0 CONFIG_CC_IS_CLANG=y
	CONFIG_CC_IMPLICIT_FALLTHROUGH=-Wimplicit-fallthrough CONFIG_FTRACE_MCOUNT_USE_CC=
	CONFIG_HAVE_OBJTOOL_NOP_MCOUNT=
	"KCFLAGS=-include $HERE/not_gcc.h")

usage() {
	cat <<-END
	usage: make matrix [MATRIX='FLAVOUR...'], or selftests/harness/matrix.sh [FLAVOUR...]
	For each kernel: builds the module with W=1, in which no warning may come, loads
	it in a guest of the lab, samples, unloads, runs the kselftests' short form, and on
	PREEMPT_RT checks each lock that is taken.

	FLAVOUR: $FLAVOURS
	  6.1, 6.12 are those of Debian 12, trixie, trixie-backports and sid the newest
	  of those suites; -rt, -cloud: of that kind; -clang: built by clang
	Environment: MATRIX_HOST, the kernel of the guests' host (6.12); TESTS, which
	kselftests. Logs are in build/matrix/FLAVOUR.
	END
}

note() {
	printf '# [%4d s] %s\n' "$SECONDS" "$*"
}

COUNT=0 PASSED=0 FAILED=0
ROWS=()

# result WORD NAME: ok is a success, - means not reached; the table shows WORD
result() {
	COUNT=$((COUNT + 1))
	if [ "$1" = ok ]; then
		PASSED=$((PASSED + 1))
		echo "ok $COUNT - $2"
	else
		FAILED=$((FAILED + 1))
		echo "not ok $COUNT - $2"
	fi
}

# show LOG: prints the end of the log as KTAP comments
show() {
	tail -n 15 "$1" | sed 's/^/#   /'
}

# build NAME OUT [MAKE-ARGUMENT...]: fails on any warning too
build() {
	local name=$1 out=$2
	shift 2
	kernel_get "$name" >"$out/build.log" 2>&1 || return
	rm -rf "$TOP/build/$KREL"
	module_build "$name" W=1 "$@" >>"$out/build.log" 2>&1 || return
	cp "$TOP/build/$KREL/make.log" "$out/build.log"
	# the module has the name of its compiler; Kbuild warns that another one built the kernel
	COMPILER=$(readelf -p .comment "$MODULE_KO" |
		sed -n 's/.*GCC: (.*) \([0-9.]*\)$/gcc \1/p; s/.*clang version \([0-9.]*\).*/clang \1/p' | head -n 1)
	! grep -iE 'warning: |error: ' "$out/build.log" |
		grep -vE '(compiler|pahole version) differs from the one used'
}

# The build for a kernel that is too old must stop with this reason, not with other errors.
too_old() {
	local out=$TOP/build/matrix/too-old
	mkdir -p "$out/linux"
	printf '#define KERNEL_VERSION(a, b, c) (((a) << 16) + ((b) << 8) + (c))\n%s\n' \
		'#define LINUX_VERSION_CODE KERNEL_VERSION(6, 0, 255)' >"$out/linux/version.h"
	need gcc-12:gcc-12:"an older kernel's build"
	! gcc-12 -E -nostdinc -I "$out" "$TOP/module/compat.h" >/dev/null 2>"$out/log" &&
		grep -q '#error "tscope needs Linux 6.1 or newer"' "$out/log"
}

# prints a run's results of kselftests, or nothing: "61 ok", "60 ok, 1 failed", "60 ok, 1 skipped"
tests_of() {
	awk '/^# lab: again from / { pass = fail = skip = 0 }
		/^# ok [0-9]+/ { if (/# SKIP/) skip++; else pass++ }
		/^# not ok [0-9]+/ { fail++ }
		END {
			printf "%d ok", pass
			if (fail) printf ", %d failed", fail
			if (skip) printf ", %d skipped", skip
		}' "$1"
}

# word_of NAME LOG: prints ok or FAILED, by the last run in the log; - if there is no result
word_of() {
	awk -v name="$1" '/^# lab: again from / { word = "" }
		$1 == "ok" && $3 == name { word = "ok" }
		$1 == "not" && $4 == name { word = "FAILED" }
		END { print word ? word : "-" }' "$2"
}

flavour() {
	local flavour=$1 name=${1%-clang} out=$TOP/build/matrix/$1 began=$SECONDS
	local llvm=() built=ok sampled=- tests=- locks='' verdict=FAILED status again=0

	KREL='?' COMPILER='?'
	mkdir -p "$out"
	if [ "$name" != "$flavour" ]; then
		llvm=("${CLANG_BUILD[@]}")
		case $name in
		6.1 | 6.1-*) llvm+=(CONFIG_FTRACE_MCOUNT_USE_RECORDMCOUNT=y) ;;
		*) llvm+=(CONFIG_FTRACE_MCOUNT_USE_OBJTOOL=y) ;;
		esac
		need_clang
	fi
	note "$flavour: build"
	build "$name" "$out" "${llvm[@]}" || { built=FAILED; show "$out/build.log"; }
	result $built "$flavour: build W=1, $COMPILER"
	if [ $built = ok ]; then
		note "$flavour: $KREL, guest"
		# shellcheck disable=SC2086
		"$TOP/selftests/lab/lab" --kernel "$name" --host-kernel "${MATRIX_HOST:-6.12}" \
			--module "$MODULE_KO" --add "$TOP/selftests:/selftests" --out "$out" \
			${TESTS:+--env TESTS="$TESTS"} matrix >"$out/log" 2>&1
		status=$?
		again=$(grep -c '^# lab: again from ' "$out/log")
		[ "$again" = 0 ] || echo "# $flavour: guest begun again $again times, see $out/died.*"
		sampled=$(word_of sample "$out/log")
		tests=$(tests_of "$out/log")
		case $KREL in *-rt-*) locks=$(word_of rt-locks "$out/log") ;; esac
		result "$sampled" "$flavour: load, sample, unload"
		[ $status = 0 ] && [ "$sampled" = ok ] && [ "${locks:-ok}" = ok ] && verdict=ok
		[ $verdict = ok ] || { grep -E '^(# )?not ok' "$out/log" | sed 's/^/#   /'; show "$out/log"; }
		[ -z "$locks" ] || result "$locks" "$flavour: locks of PREEMPT_RT"
		result $verdict "$flavour: kselftests ($tests), clean log, power-down"
	fi
	ROWS+=("$flavour|$KREL|$COMPILER|$built|$sampled|$tests|${locks:-}|$again|$verdict|$((SECONDS - began))")
}

table() {
	printf '%s\n' "flavour|release|compiler|build|sample|kselftests|locks|begun again|verdict|seconds" \
		"${ROWS[@]}" | column -t -s '|' -o '  ' | sed 's/ *$//'
}

case ${1:-} in
--help | -h) usage; exit 0 ;;
esac
# shellcheck disable=SC2086
[ $# -gt 0 ] || set -- ${MATRIX:-$FLAVOURS}
need readelf:binutils:"which compiler it was" column:bsdextrautils:"the table"
echo "KTAP version 1"
word=ok
too_old || word=FAILED
result $word "Linux 6.0 is refused, with the reason"
for name; do
	flavour "$name"
done
echo "1..$COUNT"
table
echo "$PASSED passed, $FAILED failed"
[ "$FAILED" = 0 ]
