# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash disable=SC2034,SC1091,SC2086,SC2016,SC2046
# DESCRIPTION: the host goes from tsc to hpet and back while all is sampled: each change is reported, and the TSC is clean
#
# KVM drops its master clock at once, and updates all vCPUs. KVM uses a master clock again after
# it next checks its clocksource: here at a stop and cont, which also steps kvm-clock.
ACCEL=nested

host_clocksource() {
	on_host "echo $1 >/sys/devices/system/clocksource/clocksource0/current_clocksource
		cat /sys/devices/system/clocksource/clocksource0/current_clocksource"
}

# skews CLOCK: whether it reports a skew, 1 or 0
skews() {
	cat $T/$1/skew_ppb >/dev/null 2>&1
	echo $((!$?))
}

guest() {
	local updates errors steps stable
	. /lib/tscope/truth.sh
	. /lib/tscope/doctor.sh

	# shorter than the time without answers, so that ptp-kvm loses its skew
	tscope_load fit_window_s=3 || return
	trace_on step pvti_update || return
	cat $T/period_us >$T/width_us
	echo 1 >$T/enabled
	sleep 4
	pvti_known
	holds "on tsc: stable" 1 "$(figure kvm-clock stable)" 0
	holds "on tsc: updates" 0 "$(figure kvm-clock updates)" 0
	holds "on tsc: ptp-kvm errors" 0 "$(figure ptp-kvm errors)" 0
	holds "on tsc: ptp-kvm reports a skew" 1 "$(skews ptp-kvm)" 0

	say "# host on $(host_clocksource hpet)"
	sleep 4
	updates=$(figure kvm-clock updates)
	holds "on hpet: stable" 0 "$(figure kvm-clock stable)" 0
	between "on hpet: updates" 2 "$updates" -
	errors=$(figure ptp-kvm errors)
	between "on hpet: ptp-kvm errors" 1 "$errors" -
	holds "on hpet: ptp-kvm reports a skew" 0 "$(skews ptp-kvm)" 0
	# tsc/moving was seen once, hull +-0.7 us, when the host was on hpet and a compiler ran
	MOTION_NS=2000
	# the emulated host may have been stopped while KVM set a pvti (see no-master-clock)
	examine
	found no-master-clock
	most=$(figure kvm-clock step_max_ns)
	[ "${most#-}" -lt 10000000 ] || may_find time-stood-still
	nothing_else

	say "# host on $(host_clocksource tsc)"
	sleep 2
	stable=$(figure kvm-clock stable)
	say "# back on tsc: stable $stable, $(($(figure kvm-clock updates) - updates)) updates"
	on_host 'monitor stop; monitor cont' >/dev/null
	sleep 3
	holds "back on tsc, after a pause: stable" 1 "$(figure kvm-clock stable)" 0
	between "back on tsc, after a pause: updates" $((updates + 2)) "$(figure kvm-clock updates)" -
	errors=$(figure ptp-kvm errors)
	sleep 6
	holds "back on tsc: more ptp-kvm errors" 0 $(($(figure ptp-kvm errors) - errors)) 0
	holds "back on tsc: ptp-kvm reports a skew" 1 "$(skews ptp-kvm)" 0
	echo 0 >$T/enabled

	say_updates
	pvti_steps_hold
	kvm_steps_counted
	# while ptp-kvm gave no answers the host's wall clock ran on hpet, at that device's rate
	between "ptp-kvm steps" 0 "$(figure ptp-kvm steps)" 1
	say "# ptp-kvm's step: $(newest_step ptp-kvm)"
	clean tsc
	skew kvm-clock "$(pvti_rate_ppb)"
	pair_holds tsc 0
	pair_holds kvm-clock 0
	tscope_done
}
