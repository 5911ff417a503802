# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash disable=SC2034,SC1091,SC2086,SC2046
# DESCRIPTION: how much CPU time tscope takes, and for how long interrupts are off, in a guest whose time is counted in instructions
#
# The lab's other guests lose the CPU whenever other processes want it, and that time would be
# counted as tscope's. Here an instruction takes 1 ns, whatever else the machine does, so these
# are figures of the code. There is one CPU, as QEMU would share such time between CPUs.
ACCEL=tcg
GUEST_SMP=1
GUEST_ICOUNT=0
GUEST_APPEND="tsc=reliable"

F=/sys/kernel/tracing

# longest BURST_US: the longest burst in us, the number of bursts, and the shortest call of an
# almost empty function. The function graph tracer measures them; its overhead is in both.
longest() {
	echo $1 >$T/burst_us
	echo >$F/trace
	echo 1 >$T/enabled
	sleep 3
	echo 0 >$T/enabled
	awk '!/^#/ { for (i = 3; i <= NF; i++)
			if ($(i - 1) == "us" && $i == "|") { us = $(i - 2); name = $(i + 1) }
		if (name == "tscope_burst") { n++; if (us + 0 > max) max = us }
		if (name ~ /^tscope_clock_count/ && (!min || us + 0 < min)) min = us
		name = ""
	} END { print n ? max : "none", n + 0, min ? min : "none" }' $F/trace
}

guest() {
	local burst
	. /lib/tscope/truth.sh
	. /lib/tscope/measure.sh

	tscope_load || return
	echo 1 >$T/enabled
	sleep 1
	set -- $(sampler_used 20 0)
	below "CPU time of the leader at the defaults, %" "$1" 0.15
	below "its wake-ups a second" "$2" 20.5
	say "# $(cat $T/tsc/samples) readings in 21 s; clocks $(cat $T/clocks)"
	echo 0 >$T/enabled
	# kthread_stop() doesn't wait until the thread has left /proc
	sleep 1
	between "threads while off" - "$(cat /proc/[0-9]*/comm | grep -c ^tscope/)" 0

	# enough bursts of each length
	echo 10000 >$T/period_us && echo 1000 >$T/width_us || return
	echo 8192 >$F/buffer_size_kb
	echo tscope_burst tscope_clock_count >$F/set_ftrace_filter || return
	echo function_graph >$F/current_tracer || return
	for burst in 1 10 100; do
		set -- $(longest $burst)
		say "# the longest of $2 bursts took $1 us, an almost empty function $3 us"
		# one reading more is allowed, some 60 instructions, and the code around the loop
		below "interrupts off for us, burst_us $burst" "$(calc "$1 - $3")" \
			"$(calc "$burst + 0.3")"
		[ "$2" -gt 100 ] || result "not ok" "only $2 bursts were traced"
	done
	echo nop >$F/current_tracer
	echo >$F/set_ftrace_filter
	tscope_done
}
