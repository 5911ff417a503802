#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# debug-check.sh: what "make debug-check" does: the kselftests and a stress test in kernels
# that are built to find bugs, after these kernels have found planted bugs. See --help.

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
TOP=$(cd "$HERE/../.." && pwd)
# shellcheck source=selftests/harness/build.sh
. "$HERE/build.sh"
OUT=$TOP/build/debug-check
PARTS="planted kselftests stress nested faults"

usage() {
	cat <<-END
	usage: make debug-check [KERNEL='6.12 6.1'] [KIND='kasan kcsan rt cfi'] [PART='...']
	Builds kernels of Debian's source (minutes, the first time only) and runs in them:

	  planted     bugs planted for the purpose: each must be found, and fail the run
	  kselftests  all of them
	  stress      controls, readers, hotplug, tracing, load and unload at once
	  nested      the stress in a guest that has kvm-clock and ptp-kvm
	  faults      allocations fail, one at a time, at load and at every file, and at load
	              with kvm-clock and ptp-kvm (kasan only)

	  KERNEL      6.12 (default), 6.1
	  KIND        kasan: KASAN, UBSAN, lockdep, sleep in atomic, kmemleak, debug objects
	              kcsan: data races
	              rt: PREEMPT_RT, locks that sleep taken where they must not be; not 6.1,
	              whose source has none
	              cfi: built by clang with kCFI, a call of a function of another type, and
	              ThinLTO; not 6.1 (default: all)
	  PART        some of the above (default: all)
	  SECONDS_STRESS, SECONDS_NESTED   how long a stress lasts (60, 60)
	  FAULTS      how many allocations of one operation fail at most (100; of a load, at most 40)
	  SEED        picks those that fail; an earlier run prints it

	Passes if every planted bug is found, and of tscope nothing. Logs: build/debug-check.
	END
}

# The bugs that each kind of kernel finds, and the words of the log that report them, followed
# by lines that name the module. Leaks are reported after the module was unloaded: their number,
# and the task that loaded it. Lockdep stops at the use after free and at its own first
# finding, so these come last.
declare -A PLANTED
PLANTED[kasan]='
sleep	BUG: sleeping function called from invalid context
shift	UBSAN: shift-out-of-bounds in .*tscope_planted.c
object	ODEBUG: free active .* object type: timer_list
leak	kmemleak: 8 objects
inversion	WARNING: possible circular locking dependency detected
use-after-free	BUG: KASAN: (slab-)?use-after-free in use_after_free'
PLANTED[kcsan]='
race	BUG: KCSAN: data-race in racer'
PLANTED[rt]='
sleep	BUG: sleeping function called from invalid context at kernel/locking/rtmutex_api.c
sleeping-lock	BUG: sleeping function called from invalid context at kernel/locking/spinlock_rt.c
inversion	WARNING: possible circular locking dependency detected'

PLANTED[cfi]='
wrong-type	CFI failure at wrong_type'

PASSED=0 FAILED=0

note() {
	printf '[%4d s] %s\n' "$SECONDS" "$*"
}

pass() {
	PASSED=$((PASSED + 1))
	note "ok $*"
}

# fail NAME LOG
fail() {
	FAILED=$((FAILED + 1))
	note "FAILED $1; its log is $2, which ends:"
	tail -n 15 "$2" | sed 's/^/    /'
}

# in_guest NAME LAB-ARGUMENT...: runs the lab; its output is in $LOG
in_guest() {
	local name=$1
	shift
	mkdir -p "$OUT/$KREL"
	LOG=$OUT/$KREL/$name.log
	"$TOP/selftests/lab/lab" --kernel "$FLAVOUR" --module "$MODULE_KO" --out "$OUT/$KREL/$name" \
		--add "$HERE/kernels:/debug" \
		--add "$PLANTED_KO:/debug/tscope_planted.ko" \
		--add "$TOP/selftests/lab/scenarios/kselftest.sh:/debug/kselftest.sh" \
		--add "$TOP/selftests:/selftests" "$@" >"$LOG" 2>&1
}

planted_build() {
	local dir=$TOP/build/$KREL/planted
	mkdir -p "$dir"
	cp -u "$HERE"/planted/* "$dir"
	if ! kernel_make "$KDIR" "$dir" modules >"$dir/make.log" 2>&1; then
		tail -n 30 "$dir/make.log" >&2
		return 1
	fi
	PLANTED_KO=$dir/tscope_planted.ko
}

# The run must fail, as it would for a bug in tscope, and must report each of the planted bugs.
part_planted() {
	local bug words status found
	note "$FLAVOUR: planted bugs"
	in_guest planted --accel tcg debug \
		--env "BUGS=$(cut -f1 <<<"${PLANTED[$KIND]}" | tr '\n' ' ')"
	status=$?
	if [ $status = 1 ] && grep -q 'FAILED at .*guest: ' "$LOG"; then
		pass "$FLAVOUR planted: the run fails"
	else
		fail "$FLAVOUR planted: the run does not fail as it should (status $status)" "$LOG"
	fi
	while IFS=$'\t' read -r bug words; do
		[ -n "$bug" ] || continue
		found=$(awk -v words="$words" '$0 ~ words { said = $0; lines = 60 }
			said && lines-- > 0 && /\[tscope_planted\]|tscope_planted[.]c|comm "insmod"/ {
				print said
				exit
			}
			' "$LOG" "$OUT/$KREL/planted/guest.log")
		if [ -n "$found" ]; then
			pass "$FLAVOUR planted: $bug is found: $found"
		else
			fail "$FLAVOUR planted: $bug is not found" "$LOG"
		fi
	done <<<"${PLANTED[$KIND]}"
}

# selftests NAME LAB-ARGUMENT...: each script is a result, and so is the log at the end
selftests() {
	local name=$1 status line
	# A race within the kernel alone fills a page of the console. One in 200 accesses is
	# watched, not one in 4000, since a run is short.
	[ "$KIND" != kcsan ] || set -- "$@" --append "loglevel=1 kcsan.skip_watch=200"
	shift
	in_guest "$name" --env "KLOG_ALLOW=$KLOG_ALLOW" --env TEST_TIMEOUT=900 "$@" debug
	status=$?
	while read -r line; do
		case $line in
		*"# SKIP"*) fail "$FLAVOUR $name: ${line##*: }" "$LOG" ;;
		ok*) pass "$FLAVOUR $name: ${line##*: }" ;;
		*) fail "$FLAVOUR $name: ${line##*: }" "$LOG" ;;
		esac
	done < <(awk '/^# lab: again from / { n = 0 }
		/^(not )?ok [0-9]+ selftests: / { line[n++] = $0 }
		END { for (i = 0; i < n; i++) print line[i] }' "$LOG")
	if [ $status = 0 ]; then
		pass "$FLAVOUR $name: nothing is found$(sed -n 's/^# KCSAN: /; /p' "$LOG")"
	else
		fail "$FLAVOUR $name: the log and the leaks" "$LOG"
	fi
}

part_kselftests() {
	note "$FLAVOUR: kselftests"
	selftests kselftests --accel tcg --env LOADS=10 --env DURATION=5
}

part_stress() {
	local seconds=${SECONDS_STRESS:-60}
	note "$FLAVOUR: stress, twice $seconds s"
	selftests stress --accel tcg --env TESTS=race.sh --env "DURATION=$seconds"
}

part_nested() {
	local seconds=${SECONDS_NESTED:-60}
	note "$FLAVOUR: stress with kvm-clock, twice $seconds s"
	selftests nested --env TESTS=race.sh --env "DURATION=$seconds"
}

part_faults() {
	[ "$KIND" = kasan ] || return
	note "$FLAVOUR: failed allocations"
	fail_in faults --accel tcg --env "FAULTS=${FAULTS:-100}"
	note "$FLAVOUR: failed allocations at load with kvm-clock and ptp-kvm"
	fail_in nested-faults --env "FAULTS=${FAULTS:-100}" --env LOAD_ONLY=1
}

# fail_in NAME LAB-ARGUMENT...
fail_in() {
	if in_guest "$@" --env "SEED=${SEED:-}" failed-allocations; then
		pass "$FLAVOUR $1: $(grep -c '^ok' "$LOG") things with failed allocations, nothing left"
	else
		fail "$FLAVOUR $1" "$LOG"
	fi
}

case ${1:-} in
--help | -h) usage; exit 0 ;;
esac
for part in ${PART:-$PARTS}; do
	case " $PARTS " in
	*" $part "*) ;;
	*) echo "debug-check: no part '$part' (see selftests/harness/debug-check.sh --help)" >&2; exit 2 ;;
	esac
done
KINDS=${KIND:-kasan kcsan rt cfi} VERSIONS=${KERNEL:-6.12}
export -n KIND KERNEL PART FAULTS SEED
for version in $VERSIONS; do
	for KIND in $KINDS; do
		FLAVOUR=$version+$KIND
		case $FLAVOUR in
		6.1+rt) note "$FLAVOUR: left out, the source of 6.1 has no PREEMPT_RT for x86"; continue ;;
		6.1+cfi) note "$FLAVOUR: left out, kCFI is younger than 6.1 for x86"; continue ;;
		esac
		# The scenario decides whether a race is one of tscope's.
		KLOG_ALLOW=
		[ "$KIND" != kcsan ] || KLOG_ALLOW='KCSAN: data-race in'
		note "$FLAVOUR: kernel and modules"
		if ! module_build "$FLAVOUR" || ! planted_build; then
			echo "debug-check: FAILED at building $FLAVOUR" >&2
			exit 1
		fi
		for part in ${PART:-$PARTS}; do
			"part_$part"
		done
	done
done
note "done"
echo "$PASSED passed, $FAILED failed"
[ "$FAILED" = 0 ] && [ "$PASSED" -gt 0 ]
