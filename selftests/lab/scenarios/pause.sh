# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash disable=SC2034,SC1091,SC2086,SC2016,SC2046
# DESCRIPTION: the guest is stopped and continued: kvm-clock steps back by the time it missed, nothing warps
#
# QEMU sets kvm-clock at "cont" to its value at "stop", while TSC and host go on. So kvm-clock
# steps back against the TSC by the length of the pause. The host measures that by its wall
# clock, to within the duration of the monitor's commands. The time by which the guest's wall
# clock fell behind the host's, by ptp-kvm, is a second measurement of it.
ACCEL=nested

# pause SECONDS [off]: off: nothing samples from before the pause until after it
pause() {
	local step error_max=10000
	[ -z "$2" ] || error_max=1000000
	wall_look
	[ -z "$2" ] || echo 0 >$T/enabled
	set -- "$1" $(on_host "lab_clock; monitor stop; lab_clock; sleep $1; lab_clock; monitor cont; lab_clock" | cut -d' ' -f1)
	echo 1 >$T/enabled
	sleep 3
	pauses=$((pauses + 1))
	wall_moved
	step=$(figure kvm-clock step_last_ns)
	between "pause of $1 s: kvm-clock's step back ns" $(($4 - $3)) $((-step)) $(($5 - $2))
	holds "pause of $1 s: against the move of offset_ns" $WALL_MOVED "$step" \
		$WALL_MOVED_ERROR
	set -- "$1" $(newest_step monotonic-raw)
	holds "pause of $1 s: monotonic-raw's step ns" "$step" "${2:-none}" "${3:-none}"
	below "pause of $1 s: its error ns" "${3:-none}" $error_max
	set -- "$1" $(newest_step realtime)
	holds "pause of $1 s: realtime's step ns" "$step" "${2:-none}" "${3:-none}"
	below "pause of $1 s: its error ns" "${3:-none}" $error_max
	holds "kvm-clock steps" $pauses "$(figure kvm-clock steps)" 0
	examine
	found guest-stopped "$((-step))" 1000
	nothing_else
}

guest() {
	local pauses=0 range ranges="300 1500 20000"
	. /lib/tscope/truth.sh
	. /lib/tscope/doctor.sh

	seed
	tscope_load || return
	trace_on step pvti_update || return
	cat $T/period_us >$T/width_us
	echo 1 >$T/enabled
	sleep 8
	rates_known
	pvti_known

	# a random length of up to each
	[ -z "$SHORT" ] || ranges="300 1500"
	for range in $ranges; do
		random $((range * 2 / 3))
		RANDOM_NUMBER=$((range / 3 + RANDOM_NUMBER))
		pause $((RANDOM_NUMBER / 1000)).$(printf %03d $((RANDOM_NUMBER % 1000)))
	done
	[ -n "$SHORT" ] || pause 1.234 off
	sleep 7
	echo 0 >$T/enabled

	clean tsc kvm-clock monotonic-raw
	no_steps ptp-kvm
	between "GUEST_STOPPED seen" "$(raised)" "$(figure kvm-clock stopped)" $pauses
	steps_kept
	say_updates
	pvti_steps_hold
	between "updates" $((2 * pauses)) "$(figure kvm-clock updates)" -
	rates_hold
	tscope_done
}
