# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash disable=SC2034,SC1091,SC2086,SC2013,SC2046
# DESCRIPTION: nothing is injected: no warp, no step, no backward reading; every interval holds the truth
ACCEL=nested
TIMEOUT=900

guest() {
	local c truth looks=0 narrow_tsc=0 narrow_kvm=0 seconds=${QUIET_SECONDS:-${SHORT:+10}}
	. /lib/tscope/truth.sh
	. /lib/tscope/doctor.sh

	tscope_load || return
	cat $T/period_us >$T/width_us
	echo 1 >$T/enabled
	wall_right
	while [ $looks -lt 10 ]; do
		sleep $((${seconds:-30} / 10))
		looks=$((looks + 1))
		! pair_rests tsc || narrow_tsc=$((narrow_tsc + 1))
		! pair_rests kvm-clock || narrow_kvm=$((narrow_kvm + 1))
	done
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

	# kvm-clock's true rate is the nominal frequency rounded to a whole
	# multiplier; the guest's own clocks count kvm-clock, and nobody slews
	# them.
	truth=$(pvti_rate_ppb)
	for c in kvm-clock monotonic-raw realtime; do
		skew $c "$truth"
	done
	# The lab's acpi-pm and hpet count the time of the host's clock, as ptp-kvm
	# does.
	for c in acpi-pm hpet; do
		[ ! -d $T/$c ] || skew $c "$(figure ptp-kvm skew_ppb)"
	done
	# an interval that is too wide would hold any truth
	below "kvm-clock skew's error ppb" "$(figure kvm-clock skew_error_ppb)" \
		"$(calc "0.06 / (${seconds:-30} < 60 ? ${seconds:-30} : 60)")"
	for c in monotonic-raw realtime; do
		below "$c skew's error ppb" "$(figure $c skew_error_ppb)" 0.1
		holds "$c exact" 1 "$(figure $c exact)" 0
	done
	below "ptp-kvm skew's error ppb" "$(figure ptp-kvm skew_error_ppb)" 1
	for c in kvm-clock ptp-kvm; do
		holds "$c exact" 1 "$(figure $c exact)" 0
	done
	between "looks with a tsc bound of 2 us at most" 6 $narrow_tsc $looks
	between "looks with a kvm-clock bound of 2 us at most" 6 $narrow_kvm $looks
	finds_none
	tscope_done
}
