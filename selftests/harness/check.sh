#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# check.sh [--all | --rest] [PART...]: the tests, or some parts of them; see --help. Prints
# each failure with its log, and closes with "N passed, N failed".

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
TOP=$(cd "$HERE/../.." && pwd)
LOGS=$TOP/build/check
# shellcheck source=selftests/harness/build.sh
. "$HERE/build.sh"
# shellcheck source=selftests/harness/results.sh
. "$HERE/results.sh"
# shellcheck source=selftests/harness/lint.sh
. "$HERE/lint.sh"
# shellcheck source=selftests/harness/builds.sh
. "$HERE/builds.sh"
# shellcheck source=selftests/harness/guests.sh
. "$HERE/guests.sh"

# LANE runs first, and beside it the lanes of BESIDE, each of which is a word, with commas between
# its parts: nothing in these lanes is timed. With a fourth lane beside it an emulated guest is so
# slow that its tests end by their timeouts. Parts that measure time come last, with nothing beside
# them (ALONE).
CHECK_LANE="lint user tools coverage" CHECK_BESIDE="build,kselftest kunit"
CHECK_ALONE="guests"
# tests of the command that take long, or need programs that few machines have
TOOLS_LATER="record plot html metrics"
REST_LANE="more_builds fuzz recordings" REST_BESIDE="dkms,package,signing,tree,elsewhere" REST_ALONE="run fleet matrix abuse lab_checks scenarios installed kselftest_kvm all_kernels"

usage() {
	cat <<-END
	usage: make check [CHECK='PART...'] [TIMES=1]	the tests that every change needs
	       make check-all [LIMIT=S]		these, and all others
	       selftests/harness/check.sh [--all | --rest] [PART...]
	make check:
	  build      the module for 6.1 and 6.12, with W=1 and sparse, without a warning; modinfo
	  lint       checkpatch --strict, kernel-doc, shellcheck, SPDX lines, versions, ABI files, docs
	  user       the pure files in user space, with ASan and UBSan
	  tools      the command tscope, dynamic and static, and its tests, with ASan and UBSan
	  coverage   of the pure files
	  kunit      the KUnit suites on 6.12 (make kunit: on 6.1 and in a kernel tree as well)
	  kselftest  those that load and write, in an emulated guest; installed as in a kernel tree
	  guests     scenarios of clocks that step, drift or are off, other kselftests, a report:
	             in two guests of KVM (GUESTS='quiet+pause no-master-clock' picks others)
	make check-all runs these, and:
	  more_builds  the module without KVM_GUEST, HYPERV_TIMER, XEN and ACPI; the KUnit suites for 6.1
	  recordings   tscope record, plot, report --html and metrics, with gnuplot and Chromium
	  fuzz       libFuzzer on the pure files, 5 s each; more: make fuzz
	  dkms       DKMS from add to remove, for both kernels
	  package    the release tarball; the Debian packages made, installed, upgraded, purged
	  signing    signed and unsigned modules on a machine with Secure Boot
	  tree       selftests as tools/testing/selftests/tscope of 6.12 and 6.1
	  elsewhere  make and dkms.conf where paths, compiler or programs are others
	  installed  README's commands in a booted Debian: make, packages, units
	  run        make run
	  fleet      units, alert rules and dashboard; a real Prometheus reads a guest's metrics
	  kselftest_kvm  all kselftests in a guest of KVM
	  matrix     the short form of make matrix: load, sample, few kselftests on 6.1
	  all_kernels  make matrix
	  abuse      in emulated guests: random use of all files, lockdown, a short soak, and
	             odd machines: $ODD (all: make odd)
	  scenarios  the short forms of the other scenarios, with the other faults (long: make lab)
	  lab_checks failures that the lab must report: a panic, a hang, a warning...
	LONG=1    dkms for all kernels of Debian 12 and on Debian 13, package also on Debian 13 and
	          beside cloud, rt and backports kernels, tree also in guests
	LIMIT=S   starts no part that would end after more than S seconds if it took as long as
	          last time, and prints which parts were left out
	SEED=n    repeats a run's random values; it is printed
	TIMES=1   prints what took how long
	Logs are in build/check.
	END
}

# What was compiled before, also in another checkout, is not compiled again. Debian's own programs
# come next: tests use modules of its python3.
use_ccache() {
	need ccache:ccache:"builds that were made before"
	export PATH=/usr/lib/ccache:/usr/bin:$PATH CCACHE_DIR=$CACHE/ccache CCACHE_BASEDIR=$TOP CCACHE_NOHASHDIR=1
}

# CHECK= on make's command line would reach kbuild, where it names the static checker
unset CHECK MAKEFLAGS MFLAGS MAKEOVERRIDES

part_user() {
	local log=$LOGS/user.log
	need gcc:gcc:"user-space tests" make:make:"user-space tests"
	note "user-space tests"
	make -j "$(nproc)" -C "$TOP/selftests/user" run_tests >"$log" 2>&1
	ktap $? "user-space tests" "$log"
}

# static_command: the command as one file, which runs where there are no libraries
static_command() {
	local file=$TOP/build/tools/tscope-static
	make -C "$TOP/tools/tscope" -j "$(nproc)" STATIC=1 COMMAND="$file" LDFLAGS=-Wl,--fatal-warnings &&
		! readelf -l "$file" | grep INTERP && "$file" --version
}

part_tools() {
	local log=$LOGS/tools.log
	need make:make:"the command" gcc:gcc:"the command" readelf:binutils:"the command" \
		/usr/include/json-c/json.h:libjson-c-dev:"the command" \
		/usr/include/expat.h:libexpat1-dev:"the command" python3:python3:"tests of the command" \
		/usr/lib/python3/dist-packages/jsonschema/__init__.py:python3-jsonschema:"tests of the command" \
		setpriv:util-linux:"tests of the command" jq:jq:"tests of the command" \
		pkill:procps:"tests of the command"
	run "the command, static" static_command
	run "the command" make -C "$TOP/tools/tscope" -j "$(nproc)" LDFLAGS=-Wl,--fatal-warnings
	note "tests of the command"
	make -j "$(nproc)" -C "$TOP/tools/tscope" run_tests WITHOUT="$TOOLS_LATER" >"$log" 2>&1
	ktap $? "tests of the command" "$log"
}

part_recordings() {
	local name log
	need make:make:"the command" gcc:gcc:"the command" python3:python3:"tests of the command" \
		/usr/include/json-c/json.h:libjson-c-dev:"the command" \
		/usr/include/expat.h:libexpat1-dev:"the command" jq:jq:"tests of the command"
	for name in $TOOLS_LATER; do
		log=$LOGS/tools-$name.log
		note "test of the command: $name"
		make -C "$TOP/tools/tscope" "run-$name" >"$log" 2>&1
		ktap $? "test of the command: $name" "$log"
	done
}

part_coverage() {
	run "coverage of the pure files" "$HERE/coverage.sh"
	note "reached, lines and branches: $(grep '^all' "$LOGS/coverage-of-the-pure-files.log")"
}

part_kunit() {
	local log=$LOGS/kunit.log
	note "kunit (its kernel is built once, in some minutes)"
	"$HERE/kunit.sh" 6.12 >"$log"
	ktap $? kunit "$log"
}

part_fuzz() {
	local log=$LOGS/fuzz.log
	note "fuzzing"
	FUZZ_SECONDS=${FUZZ_SECONDS:-5} "$TOP/selftests/user/fuzz/run" >"$log" 2>&1
	ktap $? "fuzzing" "$log"
}

part_dkms() {
	if [ -z "$LONG" ]; then
		script dkms "$HERE/dkms.sh"
		return
	fi
	script dkms "$HERE/dkms.sh" 6.12 6.12-cloud 6.12-rt 6.1 6.1-cloud 6.1-rt
	script dkms-trixie "$HERE/dkms.sh" --suite trixie
}

part_package() {
	script package "$HERE/package.sh"
	[ -n "$LONG" ] || return
	script package-trixie "$HERE/package.sh" --suite trixie 6.12 6.1
	script package-apt "$HERE/package_apt.sh"
}

part_signing() {
	script signing "$HERE/signing.sh"
}

part_fleet() {
	script fleet "$HERE/fleet.sh"
}

part_elsewhere() {
	script elsewhere "$HERE/elsewhere.sh"
}

part_installed() {
	script installed "$HERE/installed.sh"
}

part_tree() {
	# shellcheck disable=SC2086
	script tree "$HERE/intree.sh" ${LONG:+--guest}
}

# How long parts take on two idle cores with kernels cached, before this machine has run them.
declare -A TYPICAL=([build]=60 [lint]=60 [user]=45 [tools]=60 [coverage]=30 [kunit]=60 [kselftest]=120
	[guests]=420 [more_builds]=60 [fuzz]=90 [recordings]=150 [dkms]=100 [package]=60 [signing]=60 [tree]=15 [elsewhere]=60 [installed]=1200
	[run]=30 [fleet]=100 [kselftest_kvm]=400 [matrix]=90 [abuse]=250 [lab_checks]=600 [scenarios]=1200 [all_kernels]=2100)

# seconds PART...: prints how long they take together: as last time, or else as in TYPICAL
seconds() {
	local part sum=0
	for part; do
		if [ -f "$CACHE/seconds/$part" ]; then
			sum=$((sum + $(<"$CACHE/seconds/$part")))
		else
			sum=$((sum + ${TYPICAL[$part]:-80}))
		fi
	done
	echo $sum
}

# within_limit PART: whether LIMIT lets the part begin; if not, adds it to LEFT_OUT
LEFT_OUT=
within_limit() {
	local needs
	# part_scenarios asks for each scenario
	[ -n "${LIMIT:-}" ] && [ "$1" != scenarios ] || return 0
	needs=$(seconds "$1")
	[ $((SECONDS + needs)) -gt "$LIMIT" ] || return 0
	LEFT_OUT+=" $1"
	return 1
}

# timed NAME COMMAND...: runs it, and records how long it took, also for the next run's estimates
# unless it failed, which it may have done early
timed() {
	local began=$SECONDS failed=$FAILED
	"${@:2}"
	[ "$FAILED" != "$failed" ] ||
		{ mkdir -p "$CACHE/seconds" && echo $((SECONDS - began)) >"$CACHE/seconds/$1"; }
	printf '%6d s  %s\n' $((SECONDS - began)) "$1" >>"$LOGS/times"
}

# left PART...: says how long the run still takes
# shellcheck disable=SC2086
left() {
	local here beside alone lane
	here=$(seconds "$@") alone=$(seconds $ALONE)
	for lane in $BESIDE; do
		beside=$(($(seconds ${lane//,/ }) - SECONDS + BESIDE_BEGAN))
		[ "$here" -ge "$beside" ] || here=$beside
	done
	note "about $(((here + alone + 59) / 60)) min left"
}

# parts PART...: runs them one after the other
parts() {
	local part
	while [ $# -gt 0 ]; do
		part=$1
		[ -n "$CHILD" ] || left "$@"
		shift
		if within_limit "$part"; then
			PART=$part
			timed "$part" "part_$part"
		fi
	done
}

# beside LANE...: starts the lanes in the background, each as a run of this script
beside() {
	local lane
	for lane; do
		note "beside what follows: ${lane//,/ }"
		# shellcheck disable=SC2086
		CHILD=1 LIMIT=${LIMIT:+$((LIMIT - SECONDS))} "$HERE/check.sh" ${lane//,/ } \
			>"$LOGS/beside-$lane.log" 2>&1 &
		BESIDE_PIDS+=($!)
	done
	trap 'kill "${BESIDE_PIDS[@]}" 2>/dev/null; exit 130' INT TERM
}

# joined LANE...: waits for them, and counts their results
joined() {
	local lane log
	for lane; do
		note "waiting for ${lane//,/ }"
		wait "${BESIDE_PIDS[0]}"
		BESIDE_PIDS=("${BESIDE_PIDS[@]:1}")
		log=$LOGS/beside-$lane.log
		LEFT_OUT+=$(sed -n 's/^left out://p' "$log")
		if add_tally "$(tail -n 1 "$log")"; then
			sed '$d; s/^/  /' "$log"
		else
			result 1 "$lane: ended without a tally" "$log"
		fi
	done
}

LANE="" BESIDE="" ALONE="" BESIDE_PIDS=() BESIDE_BEGAN=0 CHILD=${CHILD:-}
case ${1:-} in
--help | -h) usage; exit 0 ;;
--all)
	LANE="$CHECK_LANE $REST_LANE" BESIDE="$CHECK_BESIDE,$REST_BESIDE"
	ALONE="$CHECK_ALONE $REST_ALONE" ;;
--rest) LANE=$REST_LANE BESIDE=$REST_BESIDE ALONE=$REST_ALONE ;;
'') LANE=$CHECK_LANE BESIDE=$CHECK_BESIDE ALONE=$CHECK_ALONE ;;
*) LANE=$* ;;
esac
for part in $LANE; do
	declare -F "part_$part" >/dev/null || { echo "check: no part '$part' (see --help)" >&2; exit 2; }
done
mkdir -p "$LOGS"
use_ccache
[ -n "$CHILD" ] || : >"$LOGS/times"
# shellcheck disable=SC2086
{
	BESIDE_BEGAN=$SECONDS
	beside $BESIDE
	parts $LANE
	joined $BESIDE
	last=$ALONE BESIDE="" ALONE=""
	parts $last
}
note "done"
[ -z "$LEFT_OUT" ] || echo "left out:$LEFT_OUT"
[ -z "${TIMES:-}" ] || [ -n "$CHILD" ] || cat "$LOGS/times"
tally
[ "$FAILED" = 0 ]
