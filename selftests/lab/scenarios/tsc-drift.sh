# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash disable=SC2034,SC1091,SC2086,SC2046
# DESCRIPTION: one CPU's TSC drifts by many small changes: the pair offset follows
#
# An offset that is told is of a slot of 1 s that ended, and so between the least and the most
# of the last three seconds. A drift by more than the bound within a slot contradicts itself:
# no offset is told then ("-"); once it rests the offset is there again.
ACCEL=nested
GUEST_APPEND="tsc=unstable lapic=notscdeadline"

# move CYCLES
move() {
	echo "$cpu $1" >/sys/module/tsc_inject/parameters/adjust ||
		{ result "not ok" "injection refused"; return 1; }
	total=$((total + $1))
}

# fast SIGN: by microseconds a second; compared when it rests
fast() {
	local step i=0
	random 400
	step=$(($1 * (40 + RANDOM_NUMBER)))
	while [ $i -lt 60 ]; do
		i=$((i + 1))
		move $step || return
		usleep 10000
	done
	say "# 60 times $step cycles; meanwhile: $(pair tsc)"
	# two slots, so that the newest has none of the drift
	sleep 3
	pair_holds tsc "$(calc "$ahead * $total * 1e6 / $khz")"
	pair_holds kvm-clock 0
}

# slow SIGN: by some 10 ns a second; compared while it lasts
slow() {
	local step i=0 before low high
	random 6
	step=$(($1 * (2 + RANDOM_NUMBER)))
	before=$total
	while [ $i -lt 80 ]; do
		i=$((i + 1))
		move $step || return
		usleep 100000
		[ $((i % 10)) = 0 ] || continue
		[ $i -gt 30 ] || continue
		# moves take longer than they wait: 30 of them are three seconds at least
		high=$((ahead * total)) low=$((ahead * (before + (i - 30) * step)))
		[ $low -le $high ] || { low=$((ahead * total)) high=$((ahead * (before + (i - 30) * step))); }
		set -- $(pair tsc)
		holds "slow drift: tsc pair offset ns" "$(calc "($low + $high) / 2 * 1e6 / $khz")" \
			"$1" "$(calc "${2:-0} + ($high - $low) / 2 * 1e6 / $khz")"
	done
}

guest() {
	local cpu khz total=0 sign ahead
	. /lib/tscope/truth.sh

	seed
	insmod /lib/tscope/tsc_inject.ko || return
	tscope_load || return
	cat $T/period_us >$T/width_us
	khz=$(figure tsc khz)
	random 2 && cpu=$RANDOM_NUMBER
	# pairs say how far CPU 1 is ahead of CPU 0
	ahead=$((2 * cpu - 1))
	random 2 && sign=$((1 - 2 * RANDOM_NUMBER))
	echo 1 >$T/enabled
	sleep 3
	fast $sign
	slow $((-sign))
	fast $((-sign))
	fast $((-sign))
	echo 0 >$T/enabled
	holds "kvm-clock warps" 0 "$(figure kvm-clock warps)" 0
	echo "$cpu $((-total))" >/sys/module/tsc_inject/parameters/adjust
	rmmod tsc_inject
	tscope_done
}
