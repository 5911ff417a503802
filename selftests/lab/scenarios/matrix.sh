# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash disable=SC2034,SC1091
# DESCRIPTION: what make matrix requires of each kernel; needs --module and --add selftests:/selftests
#
# It loads, samples and unloads, runs the short form of the kselftests, and checks the locks
# of a PREEMPT_RT kernel (rt-locks). For TESTS, LOADS, DURATION see kselftest.
TIMEOUT=900

SHORT_TESTS="load.sh abi.sh debugfs.sh trace.sh"
T=/sys/kernel/tscope

# reading FILE: sets $VALUE to its line
reading() {
	VALUE=
	read -r VALUE <"$T/$1"
}

# sample: prints what it found; false if a clock is missing, not sampled or wrong
sample() {
	local clock clocks readings wrong=''

	insmod /lib/tscope/tscope.ko enable=1 || return
	sleep 4
	echo 0 >$T/enabled
	[ -e /sys/kernel/debug/tscope/points ] || wrong="$wrong; no points in debugfs"
	[ -e /sys/kernel/tracing/events/tscope/tscope_step ] || wrong="$wrong; no tracepoints"
	reading clocks
	clocks=$VALUE
	for clock in $clocks; do
		reading "$clock/samples"
		[ "$VALUE" -gt 0 ] || wrong="$wrong; no reading of $clock"
		reading "$clock/backward"
		[ "$VALUE" = 0 ] || wrong="$wrong; $clock backward $VALUE times"
	done
	if [ "$LAB_ACCEL" != tcg ]; then
		case $clocks in
		*kvm-clock*ptp-kvm*) ;;
		*) wrong="$wrong; kvm-clock or ptp-kvm is absent" ;;
		esac
		reading kvm-clock/skew_ppb
		[ -n "$VALUE" ] || wrong="$wrong; no skew of kvm-clock"
	fi
	reading tsc/warps
	[ "$VALUE" = 0 ] || wrong="$wrong; $VALUE warps of the TSC"
	reading tsc/samples
	readings=$VALUE
	rmmod tscope || wrong="$wrong; rmmod"
	[ ! -e $T ] || wrong="$wrong; $T is left"
	say "# matrix: $readings readings; $clocks$wrong"
	[ -z "$wrong" ]
}

guest() {
	local status=0

	if sample; then
		say "ok 1 sample"
	else
		say "not ok 1 sample"
		status=1
	fi
	export TESTS="${TESTS:-$SHORT_TESTS}" LOADS="${LOADS:-4}" DURATION="${DURATION:-3}"
	# the tests' own limit is for a machine that is neither emulated nor busy
	export TEST_TIMEOUT="${TEST_TIMEOUT:-300}"
	(. /selftests/lab/scenarios/kselftest.sh; guest) || status=1
	if [ "$(cat /sys/kernel/realtime 2>/dev/null)" = 1 ]; then
		(. /selftests/lab/scenarios/rt-locks.sh; guest) || status=1
	fi
	return $status
}
