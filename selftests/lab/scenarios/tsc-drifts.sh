# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash disable=SC2034,SC1091,SC2086,SC2046,SC2153
# DESCRIPTION: a TSC of two, then of three drifts by 10 ns/s to 10 ms/s: `offset` names its pair, and holds the truth
#
# tsc_motion adds some cycles again and again. Twice a second `offset` must hold the TSC's true
# offset at the time that its age gives, and must not name a healthy pair in place of the one
# that drifts.
ACCEL=nested
TIMEOUT=600
GUEST_SMP=3
GUEST_APPEND="tsc=unstable lapic=notscdeadline"

at_rest() {
	local looks=0
	bound_ns=1
	while [ $looks -lt 6 ]; do
		usleep 500000
		looks=$((looks + 1))
		bound=$(figure tsc widest_bound_ns)
		[ "$bound" -le $bound_ns ] 2>/dev/null || bound_ns=$bound
	done
	holds "$1 CPUs at rest: moving" 0 "$(figure tsc moving)" 0
	grep '^tsc ' $TD/pairs 2>/dev/null | sed "s/^/# at rest: /" | to_channel
	holds "$1 CPUs at rest: unmet" 0 "$(figure tsc unmet)" 0
	below "$1 CPUs at rest: widest bound ns" "$bound_ns" 10000
}

# look: sets named and held: whether `offset` names the CPU that drifts, and whether it holds the
# CPU's true offset. False if there is no figure, because no pair met.
look() {
	local t0 sign=1
	motion_now
	t0=$MOTION_NOW
	named=1 held=1
	offset_line tsc || return
	motion_now
	case $cpu in
	"$CPU_J") ;;
	"$CPU_I") sign=-1 ;;
	*)
		# a pair at rest is named if the drifting pair's wider bound hides its offset
		named=0
		motion_seen "$t0" "$MOTION_NOW" 1000 || return 0
		hidden=$(calc "2 * $(figure tsc widest_bound_ns) * $khz / 1e6")
		within -"$hidden" "$hidden" "$SEEN_LOW" && within -"$hidden" "$hidden" "$SEEN_HIGH" &&
			[ "$MOVING" = 0 ] && named=hidden
		return 0
		;;
	esac
	within 0 "$widest" "$BOUND" || wide=$((wide + 1))
	motion_seen "$t0" "$MOTION_NOW" "$AGE_MS" || { held=0; return 0; }
	awk -v o="$OFFSET" -v b="$BOUND" -v s=$sign -v l="$SEEN_LOW" -v h="$SEEN_HIGH" \
		-v k="$khz" 'BEGIN {
			l *= s * 1e6 / k; h *= s * 1e6 / k
			if (l > h) { t = l; l = h; h = t }
			exit !(o - b <= h && l <= o + b) }' || held=0
}

# drifts CPUS CYCLES PERIOD_US SECONDS
drifts() {
	local rate name i=0 wrong=0 other=0 absent=0 flagged=none began limit=20500 named held hidden
	local widest wide=0
	rate=$(calc "$2 * 1e6 / $khz * 1e6 / $3")
	# see "finds tsc-moving" below
	widest=$(calc "3 * ${rate#-} + 5 * $bound_ns + 1500")
	name="$1 CPUs, CPU $cpu by $rate ns/s"
	motion_now
	began=$MOTION_NOW
	echo "$cpu $2 $3" >$MOTION/drift || { result "not ok" "injection refused"; return 1; }
	while [ $i -lt $(($4 * 2)) ]; do
		usleep 500000
		i=$((i + 1))
		look || absent=$((absent + 1))
		[ "$flagged" != none ] || [ "$MOVING" != 1 ] || [ $named != 1 ] ||
			flagged=$(((MOTION_NOW - began) / 1000000))
		if [ $held = 0 ]; then
			wrong=$((wrong + 1))
			say "# $name: offset is $OFFSET $BOUND $CPU_I $CPU_J $MOVING $AGE_MS, truth $SEEN_LOW..$SEEN_HIGH cycles"
		fi
		if [ $named = 0 ] && [ "$flagged" != none ]; then
			other=$((other + 1))
			say "# $name: offset names $OFFSET $BOUND $CPU_I $CPU_J $MOVING"
		fi
	done
	if within 0 100 "${rate#-}"; then
		# a drift as slow as this shows now and then; in between the offset rests
		examine
		EXPECTED=$(awk '/^tsc-(moving|offset) / { printf "%s ", $1 }' $FINDINGS)
		between "doctor: $name: tsc-moving, or tsc-offset" 1 "$(echo $EXPECTED | wc -w)" 2
		nothing_else
	elif [ "$flagged" != none ]; then
		# The hull spans the drift of one or two epochs, and of the age of the newest burst. In
		# emulation it spans up to 1.5 us without motion, and doctor's error contains that.
		finds tsc-moving "$(calc "0.8 * ${rate#-}")..$(calc "5 * ${rate#-}")" "$widest"
	fi
	read -r moves late wrong_moves <$MOTION/moves
	motion_now
	say "# $name: $moves moves in $(((MOTION_NOW - began) / 1000000)) ms, the latest by $((late / 1000)) us; moving after $flagged ms"
	grep '^tsc ' $TD/pairs 2>/dev/null | sed 's/^/# /' | to_channel
	echo 1 >$MOTION/stop
	between "$name: moves that went wrong" 0 "$wrong_moves" 0
	between "$name: looks that do not hold it" 0 $wrong 0
	between "$name: looks that name others" 0 $other 0
	between "$name: looks wider than $widest ns" 0 $wide $(($4 / 2))
	# a machine that is busy gives some pair no time together for two seconds
	between "$name: looks without a figure" 0 $absent $(($4 / 2))
	# it drifts by a bound or more in each second
	! within $bound_ns 99999999999 "${rate#-}" || limit=3500
	between "$name: moving after ms" 1 "$flagged" $limit
	# drift that takes long to be seen counts for as long again
	! within 0 100 "${rate#-}" || sleep 25
	rested
	holds "$name, ended: moving" 0 "$MOVING" 0
	holds "$name, ended: tsc offset ns" 0 "$OFFSET" "$BOUND"
	# the TSC was set back, which is an event that the next check must not see
	echo 1 >$T/reset
	sleep 2
}

# rounds CPUS
rounds() {
	local ranges range sign=1
	at_rest "$1"
	# ns a second; the slowest drift takes longest to be detected
	ranges="10:20 100:1000 1000:100000 100000:10000000"
	[ -z "$SHORT" ] || ranges="100:1000 100000:10000000"
	for range in $ranges; do
		random $(($1 - 1))
		cpu=$((1 + RANDOM_NUMBER))
		sign=$((-sign))
		log_uniform ${range%:*} ${range#*:}
		# some cycles each 20 ms; below one cycle each 20 ms, one cycle at longer periods
		step=$((LOG_UNIFORM * khz / 50000000)) period_us=20000
		if [ $step -lt 2 ]; then
			period_us=$((1000000 / (LOG_UNIFORM * khz / 1000000))) step=1
		fi
		if [ ${range%:*} -lt 1000 ]; then
			drifts "$1" $((sign * step)) $period_us 21
		else
			drifts "$1" $((sign * step)) $period_us 6
		fi
	done
}

guest() {
	local cpu khz bound bound_ns step period_us moves late wrong_moves
	. /lib/tscope/truth.sh
	. /lib/tscope/doctor.sh

	seed
	insmod /lib/tscope/tsc_motion.ko || return
	echo 0 >/sys/devices/system/cpu/cpu2/online || return
	tscope_load || return
	khz=$(figure tsc khz)
	cat $T/period_us >$T/width_us
	echo 1 >$T/enabled
	sleep 3
	rounds 2
	echo 1 >/sys/devices/system/cpu/cpu2/online || result "not ok" "CPU 2 does not come online"
	sleep 3
	rounds 3
	echo 0 >$T/enabled
	clean kvm-clock
	rmmod tsc_motion
	tscope_done
}
