# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash disable=SC2034,SC1091,SC2086,SC2016,SC2046
# DESCRIPTION: both vCPUs share one busy host CPU: no false warp; the pair is unmet, or its wide bound holds the truth
#
# The two never run at the same time, so a mailbox is milliseconds old when it is read, and no
# burst of ordinary length has an answer.
ACCEL=nested

guest() {
	local clock

	. /lib/tscope/truth.sh
	. /lib/tscope/doctor.sh

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
	sleep $((SHORT ? 8 : 18))
	examine -d 2
	found noisy-host
	nothing_else
	echo 0 >$T/enabled
	on_host 'kill $(cat /run/loop)
		for exe in /proc/[0-9]*/exe; do
			case $(readlink "$exe") in
			*qemu-system-x86_64) exe=${exe%/exe}; taskset -ap 3 "${exe#/proc/}" ;;
			esac
		done >/dev/null'

	for clock in tsc kvm-clock; do
		pair_line $clock 0 1
		if [ $OFFSET = - ]; then
			holds "$clock unmet" 1 "$(figure $clock unmet)" 0
			continue
		fi
		# a narrower bound shows that the vCPUs were not overcommitted
		between "$clock pair bound ns" 10000 $BOUND -
		pair_holds $clock 0
	done
	clean $(cat $T/clocks)
	no_steps kvm-clock ptp-kvm monotonic-raw realtime
	skews_hold
	tscope_done
}
