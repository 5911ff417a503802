# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash disable=SC2034,SC1091,SC2086,SC2046,SC2016
# DESCRIPTION: vCPUs run before the host sets kvm-clock: it has gone on in the pause, and is then set back
#
# The shim of the host's QEMU (shim/kvmclock_set.c) sets kvm-clock some 100 ms after the vCPUs of a
# paused guest run again. Until then kvm-clock shows the time of the pause, as the TSC does: so
# there is one step, back by the pause and the delay, and each CPU reads kvm-clock backward once.
ACCEL=nested
TIMEOUT=300

# own_steps: the steps of CPU 0's page, rounding left out
own_steps() {
	traced pvti_update | awk '$2 == 0 && ($4 > 1 || $4 < -1) { print $4 }'
}

guest() {
	local late low high
	. /lib/tscope/truth.sh

	seed
	tscope_load || return
	trace_on step pvti_update || return
	# flat out: both CPUs read kvm-clock all the time, and no timer has to expire for that
	cat $T/period_us >$T/width_us
	echo 1 >$T/enabled
	sleep 5
	pvti_known

	random 400
	late=$((300 + RANDOM_NUMBER))
	set -- $(on_host "lab_clock; monitor stop; sleep 1; echo $late >/run/kvmclock_late; monitor cont; n=0; while [ -e /run/kvmclock_late ] && [ \$n -lt 1000 ]; do usleep 10000; n=\$((n + 1)); done; lab_clock; ls /run/kvmclock_late 2>/dev/null")
	[ $# = 4 ] || { result "not ok" "the shim did not set kvm-clock: $*"; return 1; }
	low=$(($2 - $4 - 1000000)) high=$(((1000 + late) * -1000000))
	# until kvm-clock has caught up
	on_host sleep 4
	sleep 2
	say "# set $late ms late, after a pause of 1 s"
	say_updates
	set -- $(own_steps)
	holds "steps of CPU 0's kvm-clock" 1 $# 0
	between "kvm-clock's step ns" $low ${1:-none} $high
	pvti_steps_hold
	kvm_steps_counted
	holds "kvm-clock backward, each CPU once" 2 "$(figure kvm-clock backward)" 0
	between "the largest of these ns" $((-high)) "$(figure kvm-clock backward_max_ns)" $((-low))
	between "GUEST_STOPPED seen" "$(raised)" "$(figure kvm-clock stopped)" 1
	echo 0 >$T/enabled
	clean tsc
	pair_holds kvm-clock 0
	pair_holds tsc 0
	tscope_done
}
