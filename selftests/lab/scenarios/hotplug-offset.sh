# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash disable=SC2034,SC1091,SC2086,SC2046
# DESCRIPTION: a CPU comes back with another TSC within a second: none of its old offsets is left
#
# Its TSC is moved by 60 ns to 1 us as it comes online, before any of its threads runs. From
# then on every line that names the CPU must hold the new offset, even if it was online with
# both offsets within one epoch, and even if sampling is stopped at once.
ACCEL=nested
TIMEOUT=400
GUEST_APPEND="tsc=unstable lapic=notscdeadline"

# comes_back CYCLES WATCH
comes_back() {
	local name="CPU 1 comes back by $1 cycles" i=0 wrong=0 seen=0 moved=0 narrowest='' truth_ns t0 t1
	echo "1 $1" >$MOTION/at_online || { result "not ok" "injection refused"; return 1; }
	motion_now
	t0=$MOTION_NOW
	{ echo 0 && echo 1; } >$cpu1 || { result "not ok" "CPU 1 does not come back"; return 1; }
	motion_now
	t1=$MOTION_NOW
	total=$((total + $1))
	truth_ns=$(ns_of $total)
	while [ $i -lt "$2" ]; do
		i=$((i + 1))
		pair_line tsc 0 1
		if [ "$OFFSET" != - ]; then
			seen=$((seen + 1))
			within $((OFFSET - BOUND)) $((OFFSET + BOUND)) "$truth_ns" || {
				wrong=$((wrong + 1))
				say "# $name: truth $truth_ns, line $i: $OFFSET $BOUND $MOVING $HULL_LOW $HULL_HIGH $AGE_MS"
			}
			[ "$MOVING" = 0 ] || moved=$((moved + 1))
			[ "$BOUND" -ge "${narrowest:-$((BOUND + 1))}" ] || narrowest=$BOUND
		fi
		usleep 20000
	done
	[ "$2" -gt 20 ] || { echo 0 >$T/enabled; name="$name, stopped at once"; sleep 2; }
	pair_line tsc 0 1
	say "# $name: off and on in $(((t1 - t0) / 1000000)) ms, then $OFFSET $BOUND, truth $truth_ns"
	between "$name: not done by the CPU itself" -1 "$(cut -d' ' -f1 $MOTION/at_online)" -1
	between "$name: lines that do not hold the truth" 0 $wrong 0
	between "$name: lines that moved" 0 $moved 0
	if [ "$2" -gt 20 ]; then
		between "$name: lines seen" 1 $seen -
		holds "$name: tsc pair offset ns" "$truth_ns" "$OFFSET" "$BOUND"
		below "$name: narrowest bound ns" "${narrowest:-none}" 2000
	elif [ "$OFFSET" != - ]; then
		holds "$name: tsc pair offset ns" "$truth_ns" "$OFFSET" "$BOUND"
	fi
	echo 1 >$T/enabled
	sleep 2
}

guest() {
	local cpu1=/sys/devices/system/cpu/cpu1/online total=0 rounds=${SHORT:+4} sign watch
	. /lib/tscope/truth.sh

	seed
	insmod /lib/tscope/tsc_motion.ko || return
	tscope_load || return
	cat $T/period_us >$T/width_us
	echo 1 >$T/enabled
	sleep 3
	pair_line tsc 0 1
	holds "tsc pair offset before, ns" 0 "$OFFSET" "$BOUND"
	rounds=${rounds:-10}
	while [ $rounds -gt 0 ]; do
		rounds=$((rounds - 1))
		# both directions, and in both ways
		sign=$((rounds / 2 % 2 * 2 - 1))
		log_uniform 60 1000
		# by turns the files are read for 3 s, or sampling is stopped within the second
		watch=100
		[ $((rounds % 2)) = 1 ] || watch=10
		comes_back $((sign * $(cycles_of $LOG_UNIFORM))) $watch || break
	done
	echo 0 >$T/enabled
	clean kvm-clock
	rmmod tsc_motion
	tscope_done
}
