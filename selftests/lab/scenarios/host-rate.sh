# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash disable=SC2034,SC1091,SC2086,SC2013,SC2046
# DESCRIPTION: the host's wall clock runs off by a known rate: ptp-kvm's skew holds it
#
# adjtimex sets the rate exactly, on top of what the host's clock is off by
# already (its multiplier is a whole number). That is measured first, at 0.
ACCEL=nested
TIMEOUT=600

# rate PPM_Q16: the host's frequency offset in 2^-16 ppm
rate() {
	on_host adjtimex -q -f "$1" >/dev/null || { say "# adjtimex refused $1"; return 1; }
	# It takes hold at a tick; what the tick before it was wrong by, up to
	# some microseconds, the host then makes up at 500 ppb and less.
	sleep 5
	echo 1 >$T/reset
	echo 1 >$T/enabled
	sleep 10
	echo 0 >$T/enabled
	skew=$(cat $T/ptp-kvm/skew_ppb) error=$(cat $T/ptp-kvm/skew_error_ppb)
}

guest() {
	local skew error base base_error truth range sign=1
	. /lib/tscope/truth.sh

	SEED=${SEED:-$(($(date +%s) % 100000))}
	say "# SEED=$SEED"
	tscope_load || return
	rate 0 || return
	base=$skew base_error=$error
	say "# at 0: $base +- $base_error ppb"

	# each rate is random, up to 500, 50, 5 and 0.5 ppm
	for range in 32768000 3276800 327680 32768; do
		random $((range - range / 10))
		sign=$((-sign))
		set -- $((sign * (range / 10 + RANDOM_NUMBER)))
		rate "$1" || { result "not ok" "rate"; break; }
		truth=$(awk -v r="$1" -v b="$base" 'BEGIN { printf "%.3f", r * 1000 / 65536 + b }')
		holds "host rate $1 / 2^16 ppm: skew ppb" "$truth" "$skew" \
			"$(awk -v a="$error" -v b="$base_error" 'BEGIN { print a + b }')"
		holds "host rate $1 / 2^16 ppm: within 20 ppb" "$truth" "$skew" 20
		holds "host rate $1 / 2^16 ppm: steps" 0 "$(cat $T/ptp-kvm/steps)" 0
		holds "host rate $1 / 2^16 ppm: kvm-clock steps" 0 "$(cat $T/kvm-clock/steps)" 0
	done
	on_host adjtimex -q -f 0 >/dev/null
	tscope_done
}
