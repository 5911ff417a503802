# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash disable=SC2034,SC1091,SC2086,SC2046,SC2016
# DESCRIPTION: the guest's or host's wall clock is set by ns to ms, at known rates: ptp-kvm/offset, within 5 ns
#
# lab_wall reads the offset before and after each step, and ptp_kvm's PTP_SYS_OFFSET_PRECISE
# beside it, and fits two lines of one slope, so that drift is not taken for the step. Rates are
# half-way between two multipliers, see guest-step.
ACCEL=nested
TIMEOUT=600

# looks FILE
looks() {
	lab_wall 60 25 $PTP >/tmp/$1
}

# set_by WHO NS
set_by() {
	local name="$clocksource, $1 by $2 ns" truth=$2
	looks before
	case $1 in
	guest*) lab_clock $2 ;;
	host*) on_host lab_clock $2 >/dev/null; truth=$((-$2)) ;;
	esac || { result "not ok" "lab_clock"; return 1; }
	# wait, so that a reading that began before the step has ended
	usleep 200000
	looks after
	set -- $(lab_wall --step /tmp/before /tmp/after)
	between "$name: looks of 120 that found an offset" 60 "$(cat /tmp/before /tmp/after | wc -l)" 120
	say "# $name: step $1, rate $2 ppb, median error $3 ns; by PTP_SYS_OFFSET_PRECISE $4, off by $5"
	holds "$name: offset moved by ns" $truth "${1:-none}" 5
	below "$name: median error_ns" "${3:-none}" $error_max
	if [ -n "$PTP" ]; then
		holds "$name: PTP_SYS_OFFSET_PRECISE moved by ns" $truth "${4:-none}" 5
		holds "$name: PTP_SYS_OFFSET_PRECISE beside it, ns" 0 "${5:-none}" "$(calc "${3:-none} + 5")"
	fi
	RATE=$2
}

# size LIMIT: sets SIZE, a random size within the decade below LIMIT, of either sign
size() {
	random $(($1 - $1 / 10))
	sign=$((-sign))
	SIZE=$((sign * ($1 / 10 + RANDOM_NUMBER)))
}

# by_clocksource NAME
by_clocksource() {
	local clocksource=$1 base rate guest_by
	echo $1 >$cs/current_clocksource
	holds "$1: is the clocksource" 1 "$(grep -cx "$1" $cs/current_clocksource)" 0
	# the switch itself makes the kernel lose some time
	echo 1 >$T/reset
	echo 1 >$T/enabled
	sleep 4
	holds "$1: ptp-kvm/exact" 1 "$(figure ptp-kvm exact)" 0
	for range in 100 100000 10000000; do
		size $range
		set_by guest $SIZE
		guest_by=$SIZE
		size $range
		set_by host $SIZE
	done
	examine
	found wall-clock-set $guest_by 100000
	found host-wall-stepped $SIZE 100000
	nothing_else
	base=$RATE
	random 3
	# in 2^-16 ppm: some steps of the multiplier, which is 2^23, and half a step
	rate=$(awk -v n=$((sign * (1 + RANDOM_NUMBER))) 'BEGIN {
		unit = 65536e6 / 8388608
		printf "%d", (n < 0 ? n - 0.5 : n + 0.5) * unit }')
	adjtimex -q -f $rate >/dev/null || result "not ok" "adjtimex"
	sleep 3
	size 100000
	set_by "guest at $rate / 2^16 ppm" $SIZE
	holds "$1: guest at $rate / 2^16 ppm: rate ppb" "$(calc "$base + $rate * 1000 / 65536")" \
		"$RATE" 20
	adjtimex -q -f 0 >/dev/null
	on_host adjtimex -q -f $rate >/dev/null || result "not ok" "adjtimex"
	sleep 3
	size 100000
	set_by "host at $rate / 2^16 ppm" $SIZE
	holds "$1: host at $rate / 2^16 ppm: rate ppb" "$(calc "$base - $rate * 1000 / 65536")" \
		"$RATE" 20
	on_host adjtimex -q -f 0 >/dev/null
	echo 0 >$T/enabled
	no_steps kvm-clock monotonic-raw
	clean tsc kvm-clock monotonic-raw
}

guest() {
	local cs=/sys/devices/system/clocksource/clocksource0 sign=1 PTP='' was SIZE RATE
	local error_max=10 range
	. /lib/tscope/truth.sh
	. /lib/tscope/doctor.sh

	seed
	[ ! -e /lib/tscope/ptp_kvm.ko ] || insmod /lib/tscope/ptp_kvm.ko
	[ ! -e /dev/ptp0 ] || PTP=/dev/ptp0
	[ -n "$PTP" ] || skip "PTP_SYS_OFFSET_PRECISE" "there is no ptp_kvm for this kernel"
	tscope_load || return
	cat $T/period_us >$T/width_us
	was=$(cat $cs/current_clocksource)
	by_clocksource kvm-clock
	[ -n "$SHORT" ] || by_clocksource tsc
	echo $was >$cs/current_clocksource
	[ -z "$PTP" ] || rmmod ptp_kvm
	tscope_done
}
