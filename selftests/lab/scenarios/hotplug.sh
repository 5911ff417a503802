# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash disable=SC2034,SC1091,SC2086,SC2016,SC2046
# DESCRIPTION: CPU 1 goes offline and online 20 times while all is sampled: no figure is lost or wrong
ACCEL=nested
TIMEOUT=600

# changes N: CPU 1 goes offline and online N times while parameters change
changes() {
	local i=0 n failed=0
	: >/tmp/failed
	(
		while [ ! -e /tmp/stop ]; do
			# each value is within the limits that the others set, in any order
			echo 1000 >$T/width_us && echo 20000 >$T/period_us &&
				echo 20000 >$T/width_us && echo 50000 >$T/period_us &&
				echo 50000 >$T/width_us || echo failed >>/tmp/failed
		done
	) &
	while [ $i -lt "$1" ]; do
		i=$((i + 1))
		echo 0 >$cpu1 && echo 1 >$cpu1 || failed=$((failed + 1))
	done
	touch /tmp/stop
	wait
	between "CPU 1 $1 times offline and online during changes: failures" 0 $failed 0
	between "writes during it that failed" 0 "$(awk "END { print NR }" /tmp/failed /dev/null)" 0
	n=$(figure tsc samples)
	sleep 1
	between "readings after it" 1000 "$(minus "$(figure tsc samples)" "$n")" -
	between "CPUs that sample after it" 2 "$(grep -c '^[01] sampling ' $TD/cpus)" 2
}

guest() {
	local i=0 cpu1=/sys/devices/system/cpu/cpu1/online before less=0 c n times=20
	. /lib/tscope/truth.sh
	. /lib/tscope/doctor.sh

	tscope_load || return
	trace_on step pvti_update || return
	cat $T/period_us >$T/width_us
	echo 1 >$T/enabled
	wall_right
	sleep 3
	before=$(figure tsc samples)
	[ -z "$SHORT" ] || times=10
	while [ $i -lt $times ]; do
		i=$((i + 1))
		echo 0 >$cpu1 || { result "not ok" "CPU 1 does not go offline"; break; }
		n=$(figure tsc samples)
		[ "$n" -ge "$before" ] || less=$((less + 1))
		before=$n
		usleep 200000
		echo 1 >$cpu1 || { result "not ok" "CPU 1 does not come online"; break; }
		usleep 200000
		n=$(figure tsc samples)
		[ "$n" -gt "$before" ] || less=$((less + 1))
		before=$n
	done
	say "# $i times offline and online, $before readings"
	sleep 5
	echo 0 >$T/enabled

	holds "times that samples did not grow" 0 $less 0
	for c in tsc kvm-clock monotonic-raw; do
		clean $c
	done
	no_steps ptp-kvm monotonic-raw realtime
	# if KVM's synchronisation had set a TSC, kvm-clock would step against it
	say "# $(figure kvm-clock updates) updates; kvm-clock's largest step $(figure kvm-clock step_max_ns) ns"
	no_steps kvm-clock
	skew kvm-clock "$(pvti_rate_ppb)"
	skew monotonic-raw "$(pvti_rate_ppb)"
	pair_holds tsc 0
	pair_holds kvm-clock 0
	echo 1 >$T/enabled
	if [ -n "$SHORT" ]; then changes 10; else changes 200; fi
	finds_none
	echo 0 >$T/enabled
	tscope_done
}
