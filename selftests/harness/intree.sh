#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2317
#
# intree.sh [--guest] [VERSION...]: tests the directory selftests as a part of a kernel
# tree. In the kernel sources named (6.12 and 6.1) it becomes
# tools/testing/selftests/tscope, unchanged, and is run, installed and packed there,
# and run alone. No module is loaded: all tests must be skipped, with a reason.
#
#   --guest        also run what was installed in guests of the lab, with KVM and without
#
# KTAP; exit status 0 passed, 1 failed, 2 something is missing.

here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
# shellcheck source=selftests/harness/ktap.sh
. "$here/ktap.sh"
# shellcheck source=selftests/harness/kernel.sh
. "$here/kernel.sh"
# shellcheck source=selftests/harness/tree.sh
. "$here/tree.sh"
TESTS=$top/selftests
PROGS=$(sed -n '/^TEST_PROGS/,/[^\\]$/s/[^a-z]*\([a-z]*[.]sh\).*/\1/p' "$TESTS/Makefile")
COUNT=$(wc -w <<<"$PROGS")

# as a user that is not root, if this is root
unprivileged() {
	if [ "$(id -u)" = 0 ]; then
		setpriv --reuid 65534 --regid 65534 --clear-groups "$@"
	else
		"$@"
	fi
}

# The runner opens /dev/stdout again for each line that it prefixes. A file would be
# overwritten, so it must be a pipe: hence the calls of cat.

# all_skip FILE REASON: each program's result is a skip, with its reason
all_skip() {
	cat "$1"
	same "results" "$(grep -c '^ok .*# SKIP' "$1")" "$COUNT" &&
		same "with a reason" "$(grep -c "^# 1\.\.0 # SKIP $2" "$1")" "$COUNT" &&
		same "results of another kind" "$(grep -E '^(not )?ok ' "$1" | grep -vc '# SKIP')" 0
}

by_kunit() {
	python3 "$kunit" parse "$1"
}

# skips_by_kunit: kunit.py's exit status is a failure if all tests are skipped
skips_by_kunit() {
	by_kunit "$1" | tee "$work/said"
	grep "Ran $COUNT tests: skipped: $COUNT\$" "$work/said"
}

by_prove() {
	prove -e cat "$1"
}

runs() {
	in_tree TSCOPE_MODULE="$work/none.ko" run_tests | cat >"$work/ktap"
	all_skip "$work/ktap" "TSCOPE_MODULE=.* is not there"
}

runs_unprivileged() {
	chmod -R a+rX "$work"
	# shellcheck disable=SC2016	# that user's own pipe, too
	unprivileged env -u MAKEFLAGS -u MAKELEVEL sh -c 'make -s --no-print-directory \
		-C "$1" OUTPUT="$1" run_tests | cat' sh "$selftests/tscope" >"$work/ktap.user"
	all_skip "$work/ktap.user" "needs root"
}

# files DIR: checks that all files are there that are needed to run the tests elsewhere
files() {
	local file
	# shellcheck disable=SC2086
	for file in run_kselftest.sh kselftest-list.txt kselftest/runner.sh tscope/settings \
		$(printf 'tscope/%s ' $PROGS); do
		[ -e "$1/$file" ] || { echo "no $file in $1"; return 1; }
	done
	same "programs in kselftest-list.txt" "$(grep -c '^tscope:' "$1/kselftest-list.txt")" "$COUNT" ||
		return
	# all files that a program reads must be installed with it
	# shellcheck disable=SC2016
	sed -n 's,^\. "$(dirname "$0")/\(.*\)"$,\1,p' "$1"/tscope/*.sh | sort -u >"$work/read"
	while read -r file; do
		[ -e "$1/tscope/$file" ] || { echo "$file is read, but not installed"; return 1; }
	done <"$work/read"
	[ -s "$work/read" ]
}

installs() {
	in_tree KSFT_INSTALL_PATH="$1" install && files "$1"
}

runs_installed() {
	TSCOPE_MODULE=$work/none.ko "$1/run_kselftest.sh" -c tscope | cat >"$work/ktap.installed"
	all_skip "$work/ktap.installed" "TSCOPE_MODULE=.* is not there"
}

packs() {
	in_tree KSFT_INSTALL_PATH="$work/packed" gen_tar && mkdir "$work/unpacked" &&
		tar -xf "$work/packed/kselftest-packages/kselftest.tar.gz" -C "$work/unpacked" &&
		files "$work/unpacked" && runs_installed "$work/unpacked"
	local status=$?
	rm -rf "$work/packed" "$work/unpacked"
	return "$status"
}

runs_alone() {
	make -s --no-print-directory -C "$TESTS" KSELFTEST_DIR="$1/tools/testing/selftests" \
		TSCOPE_MODULE="$work/none.ko" run_tests | cat >"$work/ktap.alone"
	all_skip "$work/ktap.alone" "TSCOPE_MODULE=.* is not there"
}

without_tree() {
	local dir=$work/without n
	make -s --no-print-directory -C "$TESTS" KSELFTEST_DIR= TSCOPE_MODULE="$work/none.ko" run_tests |
		cat >"$work/ktap.without"
	all_skip "$work/ktap.without" "TSCOPE_MODULE=.* is not there" || return
	mkdir "$dir" && cp "$TESTS/Makefile" "$dir/" && echo timeout=1 >"$dir/settings" || return
	for n in 0 1 4; do
		printf '#!/bin/sh\necho said\nexit %s\n' "$n" >"$dir/exits$n"
	done
	printf '#!/bin/sh\nexec sleep 30\n' >"$dir/hangs"
	chmod +x "$dir"/exits? "$dir/hangs"
	make -s --no-print-directory -C "$dir" KSELFTEST_DIR= TEST_PROGS="exits0 exits1 exits4 hangs" run_tests |
		cat >"$work/said"
	same "KTAP" "$(grep -v '^# selftests' "$work/said")" "TAP version 13
1..4
# said
ok 1 selftests: tscope: exits0
# said
not ok 2 selftests: tscope: exits1 # exit=1
# said
ok 3 selftests: tscope: exits4 # SKIP
not ok 4 selftests: tscope: hangs # TIMEOUT"
}

no_lib_mk() {
	not make -s -C "$TESTS" KSELFTEST_DIR="$work/none" run_tests >"$work/said" 2>&1 &&
		grep "No lib.mk: set KSELFTEST_DIR" "$work/said"
}

configures() {
	(cd "$tree" && sh scripts/kconfig/merge_config.sh -m -O "$work" /dev/null \
		"$selftests/tscope/config")
	grep -x CONFIG_TSCOPE=m "$work/.config"
}

# a program that fails is run in place of one of ours
fails() {
	cp "$selftests/tscope/load.sh" "$work/load.sh"
	printf '#!/bin/sh\necho "TAP version 13\n1..1\nnot ok 1 it"\nexit 1\n' >"$selftests/tscope/load.sh"
	in_tree TSCOPE_MODULE="$work/none.ko" run_tests | cat >"$work/ktap.fails"
	cp "$work/load.sh" "$selftests/tscope/load.sh"
	grep '^not ok 1 selftests: tscope: load.sh' "$work/ktap.fails"
}

# lava DIR: runs the steps of lava.yaml on the tests installed there; their reports are in
# $work/lava
lava() {
	mkdir -p "$work/bin" "$work/device"
	# shellcheck disable=SC2016
	printf '#!/bin/sh\necho "$*" >>"%s"\n' "$work/lava" >"$work/bin/lava-test-case"
	chmod +x "$work/bin/lava-test-case"
	rm -f "$work/lava"
	tar -czf "$work/lava.tar.gz" -C "$1" . &&
		python3 -c 'import sys, yaml; print("\n".join(yaml.safe_load(sys.stdin)["run"]["steps"]))' \
			<"$here/lava.yaml" >"$work/steps" || return
	(cd "$work/device" && PATH=$work/bin:$PATH TARBALL_URL=file://$work/lava.tar.gz TESTS='' \
		TSCOPE_MODULE=$work/none.ko sh -e "$work/steps")
	cat "$work/lava"
}

# all skip but two: one fails, one passes
lava_reports() {
	rm -rf "$work/lava-fails" && cp -r "$work/installed-$1" "$work/lava-fails"
	printf '#!/bin/sh\necho "TAP version 13\n1..1\nnot ok 1 it"\nexit 1\n' >"$work/lava-fails/tscope/load.sh"
	printf '#!/bin/sh\necho "TAP version 13\n1..1\nok 1 it"\n' >"$work/lava-fails/tscope/race.sh"
	lava "$work/lava-fails" && grep -qx 'load --result fail' "$work/lava" &&
		grep -qx 'race --result pass' "$work/lava" &&
		same "skips" "$(grep -c -- '--result skip$' "$work/lava")" $((COUNT - 2))
}

one_version() {
	tree "$1" "$work/linux-$1"
	t "$1: make run_tests: all skip, saying why" runs
	t "$1: kunit.py parses that" skips_by_kunit "$work/ktap"
	t "$1: prove takes it" by_prove "$work/ktap"
	t "$1: without root all skip, saying so" runs_unprivileged
	t "$1: a failure is reported" fails
	t "$1: kunit.py fails on that" not by_kunit "$work/ktap.fails"
	t "$1: prove fails on that" not by_prove "$work/ktap.fails"
	t "$1: make install: all files" installs "$work/installed-$1"
	t "$1: run_kselftest.sh: all skip" runs_installed "$work/installed-$1"
	t "$1: make gen_tar: all files, and it runs" packs
	t "$1: lava.yaml reports each of them" lava_reports "$1"
	t "$1: alone, with KSELFTEST_DIR: all skip" runs_alone "$KSRC"
	t "$1: config is one that merge_config.sh takes" configures
}

# in_guest NAME VERSION LAB-OPTION...: runs the installed tests by the tree's own runner
in_guest() {
	local name=$1 version=$2 status
	shift 2
	# shellcheck source=selftests/harness/build.sh
	. "$here/build.sh"
	module_build "$version" || return
	"$TESTS/lab/lab" --quiet --kernel "$version" --module "$MODULE_KO" --timeout 900 \
		--add "$work/installed-$version:/selftests" --out "$top/build/lab/intree-$name" \
		"$@" kselftest >"$work/ktap.guest"
	status=$?
	# of the last try only
	awk '/^# lab: again from / { n = 0; next } { line[n++] = $0 }
		END { for (i = 0; i < n; i++) print line[i] }' "$work/ktap.guest" >"$work/ktap.last"
	cp "$work/ktap.last" "$top/build/lab/intree-$name/ktap"
	[ "$status" = 0 ] || { tail -n 30 "$work/ktap.last"; return "$status"; }
	same "programs that passed" "$(grep '^ok .* selftests: tscope: ' "$work/ktap.last" |
		grep -vc '# SKIP')" "$COUNT" &&
		by_kunit "$work/ktap.last" && by_prove "$work/ktap.last"
}

need make:make:"kselftest" rsync:rsync:"kselftest's make install" python3:python3:"kunit.py" \
	curl:curl:"lava.yaml" /usr/lib/python3/dist-packages/yaml:python3-yaml:"lava.yaml" \
	prove:perl:"a second judge of KTAP" setpriv:util-linux:"tests without root"
work=$(mktemp -d "${TMPDIR:-/tmp}/tscope-intree.XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
guest=''
case $1 in
--guest) guest=1; shift ;;
-*) sed -n '5,13s/^# \?//p' "$0"; exit 2 ;;
esac
[ $# -gt 0 ] || set -- 6.12 6.1
ktap_begin
t "without a kernel tree: all skip; what passes, fails, hangs" without_tree
t "no lib.mk where it should be: the error says what to do" no_lib_mk
for version; do
	one_version "$version"
	[ -z "$guest" ] || t "$version: in a KVM guest" in_guest "$version" "$version"
	[ -z "$guest" ] || t "$version: in a guest without KVM" in_guest "$version-tcg" "$version" --accel tcg
done
ktap_end
