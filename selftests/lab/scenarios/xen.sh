# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash disable=SC2034,SC1091,SC2086,SC2046
# DESCRIPTION: Xen's dom0: each step is the difference of two of a vCPU's pages, the pair's hull is the difference between the vCPUs' pages, Xen's wall clock is not set, CPUs come and go, 20 unloads while it samples
#
# Xen in emulation has no stable clock: about once a second it gives each vCPU's page another
# multiplier and a step of up to some milliseconds, and the vCPUs' clocks differ.
ACCEL=xen
GUEST_MEM=1200
# A write to a freed page is logged when the page is allocated again. The clocksource watchdog
# would regard the clock xen as right, and the TSC as wrong.
GUEST_APPEND="page_poison=1 tsc=reliable"
TIMEOUT=400

PAGES=/tmp/pages

# look: appends each CPU's page as it is now
look() {
	sed 1d $TD/timepage >>$PAGES
}

# pages_of CPU: prints the CPU's pages that were seen, each once: VERSION TIMESTAMP NS MUL SHIFT
pages_of() {
	awk -v c=$1 '$1 == c && !seen[$2]++ { print $2, $3, $4, $5, $6 }' $PAGES
}

# steps_hold CPU: each step that was reported must be the difference of the pages before and after
# it, at the TSC value of the page after it
steps_hold() {
	local version step before after off got='' wrong=0 n=0
	pages_of $1 >/tmp/pages.cpu
	traced pvti_update | awk -v c=$1 '$2 == c { print $3, $4 }' >/tmp/updates.cpu
	while read -r version step; do
		before=$(awk -v v=$((version - 2)) '$1 == v { print $2, $3, $4, $5 }' /tmp/pages.cpu)
		after=$(awk -v v=$version '$1 == v { print $2, $3, $4, $5 }' /tmp/pages.cpu)
		# no look between two updates: a page was not seen
		{ [ -n "$before" ] && [ -n "$after" ]; } || continue
		n=$((n + 1))
		off=$(($(kvm_at ${after%% *} $after) - $(kvm_at ${after%% *} $before) - step))
		[ ${off#-} -le 1 ] || { wrong=$((wrong + 1)); got="$got $step"; }
	done </tmp/updates.cpu
	between "CPU $1: updates whose two pages were seen, of $(wc -l </tmp/updates.cpu)" 3 $n -
	holds "CPU $1: steps that are off by more than 1 ns$got" 0 $wrong 0
}

# spread FROM TO CYCLES: prints the least and the most ns by which CPU 1's clock was ahead of CPU
# 0's between two TSC values, by the pages that were seen. Each page holds until the next one
# begins. Two pages that hold together for fewer than CYCLES do not count.
spread() {
	awk -v from=$1 -v to=$2 -v least=$3 '
	function line(c, k, at) {
		return ns[c, k] + (at - ts[c, k]) * rate[c, k]
	}
	function look(at,    ahead) {
		ahead = line(1, k[1], at) - line(0, k[0], at)
		if (low == "" || ahead < low) low = ahead
		if (high == "" || ahead > high) high = ahead
	}
	# these two pages held from here to there
	function held(begin, end) {
		if (begin < from) begin = from
		if (end - begin < least) return
		look(begin)
		look(end)
	}
	$1 < 2 && !(($1, $2) in seen) {
		seen[$1, $2]
		i = n[$1]++
		ts[$1, i] = $3; ns[$1, i] = $4; rate[$1, i] = $5
		for (bits = $6 - 32; bits < 0; bits++)
			rate[$1, i] /= 2
	}
	END {
		k[0] = k[1] = 0
		for (;;) {
			# whose next page begins first
			c = -1
			for (i = 0; i < 2; i++)
				if (k[i] + 1 < n[i] && (c < 0 || ts[i, k[i] + 1] < ts[c, k[c] + 1]))
					c = i
			if (c < 0 || ts[c, k[c] + 1] > to)
				break
			held(at, ts[c, k[c] + 1])
			at = ts[c, k[c] + 1]
			k[c]++
		}
		held(at, to)
		if (low != "") printf "%.0f %.0f\n", low, high
	}' $PAGES
}

# pair_is_true NAME: the hull of xen's pair covers one or two epochs of a second; its ends must be
# those of the pages' differences in that time. Sampling must be flat out. A burst need not have
# measured two pages that hold together for less than 100 ms.
pair_is_true() {
	local i=0 at ms wide least most
	ms=$(figure tsc khz)
	trace_on point
	rm -f $PAGES
	while [ $i -lt 45 ]; do
		i=$((i + 1))
		look
		usleep 80000
	done
	trace_clear
	usleep 100000
	at=$(traced point | awk 'END { print $4 }')
	# as wide as bursts of the same pair are
	pair_line tsc 0 1
	wide=$((HULL_HIGH - HULL_LOW + 300))
	pair_line xen 0 1
	look
	echo 0 >$TT/events/enable
	rmdir $TT
	set -- "$1" $(spread $((at - 2600 * ms)) $((at + 300 * ms)) 0) \
		$(spread $((at - 900 * ms)) $((at - 150 * ms)) $((100 * ms)))
	[ $# = 5 ] || set -- "$1" $2 $3 $3 $2
	wide=$((wide + ($3 - $2) / 32))
	say "# $1: by their pages $2..$3 ns apart in 2.6 s, $4..$5 in the last; the pair: $OFFSET +- $BOUND, moving $MOVING, $AGE_MS ms ago"
	between "$1: xen's hull begins, ns, +- $wide" $(($2 - wide)) $HULL_LOW $(($4 + wide))
	between "$1: and ends" $(($5 - wide)) $HULL_HIGH $(($3 + wide))
	between "$1: and has the offset, +- $BOUND" $((HULL_LOW - BOUND)) $OFFSET $((HULL_HIGH + BOUND))
}

# only_looks: when sampling begins, the kernel must not set Xen's wall clock. The kernel sets it if
# the notifiers of pvclock_gtod, which are called at each tick, are called with was_set. One CPU
# runs alone while code is patched for the probe, as emulated guests may die of that.
only_looks() {
	local k=/sys/kernel/tracing chain
	echo 0 >/sys/devices/system/cpu/cpu1/online
	echo 'p:lab/notified raw_notifier_call_chain chain=%di was_set=%si' >$k/kprobe_events
	echo 1 >$k/events/lab/notified/enable
	echo 1 >$T/enabled
	sleep 1
	echo 0 >$T/enabled
	echo 0 >$k/events/lab/notified/enable
	chain=$(sed -n 's/.*notified: .*\(chain=[^ ]*\) was_set=0x0$/\1/p' $k/trace | head -n 1)
	between "ticks, at which the kernel's notifiers were called" 5 \
		"$(grep -c "notified: .*$chain was_set=0x0$" $k/trace)" -
	holds "and that the clock was set, which sets Xen's" 0 \
		"$(grep -c "notified: .*$chain was_set=0x1$" $k/trace)" 0
	echo >$k/kprobe_events
	echo >$k/trace
	echo 1 >/sys/devices/system/cpu/cpu1/online
}

# reload: unloads while all CPUs sample, and loads again
reload() {
	local i=0
	while [ $i -lt 20 ]; do
		i=$((i + 1))
		rmmod tscope && tscope_load enable=1 || return
		cat $T/period_us >$T/width_us
		random 200
		usleep $((RANDOM_NUMBER * 1000))
	done
}

guest() {
	local cpu updates events
	. /lib/tscope/truth.sh
	. /lib/tscope/doctor.sh

	seed
	tscope_load || return
	say "# clocks: $(cat $T/clocks); $(dmesg | grep -c 'Xen version') Xen, $(dmesg | sed -n 's/.*Xen version: //p')"
	dmesg | sed -n 's/.*tscope: /# /p' | to_channel
	holds "clocks that this machine has" 1 "$(grep -c '^tsc xen monotonic-raw realtime' $T/clocks)" 0
	holds "xen/stable" 0 "$(figure xen stable)" 0
	# as Xen says to a PV dom0
	holds "xen/tsc_mode" 0 "$(figure xen tsc_mode)" 0
	holds "xen/emulated" 0 "$(figure xen emulated)" 0
	holds "xen/incarnation" 0 "$(figure xen incarnation)" 0
	holds "xen/khz, the kernel's TSC" "$(figure tsc khz)" "$(figure xen khz)" "$(calc "$(figure tsc khz) / 1000")"
	only_looks
	echo 1 >$T/reset
	cat $T/period_us >$T/width_us
	trace_on pvti_update step
	rm -f $PAGES
	look
	echo 1 >$T/enabled
	for i in $(seq 120); do
		look
		usleep 80000
	done
	for cpu in 0 1; do
		steps_hold $cpu
	done
	events=$(traced pvti_update | wc -l)
	updates=$(figure xen updates)
	between "xen/updates, events" $events $updates $((events + 2))
	between "xen/updates, as the pages' versions have it" \
		$(awk '{ if (!($1 in first)) first[$1] = $2; last[$1] = $2 }
			END { for (c in first) n += (last[c] - first[c]) / 2; print n - 4 }' $PAGES) $updates -
	echo 0 >$T/enabled
	steps_kept
	holds "xen/steps, events" "$(traced step | awk '$2 == "xen"' | wc -l)" "$(figure xen steps)" 0
	holds "tsc/backward" 0 "$(figure tsc backward)" 0
	holds "tsc/warps" 0 "$(figure tsc warps)" 0
	holds "monotonic-raw/exact" 1 "$(figure monotonic-raw exact)" 0
	below "monotonic-raw/skew_error_ppb" "$(figure monotonic-raw skew_error_ppb)" 1
	finds no-master-clock
	echo 0 >$TT/events/enable
	rmdir $TT

	echo 1 >$T/enabled
	pair_is_true "flat out"
	echo 0 >/sys/devices/system/cpu/cpu1/online
	holds "CPU 1 is offline: pages" 1 "$(sed 1d $TD/timepage | wc -l)" 0
	echo 1 >/sys/devices/system/cpu/cpu1/online
	holds "CPU 1 is online: pages" 2 "$(sed 1d $TD/timepage | wc -l)" 0
	sleep 3
	holds "CPU 1 samples again" 1 "$(awk '$1 == 1 && $2 == "sampling"' $TD/cpus | wc -l)" 0
	pair_is_true "after CPU 1 came back"
	reload || result "not ok" "unloaded and loaded"
	holds "unloaded and loaded 20 times: pages that the hypervisor did not give back" 0 \
		"$(dmesg | grep -c 'never freed')" 0
	sleep 3
	pair_is_true "after 20 loads"
	# what was freed is allocated again, and looked at
	head -c 300M /dev/zero >/tmp/fill && rm /tmp/fill
	tscope_done
}
