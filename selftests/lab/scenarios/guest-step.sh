# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash disable=SC2034,SC1091,SC2086,SC2016,SC2046
# DESCRIPTION: the guest's wall clock is set, then slewed: realtime's step and skew, and ptp-kvm's offset_ns
#
# Rates are half-way between two of the guest's multipliers, as in host-rate. kvm-clock
# counts in ns, and the kernel's multiplier for that is 2^23. So alternating leaves 60 ppb to
# correct the error of the tick (4 ms) in which the rate changed: for changes of up to 18 ppm
# this takes a second or two.
ACCEL=nested

slew() {
	adjtimex -q -f "$1" >/dev/null || return
	sleep 5
	echo 1 >$T/reset
	sleep 8
}

guest() {
	local size sizes='' sign=1 set=0 rate base base_error
	. /lib/tscope/truth.sh
	. /lib/tscope/doctor.sh

	seed
	tscope_load || return
	trace_on step || return
	cat $T/period_us >$T/width_us
	echo 1 >$T/enabled
	sleep 5

	random 2 && [ "$RANDOM_NUMBER" = 0 ] && sign=-1
	for size in 1000000 100000000 10000000000 3600000000000; do
		random $((size - size / 10))
		sign=$((-sign))
		size=$((sign * (size / 10 + RANDOM_NUMBER)))
		wall_look
		lab_clock $size || { result "not ok" "lab_clock"; break; }
		set=$((set + 1))
		sizes="$sizes $size"
		sleep 2
		wall_moved
		set -- $(newest_step realtime)
		holds "guest set by $size ns: realtime's step" $size "${1:-none}" "${2:-0}"
		below "guest set by $size ns: its error ns" "${2:-none}" 10000
		between "guest set by $size ns: realtime's steps" $set "$(figure realtime steps)" $set
		holds "guest set by $size ns: offset_ns moved by" $size $WALL_MOVED \
			$WALL_MOVED_ERROR
	done
	sleep 1
	no_steps kvm-clock monotonic-raw ptp-kvm
	clean tsc kvm-clock monotonic-raw ptp-kvm
	examine
	for size in $sizes; do
		found wall-clock-set $size 100000
	done
	nothing_else

	slew 0
	base=$(figure realtime skew_ppb) base_error=$(figure realtime skew_error_ppb)
	random 130
	rate=$(awk -v n=$((sign * (20 + RANDOM_NUMBER))) 'BEGIN {
		unit = 65536e6 / 8388608
		printf "%d", (n < 0 ? n - 0.5 : n + 0.5) * unit }')
	slew "$rate"
	echo 0 >$T/enabled
	# a scenario that runs later in this guest needs the right wall clock
	adjtimex -q -f 0 >/dev/null || return
	skew realtime "$(calc "$base + $rate * 1000 / 65536")" "$base_error"
	skew kvm-clock "$(pvti_rate_ppb)"
	skew monotonic-raw "$(pvti_rate_ppb)"
	no_steps kvm-clock monotonic-raw ptp-kvm realtime
	tscope_done
}
