# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash disable=SC2034,SC1091,SC2086,SC2046
# DESCRIPTION: a CPU's TSC goes back by 15 s under its deadline timer: its pair still meets, and shows the offset
#
# A TSC deadline that was set before then lies 15 s ahead, so the CPU's timers do not expire for
# 15 s, while the CPU still handles all other interrupts.
ACCEL=nested
GUEST_CPU="-tsc-adjust"
GUEST_APPEND="tsc=reliable"
TIMEOUT=400

guest() {
	local khz seconds i=0 met0 truth_ns
	. /lib/tscope/truth.sh
	. /lib/tscope/doctor.sh

	seed
	insmod /lib/tscope/tsc_inject.ko || return
	# on CPU 0, because timers of this script would wake CPU 1
	taskset -p 1 $$ >/dev/null
	tscope_load || return
	khz=$(figure tsc khz)
	random 4
	seconds=$((14 + RANDOM_NUMBER))
	echo 1 >$T/enabled
	tsc_above 24
	sleep 4
	between "CPU 1 samples before (1)" 1 "$(cpu_field 1 2 | grep -c '^sampling$')" 1
	echo "1 $((-seconds * khz * 1000))" >/sys/module/tsc_inject/parameters/tsc ||
		{ result "not ok" "injection refused"; return 1; }
	pair_line tsc 0 1
	met0=$MEETINGS
	sleep 5
	pair_line tsc 0 1
	grep -v '^#' $TD/cpus 2>/dev/null | sed 's/^/# /' | to_channel
	# calls from CPU 0 wake the sampler that its timers do not wake
	between "meetings of the pair in 5 s" 3 "$(minus "$MEETINGS" "$met0")" -
	between "CPU 0 samples (1)" 1 "$(cpu_field 0 2 | grep -c '^sampling$')" 1
	# wait until no epoch that counts has a burst from before the move
	while [ "${MOVING:-1}" = 1 ] && [ $i -lt 30 ]; do
		usleep 200000
		i=$((i + 1))
		pair_line tsc 0 1
	done
	truth_ns=$(awk -v k="$khz" '$1 == 1 { printf "%.3f", $2 * 1e6 / k }' \
		/sys/module/tsc_inject/parameters/tsc)
	pair_line tsc 0 1
	holds "tsc pair offset ns" "$truth_ns" "$OFFSET" "$BOUND"
	below "tsc pair bound ns" "$BOUND" 50000
	below "tsc pair age ms" "$AGE_MS" 2500
	between "tsc backward" 1 "$(figure tsc backward)" 1
	finds tsc-offset "$truth_ns" 100000
	sleep $((seconds + 2))
	between "CPU 1 samples again (1)" 1 "$(cpu_field 1 2 | grep -c '^sampling$')" 1
	echo 0 >$T/enabled
	rmmod tsc_inject
	tscope_done
}
