# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash disable=SC2034,SC1091,SC2086,SC2016,SC2046
# DESCRIPTION: the guest goes through suspend to idle and to RAM, but for their last step, while all is sampled
#
# By pm_test: for 2 s (the kernel spins for that long: more can be a lockup) devices are asleep;
# for RAM also CPU 1 is off and timekeeping suspended, and only the firmware is not called. The
# real thing is not tried: from suspend to idle the guest did not come back by its RTC's alarm
# (once) nor by the power button (twice of three).
# To idle no clock stops. To RAM the guest's own clocks stand still; TSC, kvm-clock and host
# go on. The module begins a segment at resume. The wall clock is put right by the RTC, to a
# second.
ACCEL=nested

# through STATE and back; $slept in ns by the host's clock
through() {
	local began samples
	began=$(on_host lab_clock)
	samples=$(figure tsc samples)
	echo "$1" >/sys/power/state || result "not ok" "$1 is refused"
	samples=$(($(figure tsc samples) - samples))
	slept=$(on_host lab_clock)
	slept=$((${slept% *} - ${began% *}))
	say "# $1: $slept ns by the host, $samples readings meanwhile"
}

# levels: sampling flat out goes on after each of the kernel's tests of suspend
levels() {
	local level before
	echo 1 >$T/enabled
	for level in freezer devices platform processors core; do
		echo $level >/sys/power/pm_test
		through mem
		before=$(figure tsc samples)
		sleep 1
		between "suspend to RAM up to $level: readings after it" 1000 \
			"$(minus "$(figure tsc samples)" "$before")" -
		between "suspend to RAM up to $level: CPUs that sample" 2 \
			"$(grep -c '^[01] sampling ' $TD/cpus)" 2
	done
	echo none >/sys/power/pm_test
	echo 0 >$T/enabled
}

guest() {
	local slept
	. /lib/tscope/truth.sh

	if [ ! -w /sys/power/state ] || [ ! -w /sys/power/pm_test ]; then
		skip "suspend" "this kernel has no /sys/power/state or no pm_test"
		say "1..$COUNT"
		return
	fi
	echo 2 >/sys/module/suspend/parameters/pm_test_delay
	tscope_load || return
	trace_on step pvti_update || return
	cat $T/period_us >$T/width_us
	echo 1 >$T/enabled
	sleep 4
	echo devices >/sys/power/pm_test
	through freeze
	between "suspend to idle took ns" 2000000000 $slept -
	sleep 2
	no_steps monotonic-raw

	wall_look
	echo core >/sys/power/pm_test
	echo deep >/sys/power/mem_sleep
	through mem
	sleep 8
	echo 0 >$T/enabled
	echo none >/sys/power/pm_test
	wall_moved
	say_updates

	between "suspend to RAM: offset_ns moved by ns" -2000000000 $WALL_MOVED 2000000000
	# a segment begins at resume, so what the clocks lost meanwhile is no step
	no_steps kvm-clock ptp-kvm monotonic-raw realtime
	clean tsc kvm-clock monotonic-raw
	# the kernel stops HPET's counter and sets it to 0
	[ ! -e $T/hpet ] || between "hpet steps" 0 "$(figure hpet steps)" 1
	skew kvm-clock "$(pvti_rate_ppb)"
	skew monotonic-raw "$(pvti_rate_ppb)"
	pair_holds tsc 0
	pair_holds kvm-clock 0
	levels
	tscope_done
}
