# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash disable=SC2034,SC1091,SC2086,SC2046,SC2013,SC2044
# DESCRIPTION: flat out for long, with readers, bad writes, changes of parameters, hotplug and tracing at once: memory stays, counters grow, nothing false
#
# Environment (--env): SOAK_SECONDS (60), SEED.
TIMEOUT=$((${SOAK_SECONDS:-60} + 300))
# The emulated TSC gains while it is read all the time (see Documentation/lab.rst). The kernel
# would stop using it as clocksource, and monotonic-raw and realtime would then truly step.
GUEST_APPEND="tsc=reliable"

CS=/sys/devices/system/clocksource/clocksource0/current_clocksource
# the most that kernel memory may grow by, KiB
GROWN_MAX_KIB=1024

until_end() {
	while [ ! -e /tmp/end ]; do
		"$@"
	done >/dev/null 2>&1
}

# change: changes that lose no figures; they end with flat out sampling again
change() {
	echo 20000 >$T/period_us
	echo 5 >$T/burst_us
	echo 10 >$T/fit_window_s
	sleep 1
	echo 100 >$T/width_us
	echo 0 >$T/enabled
	echo 1 >$T/enabled
	echo 2000000000 >$T/width_us
	echo 10000 >$T/period_us
	echo 10 >$T/burst_us
	echo 60 >$T/fit_window_s
	cat $T/period_us >$T/width_us
	sleep 5
}

off_and_on() {
	echo 0 >/sys/devices/system/cpu/cpu1/online
	sleep 1
	echo 1 >/sys/devices/system/cpu/cpu1/online
	sleep 7
}

trace_read() {
	cat $TT/trace
	sleep 3
	trace_clear
}

# largest_step_ns CLOCK: of the newest violations, without sign
largest_step_ns() {
	awk -v c="$1" '$3 == "step" && $4 == c { s = $7 < 0 ? -$7 : $7; if (s > max) max = s }
		END { printf "%.0f", max }' $TD/violations
}

# changes: prints how often the kernel has changed its clocksource
changes() {
	dmesg | grep -c 'clocksource: Switched to clocksource'
}

# memory: prints amounts of kernel memory, KiB
memory() {
	awk '/^MemAvailable:/ { a = $2 } /^SUnreclaim:/ { s = $2 } /^VmallocUsed:/ { v = $2 }
		/^Percpu:/ { p = $2 } /^KernelStack:/ { k = $2 }
		END { print a, s, v, p, k }' /proc/meminfo
}

# each counter with its value
counters() {
	grep . $T/*/samples $T/*/rejected $T/*/backward $T/*/warps $T/*/steps $T/*/updates \
		$T/*/errors $T/*/stopped 2>/dev/null | tr : ' '
}

# grown COLUMN: growth from the second third of the run to the last, by the minimum of each,
# since open files take memory for a while (points 1.4 MB); for MemAvailable by the maximum
grown() {
	awk -v c="$1" '{ x[NR] = c == 1 ? -$c : $c } END {
		third = int(NR / 3)
		a = x[third + 1]
		b = x[NR]
		for (i = third + 1; i <= 2 * third; i++) if (x[i] < a) a = x[i]
		for (i = NR - third + 1; i <= NR; i++) if (x[i] < b) b = x[i]
		printf "%d", third < 3 ? 999999999 : b - a }' /tmp/memory
}

guest() {
	local began now said=0 fell=0 before after name pids='' fuzzer status source changes
	. /lib/tscope/truth.sh

	SOAK_SECONDS=${SOAK_SECONDS:-60}
	source=$(cat $CS) changes=$(changes)
	# the first use fills caches of the kernel
	tscope_load && rmmod tscope
	before=$(memory)
	tscope_load || return
	trace_on warp backward step pvti_update point window || return
	cat $T/period_us >$T/width_us
	echo 1 >$T/enabled
	sysfs_fuzz -R -s "${SEED:-1}" -t $SOAK_SECONDS -n 1000000000 -r 1 >/tmp/reads &
	fuzzer=$!
	until_end change &
	pids=$!
	until_end trace_read &
	pids="$pids $!"
	if [ -w /sys/devices/system/cpu/cpu1/online ]; then
		until_end off_and_on &
		pids="$pids $!"
	fi
	: >/tmp/memory
	counters >/tmp/counters
	began=$(cut -d. -f1 /proc/uptime)
	while :; do
		now=$(($(cut -d. -f1 /proc/uptime) - began))
		[ $now -lt $SOAK_SECONDS ] || [ $(wc -l </tmp/memory) -lt 12 ] || break
		sleep 1
		memory >>/tmp/memory
		counters >/tmp/now
		awk 'NR == FNR { was[$1] = $2; next } $2 < was[$1] { print "# " $1 " fell from " was[$1] " to " $2 }' \
			/tmp/counters /tmp/now >/tmp/fell
		[ ! -s /tmp/fell ] || { fell=$((fell + 1)); to_channel </tmp/fell; }
		mv /tmp/now /tmp/counters
		[ $((now / 20)) = $said ] || { said=$((now / 20)); say "# $now s: $(figure tsc samples) readings; KiB available, slab, vmalloc, percpu, stacks: $(tail -n 1 /tmp/memory)"; }
	done
	wait $fuzzer
	status=$?
	: >/tmp/end
	wait $pids
	tail -n 3 /tmp/reads | to_channel
	echo 1 >/sys/devices/system/cpu/cpu1/online 2>/dev/null
	echo 0 >$T/enabled

	holds "readers and writers that found something wrong" 0 $status 0
	holds "times that a counter fell" 0 $fell 0
	between "bad values that were refused" 100 \
		"$(sed -n 's/.* \([0-9]*\) refused, .*/\1/p' /tmp/reads)" -
	holds "alerts" 0 "$(cat $T/alerts)" 0
	# for the reader, if something was found
	tail -n 20 $TD/violations | sed 's/^/# /' | to_channel
	between "readings" 100000 "$(figure tsc samples)" -
	for name in $(cat $T/clocks); do
		[ "$name" = realtime ] || clean $name
		[ -e $T/$name/steps ] || continue
		case $name in
		monotonic-raw | realtime)
			# a change of the clocksource loses some time, which is a step
			between "$name steps" - "$(figure $name steps)" $(($(changes) - changes)) ;;
		acpi-pm | hpet)
			# the emulated TSC gains or jumps within a gap between their points (see
			# Documentation/lab.rst), which is a true step; a wrap that was missed is 4.7 s
			between "$name: largest step ns" 0 "$(largest_step_ns $name)" 1000000000 ;;
		*) no_steps $name ;;
		esac
	done
	dmesg | grep -i clocksource | tail -n 5 | sed 's/^/# /' | to_channel
	say "# clocksource $source at first, $(cat $CS) at the end"
	between "slab grew by KiB" - "$(grown 2)" $GROWN_MAX_KIB
	between "vmalloc grew by KiB" - "$(grown 3)" $GROWN_MAX_KIB
	between "percpu memory grew by KiB" - "$(grown 4)" 64
	between "kernel stacks grew by KiB" - "$(grown 5)" 64
	between "memory available fell by KiB" - "$(grown 1)" $((4 * GROWN_MAX_KIB))
	echo 0 >$TT/events/enable
	rmdir $TT
	# the figures are still right after all that
	cat $T/period_us >$T/width_us
	echo 1 >$T/reset
	echo 1 >$T/enabled
	sleep 10
	echo 0 >$T/enabled
	pair_holds tsc 0
	if [ -d $T/kvm-clock ]; then
		skew kvm-clock "$(pvti_rate_ppb)"
		pair_holds kvm-clock 0
	fi
	rmmod tscope || result "not ok" "rmmod"
	sleep 1
	after=$(memory)
	say "# KiB available, slab, vmalloc, percpu, stacks before: $before; after: $after"
	set -- $before $after
	# some 900 KiB after a minute as after an hour: the kernel keeps these cached
	between "slab left by KiB" - $(($7 - $2)) $((2 * GROWN_MAX_KIB))
	between "vmalloc left by KiB" - $(($8 - $3)) 512
	between "percpu memory left by KiB" - $(($9 - $4)) 64
	say "1..$COUNT"
	[ "$FAILED" = 0 ]
}
