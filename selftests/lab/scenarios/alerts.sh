# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash disable=SC2034,SC1091,SC2086,SC2046
# DESCRIPTION: a warp, a step and a drift beyond their limits: each is reported once an interval, by poll() and a uevent
#
# The drift is the use case of a monitor: "alert me once an hour if this guest drifts from its
# host by more than a limit". A program listens as a monitor would.
ACCEL=nested
# Without tsc=unstable the kernel would take the offset back. A TSC deadline would be missed by
# as much as the TSC is moved.
GUEST_APPEND="tsc=unstable lapic=notscdeadline"

HEARD=/tmp/heard

# listen: records alerts in $HEARD from now on
listen() {
	alert_wait 600 >$HEARD &
	listener=$!
	until grep -q ready $HEARD || ! kill -0 $listener; do
		usleep 50000
	done
}

# heard CLOCK CAUSE: prints the number of such uevents; time, size, CPU and peer of the first
heard() {
	grep "^uevent .*TSCOPE_CLOCK=$1 TSCOPE_CAUSE=$2 " $HEARD |
		sed 's/^uevent \([0-9]*\) .*TSCOPE_SIZE_[A-Z]*=\([0-9.-]*\) TSCOPE_CPU=\([0-9-]*\)\(.*TSCOPE_PEER=\([0-9]*\)\)*.*/\1 \2 \3 \5/' >/tmp/one
	echo "$(wc -l </tmp/one) $(head -n 1 /tmp/one)"
}

guest() {
	local cycles ns began listener sign=1 ppm base khz
	. /lib/tscope/truth.sh

	seed
	insmod /lib/tscope/tsc_inject.ko || return
	tscope_load || return
	cat $T/period_us >$T/width_us
	echo 3600 >$T/alert_interval_s
	echo 1 >$T/enabled
	sleep 4
	khz=$(cat $T/tsc/khz)
	base=$(figure ptp-kvm skew_ppb)
	holds "alerts of a quiet guest" 0 "$(cat $T/alerts)" 0

	# CPU 1 falls behind: it reads less than CPU 0 has shown
	listen
	# an offset longer than a busy host keeps a CPU away
	random 600000000
	cycles=$((600000000 + RANDOM_NUMBER))
	ns=$((cycles * 1000000 / khz))
	began=$(lab_clock)
	echo "1 -$cycles" >/sys/module/tsc_inject/parameters/adjust || return
	sleep 3
	# a second warp within the interval is not reported
	echo "1 $cycles" >/sys/module/tsc_inject/parameters/adjust || return
	sleep 1
	echo "1 -$cycles" >/sys/module/tsc_inject/parameters/adjust || return
	sleep 2
	echo "1 $cycles" >/sys/module/tsc_inject/parameters/adjust || return
	set -- $(heard tsc warp)
	between "uevents of warps within an interval" 1 "$1" 1
	between "a warp of $ns ns is reported after ns" 0 $((${2:-0} - ${began#* })) 1000000000
	# it is the first warp of a window, less the transit, which is long for an idle vCPU
	between "its size ns" $((ns / 2)) "${3:-none}" $ns
	holds "the CPU that is behind" 1 "${4:-none}" 0
	holds "its peer" 0 "${5:-none}" 0
	set -- $(grep ^poll $HEARD)
	between "poll() woke, and read" 1 "${2:-none}" 1
	between "poll() woke after ns" 0 $((${3:-0} - ${began#* })) 1000000000

	# a step of the wall clock: below the limit first, then beyond it
	echo 1000000 >$T/realtime/step_alert_ns
	lab_clock 500000
	sleep 2
	set -- $(heard realtime step)
	holds "uevents of a step below the limit" 0 "$1" 0
	random 50000000
	ns=$((2000000 + RANDOM_NUMBER))
	lab_clock $ns
	sleep 2
	set -- $(heard realtime step)
	holds "uevents of a step of $ns ns" 1 "$1" 0
	# no two steps lie within four points of each other, so the error is the brackets' width
	holds "its size ns" $ns "${3:-none}" $(($(figure realtime read_avg_ns) + 20000))

	# the host's clock drifts: once its whole interval is beyond the limit, there is one alert
	random 2 && [ $RANDOM_NUMBER = 0 ] && sign=-1
	random 200
	ppm=$((sign * (100 + RANDOM_NUMBER)))
	echo $((${ppm#-} * 500)) >$T/ptp-kvm/skew_alert_ppb
	sleep 2
	set -- $(heard ptp-kvm skew)
	holds "uevents while the host keeps time" 0 "$1" 0
	on_host "adjtimex -q -f $((ppm * 65536))" >/dev/null || return
	echo 1 >$T/reset
	sleep 8
	on_host "adjtimex -q -f 0" >/dev/null
	set -- $(heard ptp-kvm skew)
	holds "uevents of a host that is off by $ppm ppm" 1 "$1" 0
	holds "its size ppb" "$(calc "$ppm * 1000 + $base")" "${3:-none}" 2000
	# reset set the count to 0
	holds "alerts" 1 "$(cat $T/alerts)" 0
	kill $listener
	grep -v ready $HEARD | sed 's/^/# /' | to_channel
	echo 0 >$T/enabled
	rmmod tsc_inject
	tscope_done
}
