# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash disable=SC2034,SC1091,SC2086,SC2016,SC2046
# DESCRIPTION: the guest is busy with loops, forks and writes: every interval still holds the truth
#
# The default width comes first, as that is how tscope runs on busy machines.
ACCEL=nested

# The load is loops, writes, system calls, timers and some forks. With forks and 1 ms timers at
# full speed the guest vanished once, with nothing on its console, for an unknown reason.
busy() {
	while :; do :; done &
	while :; do :; done &
	dd if=/dev/zero of=/dev/null bs=4k &
	while :; do dd if=/dev/urandom of=/tmp/busy bs=64k count=64 2>/dev/null; done &
	while :; do usleep 10000; done &
}

hold() {
	clean $(cat $T/clocks)
	no_steps kvm-clock ptp-kvm monotonic-raw realtime
	rates_hold
}

guest() {
	. /lib/tscope/truth.sh
	. /lib/tscope/doctor.sh

	tscope_load || return
	echo 1 >$T/enabled
	sleep 8
	echo 0 >$T/enabled
	rates_known
	say "# idle: ptp-kvm $PTP_RATE +- $PTP_RATE_ERROR ppb"

	busy
	echo 1 >$T/reset
	echo 1 >$T/enabled
	sleep $((SHORT ? 8 : 15))
	echo 0 >$T/enabled
	say "# busy, windows of $(cat $T/width_us) us"
	hold
	echo 1 >$T/reset
	cat $T/period_us >$T/width_us
	echo 1 >$T/enabled
	sleep $((SHORT ? 8 : 12))
	echo 0 >$T/enabled
	say "# busy, all the time"
	hold
	finds_none host-drift
	# shellcheck disable=SC2046
	kill $(jobs -p) 2>/dev/null
	tscope_done
}
