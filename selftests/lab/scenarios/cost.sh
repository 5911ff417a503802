# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash disable=SC2034,SC1091,SC2086,SC2046
# DESCRIPTION: what tscope takes of a CPU, and for how long interrupts are off, in a guest whose time is counted in instructions
#
# Elsewhere the lab's guests lose the CPU whenever others want it, and the time of that would be
# counted as tscope's. Here an instruction is 1 ns, whatever else the machine does, so these
# are figures of the code. One CPU: QEMU shares such time between CPUs.
ACCEL=tcg
GUEST_SMP=1
GUEST_ICOUNT=0
GUEST_APPEND="tsc=reliable"

F=/sys/kernel/tracing

# ns of CPU time of the sampler so far
cpu_time() {
	local p name ns more
	for p in /proc/[0-9]*; do
		read -r name <$p/comm 2>/dev/null || continue
		[ "$name" = tscope/0 ] || continue
		read -r ns more <$p/schedstat
		echo $ns
		return
	done
	echo none
}

# cpu_used SECONDS: percent of the CPU that the sampler took
cpu_used() {
	local before start end
	sleep 1
	before=$(cpu_time)
	read -r start end </proc/uptime
	sleep $1
	set -- "$(cpu_time)"
	read -r end more </proc/uptime
	awk -v a="$before" -v b="$1" -v s="$start" -v e="$end" 'BEGIN {
		if (a == "none" || b == "none") print "none"
		else printf "%.3f\n", (b - a) / 1e7 / (e - s) }'
}

# longest BURST_US: the longest of the bursts in us, their number, and the least that a call
# of next to nothing takes: by the function graph tracer, whose own time is in both
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

	tscope_load || return
	echo 1 >$T/enabled
	below "CPU time at the defaults, %" "$(cpu_used 20)" 1
	say "# $(cat $T/tsc/samples) readings in 21 s; clocks $(cat $T/clocks)"
	echo 0 >$T/enabled
	# kthread_stop() doesn't wait until the thread has left /proc
	sleep 1
	between "threads while off" - "$(cat /proc/[0-9]*/comm | grep -c ^tscope/)" 0

	echo 8192 >$F/buffer_size_kb
	echo tscope_burst tscope_clock_count >$F/set_ftrace_filter || return
	echo function_graph >$F/current_tracer || return
	for burst in 1 10 100; do
		set -- $(longest $burst)
		say "# of $2 bursts the longest call took $1 us, one of next to nothing $3 us"
		# and one reading, which is some 60 instructions, and what is around the loop
		below "interrupts off for us, burst_us $burst" "$(calc "$1 - $3")" \
			"$(calc "$burst + 0.3")"
		[ "$2" -gt 100 ] || result "not ok" "only $2 bursts were traced"
	done
	echo nop >$F/current_tracer
	echo >$F/set_ftrace_filter
	tscope_done
}
