#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# one.sh KIND-NAME: one test of any kind; what "make test-KIND-NAME" does. See --help.

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
TOP=$(cd "$HERE/../.." && pwd)
TESTS=$TOP/selftests

usage() {
	cat <<-END
	usage: make test-KIND-NAME [SEED=n] [KERNEL=6.12]
	  lab        a scenario in a guest, with a table of truth and figures: test-lab-pause
	  kselftest  a kselftest in a guest: test-kselftest-abi
	  user       a user-space test: test-user-fit
	  tools      a test of the command: test-tools-parse
	  kunit      a KUnit suite, in a kernel built for it: test-kunit-fit
	  fuzz       libFuzzer on a pure file, or a parser (FUZZ_SECONDS=60): test-fuzz-fit
	test-list prints all names, test-KIND-list those of a kind.
	END
}

# names KIND
names() {
	case $1 in
	lab) "$TESTS/lab/all" --names ;;
	kselftest) sed -n '/^TEST_PROGS/,/[^\\]$/s/[^a-z]*\([a-z]*\)[.]sh.*/\1/p' "$TESTS/Makefile" ;;
	user) (cd "$TESTS/user" && printf '%s\n' test_*.c | sed 's/^test_\(.*\)\.c$/\1/') ;;
	tools) (cd "$TOP/tools/tscope/tests" && printf '%s\n' test_*.c test_*.sh | sed 's/^test_\(.*\)\..*/\1/' | sort) ;;
	kunit) (cd "$TOP/module/tests" && printf '%s\n' *_kunit.c | sed 's/_kunit\.c$//') ;;
	fuzz) "$TESTS/user/fuzz/run" --names ;;
	esac
}

# in plain emulation, which is faster, if the test needs no KVM
kselftest() {
	local accel=
	# shellcheck source=selftests/harness/build.sh
	. "$HERE/build.sh"
	case $1 in load | race | badinput | control | unprivileged) accel=tcg ;; esac
	module_build "$KERNEL" || return
	"$TESTS/lab/lab" --kernel "$KERNEL" --module "$MODULE_KO" ${accel:+--accel $accel} \
		--add "$TESTS:/selftests" --env "TESTS=$1.sh" --out "$TOP/build/lab/kselftest-$1" kselftest
}

# all suites run, but only the results of this one are shown
kunit() {
	local ktap=$TOP/build/kunit/${KERNEL:-6.12}/ktap status
	"$HERE/kunit.sh" "$KERNEL" >/dev/null
	status=$?
	sed -n "/# Subtest: tscope_$1$/,/^\(not \)\?ok/p" "$ktap"
	[ $status = 0 ] || echo "the run failed; all suites: $ktap" >&2
	return $status
}

KERNEL=${KERNEL:-6.12}
KINDS="lab kselftest user tools kunit fuzz"
kind=${1%%-*} name=${1#*-}
case ${1:-} in
'' | --help | -h) usage; exit 0 ;;
list)
	for kind in $KINDS; do
		names "$kind" | sed "s/^/make test-$kind-/"
	done
	exit ;;
esac

[[ " $KINDS " = *" $kind "* ]] || { usage >&2; exit 2; }
if [ "$name" = list ]; then
	names "$kind" | sed "s/^/make test-$kind-/"
	exit
fi
names "$kind" | grep -qxF -e "$name" ||
	{ echo "test: no $kind test '$name'; make test-$kind-list prints all" >&2; exit 2; }
case $kind in
lab) SCENARIO=$name exec "$TESTS/lab/all" ;;
user) exec make -s -C "$TESTS/user" "run-$name" ;;
tools) exec make -s -C "$TOP/tools/tscope" "run-$name" ;;
fuzz) FUZZ=$name FUZZ_SECONDS=${FUZZ_SECONDS:-60} exec "$TESTS/user/fuzz/run" ;;
*) "$kind" "$name" ;;
esac
