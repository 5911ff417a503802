# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash disable=SC2034,SC1091,SC2086,SC2016,SC2046
# DESCRIPTION: a TSC moves while all is sampled: the first warp shows when, to one window, and names the CPUs
#
# The injection lies between two marks in the trace, both CLOCK_MONOTONIC as
# `violations` is. The CPU whose TSC is behind can see a warp once the other CPU has
# published after the injection. What a window found is reported at its end. So the first
# warp must be reported before the second window of the CPU that is behind has ended, counted
# from the end of the first window of the CPU that is ahead. That is 10 to 30 ms, plus the time
# for which the emulator takes the CPUs away.
ACCEL=nested
# Without tsc=unstable the kernel would take the offset back. A TSC deadline would be
# missed by as much as the TSC is moved.
GUEST_APPEND="tsc=unstable lapic=notscdeadline"

# first_violation WHAT: time, CPU, peer, size
first_violation() {
	awk -v w="$1" '$3 == w && $4 == "tsc" { print $1, $5, $6, $7; exit }' $TD/violations
}

# window_end CPU TIME N: prints when the Nth of CPU's windows ended, of those that end after TIME
window_end() {
	traced window | awk -v c="$1" -v t="$2" -v n="$3" '$2 == c && $1 > t && !--n { print $1; exit }'
}

# late CPU CYCLES
late() {
	local name="CPU $1 by $2 cycles" khz from to behind ahead last first wrong truth_ns hidden
	khz=$(figure tsc khz)
	ahead=$1
	[ "$2" -gt 0 ] || ahead=$((1 - $1))
	behind=$((1 - ahead))
	trace_clear
	echo 1 >$T/reset
	echo 1 >$T/enabled
	sleep 2
	mark before
	echo "$1 $2" >/sys/module/tsc_inject/parameters/adjust ||
		{ result "not ok" "injection refused"; return 1; }
	mark after
	sleep 3
	echo 0 >$T/enabled
	echo "$1 $((-$2))" >/sys/module/tsc_inject/parameters/adjust

	from=$(marked before) to=$(marked after)
	truth_ns=$(calc "(1 - 2 * (1 - $1)) * $2 * 1e6 / $khz")
	pair_holds tsc "$truth_ns"
	pair_holds kvm-clock 0
	last=$(window_end "$ahead" "$to" 1)
	last=$(window_end "$behind" "${last:-$to}" 2)
	first=$(first_violation warp)
	wrong=$(awk -v b=$behind -v a=$ahead '$3 == "warp" && $4 == "tsc" && ($5 != b || $6 != a)' \
		$TD/violations | wc -l)
	say "# $name: injected within $((to - from)) ns, first warp (time, cpu, peer, ns): ${first:-none}"
	# A small offset is hidden until both CPUs run at the same time, which may not happen on a
	# busy host: then the pair's bound is wide, too.
	[ "${2#-}" -gt 600000 ] || last=$((to + 2900000000))
	hidden=$(pair tsc | awk -v t="$truth_ns" '{ print $2 ~ /^[0-9]+$/ && $2 * 2 < (t < 0 ? -t : t) ? 0 : 1 }')
	if [ "${2#-}" -le 600000 ] && [ -z "$first" ] && [ "$hidden" != 0 ]; then
		skip "$name: first warp" "the CPUs never ran at once"
	else
		between "$name: first warp, ns after the injection" 0 \
			$((${first%% *} - from)) $((${last:-$to} - from + 1000))
	fi
	between "$name: warps that name other CPUs" 0 "$wrong" 0

	first=$(first_violation backward)
	# A CPU that is set back sees that, less the time since its previous reading.
	if [ "$2" -lt 0 ]; then
		between "$name: backward, ns after the injection" 0 \
			$((${first%% *} - from)) $((${last:-$to} - from + 1000))
		# shellcheck disable=SC2086
		set -- "$1" "$2" $first
		between "$name: the CPU that went back" "$1" "$4" "$1"
		between "$name: backward by ns" 1 "$6" $((-$2 * 1000000 / khz + 1))
		between "$name: backward readings" 1 "$(figure tsc backward)" 1
	else
		between "$name: backward readings" 0 "$(figure tsc backward)" 0
	fi
	holds "$name: kvm-clock warps" 0 "$(figure kvm-clock warps)" 0
}

guest() {
	local cpu
	. /lib/tscope/truth.sh

	seed
	# a higher priority than the samplers', so that the marks are near the injection
	renice -n -20 $$ >/dev/null
	insmod /lib/tscope/tsc_inject.ko || return
	tscope_load || return
	trace_on window || return
	cat $T/period_us >$T/width_us

	# The offset must be longer than the CPU that is set back can have been away: 0.3 to 3 s.
	random 2 && cpu=$RANDOM_NUMBER
	random 6000000000
	late "$cpu" $((600000000 + RANDOM_NUMBER))
	random 6000000000
	late "$cpu" $((-600000000 - RANDOM_NUMBER))
	random 6000000000
	late $((1 - cpu)) $((-600000000 - RANDOM_NUMBER))
	# if a TSC is set ahead, a small offset is seen, too, once both CPUs run at once
	random 60000
	late $((1 - cpu)) $((30000 + RANDOM_NUMBER))
	rmmod tsc_inject
	tscope_done
}
