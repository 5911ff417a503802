# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash disable=SC2034,SC1091,SC2086,SC2046
# DESCRIPTION: a TSC alternates by 7 ns to 10 bounds every 1 to 500 ms: the interval of `offset` holds the TSC's offset, or moving is 1
#
# tsc_motion moves one CPU's TSC to either side in turn. Twice a second the scenario reads
# `offset`: with moving 0 its interval must hold one of the two offsets, with moving 1 both,
# and so must the hull in `pairs`, and that of the events once an epoch.
ACCEL=nested
TIMEOUT=600
GUEST_APPEND="tsc=unstable lapic=notscdeadline"

# at_rest: sets the narrowest and the widest bound of some seconds without motion
at_rest() {
	local looks=0
	bound_ns='' widest_ns=1
	while [ $looks -lt 6 ]; do
		usleep 500000
		looks=$((looks + 1))
		offset_line tsc || continue
		[ "$BOUND" -ge "${bound_ns:-$((BOUND + 1))}" ] || bound_ns=$BOUND
		[ "$BOUND" -le $widest_ns ] || widest_ns=$BOUND
	done
	holds "at rest: tsc offset ns" 0 "$OFFSET" "$BOUND"
	holds "at rest: moving" 0 "$MOVING" 0
	say "# at rest: bounds of $bound_ns to $widest_ns ns"
	grep '^tsc ' $TD/pairs 2>/dev/null | sed 's/^/# /' | to_channel
	below "at rest: narrowest bound ns" "${bound_ns:-none}" 2000
	below "at rest: widest bound ns" $widest_ns 20000
	[ "${bound_ns:-9999}" -le 2000 ] || bound_ns=2000
	# for seconds both emulated CPUs may read the same values; it does not last while one moves
	[ $bound_ns -ge 100 ] || bound_ns=100
	[ $widest_ns -ge 100 ] || widest_ns=100
}

# judge: whether the fields that offset_line has set hold the truth
judge() {
	case $MOVING in
	0)
		within $((OFFSET - BOUND)) $((OFFSET + BOUND)) "-$side_ns" ||
			within $((OFFSET - BOUND)) $((OFFSET + BOUND)) "$side_ns"
		;;
	1)
		within $((OFFSET - BOUND)) $((OFFSET + BOUND)) "-$side_ns" &&
			within $((OFFSET - BOUND)) $((OFFSET + BOUND)) "$side_ns"
		;;
	*) return 1 ;;
	esac
}

hull_judge() {
	[ "$MOVING" = 1 ] || return 0
	within "$HULL_LOW" "$HULL_HIGH" "-$side_ns" && within "$HULL_LOW" "$HULL_HIGH" "$side_ns"
}

# alternates CYCLES HALF_US
alternates() {
	local name looks=0 wrong=0 hulls=0 flagged=none began kvm=0 wide=0 widest
	side_ns=$(ns_of "$1")
	# an emulated hull spans up to 1.5 us without motion
	widest=$(calc "$side_ns + 6 * $widest_ns + 1500")
	name="+-$side_ns ns every $2 us"
	# steps of kvm-clock that made up for a wider motion before are events of their own
	echo 1 >$T/reset
	trace_clear
	motion_now
	began=$MOTION_NOW
	echo "$cpu $1 $2" >$MOTION/alternate || { result "not ok" "injection refused"; return 1; }
	while [ $looks -lt 14 ]; do
		usleep 500000
		looks=$((looks + 1))
		offset_line tsc
		motion_now
		[ "$flagged" != none ] || [ "$MOVING" != 1 ] ||
			flagged=$(((MOTION_NOW - began) / 1000000))
		# epochs of the first second began before the motion
		[ $looks -gt 2 ] || continue
		if ! judge; then
			wrong=$((wrong + 1))
			say "# $name: offset is $OFFSET $BOUND $CPU_I $CPU_J $MOVING $AGE_MS"
		fi
		within 0 "$widest" "$BOUND" || wide=$((wide + 1))
		pair_line tsc 0 1
		if ! hull_judge; then
			hulls=$((hulls + 1))
			say "# $name: the hull is $HULL_LOW..$HULL_HIGH"
		fi
		pair_line kvm-clock 0 1
		within $((OFFSET - BOUND)) $((OFFSET + BOUND)) 0 || {
			kvm=$((kvm + 1))
			say "# $name: kvm-clock's pair is $OFFSET $BOUND $MOVING"
		}
	done
	# it moves by a bound or more, peak to peak, in each second; the hull may hold bursts that are
	# wider than those of a few seconds at rest
	[ "$2" -gt 250000 ] || ! within $widest_ns 999999999 "$(calc "2 * $side_ns")" ||
		# an emulated hull spans up to 1.5 us without motion, and doctor's error contains that
		finds tsc-moving "$(calc "2 * $side_ns")" "$(calc "2 * $side_ns + 6 * $widest_ns + 1500")"
	read -r moves late wrong_moves <$MOTION/moves
	say "# $name: $moves moves, the latest by $((late / 1000)) us; moving after $flagged ms"
	grep '^tsc ' $TD/pairs 2>/dev/null | sed 's/^/# /' | to_channel
	echo 1 >$MOTION/stop
	between "$name: moves that went wrong" 0 "$wrong_moves" 0
	between "$name: moves" 7 "$moves" -
	between "$name: looks that hold neither" 0 $wrong 0
	between "$name: looks wider than $widest ns" 0 $wide 2
	between "$name: hulls that do not hold both" 0 $hulls 0
	between "$name: looks at kvm-clock that do not hold 0" 0 $kvm 0
	if within $widest_ns 999999999 "$(calc "2 * $side_ns")" && [ "$2" -le 250000 ]; then
		between "$name: moving after ms" 1 "$flagged" 3500
		between "$name: tsc/moving" 1 "$(figure tsc moving)" 1
		motion_now
		between "$name: events of the pair, at most one in a second" 2 \
			"$(traced pair | grep -c ' tsc 0 1 ')" $(((MOTION_NOW - began) / 1000000000 + 2))
		set -- "$1" "$2" $(traced pair | awk '$2 == "tsc" { hull = $5 " " $6 } END { print hull }')
		verdict="not ok"
		within "$3" "$4" "-$side_ns" && within "$3" "$4" "$side_ns" && verdict=ok
		result "$verdict" "$name: the newest event's hull $3..$4 holds both"
		reported=$((reported + 1))
	fi
	rested
	holds "$name, ended: moving" 0 "$MOVING" 0
	holds "$name, ended: tsc offset ns" 0 "$OFFSET" "$BOUND"
}

guest() {
	local cpu bound_ns widest_ns side_ns rounds=6 moves late wrong_moves verdict reported=0
	. /lib/tscope/truth.sh
	. /lib/tscope/doctor.sh

	seed
	insmod /lib/tscope/tsc_motion.ko || return
	tscope_load || return
	trace_on pair || return
	cat $T/period_us >$T/width_us
	echo 1 >$T/enabled
	sleep 3
	at_rest
	random 2
	cpu=$RANDOM_NUMBER
	# first the range in which a burst during a move looks narrower than one without
	alternates "$(cycles_of "$(calc "$bound_ns * 0.77")")" 20000
	[ -z "$SHORT" ] || rounds=2
	while [ $rounds -gt 0 ]; do
		rounds=$((rounds - 1))
		log_uniform 7 $((10 * bound_ns))
		set -- "$(cycles_of $LOG_UNIFORM)"
		log_uniform 1000 500000
		alternates "$1" $LOG_UNIFORM
	done
	# the last is so wide that it must be reported
	log_uniform 1000 250000
	alternates "$(cycles_of $widest_ns)" $LOG_UNIFORM
	between "rounds in which motion had to be reported" 1 $reported -
	echo 0 >$T/enabled
	clean kvm-clock
	rmmod tsc_motion
	tscope_done
}
