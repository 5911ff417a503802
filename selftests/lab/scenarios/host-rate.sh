# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash disable=SC2034,SC1091,SC2086,SC2013,SC2046
# DESCRIPTION: the host's wall clock runs off by a known rate: ptp-kvm's skew holds it
#
# adjtimex sets the rate, on top of the rate by which the host's clock is off already,
# because its multiplier is a whole number. That rate is measured first, at 0.
#
# The host can only run at whole multipliers, and reaches a rate in between by
# alternating two of them. A change of rate within a tick (4 ms) leaves an error for the rest
# of that tick, which the host corrects with what alternating leaves free. Rates half-way
# between two multipliers leave most, half a multiplier either way. So these are chosen, and
# the scenario waits. The smallest come first, since large changes take longest.
ACCEL=nested
TIMEOUT=600

# set_rate PPM_Q16: the host's frequency offset in 2^-16 ppm
set_rate() {
	on_host adjtimex -q -f "$1" >/dev/null || { say "# adjtimex refused $1"; return 1; }
}

# settle PPM_Q16 SECONDS [SAMPLING]
settle() {
	set_rate "$1" || return
	sleep "$2"
	echo 1 >$T/reset
	echo 1 >$T/enabled
	sleep "${3:-${seconds:-10}}"
	echo 0 >$T/enabled
	skew=$(cat $T/ptp-kvm/skew_ppb) error=$(cat $T/ptp-kvm/skew_error_ppb)
}

# The host's multiplier: the one whose rounding makes the rate that was measured.
# The host's own calibration of its TSC may differ by some kHz from the guest's figure.
multiplier() {
	awk -v khz="$(cat $T/tsc/khz)" -v base="$base" 'BEGIN {
		for (s = 20; s <= 32; s++) for (k = -9; k <= 9; k++) {
			two = 1e6
			for (i = 0; i < s; i++) two *= 2
			mult = int(two / (khz + k) + 0.5)
			off = (mult / (two / khz) - 1) * 1e9 - base
			if (off < 0.5 && off > -0.5 && mult < 2147483648) { print mult; exit }
		}
		print 0 }'
}

# rate_near PPM_Q16: the nearest one half-way between two multipliers
rate_near() {
	rate=$(awk -v r="$1" -v m="$mult" 'BEGIN {
		unit = 65536e6 / m
		n = r / unit; n = n < 0 ? int(n) - 0.5 : int(n) + 0.5
		printf "%d", n * unit }')
	truth=$(awk -v r="$rate" -v b="$base" 'BEGIN { printf "%.3f", r * 1000 / 65536 + b }')
}

# correction_time_s CHANGE_Q16: seconds that the host takes to correct the error of the change
correction_time_s() {
	awk -v d="$1" -v m="$mult" 'BEGIN { if (d < 0) d = -d
		printf "%d", 3 + d / 65536 * 4 / (0.5e9 / m) }'
}

# The rate changes during a fit: once the window holds new points only, the skew is the new rate.
changed() {
	random 131072
	rate_near $((-sign * (65536 + RANDOM_NUMBER)))
	echo 5 >$T/fit_window_s
	echo 1 >$T/enabled
	set_rate "$rate" || result "not ok" "rate"
	# the window of 5 s has to be past the change
	sleep 8
	echo 0 >$T/enabled
	skew ptp-kvm "$truth" "$base_error"
	holds "a change to $rate / 2^16 ppm: steps" 0 "$(cat $T/ptp-kvm/steps)" 0
	echo 60 >$T/fit_window_s
}

guest() {
	local seconds=${SHORT:+6} skew error base base_error truth range ranges rate=0 was mult sign=1
	. /lib/tscope/truth.sh
	. /lib/tscope/doctor.sh

	SEED=${SEED:-$(($(date +%s) % 100000))}
	say "# SEED=$SEED"
	tscope_load || return
	settle 0 1 || return
	base=$skew base_error=$error mult=$(multiplier)
	[ "$mult" != 0 ] || { result "not ok" "the host's multiplier is not found (base $base)"; tscope_done; return 1; }
	say "# at 0: $base +- $base_error ppb; the host's multiplier is $mult"

	# each rate is random, up to 0.5, 2, 20 and 500 ppm
	ranges="32768 131072 change 1310720 32768000"
	[ -z "$SHORT" ] || ranges="131072 change 6553600"
	for range in $ranges; do
		if [ "$range" = change ]; then
			changed
			continue
		fi
		random $((range - range / 10))
		sign=$((-sign)) was=$rate
		rate_near $((sign * (range / 10 + RANDOM_NUMBER)))
		settle "$rate" "$(correction_time_s $((rate - was)))" || { result "not ok" "rate"; break; }
		say "# host rate $rate / 2^16 ppm"
		skew ptp-kvm "$truth" "$base_error"
		holds "host rate $rate / 2^16 ppm: within 20 ppb" "$truth" "$skew" 20
		holds "host rate $rate / 2^16 ppm: steps" 0 "$(cat $T/ptp-kvm/steps)" 0
		holds "host rate $rate / 2^16 ppm: kvm-clock steps" 0 "$(cat $T/kvm-clock/steps)" 0
		case $range in
		*00) finds host-drift "$(calc "$(pvti_rate_ppb) - $truth - 20")..$(calc "$(pvti_rate_ppb) - $truth + 20")" 200 ;;
		esac
	done

	if [ -n "$RATE_LONG" ]; then
		settle "$rate" 0 60
		skew ptp-kvm "$truth" "$base_error"
		holds "host rate $rate / 2^16 ppm, after 60 s: within 2 ppb" "$truth" "$skew" 2
	fi
	set_rate 0
	tscope_done
}
