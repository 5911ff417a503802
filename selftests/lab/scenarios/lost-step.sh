# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash disable=SC2034,SC1091,SC2086,SC2046
# DESCRIPTION: the wall clock is set by an hour, and sampling changed or stopped at once: one step, not lost; slewed while sampling is off: none
ACCEL=nested
TIMEOUT=400

# set_by NAME NS LIMIT
set_by() {
	local limit=$3
	between "$1: realtime's steps" $set "$(figure realtime steps)" $set
	[ "$(figure realtime steps)" = $set ] || set=$(figure realtime steps)
	set -- "$1" "$2" $(newest_step realtime)
	holds "$1: realtime's step ns" "$2" "${3:-none}" "${4:-0}"
	below "$1: its error ns" "${4:-none}" $limit
}

guest() {
	local set=0 rounds=6 sign=1 ns wait_us period_us was
	. /lib/tscope/truth.sh

	seed
	tscope_load || return
	trace_on step || return
	was=$(cat $T/period_us)
	[ -z "$SHORT" ] || rounds=2
	echo 1 >$T/enabled
	sleep 3
	while [ $rounds -gt 0 ]; do
		rounds=$((rounds - 1))
		sign=$((-sign))
		random 1000000000
		ns=$((sign * (3600000000000 + RANDOM_NUMBER)))
		random 60001
		wait_us=$RANDOM_NUMBER
		random 3
		period_us=$((was / (2 + RANDOM_NUMBER)))
		trace_clear
		lab_clock $ns || { result "not ok" "lab_clock"; break; }
		usleep $wait_us
		echo $period_us >$T/period_us
		sleep 3
		set=$((set + 1))
		set_by "by $ns ns, period_us $period_us after $wait_us us" $ns 100000
		echo $was >$T/period_us
		sleep 2

		# sampling stops before the next reading, in most rounds
		trace_clear
		lab_clock $((-ns)) && echo 0 >$T/enabled
		sleep 1
		echo 1 >$T/enabled
		sleep 3
		set=$((set + 1))
		# NTP may have slewed the clock in the 2 s or more for which no reading was taken
		set_by "by $((-ns)) ns, stopped at once" $((-ns)) 5000000
	done

	# 400 ppm for some 4 s, and the same rate before and after
	echo 0 >$T/enabled
	adjtimex -q -f $((400 * 65536)) >/dev/null || result "not ok" "adjtimex"
	sleep 4
	adjtimex -q -f 0 >/dev/null || result "not ok" "adjtimex"
	echo 1 >$T/enabled
	sleep 3
	between "slewed by 1.6 ms, sampling is off: realtime's steps" $set "$(figure realtime steps)" $set
	echo 0 >$T/enabled
	no_steps kvm-clock monotonic-raw ptp-kvm
	tscope_done
}
