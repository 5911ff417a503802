# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash disable=SC2034
# DESCRIPTION: PREEMPT_RT: no lock that sleeps is taken with interrupts or preemption off
#
# On PREEMPT_RT spinlock_t and mutexes sleep. The kernel only complains about one
# that is taken in the wrong context if it is contended, and that is rare. So every
# such lock that the samplers take, or a shell that uses all controls and files, is
# traced with its context. Emulation fails where code is patched that another CPU
# may be running, so the tracer is switched while there is one CPU.
TIMEOUT=300

T=/sys/kernel/tscope
TD=/sys/kernel/debug/tscope
TRACE=/sys/kernel/tracing/instances/rt-locks
LOCKS="rt_spin_lock rt_spin_trylock rt_read_lock rt_write_lock mutex_lock mutex_lock_interruptible
	rt_mutex_lock down_read down_write"
CPU1=/sys/devices/system/cpu/cpu1/online

# with_one_cpu COMMAND...
with_one_cpu() {
	local status
	[ ! -e $CPU1 ] || echo 0 >$CPU1
	"$@"
	status=$?
	[ ! -e $CPU1 ] || echo 1 >$CPU1
	return $status
}

tracer_on() {
	mkdir "$TRACE" && echo 4096 >"$TRACE/buffer_size_kb" || return
	for lock in $LOCKS; do
		echo "$lock" >>"$TRACE/set_ftrace_filter"
	done 2>/dev/null
	echo 1 >"$TRACE/options/function-fork"
	echo 0 >"$TRACE/tracing_on"
	echo function >"$TRACE/current_tracer"
}

tracer_off() {
	echo nop >"$TRACE/current_tracer"
	rmdir "$TRACE"
}

# the pids of the samplers; a CPU that comes online has a new one
trace_samplers() {
	local comm pid name
	for comm in /proc/[0-9]*/comm; do
		read -r name <"$comm" || continue
		case $name in tscope/*) ;; *) continue ;; esac
		pid=${comm#/proc/}
		echo "${pid%/comm}" >>"$TRACE/set_ftrace_pid"
	done 2>/dev/null
}

# everything that takes a lock: points, alerts, steps, controls, all files
use_all() {
	local clock round
	for clock in "$T"/*/step_alert_ns; do
		echo 1 >"$clock"
	done
	for round in 1 2 3; do
		trace_samplers
		sleep 1
		# realtime steps, and comes back
		date -s "@$(($(date +%s) + 100 - 200 * (round % 2)))" >/dev/null
		sleep 1
		find "$T" "$TD" -type f -exec cat {} + >/dev/null 2>&1
		echo $((round % 2 * 10000 + 10000)) >"$T/period_us"
		trace_samplers
		sleep 1
		echo 1 >"$T/reset"
	done
	echo 0 >"$T/enabled"
}

# judge: prints the lines of the trace in which a lock was taken in the wrong context. The
# heading names the columns of the state, which differ between kernels. On some kernels the
# tracer itself adds to the depth: the least depth that is seen counts as 0.
judge() {
	awk '/^#/ {
		if (/=>/) columns++
		if (/=> *preempt-depth/) column = columns
		next
	}
	{
		for (i = 2; i < NF && $i !~ /^\[[0-9]+\]$/; i++);
		state = $(i + 1); depth = substr(state, column, 1)
		if (depth == ".") depth = 0
		line[++n] = $0; irqs[n] = substr(state, 1, 1); at[n] = depth
		if (n == 1 || depth < least) least = depth
	}
	END {
		if (n && !column) print "the heading has no preempt-depth"
		for (i = 1; i <= n; i++)
			if (irqs[i] ~ /[dD]/ || at[i] > least) print line[i]
	}' "$1"
}

guest() {
	local samplers

	if [ "$(cat /sys/kernel/realtime 2>/dev/null)" != 1 ]; then
		say "ok 1 rt-locks # SKIP this kernel is not PREEMPT_RT"
		return
	fi
	insmod /lib/tscope/tscope.ko enable=1 && with_one_cpu tracer_on || return
	echo $$ >"$TRACE/set_ftrace_pid"
	echo 1 >"$TRACE/tracing_on"
	use_all
	echo 0 >"$TRACE/tracing_on"
	cat "$TRACE/trace" >/run/rt-locks
	with_one_cpu tracer_off
	rmmod tscope || return

	samplers=$(grep -c '^ *tscope/' /run/rt-locks)
	judge /run/rt-locks >/run/rt-locks.bad
	say "# rt-locks: $(grep -vc '^#' /run/rt-locks) locks taken, $samplers of them by samplers, $(wc -l </run/rt-locks.bad) of them wrong"
	head -n 10 /run/rt-locks.bad | sed 's/^/# /' | to_channel
	if [ "$samplers" -gt 0 ] && [ ! -s /run/rt-locks.bad ]; then
		say "ok 1 rt-locks"
		return
	fi
	say "not ok 1 rt-locks"
	return 1
}
