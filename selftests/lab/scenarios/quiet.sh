# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash disable=SC2034,SC1091,SC2086,SC2013,SC2046
# DESCRIPTION: nothing is injected: no warp, no step, no backward reading; every interval holds the truth
ACCEL=nested
TIMEOUT=900

guest() {
	local c truth
	. /lib/tscope/truth.sh

	tscope_load || return
	cat $T/period_us >$T/width_us
	echo 1 >$T/enabled
	sleep "${QUIET_SECONDS:-30}"
	while [ "$(figure tsc samples)" -lt "${QUIET_READINGS:-0}" ]; do
		sleep 10
		say "# $(figure tsc samples) readings of ${QUIET_READINGS:-0}"
	done
	echo 0 >$T/enabled
	say "# $(figure tsc samples) readings of the TSC"
	for c in $(cat $T/clocks); do
		holds "$c backward" 0 "$(cat $T/$c/backward)" 0
		[ ! -e $T/$c/warps ] || holds "$c warps" 0 "$(cat $T/$c/warps)" 0
		[ ! -e $T/$c/steps ] || holds "$c steps" 0 "$(cat $T/$c/steps)" 0
	done
	for c in tsc kvm-clock; do
		holds "$c pair offset ns" 0 "$(cat $T/$c/offset_max_ns)" \
			"$(cat $T/$c/offset_bound_ns)"
	done

	# The truth of kvm-clock's rate is what its multiplier, a whole number,
	# can express of the nominal frequency; the guest's own clocks count
	# kvm-clock, and nobody slews them.
	truth=$(pvti_rate_ppb)
	for c in kvm-clock monotonic-raw realtime; do
		skew $c "$truth"
	done
	tscope_done
}
