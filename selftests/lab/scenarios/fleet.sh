# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash disable=SC2034,SC1091,SC2086,SC2046
# DESCRIPTION: metrics for Prometheus, before and after a CPU's TSC was moved and the wall clock was set
#
# The part fleet of make check-all has Prometheus read both: each line of them is on the channel, after
# "# before: " or "# after: ".
ACCEL=nested
# Without tsc=unstable the kernel would take the offset back. A TSC deadline would be
# missed by as much as the TSC is moved.
GUEST_APPEND="tsc=unstable lapic=notscdeadline"

# metrics NAME: writes them to /tmp/NAME.prom, and to the channel
metrics() {
	/lib/tscope/tscope metrics --textfile /tmp/$1.prom 2>&1 | sed "s/^/# $1, message: /" | to_channel
	sed "s/^/# $1: /" /tmp/$1.prom | to_channel
}

# metric FILE SERIES: its value, or none
metric() {
	awk -v s="$2" '$1 == s { print $2; n = 1 } END { if (!n) print "none" }' /tmp/$1.prom
}

guest() {
	local cycles step khz offset_s
	. /lib/tscope/truth.sh
	. /lib/tscope/doctor.sh

	seed
	insmod /lib/tscope/tsc_inject.ko || return
	tscope_load || return
	cat $T/period_us >$T/width_us
	echo 1 >$T/enabled
	sleep 2
	wall_right
	sleep 10
	metrics before
	echo 0 >$T/enabled

	# 1 to 3 million cycles, and 1 to 3 s
	random 2000000
	cycles=$((1000000 + RANDOM_NUMBER))
	random 2000000000
	step=$((1000000000 + RANDOM_NUMBER))
	echo "1 $cycles" >/sys/module/tsc_inject/parameters/adjust ||
		{ result "not ok" "injection refused"; return 1; }
	echo 1 >$T/reset
	echo 1 >$T/enabled
	sleep 4
	lab_clock $step || result "not ok" "lab_clock"
	sleep 6
	metrics after
	echo 0 >$T/enabled
	echo "1 $((-cycles))" >/sys/module/tsc_inject/parameters/adjust
	lab_clock $((-step))
	rmmod tsc_inject

	khz=$(figure tsc khz)
	holds "before: sampling" 1 "$(metric before tscope_sampling)" 0
	holds "before: warps of tsc" 0 "$(metric before 'tscope_clock_warps_total{clock="tsc"}')" 0
	holds "before: offset of the wall clock, s" 0 "$(metric before tscope_host_offset_seconds)" 0.001
	holds "hertz of the TSC" $khz"000" "$(metric after tscope_tsc_frequency_hertz)" 0
	offset_s=$(awk -v c=$cycles -v k="$khz" 'BEGIN { printf "%.9f", c / k / 1000 }')
	holds "after: offset of CPU 1's TSC, s" $offset_s \
		"$(metric after 'tscope_clock_pair_offset_seconds{clock="tsc"}')" \
		"$(metric after 'tscope_clock_pair_offset_error_seconds{clock="tsc"}')"
	between "after: warps of tsc" 1 "$(metric after 'tscope_clock_warps_total{clock="tsc"}')" -
	holds "after: steps of realtime" 1 "$(metric after 'tscope_clock_steps_total{clock="realtime"}')" 0
	holds "after: step of realtime, s" "$(awk -v n=$step 'BEGIN { printf "%.9f", n / 1e9 }')" \
		"$(metric after 'tscope_clock_last_step_seconds{clock="realtime"}')" \
		"$(metric after 'tscope_clock_step_error_seconds{clock="realtime"}')"
	holds "after: age of that step, s" 12 "$(metric after 'tscope_clock_last_step_age_seconds{clock="realtime"}')" 8
	tscope_done
}
