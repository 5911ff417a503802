# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash disable=SC2034,SC1091,SC2086,SC2016,SC2046
# DESCRIPTION: both vCPUs share one busy host CPU: no false warp, and bounds that are wide and hold the truth
#
# The two never run at the same time, so a mailbox is milliseconds old when it is read.
ACCEL=nested

guest() {
	. /lib/tscope/truth.sh

	tscope_load || return
	cat $T/period_us >$T/width_us
	echo 1 >$T/enabled
	sleep 6
	rates_known
	say "# one CPU each: pair $(pair tsc)"
	# all threads of all QEMUs, and a loop beside them
	on_host 'for exe in /proc/[0-9]*/exe; do
			case $(readlink "$exe") in
			*qemu-system-x86_64) exe=${exe%/exe}; taskset -ap 1 "${exe#/proc/}" ;;
			esac
		done >/dev/null
		taskset 1 sh -c "while :; do :; done" >/dev/null 2>&1 &
		echo $! >/run/loop' || { say "# taskset failed"; return 1; }
	echo 1 >$T/reset
	sleep $((SHORT ? 10 : 20))
	echo 0 >$T/enabled
	on_host 'kill $(cat /run/loop)
		for exe in /proc/[0-9]*/exe; do
			case $(readlink "$exe") in
			*qemu-system-x86_64) exe=${exe%/exe}; taskset -ap 3 "${exe#/proc/}" ;;
			esac
		done >/dev/null'

	# else they were not overcommitted
	between "tsc pair bound ns" 10000 "$(pair tsc | cut -d' ' -f2)" -
	clean $(cat $T/clocks)
	no_steps kvm-clock ptp-kvm monotonic-raw realtime
	rates_hold
	tscope_done
}
