# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash disable=SC2034,SC1091,SC2086,SC2046
# DESCRIPTION: a real-time task keeps a CPU to itself while all is sampled: doctor names the CPU, and since when
#
# Sampling is flat out. Otherwise a CPU also samples when another CPU calls it, which this task
# can't prevent. Flat out the emulated TSC may gain on all other clocks, or jump ahead of them
# (lab.rst), and doctor may say so.
ACCEL=tcg
GUEST_APPEND="tsc=reliable"

FAIR=/sys/kernel/debug/sched/fair_server/cpu1/runtime

guest() {
	local began limit rt=/proc/sys/kernel/sched_rt_runtime_us was fair
	. /lib/tscope/truth.sh
	. /lib/tscope/doctor.sh

	tscope_load || return
	cat $T/period_us >$T/width_us
	echo 1 >$T/enabled
	taskset -p 1 $$ >/dev/null
	sleep 3
	was=$(cat $rt)
	echo -1 >$rt
	# since Linux 6.12 a server gives other tasks a share of the CPU
	fair=$(cat $FAIR 2>/dev/null)
	[ -z "$fair" ] || echo 0 >$FAIR
	: >/tmp/states
	began=$(cut -d' ' -f1 /proc/uptime)
	lab_hog 1 12 &
	while [ $(wc -l </tmp/states) -lt 30 ]; do
		awk '$1 == 1' $TD/cpus >>/tmp/states
		usleep 100000
	done
	limit=$((3 * $(cat $T/period_us) / 1000 + 1000))
	holds "states of CPU 1 that do not fit its age" 0 \
		"$(awk -v l=$limit '$2 != ($8 > l ? "late" : "sampling")' /tmp/states | wc -l)" 0
	between "times that it was sampling" 1 "$(grep -c ' sampling ' /tmp/states)" -
	between "times that it was late" 1 "$(grep -c ' late ' /tmp/states)" -
	sleep 3
	examine
	may_find tsc-frequency tsc-jumped clock-stopped
	found cpu-silent "4..$(calc "$(cut -d" " -f1 /proc/uptime) - $began")" 0.1
	nothing_else
	# nothing is known of the pair for longer than two of its turns
	holds "tsc unmet" 1 "$(figure tsc unmet)" 0
	holds "tsc/offset can be read" 0 $(($(figure tsc offset | grep -vc none))) 0
	between "it is CPU 1 (1)" 1 "$(grep -c '"id": "cpu-silent".*"cpus": \[ 1 \]' /tmp/doctor.json)" 1
	wait
	echo $was >$rt
	[ -z "$fair" ] || echo $fair >$FAIR
	sleep 2
	examine
	holds "doctor: cpu-silent has ended" 0 "$(grep -c '^cpu-silent ' $FINDINGS)" 0
	holds "tsc unmet after it" 0 "$(figure tsc unmet)" 0
	holds "tsc/offset can be read after it" 1 $(($(figure tsc offset | grep -vc none))) 0
	echo 0 >$T/enabled
	tscope_done
}
