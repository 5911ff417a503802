# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash disable=SC2034,SC1091,SC2046,SC2086
# DESCRIPTION: two of four CPUs go offline together: they are no pair, and do not hide the others
#
# Two CPUs that stop within one slot have that last slot in common, and no newer one replaces it.
# The emulated TSCs are in step; four vCPUs on two real CPUs need slots of some seconds to meet.
ACCEL=tcg
GUEST_SMP=4
GUEST_APPEND="tsc=reliable"

# tsc_pairs CPU-PATTERN: prints how many pairs of two CPUs that match have met
tsc_pairs() {
	awk -v cpus="^$1\$" '$1 == "tsc" && $2 ~ cpus && $3 ~ cpus && $4 != "-" { n++ } END { print n + 0 }' $TD/pairs
}

guest() {
	local cpu i=0
	. /lib/tscope/truth.sh

	tscope_load period_us=200000 width_us=40000 burst_us=5 || return
	echo 1 >$T/enabled
	sleep 12
	holds "pairs of four CPUs" 6 "$(tsc_pairs '[0-3]')" 0
	for cpu in 3 2; do
		echo 0 >/sys/devices/system/cpu/cpu$cpu/online
	done
	holds "pairs of the two that are gone" 0 "$(grep -cE '^tsc [0-3] [23] ' $TD/pairs)" 0
	while [ "$(figure tsc offset_max_ns)" = none ] && [ $i -lt 20 ]; do
		i=$((i + 1))
		usleep 500000
	done
	holds "tsc offset ns of the two that stay" 0 "$(figure tsc offset_max_ns)" "$(figure tsc offset_bound_ns)"
	holds "pairs of the two that stay" 1 "$(tsc_pairs '[01]')" 0
	for cpu in 2 3; do
		echo 1 >/sys/devices/system/cpu/cpu$cpu/online
	done
	sleep 12
	holds "pairs of four CPUs again" 6 "$(tsc_pairs '[0-3]')" 0
	echo 0 >$T/enabled
	holds "tsc largest offset ns" 0 "$(figure tsc offset_max_ns)" "$(figure tsc offset_bound_ns)"
	clean tsc
	tscope_done
}
