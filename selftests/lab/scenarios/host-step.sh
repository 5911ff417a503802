# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash disable=SC2034,SC1091,SC2086,SC2016,SC2046
# DESCRIPTION: the host's wall clock is set by 1 us to 1 h: ptp-kvm steps by that, and nothing else does
ACCEL=nested

guest() {
	local size sizes='' sign=1 set=0
	. /lib/tscope/truth.sh
	. /lib/tscope/doctor.sh

	seed
	tscope_load || return
	trace_on step || return
	cat $T/period_us >$T/width_us
	echo 1 >$T/enabled
	# the noise is learned from 128 points, one in 50 ms
	sleep 7

	# each size is random within a decade
	random 2 && [ "$RANDOM_NUMBER" = 0 ] && sign=-1
	for size in 10000 100000 10000000 1000000000 3600000000000; do
		random $((size - size / 10))
		sign=$((-sign))
		size=$((sign * (size / 10 + RANDOM_NUMBER)))
		on_host lab_clock $size >/dev/null || { result "not ok" "lab_clock"; break; }
		set=$((set + 1))
		sizes="$sizes $size"
		sleep 2
		between "host set by $size ns: ptp-kvm's steps" $set "$(figure ptp-kvm steps)" $set
		set -- $(newest_step ptp-kvm)
		holds "host set by $size ns: ptp-kvm's step" $size "${1:-none}" "${2:-0}"
		below "host set by $size ns: its error ns" "${2:-none}" 10000
	done
	sleep 2
	echo 0 >$T/enabled

	between "backward readings of ptp-kvm" 1 "$(figure ptp-kvm backward)" $((set / 2 + 1))
	no_steps kvm-clock monotonic-raw realtime
	clean tsc kvm-clock monotonic-raw realtime
	skew kvm-clock "$(pvti_rate_ppb)"
	skew monotonic-raw "$(pvti_rate_ppb)"
	pair_holds tsc 0
	pair_holds kvm-clock 0
	examine
	for size in $sizes; do
		found host-wall-stepped $size 100000
	done
	nothing_else
	tscope_done
}
