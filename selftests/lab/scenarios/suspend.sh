# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash disable=SC2034,SC1091,SC2086,SC2016,SC2046
# DESCRIPTION: the guest goes through suspend to idle and to RAM, except their last step, while all is sampled
#
# pm_test puts devices to sleep for 2 s (the kernel spins that long: more can look like a lockup).
# For RAM CPU 1 is offline and timekeeping suspended as well, and only the firmware is not called.
# A full suspend is not tried: from suspend to idle the guest did not wake up by its RTC's alarm
# (once) nor by the power button (twice in three tries).
# In suspend to idle no clock stops. In suspend to RAM the guest's own clocks stop, while TSC,
# kvm-clock and host go on. The module begins a segment at resume. The kernel corrects the wall
# clock from the RTC, to a second.
ACCEL=nested

# through STATE: suspends and resumes; sets $slept, the ns that this took by the host's clock
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

# offset_forgotten: the age of ptp-kvm's offset would lack the time of a suspend
offset_forgotten() {
	local before after verdict="not ok"
	before=$(figure ptp-kvm offset_ns)
	echo core >/sys/power/pm_test
	through mem
	echo none >/sys/power/pm_test
	after=$(figure ptp-kvm offset_ns)
	[ "$before" = none ] || [ "$after" != none ] || verdict=ok
	result "$verdict" "ptp-kvm's offset_ns before a suspend: $before, after it: $after"
}

# devices_forgotten: at each resume the kernel sets the HPET to 0. The second time its last reading
# was low, as if it had run backward.
devices_forgotten() {
	local before
	if [ ! -e $T/hpet ]; then
		say "# there is no HPET"
		return
	fi
	echo 1 >$T/enabled
	echo core >/sys/power/pm_test
	through mem
	sleep 1
	through mem
	before=$(figure hpet samples)
	sleep 1
	echo none >/sys/power/pm_test
	echo 0 >$T/enabled
	clean hpet
	between "hpet readings after it" 1 "$(minus "$(figure hpet samples)" "$before")" -
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
	grep -q '\[deep\]' /sys/power/mem_sleep || result "not ok" "suspend to RAM is refused"
	through mem
	sleep 8
	echo 0 >$T/enabled
	echo none >/sys/power/pm_test
	wall_moved
	say_updates

	between "suspend to RAM: offset_ns moved by ns" -2000000000 $WALL_MOVED 2000000000
	# a segment begins at resume, so the time that the clocks lost is not reported as a step
	no_steps kvm-clock ptp-kvm monotonic-raw realtime
	clean tsc kvm-clock monotonic-raw
	# the kernel stops HPET's counter and sets it to 0
	[ ! -e $T/hpet ] || between "hpet steps" 0 "$(figure hpet steps)" 1
	skew kvm-clock "$(pvti_rate_ppb)"
	skew monotonic-raw "$(pvti_rate_ppb)"
	pair_holds tsc 0
	pair_holds kvm-clock 0
	devices_forgotten
	levels
	offset_forgotten
	tscope_done
}
